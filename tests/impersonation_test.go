package tests

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/token"
	"github.com/wherewall/wherewall/internal/token/tokentest"
	"github.com/wherewall/wherewall/wire"
)

// impersonating is a proxy that takes the tokens of an issuer, with everything that it says to the server and to its log.
type impersonating struct {
	*changing
	issuer *tokentest.Issuer
	wire   *tapped
	log    *logged
	clock  *clock
}

// clock is the time by which tokens end.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// logged is a log that a test reads.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newImpersonating(t testing.TB, database string) *impersonating {
	t.Helper()
	return newImpersonatingBy(t, database, subjectPolicy, nil)
}

// newImpersonatingBy has a policy of its own, and attributes that are claims.
func newImpersonatingBy(t testing.TB, database, policy string, attributes map[string]string) *impersonating {
	t.Helper()
	newSubjects(t, database)
	i := &impersonating{issuer: tokentest.NewPlain(t), wire: newTapped(t), log: &logged{}, clock: &clock{}}
	file := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, os.WriteFile(file, i.issuer.Set(t), 0o600))
	source, err := token.ParseSource(file)
	require.NoError(t, err)
	keys := token.NewKeys(token.KeysConfig{Source: source, Log: zerolog.Nop()})
	require.NoError(t, keys.Load(t.Context()))
	verifier := token.NewVerifier(token.Config{
		Issuer: i.issuer.URL, Audience: tokentest.Audience, UserClaim: "sub", TenantClaim: "tenant", Attributes: attributes, Now: i.clock.now,
	}, keys)
	i.changing = startChanging(t, database, i.wire.addr, policy, func(c *wire.Config) {
		c.Tokens, c.Now, c.Log = verifier, i.clock.now, zerolog.New(i.log)
	})
	return i
}

// tokenOf signs for a user in a tenant; an empty tenant is none.
func (i *impersonating) tokenOf(t testing.TB, user, tenant string) string {
	t.Helper()
	claims := map[string]any{}
	if tenant != "" {
		claims["tenant"] = tenant
	}
	return i.issuer.Token(t, user, claims)
}

// requireSecret demands that nothing of a token's signed parts went to the server or into the log.
func (i *impersonating) requireSecret(t testing.TB, tokens ...string) {
	t.Helper()
	for _, text := range tokens {
		for _, part := range strings.Split(text, ".")[1:] {
			if part != "" {
				require.False(t, strings.Contains(i.wire.heard(), part), "the server has heard it")
				require.False(t, strings.Contains(i.log.String(), part), "the log has it")
			}
		}
	}
}

func TestASharedLoginActsAsWhomATokenNames(t *testing.T) {
	t.Parallel()
	p := newImpersonating(t, "impersonated")
	kim, wil, lee := p.tokenOf(t, "kim", ""), p.tokenOf(t, "wil", "globex"), p.tokenOf(t, "lee", "globex")
	c := dial(t, p.dsn("signed"))
	script(t, c, [][2]string{
		{"seen", nothingOfDocs},
		{"SET wherewall.token = '" + kim + "'", ""},
		{"seen", acmeDocs},
		{"SHOW wherewall.user", "kim"},
		{"BEGIN", ""},
		{"SET LOCAL wherewall.token = '" + wil + "'", ""},
		{"seen", globexDocs},
		{"COMMIT", ""},
		{"seen", acmeDocs},
		{"BEGIN", ""},
		{"SELECT set_config('wherewall.token', '" + lee + "', true)", ""},
		{"seen", globexDocs},
		{"SHOW wherewall.user", "lee"},
		{"ROLLBACK", ""},
		{"RESET wherewall.token", ""},
		{"seen", nothingOfDocs},
		{countDocs + " /* wherewall.token='" + wil + "' */", globexDocs},
		{"seen", nothingOfDocs},
		{"/* traceparent='1',wherewall.token='" + kim + "' */ " + countDocs, acmeDocs},
		{"seen", nothingOfDocs},
		{"SELECT count(*) FROM price /* wherewall.token='" + kim + "' */", "5"},
	}...)
	require.NotEmpty(t, p.wire.heard())
	require.Contains(t, p.log.String(), `"as_user":"kim","as_tenant":"acme"`)
	require.Contains(t, p.log.String(), `"subject switched"`)
	p.requireSecret(t, kim, wil, lee)
}

func TestATokenThatIsNotGoodChangesNothing(t *testing.T) {
	t.Parallel()
	p := newImpersonating(t, "impersonated_badly")
	c := dial(t, p.dsn("signed"))
	good := p.tokenOf(t, "kim", "acme")
	forged := tokentest.NewPlain(t).Token(t, "wil", map[string]any{"iss": p.issuer.URL})
	late := p.issuer.Token(t, "wil", map[string]any{"exp": time.Now().Add(-time.Hour).Unix()})
	require.Equal(t, "", c.query(t, "SET wherewall.token = '"+good+"'").code())
	for name, text := range map[string]string{
		"forged": forged, "late": late, "of a foreign tenant": p.tokenOf(t, "kim", "globex"), "of nobody": p.tokenOf(t, "nobody", ""),
		"of one who is gone": p.tokenOf(t, "gone", ""), "of one past the policy": p.tokenOf(t, "root", ""), "of several tenants": p.tokenOf(t, "lee", ""),
		"no token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJraW0ifQ.", "cut": good[:len(good)-4],
	} {
		for _, sql := range []string{"SET wherewall.token = '" + text + "'", "SELECT set_config('wherewall.token', '" + text + "', false)", countDocs + "/* wherewall.token='" + text + "' */"} {
			for _, how := range []func(string) (*outcome, error){c.simple, c.extended} {
				o, err := how(sql)
				require.NoError(t, err)
				require.Equal(t, "28000", o.code(), "%s: %s", name, sql)
				require.Empty(t, o.rows, name)
				require.NotContains(t, o.raw, text[:20], name)
				require.Equal(t, acmeDocs, seen(t, c), name)
			}
		}
		p.requireSecret(t, text)
	}
	for _, sql := range []string{"SET wherewall.token = '" + good, "SET wherewall.token = " + good, "SET wherewall.token = '" + good + "' x", "SELECT /* wherewall.token='" + good + "' */ 1"} {
		o := c.query(t, sql)
		require.NotEqual(t, "", o.code(), sql)
		require.NotContains(t, o.raw, good[:20], sql)
	}
	p.requireSecret(t, good)
}

func TestASubjectEndsWithItsToken(t *testing.T) {
	t.Parallel()
	p := newImpersonating(t, "impersonated_late")
	c := dial(t, p.dsn("signed"))
	require.Equal(t, "", c.query(t, "SET wherewall.token = '"+p.tokenOf(t, "kim", "")+"'").code())
	require.Equal(t, "", batch(t, c, &pgproto3.Parse{Name: "s", Query: countDocs}).code())
	bound := []pgproto3.FrontendMessage{&pgproto3.Bind{PreparedStatement: "s"}, &pgproto3.Execute{}}
	tagged := countDocs + " /* wherewall.token='" + p.tokenOf(t, "kim", "") + "' */"
	require.Equal(t, "", batch(t, c, &pgproto3.Parse{Name: "tagged", Query: tagged}).code())
	p.clock.ahead.Store(int64(2 * time.Hour))
	require.Equal(t, "28000", seen(t, c))
	require.Equal(t, "28000", batch(t, c, bound...).code())
	require.Equal(t, "28000", batch(t, c, &pgproto3.Bind{PreparedStatement: "tagged"}, &pgproto3.Execute{}).code())
	script(t, c, [][2]string{{"BEGIN", ""}, {"seen", "28000"}, {"ROLLBACK", ""}, {"RESET wherewall.token", ""}, {"seen", nothingOfDocs}}...)
}

func TestARevokedImpersonationEndsTheSession(t *testing.T) {
	t.Parallel()
	p := newImpersonating(t, "impersonated_revoked")
	c := dial(t, p.dsn("pool"))
	require.Equal(t, "", c.query(t, "SET wherewall.user = 'kim'").code())
	p.world.Store(worldOf(t, p.database, strings.ReplaceAll(subjectPolicy, "pool: {may_impersonate: name}", "pool: {may_impersonate: token}")))
	_, err := c.simple(countDocs)
	require.Error(t, err)
	gone := dial(t, p.dsn("clerk"))
	require.Equal(t, "", gone.query(t, "SET wherewall.user = 'kim'").code())
	p.world.Store(worldOf(t, p.database, strings.ReplaceAll(subjectPolicy, "kim: {tenants: {acme: [member]}}", "kim: {tenants: {acme: [member]}, active: false}")))
	require.Equal(t, "28000", seen(t, gone))
	script(t, gone, [][2]string{{"RESET wherewall.user", ""}, {"SELECT count(*) FROM price", "5"}, {"SELECT count(*) FROM doc", nothingOfDocs}}...)
}

// TestPoolsInterleaveTenants runs transactions of two tenants, and of readers with fewer columns, over a few connections of one shared login, by prepared
// statements that the pool makes once per connection.
func TestPoolsInterleaveTenants(t *testing.T) {
	t.Parallel()
	p := newImpersonating(t, "impersonated_pool")
	config, err := pgxpool.ParseConfig(p.dsn("signed"))
	require.NoError(t, err)
	config.MaxConns = 3
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	defer pool.Close()
	subjects := []struct{ token, tenant string }{
		{p.tokenOf(t, "kim", ""), "acme"}, {p.tokenOf(t, "wil", ""), "globex"}, {p.tokenOf(t, "lee", "acme"), "acme"}, {p.tokenOf(t, "ron", ""), "globex"},
	}
	var all sync.WaitGroup
	failures := make(chan error, 64)
	for worker := range 6 {
		all.Go(func() {
			for round := range 40 {
				who := subjects[(worker+round)%len(subjects)]
				if err := transact(t.Context(), pool, who.token, who.tenant, round); err != nil {
					failures <- fmt.Errorf("worker %d, round %d: %w", worker, round, err)
					return
				}
			}
		})
	}
	all.Wait()
	close(failures)
	for err := range failures {
		require.NoError(t, err)
	}
	for _, who := range subjects {
		p.requireSecret(t, who.token)
	}
}

// transact reads and writes in a transaction for one subject, and demands that every row is of the tenant.
func transact(ctx context.Context, pool *pgxpool.Pool, text, tenant string, round int) error {
	tx, err := pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	if round%2 == 0 {
		_, err = tx.Exec(ctx, "SET LOCAL wherewall.token = '"+text+"'")
	} else {
		_, err = tx.Exec(ctx, "SELECT set_config('wherewall.token', $1, true)", text)
	}
	if err != nil {
		return fmt.Errorf("setting the subject: %w", err)
	}
	rows, err := tx.Query(ctx, "SELECT tenant FROM doc WHERE id > $1 ORDER BY id", 0)
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	tenants, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("reading rows: %w", err)
	}
	if len(tenants) < 10 {
		return fmt.Errorf("only %d rows of %s", len(tenants), tenant)
	}
	for _, of := range tenants {
		if of != tenant {
			return fmt.Errorf("a row of %s for %s", of, tenant)
		}
	}
	if round%5 == 1 {
		return tx.Rollback(ctx)
	}
	return tx.Commit(ctx)
}
