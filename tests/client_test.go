package tests

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// patience bounds every wait for a server; a test that needs more hangs.
const patience = 20 * time.Second

// client is a bare protocol client: pgconn logs it in and hands the socket over; from then on it sends what it is told
// and shows every message that comes back.
type client struct {
	*pgproto3.Frontend
	conn     net.Conn
	dsn      string
	pid      uint32
	key      []byte
	settings map[string]string // the last ParameterStatus of each name
	status   byte              // of the last ReadyForQuery
	rows     []byte            // what a COPY from the client is given; nil fails it
	inBatch  bool              // what was sent ends in a Sync
}

// dial logs in and closes the connection at the end of the test.
func dial(t testing.TB, dsn string) *client {
	t.Helper()
	c, err := tryDial(dsn)
	require.NoError(t, err)
	t.Cleanup(c.close)
	return c
}

func tryDial(dsn string) (*client, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	pg, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	h, err := pg.Hijack()
	if err != nil {
		return nil, fmt.Errorf("taking the connection over: %w", err)
	}
	return &client{
		Frontend: h.Frontend, conn: h.Conn, dsn: dsn, pid: h.PID, key: h.SecretKey,
		settings: h.ParameterStatuses, status: h.TxStatus,
	}, nil
}

// close says goodbye, which lets the server end its side at once.
func (c *client) close() {
	c.Send(&pgproto3.Terminate{})
	_ = c.Flush()
	_ = c.conn.Close()
}

// next reads one message, which is valid until the following call.
func (c *client) next() (pgproto3.BackendMessage, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, fmt.Errorf("setting the read deadline: %w", err)
	}
	m, err := c.Receive()
	switch m := m.(type) {
	case *pgproto3.ParameterStatus:
		c.settings[m.Name] = m.Value
	case *pgproto3.ReadyForQuery:
		c.status = m.TxStatus
	}
	return m, err
}

// query runs a simple query to its end and fails the test on a broken connection only.
func (c *client) query(t testing.TB, sql string) *outcome {
	t.Helper()
	c.Send(&pgproto3.Query{String: sql})
	o, err := c.outcome()
	require.NoError(t, err)
	return o
}

// sqlState is the SQLSTATE of a server's error, empty for any other error.
func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
