package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/examples"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

// patience is more than anything here takes.
const patience = 30 * time.Second

// sampleServer is a server with the sample in it, and the service login's DSN.
func sampleServer(t *testing.T) (upstream, admin string) {
	t.Helper()
	server := pgtest.Start(t)
	conn := pgtest.Connect(t, server.AdminDSN("postgres"))
	require.NoError(t, examples.Load(t.Context(), conn, "svc"))
	return server.DSN(examples.ServiceLogin, "svc", "postgres"), server.AdminDSN("postgres")
}

// transcript is what a process writes, while it writes.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// child is `wherewall serve` in a process of its own, as a service manager starts it.
type child struct {
	t       *testing.T
	command *exec.Cmd
	log     *transcript
	manager *net.UnixConn // where it tells its state
	ended   chan struct{}
}

// startChild starts it from a shell, which may limit it first. It owns no copy of door after its end.
func startChild(t *testing.T, shell string, door *os.File, args ...string) *child {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = manager.Close() })
	sample, err := filepath.Abs("../../examples/saas/policy")
	require.NoError(t, err)
	binary, err := exec.LookPath("wherewall")
	require.NoError(t, err, "TestMain puts it there")
	c := &child{t: t, log: &transcript{}, manager: manager, ended: make(chan struct{})}
	args = append([]string{"-c", shell + `exec "$0" serve "$@"`, binary, "--policy", sample}, args...)
	c.command = exec.CommandContext(context.WithoutCancel(t.Context()), "sh", args...)
	c.command.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket)
	c.command.Stderr = c.log
	if door != nil {
		c.command.ExtraFiles = []*os.File{door}
	}
	require.NoError(t, c.command.Start())
	go func() {
		defer close(c.ended)
		_ = c.command.Wait() // exit tells how it ended
	}()
	t.Cleanup(func() {
		_ = c.command.Process.Kill()
		<-c.ended
	})
	return c
}

// hears waits for the process to tell its manager a state, and returns all that it has told with it.
func (c *child) hears(state string) string {
	c.t.Helper()
	require.NoError(c.t, c.manager.SetReadDeadline(time.Now().Add(patience)))
	for {
		b := make([]byte, 4096)
		n, err := c.manager.Read(b)
		require.NoError(c.t, err, "waiting for %s:\n%s", state, c.log)
		if strings.HasPrefix(string(b[:n]), state+"\n") {
			return string(b[:n])
		}
	}
}

func (c *child) signal(s os.Signal) {
	c.t.Helper()
	require.NoError(c.t, c.command.Process.Signal(s))
}

// exit waits for the end and returns the exit code.
func (c *child) exit() int {
	c.t.Helper()
	select {
	case <-c.ended:
	case <-time.After(patience):
		require.FailNow(c.t, "it does not end", "%s", c.log)
	}
	return c.command.ProcessState.ExitCode()
}

func (c *child) says(text string) {
	c.t.Helper()
	require.Eventually(c.t, func() bool { return strings.Contains(c.log.String(), text) }, patience, 10*time.Millisecond, "%s", text)
}

// doorway is a listening socket as a service manager would open it. The listener is not accepted from here.
func doorway(t *testing.T) (file *os.File, address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	file, err = l.(*net.TCPListener).File()
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	return file, l.Addr().String()
}

// handsOver is how the shell says that the socket is for the process that it becomes.
const handsOver = "export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=clients; "

func kimAt(address string) string {
	return fmt.Sprintf("postgres://kim:%s@%s/postgres?sslmode=disable", examples.Password, address)
}

func TestAnInheritedSocketIsServedAndTheManagerIsTold(t *testing.T) {
	t.Parallel()
	upstream, _ := sampleServer(t)
	door, address := doorway(t)
	c := startChild(t, handsOver+"export WATCHDOG_USEC=200000 WATCHDOG_PID=$$; ", door, "--upstream", upstream, "--listen", "192.0.2.1:1", "--strict=false")
	require.Contains(t, c.hears("READY=1"), "STATUS=serving clients")
	conn := pgtest.Connect(t, kimAt(address))
	require.NoError(t, conn.Ping(t.Context()))
	require.Regexp(t, `^WATCHDOG=1$`, c.next())

	before := monotonic()
	c.signal(syscall.SIGHUP)
	told := c.hears("RELOADING=1")
	var at int64
	_, err := fmt.Sscanf(told, "RELOADING=1\nMONOTONIC_USEC=%d\n", &at)
	require.NoError(t, err, told)
	require.GreaterOrEqual(t, at, before.Microseconds())
	c.hears("READY=1")
	require.NoError(t, conn.Ping(t.Context()), "a reload drops no session")

	c.signal(syscall.SIGTERM)
	require.Contains(t, c.hears("STOPPING=1"), "STATUS=draining 1 sessions")
	require.Equal(t, 0, c.exit(), "%s", c.log)
}

// next is the next thing that the manager is told, whatever it is.
func (c *child) next() string {
	c.t.Helper()
	require.NoError(c.t, c.manager.SetReadDeadline(time.Now().Add(patience)))
	b := make([]byte, 4096)
	n, err := c.manager.Read(b)
	require.NoError(c.t, err)
	return string(b[:n])
}

func TestSocketsThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	upstream, _ := sampleServer(t)
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer file.Close()
	c := startChild(t, handsOver, file, "--upstream", upstream)
	require.Equal(t, exitFailed, c.exit())
	c.says("the inherited socket clients does not listen for streams")
}

func TestTrustOnAnInheritedPublicSocketIsRefused(t *testing.T) {
	t.Parallel()
	upstream, _ := sampleServer(t)
	l, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	require.NoError(t, err)
	defer file.Close()
	c := startChild(t, handsOver, file, "--upstream", upstream, "--auth", "trust")
	require.Equal(t, exitFailed, c.exit())
	c.says("loopback")
}

// The manager keeps the socket, the new process accepts while the old one drains, and no connection is refused. The few that the old one has
// accepted before they were let in are told that the database shuts down, and may try again.
func TestARestartRefusesNobody(t *testing.T) {
	t.Parallel()
	upstream, _ := sampleServer(t)
	door, address := doorway(t)
	older := startChild(t, handsOver, door, "--upstream", upstream)
	older.hears("READY=1")
	long, err := pgx.Connect(t.Context(), kimAt(address))
	require.NoError(t, err)
	defer long.Close(context.WithoutCancel(t.Context()))
	tx, err := long.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "INSERT INTO task (project_id, title) VALUES (1, 'outlives the old process')")
	require.NoError(t, err)

	stop, visitors, results := make(chan struct{}), sync.WaitGroup{}, make(chan error, 100000)
	for range 4 {
		visitors.Go(func() {
			for {
				select {
				case <-stop:
					return
				case results <- visit(t.Context(), kimAt(address)):
				}
			}
		})
	}
	younger := startChild(t, handsOver, door, "--upstream", upstream)
	younger.hears("READY=1")
	older.signal(syscall.SIGTERM)
	older.hears("STOPPING=1")
	for good := 0; good < 20; good++ { // The old one accepts none any more, soon.
		if err := visit(t.Context(), kimAt(address)); err != nil {
			require.Contains(t, []string{"57P01", "57P03"}, sqlState(err), "%v", err)
			good = 0
		}
	}
	_, err = tx.Exec(t.Context(), "UPDATE task SET title = 'still here' WHERE title = 'outlives the old process'")
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))
	require.Equal(t, 0, older.exit(), "%s", older.log)
	close(stop)
	visitors.Wait()
	close(results)
	served := 0
	for err := range results {
		if err == nil {
			served++
			continue
		}
		require.Contains(t, []string{"57P01", "57P03"}, sqlState(err), "%v", err)
	}
	require.Positive(t, served)
	younger.signal(syscall.SIGINT)
	require.Equal(t, 0, younger.exit(), "%s", younger.log)
}
