package console

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// healthy says that the process answers. It looks at nothing else: whoever restarts what is not healthy must not do so because a database is down.
func healthy(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") }

// readyTimeout is how long an answer may be looked for.
const readyTimeout = 5 * time.Second

// ready says whether traffic should be sent here, and why not.
func ready(judge func(context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, stop := context.WithTimeout(r.Context(), readyTimeout)
		defer stop()
		if judge != nil {
			if err := judge(ctx); err != nil {
				say(w, http.StatusServiceUnavailable, err.Error())
				return
			}
		}
		say(w, http.StatusOK, "ready")
	})
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}
