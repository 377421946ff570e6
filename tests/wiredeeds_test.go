package tests

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// deed does what a script asks for beside the conversation.
func (db *wireDatabase) deed(t *testing.T, c *client, step wireStep) {
	t.Helper()
	require.NoError(t, c.Flush())
	switch step.deed {
	case "Other":
		o := dial(t, c.dsn)
		require.Nil(t, o.query(t, sqlOf(step.sql)).err, step.sql)
		o.close()
	case "Admin":
		pg.exec(t, db.name, sqlOf(step.sql))
	case "Running":
		db.awaitWork(t)
	case "Cancel":
		db.awaitWork(t)
		cancelAt(t, c)
	case "HalfClose":
		require.NoError(t, c.conn.(*net.TCPConn).CloseWrite())
	default:
		require.Fail(t, "not a deed", step.deed)
	}
}

// awaitWork waits until a server process is at work for the login, whatever it waits for itself.
func (db *wireDatabase) awaitWork(t *testing.T) {
	t.Helper()
	const atWork = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = '` + serviceRole + `' AND state = 'active'
		AND (wait_event IS NOT NULL OR query_start < clock_timestamp() - interval '20 ms')`
	require.Eventually(t, func() bool { return pg.rows(t, db.name, atWork)[0][0] == "1" }, patience, 5*time.Millisecond)
}

// cancelAt sends a CancelRequest for a client's session, over a connection of its own, and waits until it was taken.
func cancelAt(t *testing.T, c *client) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	conn, err := (&net.Dialer{}).DialContext(ctx, c.conn.RemoteAddr().Network(), c.conn.RemoteAddr().String())
	require.NoError(t, err)
	defer conn.Close()
	request, err := (&pgproto3.CancelRequest{ProcessID: c.pid, SecretKey: c.key}).Encode(nil)
	require.NoError(t, err)
	_, err = conn.Write(request)
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err, fmt.Sprintf("a cancel request of process %d was answered", c.pid))
}
