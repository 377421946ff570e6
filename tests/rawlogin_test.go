package tests

import (
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// challenge is what a client sees of a SCRAM login before it has proven anything.
type challenge struct {
	mechanisms       []string
	salt, iterations string
}

// beginSCRAM goes as far as the server's first message and leaves.
func beginSCRAM(t *testing.T, addr, user string) challenge {
	t.Helper()
	c := rawConnect(t, addr)
	c.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": user, "database": "login"}})
	require.NoError(t, c.Flush())
	m, err := c.next()
	require.NoError(t, err)
	require.IsType(t, &pgproto3.AuthenticationSASL{}, m)
	found := challenge{mechanisms: m.(*pgproto3.AuthenticationSASL).AuthMechanisms}
	c.Send(&pgproto3.SASLInitialResponse{AuthMechanism: "SCRAM-SHA-256", Data: []byte("n,,n=,r=rOprNGfwEbeRWgbNEkqO")})
	require.NoError(t, c.Flush())
	m, err = c.next()
	require.NoError(t, err)
	require.IsType(t, &pgproto3.AuthenticationSASLContinue{}, m)
	for _, attribute := range strings.Split(string(m.(*pgproto3.AuthenticationSASLContinue).Data), ",") {
		switch {
		case strings.HasPrefix(attribute, "s="):
			found.salt = attribute
		case strings.HasPrefix(attribute, "i="):
			found.iterations = attribute
		}
	}
	return found
}

// rawConnect is a connection on which nothing has been said.
func rawConnect(t testing.TB, addr string) *client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, patience)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &client{Frontend: pgproto3.NewFrontend(conn, conn), conn: conn, settings: map[string]string{}}
}

// requireEnd reads to the end of the connection and wants no success on the way.
func requireEnd(t testing.TB, c *client) {
	t.Helper()
	for {
		m, err := c.next()
		if err != nil {
			return
		}
		switch m.(type) {
		case *pgproto3.AuthenticationOk, *pgproto3.ReadyForQuery, *pgproto3.DataRow:
			require.Fail(t, "the server went on", "%T", m)
		}
	}
}

func replaceWord(s, word string) string { return strings.ReplaceAll(s, word, "<name>") }
