package tests

import (
	"context"
	"net/url"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/internal/pgtemp"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
	"github.com/wherewall/wherewall/wire"
)

// site is a PostgreSQL of a test's own, which it may end, with the tables of the wire scripts in the database postgres.
type site struct {
	*pgtemp.Server
	t *testing.T
}

func newSite(t *testing.T) *site {
	t.Helper()
	return newSiteOn(t, pgtest.Start(t))
}

func newSiteOn(t *testing.T, server *pgtemp.Server) *site {
	t.Helper()
	g := &site{Server: server, t: t}
	g.admin("CREATE ROLE svc LOGIN PASSWORD 'service'; ALTER ROLE svc SET log_statement = 'none'")
	for _, file := range []string{"schema.sql", "seed.sql"} {
		require.NoError(t, execAt(t.Context(), g.AdminDSN("postgres"), readText(t, "testdata/wire/"+file)))
	}
	return g
}

// admin runs statements as the superuser.
func (g *site) admin(sql string) {
	g.t.Helper()
	require.NoError(g.t, execAt(context.Background(), g.AdminDSN("postgres"), sql))
}

// before serves in front of an upstream until the test ends. app is filtered, and dba is not.
func before(t *testing.T, dsn string, o pgdial.Options) *proxy {
	t.Helper()
	u, err := pgdial.Parse(dsn, o)
	require.NoError(t, err)
	conn, err := u.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close(t.Context())
	world := worldAt(t, conn)
	server := wire.NewServer(wire.Config{
		Database: u.Database(), Connector: wire.NewConnector(u), Auth: wire.AuthTrust, World: func() *wire.World { return world },
		Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel),
	})
	return serveProxy(t, server, u.Database())
}

func worldAt(t *testing.T, conn *pgx.Conn) *wire.World {
	t.Helper()
	policy, err := catalog.ReadPolicy(gather(t, []string{"testdata/wire/policy.yaml", "testdata/bypass.yaml"}))
	require.NoError(t, err)
	schema, err := catalog.LoadSchema(t.Context(), conn)
	require.NoError(t, err)
	snapshot, problems := catalog.Bind(policy, schema)
	require.NotNil(t, snapshot, "%v", problems)
	return wire.NewWorld(snapshot, memory(t))
}

// askAt logs in, asks one question, and gives the answer's first value, or the error.
func askAt(dsn, sql string) (string, error) {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}

// withWords adds parameters to a connection URL.
func withWords(t *testing.T, dsn string, words ...string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	query := u.Query()
	for i := 0; i < len(words); i += 2 {
		query.Set(words[i], words[i+1])
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// serves waits until a login is answered again.
func serves(t *testing.T, dsn string) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := askAt(dsn, "SELECT 1")
		return err == nil
	}, patience, 20*time.Millisecond)
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// writeText replaces a file that nobody else may read.
func writeText(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

// turns are what was told of hosts.
type turns struct {
	mu   sync.Mutex
	said []error
}

func (l *turns) add(_ string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, err)
}

func (l *turns) all() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.said)
}
