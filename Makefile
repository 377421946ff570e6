# Every target prepares what it needs: Go fetches modules and tools, and the tests find PostgreSQL in $PGBIN, PATH or
# /usr/lib/postgresql/*/bin, or fetch it; PGVERSION=16 before a command asks for that version. A C compiler must be present, because the SQL parser is PostgreSQL's own.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo build test test-all-versions test-clients test-drivers vet race check fmt fmt-check lint golden fuzz fuzz-oracle soak docs bench bench-proxy bench-profile bench-policy bench-leak bench-copy mutants examples clean

GO       ?= go
TESTFLAGS ?=
# What goroutines share is shared here; the rest would take the race detector's price for nothing.
SHARED   := ./wire/...
FUZZTIME ?= 20s
TOOL     := $(GO) tool -modfile=tools/go.mod
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
export CGO_ENABLED := 1

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

demo: ## a throwaway PostgreSQL, a sample policy and the proxy, ready for psql
	@echo "building wherewall (the first build compiles PostgreSQL's parser, about a minute)"
	@$(GO) run -ldflags "-X main.version=$(VERSION)" ./cmd/wherewall demo $(DEMOFLAGS)

build: ## bin/wherewall
	$(GO) build -ldflags "-X main.version=$(VERSION)" -o bin/wherewall ./cmd/wherewall

# -count=1: a cached "ok" says nothing of the PostgreSQL at hand.
test: vet ## vet, the unit tests, and tests/ against a real PostgreSQL
	$(GO) test -count=1 -timeout 20m $(TESTFLAGS) ./...
	$(GO) test -count=1 -timeout 20m -race $(TESTFLAGS) $(SHARED)

# Longer than an hour on two cores. VERSIONFLAGS="-on 16,18 -run TestOracle ./tests" runs less.
test-all-versions: vet ## all tests on PostgreSQL 15, 16, 17 and 18, and a table of what passed
	$(GO) run ./tests/allversions $(VERSIONFLAGS)

# It installs what is missing: Debian packages by apt-get, the rest below the user's cache. CLIENTFLAGS='-run psql -direct' runs less; tests/clients/README.md
test-clients: ## real clients, unmodified, through Wherewall: a line for each check, and a table
	$(GO) run ./tests/clients $(CLIENTFLAGS)

# Ten minutes and more. DRIVERFLAGS="-run pgx/pgtype -ways filtered" runs less, -record writes down what came out; docs/protocol.md
test-drivers: ## the test suites of pgx and lib/pq, directly and through Wherewall, compared test by test
	$(GO) run ./tests/drivers $(DRIVERFLAGS)

vet:
	@echo "compiling (the first build compiles PostgreSQL's parser, about a minute)"
	$(GO) vet ./...

race: ## all tests under the race detector
	$(GO) test -race -count=1 -timeout 15m ./...

check: fmt-check vet lint race fuzz examples ## everything that a change must pass

fmt: ## rewrite the sources in gofumpt's style
	$(TOOL) gofumpt -l -w .

fmt-check:
	@out=$$($(TOOL) gofumpt -d . || true); if [ -n "$$out" ]; then echo "$$out"; echo "run: make fmt" >&2; exit 1; fi

lint: ## golangci-lint with .golangci.yml (its first build takes some minutes)
	$(TOOL) golangci-lint run ./...

golden: ## write the golden files anew; review the diff
	@for p in $$(git grep -l 'cockroachdb/datadriven"' -- '*_test.go' | xargs -r -n1 dirname | sort -u); do \
	  $(GO) test -count=1 "./$$p" -rewrite; done

fuzz: ## FUZZTIME (20s) of every fuzz target
	@tools/fuzz.sh $(FUZZTIME)

# Statements through Wherewall and under native row-level security: docs/fuzzing.md. make fuzz-oracle N=100000 SEED=7 FUZZFLAGS='-sqlsmith 2000'
N    ?= 10000
SEED ?= 1
fuzz-oracle: ## N random statements through Wherewall and under native row-level security, compared
	$(GO) run ./tests/fuzzoracle -n $(N) -seed $(SEED) $(FUZZFLAGS)

# Root may make the network that loses packets; anybody else gets connections that break.
DURATION ?= 10m
soak: ## DURATION (10m) of hostile clients, hostile servers and bad networks around one proxy; what is left afterwards fails it
	$(GO) test -race -count=1 -v -timeout 0 -run '^TestSoak$$' ./tests -soak $(DURATION)

docs: build ## write docs/schema.json anew
	bin/wherewall schema > docs/schema.json

bench: ## Wherewall beside PgBouncer with native row-level security, in five minutes: bench/results.txt, README.md
	$(GO) run ./bench -out bench/results.txt -readme README.md -chart bench/results.svg $(BENCHFLAGS)

# BENCHFLAGS="-only prepared,login -clients 16 -rivals pgbouncer-rls,wherewall -seconds 3" runs less.
bench-proxy: ## every work, every rival, and the targets: bench/proxy.txt, docs/performance.md
	$(GO) run ./bench -full -out bench/proxy.txt -document docs/performance.md $(BENCHFLAGS)

# Of what BENCHFLAGS names: "-only prepared -clients 16 -seconds 5". The profiles themselves stay in bin/profiles.
bench-profile: ## where the proxy's time goes: CPU, allocations, blocking, contention, and system calls for a transaction
	$(GO) run ./bench -profile bin/profiles -seconds 3 $(or $(BENCHFLAGS),-only prepared,simple -clients 16)

bench-policy: ## load time, memory and the time to plan, for policies of 1e2 to 1e6 users
	$(GO) run ./bench/policyscale $(BENCHFLAGS)

bench-leak: ## what conditions that may fail cost beside guards, fences, views and native row-level security
	$(GO) run ./bench/leak $(BENCHFLAGS)

bench-copy: ## what COPY FROM STDIN costs with every row checked, beside the same COPY straight into the table
	$(GO) run ./bench/copy $(BENCHFLAGS)

mutants: ## put faults into the planner one by one: the tests must notice each
	$(GO) -C tools run ./mutants $(MUTANTFLAGS)

examples: build ## validate every example policy, and run its tests
	@set -e; for p in examples/*/policy; do \
	  echo "wherewall check --policy $$p"; bin/wherewall check --policy "$$p"; \
	  tests=("$${p%/policy}"/tests/*.yaml); \
	  echo "wherewall test --policy $$p $${tests[*]}"; bin/wherewall test --strict --policy "$$p" "$${tests[@]}"; done

clean:
	rm -rf bin
