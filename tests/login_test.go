package tests

import (
	"fmt"
	"net"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/wire"
)

// TestLogin is about who gets in, as whom, and what the others are told. Everybody's password in the sample is "demo".
func TestLogin(t *testing.T) {
	t.Parallel()
	newSample(t, "login")
	o := sampleOptions("login")
	o.asked = true
	p := startProxy(t, o)
	login := func(user, password, database, query string) string {
		return (&url.URL{
			Scheme: "postgres", User: url.UserPassword(user, password), Host: p.addr, Path: "/" + database,
			RawQuery: "sslmode=disable" + query,
		}).String()
	}
	const asGlobex = "&options=-c%20wherewall.tenant%3Dglobex"

	for _, c := range []struct{ name, user, query, orgs string }{
		{"the only membership is the tenant", "kim", "", "acme"},
		{"the tenant stands behind the name", "lee@globex", "", "globex"},
		{"the tenant stands in the options", "lee", asGlobex, "globex"},
		{"a tenant may be named twice", "lee@globex", asGlobex, "globex"},
		{"a platform role needs no tenant", "sam", "", "acme,globex,initech"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := dial(t, login(c.user, "demo", "login", c.query)).query(t, "SELECT string_agg(id, ',' ORDER BY id) FROM org")
			require.Nil(t, got.err)
			require.Equal(t, fmt.Sprintf("%q", c.orgs), got.rows[0][0])
		})
	}

	for _, c := range []struct{ name, user, password, database, query, code string }{
		{"a wrong password", "kim", "Demo", "login", "", "28P01"},
		{"an empty password", "kim", "", "login", "", "28P01"},
		{"an unknown user", "nobody", "demo", "login", "", "28P01"},
		{"a user without a password", "max", "demo", "login", "&options=-c%20wherewall.tenant%3Dacme", "28P01"},
		{"the service login", "wherewall_svc", servicePassword, "login", "", "28P01"},
		{"a superuser's name", "postgres", "postgres", "login", "", "28P01"},
		{"a wrong password for a foreign tenant", "lee@initech", "Demo", "login", "", "28P01"},
		{"a wrong password for a wrong database", "kim", "Demo", "nonesuch", "", "28P01"},
		{"no tenant among several", "lee", "demo", "login", "", "28000"},
		{"a foreign tenant", "lee@initech", "demo", "login", "", "28000"},
		{"a tenant that does not exist", "lee@nonesuch", "demo", "login", "", "28000"},
		{"two different tenants", "lee@acme", "demo", "login", asGlobex, "28000"},
		{"a wrong database", "kim", "demo", "postgres", "", "3D000"},
		{"a search path of one's own", "kim", "demo", "login", "&search_path=pg_catalog", "42501"},
		{"a role by options", "kim", "demo", "login", "&options=-c%20role%3Dpostgres", "42501"},
		{"row_security by options", "kim", "demo", "login", "&options=-c%20row_security%3Doff", "42501"},
		{"replication", "kim", "demo", "login", "&replication=database", "42501"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			_, err := tryDial(login(c.user, c.password, c.database, c.query))
			require.Equal(t, c.code, sqlState(err), "%v", err)
		})
	}

	t.Run("a foreign tenant and one that does not exist are told alike", func(t *testing.T) {
		_, foreign := tryDial(login("lee@initech", "demo", "login", ""))
		_, missing := tryDial(login("lee@nowhere", "demo", "login", ""))
		require.Equal(t, withoutNames(t, foreign), withoutNames(t, missing))
	})
	t.Run("an unknown user and a wrong password are told alike", func(t *testing.T) {
		known, unknown := beginSCRAM(t, p.addr, "kim"), beginSCRAM(t, p.addr, "nib")
		require.Len(t, unknown.salt, len(known.salt))
		require.Equal(t, known.iterations, unknown.iterations)
		require.Equal(t, known.mechanisms, unknown.mechanisms)
		require.Equal(t, unknown.salt, beginSCRAM(t, p.addr, "nib").salt, "an unknown user's salt stays the same")
		require.NotEqual(t, unknown.salt, beginSCRAM(t, p.addr, "nob").salt)
		_, wrong := tryDial(login("kim", "Demo", "login", ""))
		_, none := tryDial(login("nib", "Demo", "login", ""))
		require.Equal(t, withoutNames(t, wrong, "kim"), withoutNames(t, none, "nib"))
	})
}

// withoutNames is a server's error with names replaced, for comparison.
func withoutNames(t *testing.T, err error, names ...string) pgconn.PgError {
	t.Helper()
	var e *pgconn.PgError
	require.ErrorAs(t, err, &e)
	masked := *e
	for _, n := range append(names, "initech", "nowhere") {
		masked.Message = replaceWord(masked.Message, n)
		masked.Detail = replaceWord(masked.Detail, n)
		masked.Hint = replaceWord(masked.Hint, n)
	}
	return masked
}

func TestTrustIsForLoopbackOnly(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	server := wire.NewServer(wire.Config{Upstream: &pgconn.Config{}, Auth: wire.AuthTrust, World: func() *wire.World { return nil }})
	require.ErrorIs(t, server.Serve(t.Context(), listener), wire.ErrNotLoopback)
}

// TestStartupParameters compares what a session is told at its start with what PostgreSQL tells.
func TestStartupParameters(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "parameters")
	direct := dial(t, pg.dsn("wherewall_svc", servicePassword, "parameters"))
	through := dial(t, p.dsn("kim"))
	for name, value := range direct.settings {
		if name == "session_authorization" {
			value = "kim"
		}
		if name == "search_path" { // reported since PostgreSQL 18; ours is pinned
			value = unquoted(through.query(t, "SHOW search_path").rows[0][0])
		}
		require.Equal(t, value, through.settings[name], name)
	}
	require.Len(t, through.settings, len(direct.settings))
	require.NotEmpty(t, through.key, "a client needs a key to cancel")
	require.Equal(t, byte('I'), through.status)
}

// TestCharactersBeforeTheLogin sends what no client sends.
func TestCharactersBeforeTheLogin(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "characters")
	t.Run("a query instead of a startup message", func(t *testing.T) {
		c := rawConnect(t, p.addr)
		c.Send(&pgproto3.Query{String: "SELECT 1"})
		require.NoError(t, c.Flush())
		requireEnd(t, c)
	})
	t.Run("a query instead of a password", func(t *testing.T) {
		o := sampleOptions("characters")
		o.asked = true
		c := rawConnect(t, startProxy(t, o).addr)
		c.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "kim", "database": "characters"}})
		c.Send(&pgproto3.Query{String: "SELECT 1"})
		require.NoError(t, c.Flush())
		requireEnd(t, c)
	})
}
