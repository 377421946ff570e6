// Package pgtest starts throwaway PostgreSQL servers for tests.
package pgtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/internal/pgtemp"
)

// Start starts a server that ends with the test. A machine without PostgreSQL fails the test: a suite that
// passes because it was skipped proves nothing.
func Start(t testing.TB) *pgtemp.Server {
	t.Helper()
	return start(t, pgtemp.Options{Log: t.Output()})
}

// StartMajor starts a server of a version, whatever the other tests run on. Where that cannot be had the test is skipped, and says so.
func StartMajor(t testing.TB, major int) *pgtemp.Server {
	t.Helper()
	bin, err := pgtemp.FindMajor(t.Context(), t.Output(), major)
	if err != nil {
		t.Skipf("this needs PostgreSQL %d, which is not to be had here: %v", major, err)
	}
	return start(t, pgtemp.Options{BinDir: bin, Log: t.Output()})
}

func start(t testing.TB, o pgtemp.Options) *pgtemp.Server {
	t.Helper()
	s, err := pgtemp.Start(t.Context(), o)
	if err != nil {
		t.Fatalf("starting PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stopping PostgreSQL: %v", err)
		}
	})
	return s
}

// Connect connects, and closes with the test.
func Connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatalf("connecting: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}
