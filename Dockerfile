# The build needs a C compiler, because the SQL parser is PostgreSQL's own; the image that runs needs libc and nothing else.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
RUN --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=1 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /wherewall ./cmd/wherewall

FROM debian:bookworm-slim
# Certificates for an upstream with sslmode=verify-full.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin wherewall
COPY --from=build /wherewall /usr/local/bin/wherewall
USER 10001
EXPOSE 6432
ENTRYPOINT ["wherewall"]
CMD ["serve"]
