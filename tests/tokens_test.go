package tests

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgtemp"
	"github.com/wherewall/wherewall/internal/token"
	"github.com/wherewall/wherewall/internal/token/tokentest"
	"github.com/wherewall/wherewall/wire"
)

// tokenProxy is a proxy before the sample that takes an issuer's tokens.
type tokenProxy struct {
	*proxy
	id    *tokentest.Issuer
	world atomic.Pointer[wire.World]
	clock atomic.Pointer[time.Time] // nil: the time that it is
}

func newTokenProxy(t *testing.T, database string, auth wire.Auth) *tokenProxy {
	t.Helper()
	newSample(t, database)
	p := &tokenProxy{id: tokentest.NewPlain(t)}
	source, err := token.ParseSource(p.id.URL + tokentest.KeysPath)
	require.NoError(t, err)
	keys := token.NewKeys(token.KeysConfig{Source: source, Log: zerolog.Nop()})
	require.NoError(t, keys.Load(t.Context()))
	verifier := token.NewVerifier(token.Config{
		Issuer: p.id.URL, Audience: tokentest.Audience, UserClaim: "sub", TenantClaim: "org", Attributes: map[string]string{"max_amount": "/limits/invoice"},
	}, keys)
	o := sampleOptions(database)
	p.world.Store(readWorld(t, o))
	o.configure = func(c *wire.Config) {
		c.Auth, c.Tokens, c.World = auth, verifier, p.world.Load
		c.OAuth = wire.OAuth{Issuer: p.id.URL, Scope: "openid db"}
		c.Now = func() time.Time {
			if now := p.clock.Load(); now != nil {
				return *now
			}
			return time.Now()
		}
	}
	p.proxy = startProxy(t, o)
	return p
}

// config is one for pgx. A login by another way than the first is asked for in options.
func (p *tokenProxy) config(t *testing.T, login, password, way string) *pgx.ConnConfig {
	t.Helper()
	u := url.URL{Scheme: "postgres", User: url.UserPassword(login, password), Host: p.addr, Path: "/" + p.database, RawQuery: "sslmode=disable"}
	if way != "" {
		u.RawQuery += "&options=" + "-c%20wherewall.auth%3D" + way
	}
	c, err := pgx.ParseConfig(u.String())
	require.NoError(t, err)
	return c
}

func (p *tokenProxy) enter(t *testing.T, c *pgx.ConnConfig) *pgx.Conn {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

const orgsSeen = "SELECT string_agg(id, ',' ORDER BY id) FROM org"

func ask[T any](t *testing.T, conn *pgx.Conn, sql string) T {
	t.Helper()
	var value T
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&value), sql)
	return value
}

// invoiceLimit has a token's attribute say up to which amount invoices may be changed.
func invoiceLimit(amount any) map[string]any {
	return map[string]any{"org": "acme", "limits": map[string]any{"invoice": amount}}
}

// draftsUpTo counts what somebody may change whose limit that is, as PostgreSQL sees it.
func draftsUpTo(t *testing.T, database string, amount int) int64 {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pg.adminDSN(database))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	return ask[int64](t, conn, fmt.Sprintf("SELECT count(*) FROM billing.invoice WHERE org_id = 'acme' AND status = 'draft' AND amount <= %d", amount))
}

// changed counts the invoices that a session may change. It changes none.
func changed(t *testing.T, conn *pgx.Conn) int64 {
	t.Helper()
	tag, err := conn.Exec(t.Context(), "UPDATE billing.invoice SET customer = customer")
	require.NoError(t, err)
	return tag.RowsAffected()
}

func TestATokensClaimsAreWhatTheSessionMay(t *testing.T) {
	t.Parallel()
	p := newTokenProxy(t, "token_claims", wire.AuthSCRAM|wire.AuthToken)
	conn := p.enter(t, p.config(t, "lee", p.id.Token(t, "lee", invoiceLimit(3000)), "token"))
	require.Equal(t, "acme", ask[string](t, conn, orgsSeen), "the tenant is the token's")
	more, own := draftsUpTo(t, p.database, 3000), draftsUpTo(t, p.database, 1000)
	require.Greater(t, more, own, "the sample can tell them apart")
	require.Equal(t, more, changed(t, conn), "the claim stands in the place of the policy's value")

	p.world.Store(readWorld(t, sampleOptions(p.database)))
	require.Equal(t, more, changed(t, conn), "after a reload, too")

	other := p.enter(t, p.config(t, "lee", p.id.Token(t, "lee", map[string]any{"org": "acme"}), "token"))
	require.Equal(t, own, changed(t, other), "without a claim the policy's own value counts")
	many := p.enter(t, p.config(t, "lee", p.id.Token(t, "lee", invoiceLimit(100000)), "token"))
	require.Equal(t, draftsUpTo(t, p.database, 100000), changed(t, many))
	require.Equal(t, more, changed(t, conn), "who came before is who it was")
	password := p.enter(t, p.config(t, "lee@acme", "demo", ""))
	require.Equal(t, own, changed(t, password))
	none := p.enter(t, p.config(t, "lee", p.id.Token(t, "lee", map[string]any{"org": "acme", "limits": map[string]any{"invoice": nil}}), "token"))
	_, err := none.Exec(t.Context(), "UPDATE billing.invoice SET customer = customer")
	requireState(t, err, "42501")

	_, err = pgx.ConnectConfig(t.Context(), p.config(t, "lee", p.id.Token(t, "lee", invoiceLimit("a lot")), "token"))
	requireState(t, err, "28000")
	_, err = pgx.ConnectConfig(t.Context(), p.config(t, "lee@globex", p.id.Token(t, "lee", invoiceLimit(1)), "token"))
	requireState(t, err, "28000")
}

func requireState(t *testing.T, err error, state string) {
	t.Helper()
	var refused *pgconn.PgError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, state, refused.Code, "%s", refused.Message)
}

func TestASessionOutlivesItsTokenByNoStatement(t *testing.T) {
	t.Parallel()
	p := newTokenProxy(t, "token_ends", wire.AuthToken)
	ends := time.Now().Add(time.Hour)
	conn := p.enter(t, p.config(t, "kim", p.id.Token(t, "kim", map[string]any{"exp": ends.Unix()}), ""))
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	rows, err := tx.Query(t.Context(), "SELECT generate_series(1, 3)")
	require.NoError(t, err)
	require.True(t, rows.Next())
	p.clock.Store(&ends)
	require.True(t, rows.Next(), "what was begun goes on")
	rows.Close()
	require.NoError(t, rows.Err())
	_, err = tx.Exec(t.Context(), "UPDATE task SET title = title")
	requireState(t, err, "28000")
	require.ErrorContains(t, err, "expired")
	require.True(t, conn.IsClosed(), "a pool will open another")
}

func TestOAuthByPgx(t *testing.T) {
	t.Parallel()
	p := newTokenProxy(t, "token_pgx", wire.AuthSCRAM|wire.AuthOAuth)
	login := func(user, text string) *pgx.ConnConfig {
		c := p.config(t, user, "", "")
		c.OAuthTokenProvider = func(context.Context) (string, error) { return text, nil }
		return c
	}
	require.Equal(t, "acme", ask[string](t, p.enter(t, login("kim", p.id.Token(t, "kim", nil))), orgsSeen))
	require.Equal(t, "globex", ask[string](t, p.enter(t, login("lee", p.id.Token(t, "lee", map[string]any{"org": "globex"}))), orgsSeen))
	for _, bad := range []string{"", p.id.Token(t, "lee", nil), p.id.Token(t, "kim", map[string]any{"exp": 1})} {
		_, err := pgx.ConnectConfig(t.Context(), login("kim", bad))
		require.ErrorContains(t, err, "invalid_token")
	}
	require.Equal(t, "acme", ask[string](t, p.enter(t, p.config(t, "kim", "demo", "")), orgsSeen), "a password is as good")
}

// TestTokensByLibpq logs in with psql and several versions of libpq, and through the door that libpq 18 has for tokens.
func TestTokensByLibpq(t *testing.T) {
	t.Parallel()
	p := newTokenProxy(t, "token_libpq", wire.AuthSCRAM|wire.AuthToken|wire.AuthOAuth)
	host, port, err := net.SplitHostPort(p.addr)
	require.NoError(t, err)
	conninfo := fmt.Sprintf("host=%s port=%s dbname=%s sslmode=disable ", host, port, p.database)
	for name, folder := range libpqs(t) {
		psql := func(password, more string) (string, error) {
			cmd := exec.CommandContext(t.Context(), findTool(t, "psql"), "-X", "-w", "-A", "-t", "-d", conninfo+more, "-c", orgsSeen)
			cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "PGPASSWORD=" + password, "LD_LIBRARY_PATH=" + folder}
			out, err := cmd.CombinedOutput()
			return strings.TrimSpace(string(out)), err
		}
		long := p.id.Token(t, "lee", map[string]any{"org": "acme", "groups": strings.Repeat("x", 30<<10)})
		got, err := psql(long, "user=lee options=-cwherewall.auth=token")
		require.NoError(t, err, "%s: %s", name, got)
		require.Equal(t, "acme", got, name)
		got, err = psql(p.id.Token(t, "max", map[string]any{"org": "acme"}), "user=max")
		require.NoError(t, err, "%s: a user without a password is asked for a token at once: %s", name, got)
		require.Equal(t, "acme", got, name)
		got, err = psql(p.id.Token(t, "kim", nil), "user=lee options=-cwherewall.auth=token")
		require.Error(t, err)
		require.Contains(t, got, `FATAL:  password authentication failed for user "lee"`, name)
	}
}

func TestOAuthByLibpq18(t *testing.T) {
	t.Parallel()
	p := newTokenProxy(t, "token_libpq18", wire.AuthSCRAM|wire.AuthOAuth)
	client, folder := compileOAuthClient(t)
	host, port, err := net.SplitHostPort(p.addr)
	require.NoError(t, err)
	run := func(user, text, issuer, more string) string {
		conninfo := fmt.Sprintf("host=%s port=%s dbname=%s sslmode=disable user=%s oauth_issuer=%s oauth_client_id=wherewall %s", host, port, p.database, user, issuer, more)
		cmd := exec.CommandContext(t.Context(), client, conninfo, orgsSeen)
		cmd.Env = []string{"TOKEN=" + text, "LD_LIBRARY_PATH=" + folder, "LC_ALL=C", "PGOAUTHDEBUG=UNSAFE"} // http, and what is said
		out, err := cmd.Output()
		if err != nil {
			require.NotEmpty(t, out, err)
		}
		return string(out)
	}
	told := p.id.URL + "/.well-known/openid-configuration openid db\n"
	require.Equal(t, told+"acme\n", run("max", p.id.Token(t, "max", map[string]any{"org": "acme"}), p.id.URL, ""), "who has no password comes by a token")
	require.Equal(t, told+"acme\n", run("kim", p.id.Token(t, "kim", nil), p.id.URL, "options=-cwherewall.auth=oauth require_auth=oauth"))
	require.Contains(t, run("max", p.id.Token(t, "kim", nil), p.id.URL, ""), `OAuth bearer authentication failed for user "max"`)
	require.Contains(t, run("max", "", "https://other.example", ""), "oauth_issuer", "a client trusts the issuer that it knows")
	require.Contains(t, run("kim", p.id.Token(t, "kim", nil), p.id.URL, "require_auth=oauth"), "server requested SCRAM", "libpq takes what is offered first, and is asked for a password")
}

// compileOAuthClient returns the client and where its libpq is.
func compileOAuthClient(t *testing.T) (program, libraries string) {
	t.Helper()
	bin, err := pgtemp.FindMajor(t.Context(), t.Output(), 18)
	require.NoError(t, err)
	libraries = filepath.Join(filepath.Dir(bin), "lib")
	library := filepath.Join(libraries, "libpq.so.5")
	if _, err := os.Stat(library); err != nil {
		t.Skipf("no libpq of PostgreSQL 18 is in %s", libraries)
	}
	program = filepath.Join(t.TempDir(), "oauth")
	out, err := exec.CommandContext(t.Context(), "cc", "-o", program, "testdata/libpq/oauth.c", library, "-Wl,-rpath-link,"+libraries).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return program, libraries
}
