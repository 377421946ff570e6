package main

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/examples"
	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
	"github.com/wherewall/wherewall/wire"
)

// sampleProxy starts the proxy before the sample, with a copy of its policy that the test may change.
func sampleProxy(t *testing.T) *proxy {
	t.Helper()
	server := pgtest.Start(t)
	admin := pgtest.Connect(t, server.AdminDSN("postgres"))
	require.NoError(t, examples.Load(t.Context(), admin, "svc"))
	upstream, err := pgdial.Parse(server.DSN(examples.ServiceLogin, "svc", "postgres"), pgdial.Options{})
	require.NoError(t, err)
	home := t.TempDir()
	policy, err := examples.Policy()
	require.NoError(t, err)
	require.NoError(t, os.CopyFS(home, policy))
	require.NoError(t, os.Chmod(filepath.Join(home, "people.yaml"), 0o600))

	k := &keeper{source: source{path: home}, upstream: upstream, log: zerolog.New(zerolog.NewTestWriter(t)), follow: followFiles}
	require.NoError(t, k.load(t.Context()))
	p, err := startProxy(k, "127.0.0.1:0", wire.Config{}, 50*time.Millisecond)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.close()) })
	return p
}

func (p *proxy) login(t *testing.T, user string) *pgx.Conn {
	t.Helper()
	return pgtest.Connect(t, "postgres://"+escaped(user)+":demo@"+p.address()+"/postgres?sslmode=disable")
}

// waiting runs wait in the background and returns where its signals go and its end comes from.
func (p *proxy) waiting(t *testing.T, ctx context.Context) (chan<- os.Signal, <-chan error) {
	t.Helper()
	signals, end := make(chan os.Signal), make(chan error, 1)
	go func() { end <- p.wait(ctx, signals) }()
	return signals, end
}

func soon(t *testing.T, end <-chan error) {
	t.Helper()
	select {
	case err := <-end:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		require.FailNow(t, "the proxy did not end")
	}
}

func TestTheFirstSIGTERMLetsATransactionEnd(t *testing.T) {
	t.Parallel()
	p := sampleProxy(t)
	signals, end := p.waiting(t, t.Context())
	tx, err := p.login(t, "kim").Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "INSERT INTO task (project_id, title) VALUES (1, 'drained')")
	require.NoError(t, err)

	signals <- syscall.SIGTERM
	_, err = tx.Exec(t.Context(), "UPDATE task SET title = 'still here' WHERE assignee_id = 'kim'")
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))
	soon(t, end)
}

func TestTheSecondSIGTERMDoesNotWait(t *testing.T) {
	t.Parallel()
	p := sampleProxy(t)
	signals, end := p.waiting(t, t.Context())
	tx, err := p.login(t, "kim").Begin(t.Context())
	require.NoError(t, err)
	signals <- syscall.SIGTERM
	signals <- syscall.SIGTERM
	soon(t, end)
	require.Error(t, tx.Commit(t.Context()))
}

func TestADrainHasAnEnd(t *testing.T) {
	t.Parallel()
	p := sampleProxy(t)
	p.drain = 300 * time.Millisecond
	signals, end := p.waiting(t, t.Context())
	tx, err := p.login(t, "kim").Begin(t.Context())
	require.NoError(t, err)
	signals <- syscall.SIGTERM
	_, err = tx.Exec(t.Context(), "SELECT id FROM task")
	require.NoError(t, err, "there is some time")
	soon(t, end)
	require.Error(t, tx.Commit(t.Context()))
}

func TestTheEndOfTheContextEndsEverything(t *testing.T) {
	t.Parallel()
	p := sampleProxy(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, end := p.waiting(t, ctx)
	conn := p.login(t, "kim")
	cancel()
	soon(t, end)
	require.Error(t, conn.Ping(t.Context()))
}

func TestAChangedPolicyIsInForceForOpenSessions(t *testing.T) {
	t.Parallel()
	p := sampleProxy(t)
	kim := p.login(t, "kim")
	companies := func() string {
		var id string
		if err := kim.QueryRow(t.Context(), "SELECT coalesce(string_agg(id, ','), 'none') FROM org").Scan(&id); err != nil {
			return err.Error()
		}
		return id
	}
	require.Equal(t, "acme", companies())
	people := filepath.Join(p.keeper.source.path, "people.yaml")

	require.NoError(t, os.WriteFile(people, []byte("users: {kim: {tenants: {acme: [nonsense]}}}\n"), 0o600))
	time.Sleep(200 * time.Millisecond) // several looks
	require.Equal(t, "acme", companies(), "a policy at fault changes nothing")

	require.NoError(t, os.WriteFile(people, []byte("tenants: {globex: {}}\nusers: {pat: {tenants: {globex: [member]}}}\n"), 0o600))
	require.Eventually(t, func() bool { return companies() != "acme" }, 5*time.Second, 20*time.Millisecond)
}
