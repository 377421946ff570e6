package main

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/xdg-go/scram"
)

// caller makes connections as cheaply as a client can, so that what is measured is the other side: it derives its SCRAM keys once for all.
type caller struct {
	rival       *rival
	application string
	keys        *scram.Client
}

func newCaller(r *rival, application string) (*caller, error) {
	keys, err := scram.SHA256.NewClient("", password, "")
	if err != nil {
		return nil, fmt.Errorf("preparing the password: %w", err)
	}
	return &caller{r, application, keys}, nil
}

// client is a connection that has logged in.
type client struct {
	conn  net.Conn
	front *pgproto3.Frontend
}

func (c *caller) dial(ctx context.Context) (*client, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(c.rival.port)))
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", c.rival.name, err)
	}
	if c.rival.tls {
		if conn, err = encrypt(conn); err != nil {
			return nil, err
		}
	}
	k := &client{conn, pgproto3.NewFrontend(conn, conn)}
	if err := c.login(k.front); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("logging in to %s: %w", c.rival.name, err)
	}
	return k, nil
}

func encrypt(conn net.Conn) (net.Conn, error) {
	answer := []byte{0}
	if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil {
		return nil, fmt.Errorf("asking for TLS: %w", err)
	}
	if _, err := io.ReadFull(conn, answer); err != nil || answer[0] != 'S' {
		return nil, errors.Join(errors.New("no TLS"), err)
	}
	return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}), nil //nolint:gosec // The certificate was made a moment ago, on this machine.
}

// login goes through the startup, to the first ReadyForQuery.
func (c *caller) login(front *pgproto3.Frontend) error {
	parameters := map[string]string{"user": c.rival.user, "database": c.rival.database}
	if c.application != "" {
		parameters["application_name"] = c.application
	}
	front.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersionNumber, Parameters: parameters})
	conversation := c.keys.NewConversation()
	for {
		if err := front.Flush(); err != nil {
			return err
		}
		message, err := front.Receive()
		if err != nil {
			return err
		}
		switch m := message.(type) {
		case *pgproto3.AuthenticationSASL:
			first, err := conversation.Step("")
			if err != nil {
				return err
			}
			front.Send(&pgproto3.SASLInitialResponse{AuthMechanism: "SCRAM-SHA-256", Data: []byte(first)})
		case *pgproto3.AuthenticationSASLContinue:
			final, err := conversation.Step(string(m.Data))
			if err != nil {
				return err
			}
			front.Send(&pgproto3.SASLResponse{Data: []byte(final)})
		case *pgproto3.AuthenticationSASLFinal:
			if _, err := conversation.Step(string(m.Data)); err != nil {
				return err
			}
		case *pgproto3.ErrorResponse:
			return pgError(m)
		case *pgproto3.ReadyForQuery:
			return nil
		default: // AuthenticationOk, ParameterStatus, BackendKeyData, notices.
		}
	}
}

func pgError(m *pgproto3.ErrorResponse) error { return fmt.Errorf("%s: %s", m.Code, m.Message) }

// read runs a statement and throws away what it brings, header by header, and tells how many bytes that was.
func (k *client) read(sql string, buffer []byte) (int64, error) {
	k.front.Send(&pgproto3.Query{String: sql})
	if err := k.front.Flush(); err != nil {
		return 0, fmt.Errorf("asking: %w", err)
	}
	if k.front.ReadBufferLen() > 0 {
		return 0, errors.New("bytes that nobody asked for")
	}
	var total int64
	var s scanner
	for !s.ready {
		n, err := k.conn.Read(buffer)
		if err != nil {
			return 0, fmt.Errorf("reading: %w", err)
		}
		total += int64(n)
		if err := s.scan(buffer[:n]); err != nil {
			return 0, err
		}
	}
	return total, nil
}

func (k *client) close() {
	k.front.Send(&pgproto3.Terminate{})
	_ = k.front.Flush() // It goes away either way.
	_ = k.conn.Close()
}

// scanner follows messages by their headers.
type scanner struct {
	header [5]byte
	have   int // bytes of the header
	rest   int // bytes of the body that are still to come
	ready  bool
}

func (s *scanner) scan(b []byte) error {
	for len(b) > 0 {
		if s.rest > 0 {
			n := min(s.rest, len(b))
			b, s.rest = b[n:], s.rest-n
			s.ready = s.rest == 0 && s.header[0] == 'Z'
			continue
		}
		n := copy(s.header[s.have:], b)
		b, s.have = b[n:], s.have+n
		if s.have < len(s.header) {
			return nil
		}
		s.have, s.rest = 0, int(binary.BigEndian.Uint32(s.header[1:]))-4
		if s.header[0] == 'E' {
			return fmt.Errorf("the statement failed: %q", b)
		}
	}
	return nil
}
