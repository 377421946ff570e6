package tests

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/wire"
)

// proxy is Wherewall in this process, in front of one database.
type proxy struct {
	addr     string
	database string
	server   *wire.Server
}

// proxyOptions say what a proxy stands before, and how.
type proxyOptions struct {
	database, role string         // the service login; its password is servicePassword
	policy         []string       // files and folders, read as one policy
	past           *pgconn.Config // the login of unfiltered users; nil for the service login
	asked          bool           // clients have to prove who they are; otherwise they are trusted
	configure      func(*wire.Config)
	timeouts       map[string]int64 // the operator's time limits, in milliseconds
}

// startProxy serves until the end of the test, when every session must have come to its end.
func startProxy(t testing.TB, o proxyOptions) *proxy {
	t.Helper()
	upstream, err := pgconn.ParseConfig(pg.dsn(o.role, servicePassword, o.database))
	require.NoError(t, err)
	world := readWorld(t, o)
	auth := wire.AuthTrust
	if o.asked {
		auth = wire.AuthSCRAM
	}
	config := wire.Config{
		Upstream: upstream, UnfilteredUpstream: o.past, Auth: auth, World: func() *wire.World { return world }, Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel),
	}
	if o.configure != nil {
		o.configure(&config)
	}
	server := wire.NewServer(config)
	return serveProxy(t, server, o.database)
}

// readWorld reads the policy and binds it to the database as the service login sees it.
func readWorld(t testing.TB, o proxyOptions) *wire.World {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	policy, err := catalog.ReadPolicy(gather(t, o.policy))
	require.NoError(t, err)
	conn, err := pgx.Connect(ctx, pg.dsn(o.role, servicePassword, o.database))
	require.NoError(t, err)
	defer conn.Close(ctx)
	schema, err := catalog.LoadSchema(ctx, conn)
	require.NoError(t, err)
	schema.Limits, err = schema.Limits.Within(o.timeouts)
	require.NoError(t, err)
	snapshot, problems := catalog.Bind(policy, schema)
	require.NotNil(t, snapshot, "%v", problems)
	return wire.NewWorld(snapshot, memory(t))
}

// gather copies the documents into one folder.
func gather(t testing.TB, paths []string) string {
	t.Helper()
	folder := t.TempDir()
	for _, path := range paths {
		files := []string{path}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			files, err = filepath.Glob(filepath.Join(path, "*.yaml"))
			require.NoError(t, err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(folder, filepath.Base(f)), text, 0o600))
		}
	}
	return folder
}

// dsn is the URL of a login such as kim@acme. The password counts only where the proxy asks for one.
func (p *proxy) dsn(login string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(login, "demo"), Host: p.addr, Path: "/" + p.database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}
