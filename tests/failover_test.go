package tests

import (
	"context"
	"fmt"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgdial"
)

const fastShutdown, crash = syscall.SIGINT, syscall.SIGQUIT

// TestFailover has a primary and a standby that follows it. Every target_session_attrs finds the server that libpq finds; when the primary dies and the
// standby is promoted, new sessions go there.
func TestFailover(t *testing.T) {
	t.Parallel()
	primary := newSite(t)
	standby, err := primary.Standby(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, standby.Stop()) })
	servers := func(a, b int) string {
		return fmt.Sprintf("host=127.0.0.1,127.0.0.1 port=%d,%d user=svc password=service dbname=postgres sslmode=disable connect_timeout=5 target_session_attrs=", a, b)
	}
	const which = "SELECT inet_server_port()::text || ' ' || pg_is_in_recovery()"
	like := func(words string) {
		t.Helper()
		want := byLibpq(t, words, which)
		got, err := byUs(t, words, which)
		require.Equal(t, want, got, "%s: %v", words, err)
	}
	everywhere := func() {
		t.Helper()
		for _, wanted := range []string{"any", "read-write", "read-only", "primary", "standby", "prefer-standby"} {
			like(servers(primary.Port, standby.Port) + wanted)
			like(servers(standby.Port, primary.Port) + wanted)
			like(servers(1, standby.Port) + wanted)
			like(servers(primary.Port, 1) + wanted)
		}
	}
	everywhere()
	for _, wanted := range []string{"any", "read-only"} {
		seen := map[string]bool{}
		u, err := pgdial.Parse(servers(primary.Port, standby.Port)+wanted+" load_balance_hosts=random", pgdial.Options{})
		require.NoError(t, err)
		for range 40 {
			conn, err := u.Dial(t.Context(), nil)
			require.NoError(t, err)
			seen[conn.Conn().RemoteAddr().String()] = true
			require.NoError(t, conn.Close(t.Context()))
		}
		require.Len(t, seen, map[string]int{"any": 2, "read-only": 1}[wanted], wanted)
	}

	p := before(t, servers(primary.Port, standby.Port)+"read-write", pgdial.Options{})
	clients := map[string]*client{"app": dial(t, p.dsn("app")), "dba": dial(t, p.dsn("dba"))}
	require.NoError(t, primary.End(crash))
	for login, c := range clients {
		require.Contains(t, []string{"57P01", "57P02", "08006", "EOF"}, stateAtEnd(c), login)
	}
	_, err = askAt(p.dsn("app"), "SELECT 1")
	require.Equal(t, "08006", sqlState(err), "there is no server to write to")
	require.NotContains(t, err.Error(), fmt.Sprint(standby.Port))
	_, err = askAt(standby.AdminDSN("postgres"), "SELECT pg_promote()")
	require.NoError(t, err)
	serves(t, p.dsn("app"))
	port, err := askAt(p.dsn("dba"), "SELECT inet_server_port()")
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(standby.Port), port)
	_, err = askAt(p.dsn("app"), "UPDATE item SET name = name || ' after' RETURNING id")
	require.NoError(t, err)
}

// TestAStormOfLogins lets many log in while there is no server: few of them are tried, all are told at once, and it is over when there is one.
func TestAStormOfLogins(t *testing.T) {
	t.Parallel()
	g := newSite(t)
	var log turns
	turned := func(host string, err error) { log.add(host, err) }
	p := before(t, g.DSN("svc", "service", "postgres"), pgdial.Options{Turned: turned})
	require.NoError(t, g.End(fastShutdown))
	for range 300 {
		_, err := askAt(p.dsn("app"), "SELECT 1")
		require.Contains(t, []string{"08006", "57P03"}, sqlState(err))
	}
	require.Len(t, log.all(), 1, "once is enough in a log")
	require.Error(t, log.all()[0])
	require.NoError(t, g.Again(context.WithoutCancel(t.Context())))
	serves(t, p.dsn("app"))
	require.Len(t, log.all(), 2)
	require.NoError(t, log.all()[1])
}
