package pgdial

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	firstPause = 100 * time.Millisecond
	longPause  = 5 * time.Second
	// indulgence is how often in a row a host may fail before it is given a pause: once is an accident.
	indulgence = 3
)

// host remembers how a server has answered lately. While it pauses nobody asks it; after the pause one does, and the others wait for what
// comes of that by being refused.
type host struct {
	name string
	lone bool // there is no other one

	mu       sync.Mutex
	failures int // in a row
	failed   time.Time
	until    time.Time // the end of the pause
	probing  bool
	last     error // what it failed with
}

// PausedError is a login that was not tried, since the last ones have failed.
type PausedError struct {
	For  time.Duration // until the next one is tried
	Last error         // what the last one failed with
}

func (e *PausedError) Error() string {
	return fmt.Sprintf("not tried again for another %s: %v", e.For.Round(time.Millisecond), e.Last)
}

func (e *PausedError) Unwrap() error { return e.Last }

// ask says whether the host may be asked now. Whoever may tells answered what came of it.
func (h *host) ask(now time.Time) (attempt, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a := attempt{began: now}
	switch {
	case h.until.IsZero():
		return a, nil
	case now.Before(h.until) || h.probing:
		return a, &PausedError{For: max(h.until.Sub(now), 0), Last: h.last}
	default:
		h.probing, a.probe = true, true
		return a, nil
	}
}

// attempt is one login.
type attempt struct {
	began time.Time
	probe bool // the first one after a pause
}

// answered takes note of what came of an attempt, and says whether a time of pauses has begun or ended with it.
func (h *host) answered(a attempt, now time.Time, err error) (turned bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if a.probe {
		h.probing = false
	}
	paused := !h.until.IsZero()
	switch {
	case err == nil:
		h.failures, h.until, h.last = 0, time.Time{}, nil
	case a.began.Before(h.failed) && !a.probe:
		// It is the same failure that others have met at the same time.
	default:
		h.failures++
		h.failed, h.last = now, err
		if p := h.pause(err); p > 0 {
			h.until = now.Add(p)
		}
	}
	return paused == h.until.IsZero()
}

// unasked takes an attempt back that has told nothing of the host.
func (h *host) unasked(a attempt) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if a.probe {
		h.probing = false
	}
}

// pause is how long the host is left alone: longer from failure to failure, and not the same for all who look after one server.
func (h *host) pause(err error) time.Duration {
	n := h.failures - indulgence
	if !h.lone && unreachable(err) {
		n = h.failures - 1 // there are others to ask, and waiting for this one can take long
	}
	if n < 0 {
		return 0
	}
	p := min(firstPause<<min(n, 10), longPause)
	return p/2 + rand.N(p)
}

// unreachable says whether nobody was there to refuse us.
func unreachable(err error) bool {
	var refusal *pgconn.PgError
	return !errors.As(err, &refusal)
}

// outcome is what a failed login says.
type outcome int

const (
	theirs    outcome = iota // of this one login alone: its settings, or a server that is full
	goOn                     // the host cannot serve anybody now, and another one may
	stop                     // the host will let nobody in as this login
	abandoned                // nobody waits for it any more
)

// fairTime is what a host gets before an attempt whose caller has run out of time counts against it: the caller may have come with none left.
const fairTime = 5 * time.Second

// judge tells what a failed login, which took so long, says of the host. libpq goes on to the next host where there is no answer, or the server does not accept connections
// now, or it is none of those that target_session_attrs asks for.
func judge(ctx context.Context, took time.Duration, err error) outcome {
	var refusal *pgconn.PgError
	switch {
	case errors.Is(ctx.Err(), context.Canceled), ctx.Err() != nil && took < fairTime:
		return abandoned
	case !errors.As(err, &refusal):
		return goOn
	}
	switch {
	case strings.HasPrefix(refusal.Code, "57P"): // shutting down, crashed, starting up
		return goOn
	case strings.HasPrefix(refusal.Code, "28"), refusal.Code == "3D000":
		return stop
	default:
		return theirs
	}
}

// local says whether the way to a host does not leave this machine.
func local(name string) bool {
	if network, _ := pgconn.NetworkAddress(name, 1); network == "unix" || name == "localhost" {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}
