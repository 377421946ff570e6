package tests

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
	"github.com/wherewall/wherewall/internal/tlstest"
)

// TestDirectTLSToTheServer speaks TLS from the first byte to a server that knows it, as PostgreSQL does since 17, and to one that does not.
func TestDirectTLSToTheServer(t *testing.T) {
	t.Parallel()
	ca, other := tlstest.New(t, "ca"), tlstest.New(t, "other")
	folder := t.TempDir()
	right, wrong := ca.WriteAuthority(t, folder, "right"), other.WriteAuthority(t, folder, "wrong")
	words := func(g *site, more string) string {
		return fmt.Sprintf("host=localhost port=%d user=svc password=service dbname=postgres sslnegotiation=direct %s", g.Port, more)
	}
	verified := "sslmode=verify-full channel_binding=require sslrootcert=" + right
	t.Run("17", func(t *testing.T) {
		t.Parallel()
		g := newSiteOn(t, pgtest.StartMajor(t, 17))
		g.encrypt(t, ca, "hostssl all svc 127.0.0.0/8 scram-sha-256")
		for _, more := range []string{verified, "sslmode=require", "sslmode=prefer", "sslmode=verify-ca sslrootcert=" + right} {
			how, err := byUs(t, words(g, more), howEncrypted)
			require.NoError(t, err, more)
			require.Equal(t, "true TLSv1.3", how, more)
		}
		_, err := byUs(t, words(g, "sslmode=verify-full sslrootcert="+wrong), "SELECT 1")
		require.ErrorContains(t, err, "certificate signed by unknown authority")
		for _, more := range []string{"sslmode=allow", "sslmode=disable"} {
			_, err := byUs(t, words(g, more), "SELECT 1")
			require.ErrorContains(t, err, "sslnegotiation=direct", more)
		}

		p := before(t, words(g, verified), pgdial.Options{})
		conn, err := pgconn.Connect(t.Context(), p.dsn("dba"))
		require.NoError(t, err)
		cancelled := make(chan error, 1)
		go func() {
			_, err := conn.Exec(t.Context(), "SELECT pg_sleep(60)").ReadAll()
			cancelled <- err
		}()
		g.awaitSleeper(t)
		require.NoError(t, conn.CancelRequest(t.Context()))
		require.Equal(t, "57014", sqlState(<-cancelled))
		require.NoError(t, conn.Close(t.Context()))
	})
	t.Run("15", func(t *testing.T) {
		t.Parallel()
		g := newSiteOn(t, pgtest.StartMajor(t, 15))
		g.encrypt(t, ca, "hostssl all svc 127.0.0.0/8 scram-sha-256")
		_, err := byUs(t, words(g, verified), "SELECT 1")
		require.Error(t, err, "the server takes the first byte for the length of a packet")
		require.NotContains(t, err.Error(), "service")
	})
}

// awaitSleeper waits until somebody sleeps in the server.
func (g *site) awaitSleeper(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		n, err := askAt(g.AdminDSN("postgres"), "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'")
		return err == nil && n == "1"
	}, patience, 1e7)
}
