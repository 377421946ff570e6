package tests

import (
	"context"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// endless is a statement that nobody waits for: it must be cancelled. It touches nothing that a policy speaks of.
const endless = "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b"

// TestCancel is about the two keys: the client's own, and the server's behind it.
func TestCancel(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "cancelling")
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	conn, err := pgconn.Connect(ctx, p.dsn("kim"))
	require.NoError(t, err)
	defer conn.Close(ctx)
	running := make(chan error, 1)
	run := func() {
		_, err := conn.Exec(ctx, endless).ReadAll()
		running <- err
	}

	t.Run("a statement is cancelled and the session lives on", func(t *testing.T) {
		go run()
		awaitActive(t, "cancelling", 1)
		require.NoError(t, conn.CancelRequest(ctx))
		require.Equal(t, "57014", sqlState(<-running))
		_, err = conn.Exec(ctx, "SELECT 1").ReadAll()
		require.NoError(t, err)
	})
	t.Run("a cancel with another key is without effect and without an answer", func(t *testing.T) {
		go run()
		awaitActive(t, "cancelling", 1)
		wrong := append([]byte{}, conn.SecretKey()...)
		wrong[0] ^= 1
		sendCancel(t, p.addr, conn.PID(), wrong)
		sendCancel(t, p.addr, conn.PID()+1, conn.SecretKey())
		select {
		case err := <-running:
			require.Fail(t, "a stranger cancelled the statement", "%v", err)
		case <-time.After(300 * time.Millisecond):
		}
		require.NoError(t, conn.CancelRequest(ctx))
		require.Equal(t, "57014", sqlState(<-running))
	})
	t.Run("the server's own key is not the client's", func(t *testing.T) {
		pids := pg.rows(t, "cancelling", "SELECT pid FROM pg_stat_activity WHERE datname = 'cancelling' AND usename = 'wherewall_svc'")
		require.Len(t, pids, 1)
		require.NotEqual(t, pids[0][0], strconv.FormatUint(uint64(conn.PID()), 10))
	})
}

// sendCancel sends a CancelRequest and wants the connection closed without a word.
func sendCancel(t testing.TB, addr string, pid uint32, key []byte) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, patience)
	require.NoError(t, err)
	defer conn.Close()
	b, err := (&pgproto3.CancelRequest{ProcessID: pid, SecretKey: key}).Encode(nil)
	require.NoError(t, err)
	_, err = conn.Write(b)
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	n, err := conn.Read(make([]byte, 1))
	require.Zero(t, n)
	require.ErrorIs(t, err, io.EOF)
}

// TestEndings is about sessions whose one side goes away: the other one learns of it, and the server is not left working.
func TestEndings(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "endings")

	t.Run("a client that vanishes during a statement takes the server session along", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		c.Send(&pgproto3.Query{String: endless})
		require.NoError(t, c.Flush())
		awaitActive(t, "endings", 1)
		require.NoError(t, c.conn.Close())
		awaitSessions(t, "endings", 0)
	})
	t.Run("a client that vanishes during a big result takes the server session along", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		c.Send(&pgproto3.Query{String: "SELECT repeat('x', 1000) FROM generate_series(1, 1000000)"})
		require.NoError(t, c.Flush())
		_, err := c.next()
		require.NoError(t, err)
		require.NoError(t, c.conn.Close())
		awaitSessions(t, "endings", 0)
	})
	t.Run("a client that vanishes in a transaction has it rolled back", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		require.Equal(t, "", c.query(t, "BEGIN").code())
		require.Equal(t, "", c.query(t, "UPDATE task SET title = 'vanished'").code())
		require.NoError(t, c.conn.Close())
		awaitSessions(t, "endings", 0)
		require.Equal(t, "0", pg.rows(t, "endings", "SELECT count(*) FROM app.task WHERE title = 'vanished'")[0][0])
	})
	t.Run("a client that vanishes in the middle of a message leaves nothing", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		_, err := c.conn.Write([]byte{'Q', 0, 0, 1, 0, 'S', 'E', 'L'})
		require.NoError(t, err)
		require.NoError(t, c.conn.Close())
		awaitSessions(t, "endings", 0)
	})
	t.Run("a half-closed client gets its answer and is gone", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		require.NoError(t, c.conn.(*net.TCPConn).CloseWrite())
		requireEnd(t, c)
		awaitSessions(t, "endings", 0)
	})
	t.Run("a server session killed when idle ends the client's with its last words", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		terminateBackends(t, "endings")
		requireFatal(t, c, "57P01")
	})
	t.Run("a server session killed at work ends the client's with its last words", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		c.Send(&pgproto3.Query{String: endless})
		require.NoError(t, c.Flush())
		awaitActive(t, "endings", 1)
		terminateBackends(t, "endings")
		requireFatal(t, c, "57P01")
	})
	t.Run("an unknown message kind ends the session", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		_, err := c.conn.Write([]byte{'~', 0, 0, 0, 4})
		require.NoError(t, err)
		requireFatal(t, c, "08P01")
		awaitSessions(t, "endings", 0)
	})
}

// requireFatal reads to the end of the connection and wants the one FATAL error just before it.
func requireFatal(t *testing.T, c *client, code string) {
	t.Helper()
	var told []string
	for {
		m, err := c.next()
		if err != nil {
			break
		}
		if e, ok := m.(*pgproto3.ErrorResponse); ok {
			told = append(told, e.Severity+" "+e.Code)
		}
	}
	require.Equal(t, []string{"FATAL " + code}, told)
}

func terminateBackends(t *testing.T, database string) {
	t.Helper()
	pg.exec(t, database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'wherewall_svc' AND datname = '"+database+"'")
}

// awaitActive waits until so many sessions of Wherewall's login run a statement.
func awaitActive(t *testing.T, database string, n int) {
	t.Helper()
	await(t, database, " AND state = 'active'", n)
}

// awaitSessions waits until the login has so many sessions.
func awaitSessions(t *testing.T, database string, n int) {
	t.Helper()
	await(t, database, "", n)
}

func await(t *testing.T, database, condition string, n int) {
	t.Helper()
	admin := dial(t, pg.adminDSN(database))
	defer admin.close()
	count := "SELECT count(*) FROM pg_stat_activity WHERE usename = 'wherewall_svc' AND datname = '" + database + "'" + condition
	require.Eventually(t, func() bool { return unquoted(admin.query(t, count).rows[0][0]) == strconv.Itoa(n) }, 8*time.Second, 20*time.Millisecond)
}
