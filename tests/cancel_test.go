package tests

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// TestCancelsHitTheirOwn lets sessions come and go, run statements, and cancel every other one of them. A statement that is cancelled and that its
// own client did not cancel would be another's.
func TestCancelsHitTheirOwn(t *testing.T) {
	t.Parallel()
	_, through := bypassProxy(t, "cancels")
	const atOnce, rounds = 40, 8
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for range rounds {
				cancelOrNot(t, through)
			}
		})
	}
	all.Wait()
}

// cancelOrNot is one session with some statements.
func cancelOrNot(t *testing.T, dsn string) {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	conn, err := pgconn.Connect(ctx, dsn)
	if !noError(t, err) {
		return
	}
	defer conn.Close(ctx)
	for range 3 {
		var asking sync.WaitGroup
		mine := rand.IntN(2) == 0
		sql := "SELECT count(*) FROM generate_series(1, 20000)"
		if mine {
			sql = "SELECT pg_sleep(60)"
			// Not one request, which could come before its statement: as many as it takes.
			running, over := context.WithCancel(ctx)
			defer over()
			asking.Go(func() {
				for running.Err() == nil {
					_ = conn.CancelRequest(ctx)
					time.Sleep(time.Millisecond)
				}
			})
			_, err = conn.Exec(ctx, sql).ReadAll()
			over()
			asking.Wait()
			if sqlState(err) != "57014" {
				t.Errorf("a statement was not cancelled by its own client: %v", err)
			}
			// A request that came too late for that statement may hit the next one, in PostgreSQL too: take it here.
			_, _ = conn.Exec(ctx, "SELECT 1").ReadAll()
			continue
		}
		_, err = conn.Exec(ctx, sql).ReadAll()
		noError(t, err)
	}
}

func noError(t *testing.T, err error) bool {
	if err != nil {
		t.Errorf("another's cancel request, or worse: %v", err)
	}
	return err == nil
}

// TestAVanishedClientsStatementEnds counts the server's processes: nothing is left at work for nobody.
func TestAVanishedClientsStatementEnds(t *testing.T) {
	t.Parallel()
	_, through := bypassProxy(t, "vanished")
	for range 3 {
		ctx, vanish := context.WithCancel(t.Context())
		conn, err := pgconn.Connect(ctx, through)
		require.NoError(t, err)
		go func() {
			for len(pg.rows(t, "postgres", "SELECT FROM pg_stat_activity WHERE datname = 'vanished' AND query LIKE '%pg_sleep(61)%' AND state = 'active'")) == 0 {
				time.Sleep(5 * time.Millisecond)
			}
			vanish()
		}()
		_, err = conn.Exec(ctx, "SELECT pg_sleep(61)").ReadAll()
		require.Error(t, err)
		require.Eventually(t, func() bool {
			return len(pg.rows(t, "postgres", "SELECT FROM pg_stat_activity WHERE datname = 'vanished'")) == 0
		}, patience, 10*time.Millisecond)
	}
}
