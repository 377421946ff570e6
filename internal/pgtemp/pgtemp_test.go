package pgtemp

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

func start(t *testing.T, o Options) *Server {
	t.Helper()
	o.Log = t.Output()
	s, err := Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	return s
}

func TestAServerAnswersAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Settings: map[string]string{"application_name": "it's ours"}})

	conn, err := pgx.Connect(t.Context(), s.AdminDSN("postgres"))
	require.NoError(t, err)
	var name, listen string
	require.NoError(t, conn.QueryRow(t.Context(),
		"SELECT current_setting('application_name'), current_setting('listen_addresses')").Scan(&name, &listen))
	require.Equal(t, "it's ours", name)
	require.Equal(t, "127.0.0.1", listen)

	require.NoError(t, s.Stop())
	require.NoError(t, s.Stop(), "stopping twice is harmless")
	require.NoDirExists(t, s.dir)
	_, err = pgx.Connect(t.Context(), s.AdminDSN("postgres"))
	require.Error(t, err)
	require.Error(t, conn.Ping(t.Context()))
}

func TestAWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	_, err := pgx.Connect(t.Context(), s.DSN(Superuser, "guess", "postgres"))
	var refused *pgconn.PgError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "28P01", refused.Code)
}

func TestDSNQuotesItsParts(t *testing.T) {
	t.Parallel()
	dsn, err := url.Parse((&Server{Port: 1}).DSN("lee@acme", "p/w:?#", "app"))
	require.NoError(t, err)
	password, _ := dsn.User.Password()
	require.Equal(t, []string{"lee@acme", "p/w:?#", "127.0.0.1:1", "/app"},
		[]string{dsn.User.Username(), password, dsn.Host, dsn.Path})
}

func TestAFailedStartTellsWhyAndLeavesNothingBehind(t *testing.T) {
	t.Setenv("TMPDIR", shared(t))
	_, err := Start(t.Context(), Options{Settings: map[string]string{"no_such_setting": "1"}})
	require.ErrorContains(t, err, "no_such_setting")
	left, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	require.Empty(t, left)
}

// shared is a temporary directory that the server's user may enter, unlike t.TempDir's parent.
func shared(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

// TestMain lets the test binary play a process that starts a server and is killed before it stops it.
func TestMain(m *testing.M) {
	if os.Getenv("PGTEMP_TEST_ORPHAN") == "" {
		os.Exit(m.Run())
	}
	s, err := Start(context.Background(), Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.AdminDSN("postgres"))
	select {}
}

func TestTheServerDiesWithItsParent(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	temp := shared(t)
	parent := exec.CommandContext(t.Context(), self)
	parent.Env = append(os.Environ(), "PGTEMP_TEST_ORPHAN=1", "TMPDIR="+temp)
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line := make([]byte, 4096)
	n, err := out.Read(line)
	require.NoError(t, err)
	dsn := string(bytes.TrimSpace(line[:n]))
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err, "%s", dsn)
	require.NoError(t, conn.Close(t.Context()))

	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	require.Eventually(t, func() bool {
		_, err := pgx.Connect(t.Context(), dsn)
		return err != nil
	}, 10*time.Second, 50*time.Millisecond)
	require.Eventually(t, func() bool {
		sweep(temp)
		left, err := filepath.Glob(filepath.Join(temp, homePrefix+"*"))
		return err == nil && len(left) == 0
	}, 10*time.Second, 50*time.Millisecond, "the next start deletes what the killed one left")
}

func TestAnotherServerOnThePortIsNotTakenForOurs(t *testing.T) {
	t.Parallel()
	theirs := start(t, Options{})
	require.NoError(t, theirs.answers(t.Context()))
	ours := &Server{Port: theirs.Port, password: theirs.password, dir: t.TempDir()}
	require.NoError(t, os.Mkdir(ours.data(), 0o700))
	require.ErrorContains(t, ours.answers(t.Context()), "another server has the port")
}
