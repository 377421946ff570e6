package tests

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// outcome is everything that a client learns from one statement.
type outcome struct {
	fields  string     // names, origins and types of the columns; empty where no rows were described
	rows    [][]string // in the order of arrival, values in text, NULL as the word
	tags    []string
	err     *pgproto3.ErrorResponse // a copy; nil for none
	notices []string
	status  byte
	raw     string // every byte of every message, with a zero byte behind each
}

// code is the SQLSTATE, or empty for success.
func (o *outcome) code() string {
	if o.err == nil {
		return ""
	}
	return o.err.Code
}

// outcome flushes and reads up to ReadyForQuery. Its error means a broken connection, not a failed statement.
func (c *client) outcome() (*outcome, error) {
	if err := c.Flush(); err != nil {
		return nil, fmt.Errorf("flushing: %w", err)
	}
	o := &outcome{}
	for {
		m, err := c.next()
		if err != nil {
			return nil, fmt.Errorf("reading a reply: %w", err)
		}
		if _, asks := m.(*pgproto3.CopyInResponse); asks {
			if err := c.giveRows(); err != nil {
				return nil, fmt.Errorf("ending a copy: %w", err)
			}
		}
		if b, err := m.Encode(nil); err == nil {
			o.raw += string(b) + "\x00"
		}
		if o.take(m) {
			return o, nil
		}
	}
}

// giveRows answers a COPY from the client, in messages that have nothing to do with its lines.
func (c *client) giveRows() error {
	if c.rows == nil {
		c.Send(&pgproto3.CopyFail{Message: "there is nothing to copy"})
	}
	for rest := c.rows; len(rest) > 0; {
		piece := rest[:min(len(rest), 1000)]
		rest = rest[len(piece):]
		c.Send(&pgproto3.CopyData{Data: piece})
	}
	if c.rows != nil {
		c.Send(&pgproto3.CopyDone{})
	}
	if c.inBatch { // The server has taken the Sync behind the Execute for one of the COPY.
		c.Send(&pgproto3.Sync{})
	}
	return c.Flush()
}

// load runs a COPY from the client with rows.
func (c *client) load(t testing.TB, sql, rows string) *outcome {
	t.Helper()
	c.rows = append([]byte{}, rows...)
	defer func() { c.rows = nil }()
	return c.query(t, sql)
}

// loadExtended runs a COPY from the client with rows by the extended protocol.
func (c *client) loadExtended(t testing.TB, sql, rows string) *outcome {
	t.Helper()
	c.rows = append([]byte{}, rows...)
	defer func() { c.rows = nil }()
	o, err := c.extended(sql)
	require.NoError(t, err)
	return o
}

// take notes one message and says whether it was the last.
func (o *outcome) take(m pgproto3.BackendMessage) bool {
	switch m := m.(type) {
	case *pgproto3.RowDescription:
		o.fields = describeFields(m.Fields)
	case *pgproto3.DataRow:
		row := make([]string, len(m.Values))
		for i, v := range m.Values {
			row[i] = "NULL"
			if v != nil {
				row[i] = fmt.Sprintf("%q", v)
			}
		}
		o.rows = append(o.rows, row)
	case *pgproto3.CopyOutResponse:
		o.fields = fmt.Sprintf("COPY %d %v", m.OverallFormat, m.ColumnFormatCodes)
	case *pgproto3.CopyData:
		o.rows = append(o.rows, []string{fmt.Sprintf("%q", m.Data)})
	case *pgproto3.CopyDone:
		o.rows = append(o.rows, []string{"(copied)"})
	case *pgproto3.CommandComplete:
		o.tags = append(o.tags, string(m.CommandTag))
	case *pgproto3.EmptyQueryResponse:
		o.tags = append(o.tags, "(empty)")
	case *pgproto3.ErrorResponse:
		e := *m
		o.err = &e
	case *pgproto3.NoticeResponse:
		o.notices = append(o.notices, m.Severity+" "+m.Code)
	case *pgproto3.ReadyForQuery:
		o.status = m.TxStatus
		return true
	}
	return false
}

// simple runs one statement by the simple protocol.
func (c *client) simple(sql string) (*outcome, error) {
	c.Send(&pgproto3.Query{String: sql})
	return c.outcome()
}

// extended runs one statement by the extended protocol, described as a statement and as a portal.
func (c *client) extended(sql string) (*outcome, error) {
	c.Send(&pgproto3.Parse{Query: sql})
	c.Send(&pgproto3.Describe{ObjectType: 'S'})
	c.Send(&pgproto3.Bind{})
	c.Send(&pgproto3.Describe{ObjectType: 'P'})
	c.Send(&pgproto3.Execute{})
	c.Send(&pgproto3.Sync{})
	c.inBatch = true
	defer func() { c.inBatch = false }()
	return c.outcome()
}
