package tests

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// victim is the name of sessions whose servers are killed.
const victim = "victim"

// company is who uses the proxy during the soak. Hostile clients are all of tenant t0, so that the others' rows stay as they are.
func (s *soak) company(t *testing.T) []*lane {
	said := s.said(t, 0, "")
	lanes := []*lane{
		{name: "honest clients", workers: 2, run: func(ctx context.Context, r *rand.Rand) error {
			return s.strictly(ctx, r.IntN(faultTenants), nil)
		}},
		{name: "honest clients whose connections break", workers: 2, run: func(ctx context.Context, r *rand.Rand) error {
			tenant := 1 + r.IntN(3)
			return onlyForeign(s.session(ctx, tenant, s.rough.Addr().String(), "", nil))
		}},
		{name: "honest clients whose servers are killed", workers: 2, run: func(ctx context.Context, r *rand.Rand) error {
			return onlyForeign(s.session(ctx, 1+r.IntN(3), s.addr, victim, nil))
		}},
		{name: "killing", workers: 1, run: func(ctx context.Context, _ *rand.Rand) error {
			time.Sleep(30 * time.Millisecond)
			return execAt(context.WithoutCancel(ctx), pg.adminDSN("postgres"), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '"+victim+"' ORDER BY random() LIMIT 1")
		}},
		{name: "clients that say it wrongly", workers: 3, run: func(_ context.Context, r *rand.Rand) error {
			w := oneFault(said, r.Uint64())
			return s.judge(w.name)(s.overheard(converse(s.addr, w.bytes(), parting(r.IntN(int(partings))))))
		}},
		{name: "clients that dawdle", workers: 3, run: func(ctx context.Context, r *rand.Rand) error { return dawdle(ctx, s.addr, said.bytes(), r) }},
		{name: "clients that make noise", workers: 1, run: func(_ context.Context, r *rand.Rand) error {
			time.Sleep(5 * time.Millisecond)
			n := r.IntN(len(said[0]) + 1)
			return s.judge("noise")(converse(s.addr, append(said[0][:n:n], noise(r, r.IntN(3000))...), parting(r.IntN(int(partings)))))
		}},
		{name: "cancel requests by strangers", workers: 1, run: func(_ context.Context, r *rand.Rand) error {
			time.Sleep(5 * time.Millisecond)
			m := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 16), 80877102)
			_, err := converse(s.addr, append(m, noise(r, 8)...), halfClose)
			return err
		}},
		{name: "servers that answer wrongly", workers: 3, run: func(_ context.Context, r *rand.Rand) error {
			part := fmt.Sprintf("random %d", r.Uint64())
			return s.judge(part)(s.hear(t, part, r.IntN(2) == 0))
		}},
	}
	lanes = append(lanes, s.otherWays(t)...)
	if s.link != nil {
		lanes = append(lanes, &lane{name: "honest clients on a lossy network", workers: 4, run: func(ctx context.Context, r *rand.Rand) error {
			return s.strictly(ctx, r.IntN(faultTenants), s.link)
		}})
	}
	return lanes
}

// strictly is a session that nothing may happen to.
func (s *soak) strictly(ctx context.Context, tenant int, link *lossyLink) error {
	address := s.addr
	if link != nil {
		address = s.near.String()
	}
	err := s.session(context.WithoutCancel(ctx), tenant, address, "", link)
	if err != nil {
		return fmt.Errorf("t%d: %w", tenant, err)
	}
	return nil
}

// session is an honest session by way of an address.
func (s *soak) session(ctx context.Context, tenant int, address, application string, link *lossyLink) error {
	config, err := pgx.ParseConfig(fmt.Sprintf("postgres://u%d@%s/%s?sslmode=disable&application_name=%s", tenant, address, s.database, application))
	if err != nil {
		return fmt.Errorf("making a session: %w", err)
	}
	if link != nil {
		config.DialFunc = func(_ context.Context, _, address string) (net.Conn, error) { return link.dialFromThere(address) }
	}
	return s.honestSession(ctx, tenant, config)
}

// onlyForeign drops errors that are no sign of a leak: the connection was broken on purpose.
func onlyForeign(err error) error {
	var refused *pgconn.PgError
	if errors.Is(err, errForeign) || errors.As(err, &refused) && refused.Code[:2] == "42" {
		return err
	}
	return nil
}

// judge wants what the first tenant has heard to be fit for it.
func (s *soak) judge(name string) func([]byte, error) error {
	return func(heard []byte, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w; the last words were %q", name, err, heard[max(0, len(heard)-300):])
		}
		if what := s.unfit(0, heard, true); what != "" {
			return fmt.Errorf("%s: %s: %.1000q", name, what, heard)
		}
		return nil
	}
}

// dawdle says a part of something byte by byte, waits in the middle of it, and leaves.
func dawdle(ctx context.Context, addr string, said []byte, r *rand.Rand) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close()
	go func() { _, _ = io.Copy(io.Discard, conn) }()
	for _, b := range said[:r.IntN(len(said))] {
		if _, err := conn.Write([]byte{b}); err != nil || ctx.Err() != nil {
			return nil //nolint:nilerr // whoever is too slow is left
		}
	}
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(r.IntN(1000)) * time.Millisecond):
	}
	return nil
}

// otherWays are clients that do not log in as a tenant's user in the clear.
func (s *soak) otherWays(t *testing.T) []*lane {
	past := s.saidBy(t, "root", 0, "")
	return []*lane{
		{name: "honest clients inside TLS", workers: 1, run: func(ctx context.Context, r *rand.Rand) error {
			tenant := r.IntN(faultTenants)
			config, err := pgx.ParseConfig(fmt.Sprintf("postgres://u%d@%s/%s?sslmode=require", tenant, s.addr, s.database))
			if err != nil {
				return fmt.Errorf("making a session: %w", err)
			}
			return s.honestSession(context.WithoutCancel(ctx), tenant, config)
		}},
		{name: "a shared login that acts for all tenants", workers: 2, run: s.actsForAll},
		{name: "a login that is not filtered", workers: 1, run: func(ctx context.Context, _ *rand.Rand) error {
			return s.as(ctx, "root", func(ctx context.Context, conn *pgx.Conn) error {
				var count int
				err := conn.QueryRow(ctx, "SELECT count(DISTINCT (tenant, id)) FROM note WHERE id <= $1 AND tenant <> 't0'", faultRows).Scan(&count)
				if err != nil || count != faultRows*(faultTenants-1) {
					return fmt.Errorf("it sees %d rows: %w", count, err)
				}
				return nil
			})
		}},
		{name: "clients that are not filtered and vanish", workers: 1, run: func(_ context.Context, r *rand.Rand) error {
			said := past.bytes()
			_, err := converse(s.addr, said[:r.IntN(len(said))], parting(r.IntN(int(partings))))
			return err
		}},
		{name: "servers that answer wrongly to whom nobody filters", workers: 1, run: func(_ context.Context, r *rand.Rand) error {
			said := s.saidBy(t, "root", 0, fmt.Sprintf("random %d", r.Uint64()))
			_, err := converse(s.addr, said[:len(said)-r.IntN(2)].bytes(), halfClose)
			return err
		}},
	}
}

// as runs a session of a login.
func (s *soak) as(ctx context.Context, login string, do func(context.Context, *pgx.Conn) error) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 3*patience)
	defer stop()
	conn, err := pgx.Connect(ctx, fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", login, s.addr, s.database))
	if err != nil {
		return fmt.Errorf("connecting as %s: %w", login, err)
	}
	defer func() { _ = conn.Close(ctx) }()
	return do(ctx, conn)
}

// actsForAll acts as one user after the other in one session, with the same statements and the same names for them.
func (s *soak) actsForAll(ctx context.Context, r *rand.Rand) error {
	return s.as(ctx, "pool", func(ctx context.Context, conn *pgx.Conn) error {
		for range 8 {
			tenant := r.IntN(faultTenants)
			if err := s.actsFor(ctx, conn, tenant, r.IntN(2) == 0); err != nil {
				return fmt.Errorf("acting as u%d: %w", tenant, err)
			}
			var body string
			err := conn.QueryRow(ctx, "SELECT body FROM note LIMIT 1", pgx.QueryExecModeSimpleProtocol).Scan(&body)
			if err == nil {
				return fmt.Errorf("%w: the login itself has got %.60q", errForeign, body)
			}
		}
		return nil
	})
}

func (s *soak) actsFor(ctx context.Context, conn *pgx.Conn, tenant int, locally bool) error {
	begin, set, end := "SELECT 1", "SET", "RESET wherewall.user"
	if locally {
		begin, set, end = "BEGIN", "SET LOCAL", "COMMIT"
	}
	for _, sql := range []string{begin, fmt.Sprintf("%s wherewall.user = 'u%d'", set, tenant)} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeExec} {
		if err := s.bodies(ctx, conn, tenant, faultRows, "SELECT body FROM note WHERE id <= $1", mode, faultRows); err != nil {
			return err
		}
	}
	if _, err := conn.Exec(ctx, end); err != nil {
		return fmt.Errorf("%s: %w", end, err)
	}
	return nil
}
