package tests

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

var faultSeed = flag.Uint64("fault.seed", 1, "seed of the faults that are made up")

// honest are sessions that do ordinary work and look at every value that they get.
type honest struct {
	stop    context.CancelFunc
	done    sync.WaitGroup
	rounds  atomic.Int64
	mu      sync.Mutex
	failure error
}

// startHonest runs a session for each of the tenants, one after the other, until requireFine.
func (g *ground) startHonest(t testing.TB, tenants ...int) *honest {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	h := &honest{stop: stop}
	for _, tenant := range tenants {
		h.done.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				config, err := pgx.ParseConfig(g.dsn(fmt.Sprintf("u%d", tenant)))
				if err == nil {
					err = g.honestSession(ctx, tenant, config)
				}
				if err != nil && ctx.Err() == nil {
					h.fail(fmt.Errorf("session %d of t%d: %w", n, tenant, err))
					return
				}
				h.rounds.Add(1)
			}
		})
	}
	t.Cleanup(stop)
	return h
}

func (h *honest) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failure = errors.Join(h.failure, err)
}

// requireFine ends the sessions, of which none may have met anything unusual.
func (h *honest) requireFine(t testing.TB) {
	t.Helper()
	h.stop()
	h.done.Wait()
	require.NoError(t, h.failure)
	require.Positive(t, h.rounds.Load(), "no honest session came to its end")
}

// errForeign is the one thing that must never happen.
var errForeign = errors.New("a value of another tenant")

// honestSession does a little of everything in one session. It fails where a value is not its tenant's, or where there are too few or
// too many of them.
func (g *ground) honestSession(ctx context.Context, tenant int, config *pgx.ConnConfig) error {
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	for _, step := range []func(context.Context, *pgx.Conn, int) error{g.readsAll, g.readsSimply, g.copies, g.writes, g.readsByCursor} {
		if err := step(ctx, conn, tenant); err != nil {
			return err
		}
	}
	return nil
}

// own says whether a body is a tenant's.
func (g *ground) own(tenant int, body string) error {
	if !strings.HasPrefix(body, g.marks[tenant]) {
		return fmt.Errorf("%w: t%d has got %.60q", errForeign, tenant, body)
	}
	return nil
}

func (g *ground) bodies(ctx context.Context, conn *pgx.Conn, tenant, want int, sql string, args ...any) error {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	bodies, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	for _, body := range bodies {
		if err := g.own(tenant, body); err != nil {
			return err
		}
	}
	if len(bodies) != want {
		return fmt.Errorf("%w: t%d has got %d rows where it has %d: %s", errForeign, tenant, len(bodies), want, sql)
	}
	return nil
}

func (g *ground) readsAll(ctx context.Context, conn *pgx.Conn, tenant int) error {
	return g.bodies(ctx, conn, tenant, faultRows, "SELECT body FROM note WHERE id <= $1", faultRows)
}

// readsSimply has the tenant's own words among the literals of texts that are the same but for them: they are cached without their literals.
func (g *ground) readsSimply(ctx context.Context, conn *pgx.Conn, tenant int) error {
	for n := range 3 {
		mark, rows := g.marks[tenant], 1+(tenant*17+n)%faultRows
		if err := g.bodies(ctx, conn, tenant, rows, "SELECT body FROM note WHERE left(body, 21) = $1 AND id <= $2", pgx.QueryExecModeSimpleProtocol, mark, rows); err != nil {
			return err
		}
		if err := g.bodies(ctx, conn, tenant, rows, "SELECT $1 || ' is said by the client' FROM note WHERE id <= $2", pgx.QueryExecModeSimpleProtocol, mark, rows); err != nil {
			return err
		}
	}
	if err := g.bodies(ctx, conn, tenant, faultRows/2, "SELECT body FROM note WHERE id <= $1", pgx.QueryExecModeSimpleProtocol, faultRows/2); err != nil {
		return err
	}
	return g.bodies(ctx, conn, tenant, 1, "SELECT max(body) FROM checked HAVING count(*) >= 60", pgx.QueryExecModeSimpleProtocol)
}

func (g *ground) copies(ctx context.Context, conn *pgx.Conn, tenant int) error {
	var out strings.Builder
	if _, err := conn.PgConn().CopyTo(ctx, &out, fmt.Sprintf("COPY (SELECT body FROM note WHERE id <= %d) TO STDOUT", faultRows)); err != nil {
		return fmt.Errorf("copying: %w", err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	for _, line := range lines {
		if err := g.own(tenant, line); err != nil {
			return err
		}
	}
	if len(lines) != faultRows {
		return fmt.Errorf("%w: t%d has got %d lines", errForeign, tenant, len(lines))
	}
	return nil
}

// writes changes rows in a transaction that is rolled back.
func (g *ground) writes(ctx context.Context, conn *pgx.Conn, tenant int) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	for _, sql := range []string{"UPDATE note SET n = 7 WHERE id = $1 RETURNING body", "UPDATE checked SET n = n + 1 WHERE id = $1 RETURNING body"} {
		if err := g.bodies(ctx, conn, tenant, 1, sql, 5); err != nil {
			return err
		}
	}
	if err := g.bodies(ctx, conn, tenant, 1, "INSERT INTO checked (tenant, body) VALUES ($1, $2) RETURNING body", fmt.Sprintf("t%d", tenant), g.marks[tenant]); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "INSERT INTO note (tenant, body) VALUES ($1, 'stolen')", fmt.Sprintf("t%d", (tenant+1)%faultTenants))
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return fmt.Errorf("%w: t%d has written one", errForeign, tenant)
	case !errors.As(err, &refused) || refused.Code != "42501":
		return fmt.Errorf("writing another tenant's row: %w", err)
	default:
		return nil
	}
}

func (g *ground) readsByCursor(ctx context.Context, conn *pgx.Conn, tenant int) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, "DECLARE c CURSOR FOR SELECT body FROM note WHERE id <= 60 ORDER BY id"); err != nil {
		return fmt.Errorf("opening a cursor: %w", err)
	}
	for range 6 {
		if err := g.bodies(ctx, conn, tenant, faultRows/6, "FETCH 10 FROM c", pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
	}
	return nil
}
