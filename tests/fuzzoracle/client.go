package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// patience bounds every wait for a server. The servers end a statement long before.
const patience = 20 * time.Second

// client is a bare protocol client.
type client struct {
	*pgproto3.Frontend
	conn   net.Conn
	status byte // of the last ReadyForQuery
}

func dial(ctx context.Context, dsn string) (*client, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pg, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	h, err := pg.Hijack()
	if err != nil {
		return nil, fmt.Errorf("taking the connection over: %w", err)
	}
	return &client{Frontend: h.Frontend, conn: h.Conn, status: h.TxStatus}, nil
}

func (c *client) close() {
	c.Send(&pgproto3.Terminate{})
	_ = c.Flush()
	_ = c.conn.Close()
}

// outcome is what a client learns from one message.
type outcome struct {
	fields     string // names and types of the columns
	parameters string
	rows       []string // in the order of arrival
	tags       []string
	code       string // SQLSTATE; empty for success
	message    string
	notices    []string
	status     byte
}

// run sends one statement and reads everything that comes back. Its error means a broken connection, not a failed statement.
func (c *client) run(s statement) (*outcome, error) {
	if s.extended {
		c.Send(&pgproto3.Parse{Query: s.sql})
		c.Send(&pgproto3.Describe{ObjectType: 'S'})
		values := make([][]byte, len(s.parameters))
		for i, p := range s.parameters {
			if p != nil {
				values[i] = []byte(*p)
			}
		}
		c.Send(&pgproto3.Bind{Parameters: values})
		c.Send(&pgproto3.Execute{})
		c.Send(&pgproto3.Sync{})
	} else {
		c.Send(&pgproto3.Query{String: s.sql})
	}
	if err := c.Flush(); err != nil {
		return nil, fmt.Errorf("sending: %w", err)
	}
	o := &outcome{}
	for {
		if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return nil, fmt.Errorf("setting the deadline: %w", err)
		}
		m, err := c.Receive()
		if err != nil {
			return nil, fmt.Errorf("reading a reply: %w", err)
		}
		if ready, ok := m.(*pgproto3.ReadyForQuery); ok {
			c.status, o.status = ready.TxStatus, ready.TxStatus
			return o, nil
		}
		o.take(m)
	}
}

func (o *outcome) take(m pgproto3.BackendMessage) {
	switch m := m.(type) {
	case *pgproto3.ParameterDescription:
		o.parameters = fmt.Sprint(m.ParameterOIDs)
	case *pgproto3.RowDescription:
		var b strings.Builder
		for _, f := range m.Fields {
			fmt.Fprintf(&b, "%s:%d/%d ", f.Name, f.DataTypeOID, f.TypeModifier)
		}
		o.fields += b.String() + ";"
	case *pgproto3.DataRow:
		var b strings.Builder
		for _, v := range m.Values {
			if v == nil {
				b.WriteString("NULL | ")
			} else {
				fmt.Fprintf(&b, "%q | ", maskRun(string(v)))
			}
		}
		o.rows = append(o.rows, b.String())
	case *pgproto3.CopyData:
		o.rows = append(o.rows, maskRun(string(m.Data)))
	case *pgproto3.CommandComplete:
		o.tags = append(o.tags, string(m.CommandTag))
	case *pgproto3.EmptyQueryResponse:
		o.tags = append(o.tags, "(empty)")
	case *pgproto3.ErrorResponse:
		o.code, o.message = m.Code, m.Message
	case *pgproto3.NoticeResponse:
		o.notices = append(o.notices, m.Code)
	}
}

func (o *outcome) describe() string {
	if o.code != "" {
		return o.code + " " + o.message
	}
	return fmt.Sprintf("%v, %d rows", o.tags, len(o.rows))
}

// content is the rows, sorted where their order means nothing.
func (o *outcome) content(ordered bool) []string {
	rows := slices.Clone(o.rows)
	if !ordered {
		slices.Sort(rows)
	}
	return rows
}
