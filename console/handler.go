package console

import (
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/rs/zerolog"
)

// Handler is all that the console answers. What stands around the pages is the same for all of them, the outermost first: a fault in one ends
// one answer; headers that keep browsers from doing more with it than showing it; only requests that are meant for this machine.
func Handler(o Options) http.Handler {
	pages := http.NewServeMux()
	if o.Metrics != nil {
		pages.Handle("GET /metrics", o.Metrics)
	}
	pages.HandleFunc("GET /healthz", healthy)
	pages.Handle("GET /readyz", ready(o.Ready))
	return recovering(o.Log, guarded(http.NewCrossOriginProtection().Handler(forThisMachine(bounded(pages)))))
}

// recovering keeps a fault from ending more than one answer, and tells of it without what was asked.
func recovering(log zerolog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				log.Error().Str("panic", fmt.Sprint(p)).Msg("the console failed to answer")
				http.Error(w, "internal error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// guarded sets what browsers go by. Nothing is loaded, framed, guessed or kept.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// forThisMachine refuses requests that name a host by anything but an address or localhost. A page of another site can have its own name lead
// here, and would then be of the same origin as what we answer.
func forThisMachine(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if host != "localhost" && net.ParseIP(strings.Trim(host, "[]")) == nil {
			http.Error(w, "misdirected request", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// maxBody is what a request may carry. No page reads one.
const maxBody = 1 << 10

func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}
