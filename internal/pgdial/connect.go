package pgdial

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/jackc/pgx/v5/pgconn"
)

// open makes a connection by a configuration, which it may change.
type open[C any] func(ctx context.Context, s *settings, c *pgconn.Config) (C, error)

// connect tries the hosts in their order until one lets us in.
func connect[C any](ctx context.Context, u *Upstream, open open[C]) (C, error) {
	var none C
	if err := u.dials.Acquire(ctx, 1); err != nil {
		return none, fmt.Errorf("waiting for other logins at the server: %w", err)
	}
	defer u.dials.Release(1)
	s := u.current.Load()
	made, err := round(ctx, u, s, open)
	if err != nil && wrongPassword(err) && ctx.Err() == nil {
		if again := u.refresh(s); again != nil {
			return round(ctx, u, again, open)
		}
	}
	return made, err
}

// round asks each host once.
func round[C any](ctx context.Context, u *Upstream, s *settings, open open[C]) (C, error) {
	var none C
	var failures []error
	second := -1 // a host that would do where there is no better one
	for _, i := range s.order() {
		made, what, err := try(ctx, u, s, i, false, open)
		if err == nil {
			return made, nil
		}
		failures = append(failures, err)
		if errors.Is(err, errLesser) {
			second = i
		}
		if what != goOn {
			return none, err
		}
	}
	if second >= 0 {
		made, _, err := try(ctx, u, s, second, true, open)
		return made, err
	}
	return none, errors.Join(failures...)
}

// try asks one host. Where any will do, it need not be what target_session_attrs prefers.
func try[C any](ctx context.Context, u *Upstream, s *settings, i int, anyWillDo bool, open open[C]) (C, outcome, error) {
	var none C
	h := u.hosts[i]
	a, err := h.ask(u.now())
	if err != nil {
		return none, goOn, fmt.Errorf("%s: %w", h.name, err)
	}
	config, err := u.withPassword(s.servers[i].config.Copy())
	if err != nil {
		h.unasked(a)
		return none, goOn, err
	}
	if anyWillDo {
		config.ValidateConnect = nil
	}
	made, err := open(ctx, s, config)
	if err == nil {
		u.tell(h, h.answered(a, u.now(), nil), nil)
		return made, goOn, nil
	}
	what := judge(ctx, u.now().Sub(a.began), err)
	switch {
	case what == abandoned:
		h.unasked(a)
	case what == theirs, notWanted(err): // it is well, and may be wanted at any time
		u.tell(h, h.answered(a, u.now(), nil), nil)
	default:
		u.tell(h, h.answered(a, u.now(), err), err)
	}
	return none, what, err
}

// tell passes on that a host is paused now, or is not any more.
func (u *Upstream) tell(h *host, turned bool, err error) {
	if turned && u.options.Turned != nil {
		u.options.Turned(h.name, err)
	}
}

// order is the hosts to ask, one after the other.
func (s *settings) order() []int {
	if s.random {
		return rand.Perm(len(s.servers))
	}
	all := make([]int, len(s.servers))
	for i := range all {
		all[i] = i
	}
	return all
}

// notWanted says whether a server has let us in and is not what target_session_attrs asks for.
func notWanted(err error) bool {
	for _, role := range []error{errLesser, pgconn.ErrReadOnlyConnection, pgconn.ErrReadWriteConnection, pgconn.ErrPrimaryConnection, pgconn.ErrStandbyConnection} {
		if errors.Is(err, role) {
			return true
		}
	}
	return false
}

// wrongPassword says whether the server has refused the login itself.
func wrongPassword(err error) bool {
	var refusal *pgconn.PgError
	return errors.As(err, &refusal) && (refusal.Code == "28P01" || refusal.Code == "28000")
}
