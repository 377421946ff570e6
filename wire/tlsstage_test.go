package wire

import (
	"crypto/tls"
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/tlstest"
)

// stagesInsideTLS is the variable of the environment that makes every stage's client speak TLS.
const stagesInsideTLS = "WHEREWALL_STAGES_INSIDE_TLS"

// TestSessionsInsideTLS tries again, inside TLS, what is tried with sessions: how they wait, are woken, end, and notice who is gone.
func TestSessionsInsideTLS(t *testing.T) {
	t.Parallel()
	if os.Getenv(stagesInsideTLS) != "" {
		return // this is that
	}
	const sessions = "Session|Vanished|Client|Server|Farewell|Drain|Shutdown|Copy|Portal|Held|Overdue|Hidden|Long|Slow|Parting|Refus|Flush|Stream"
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run", sessions, "-test.timeout", "120s")
	again.Env = append(os.Environ(), stagesInsideTLS+"=1")
	out, err := again.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// insideTLS moves both ends of a connection inside TLS: a client's, and a server's as sessions have it.
func insideTLS(t *testing.T, near, far net.Conn) (net.Conn, net.Conn) {
	t.Helper()
	made, err := NewTLS(TLSOptions{Certificate: tlstest.New(t, "authority").Server(t)})
	require.NoError(t, err)
	server := &encrypted{Conn: tls.Server(far, made.config), raw: far}
	client := tls.Client(near, &tls.Config{InsecureSkipVerify: true})
	greeted := make(chan error, 1)
	go func() { greeted <- client.Handshake() }()
	require.NoError(t, server.Handshake())
	require.NoError(t, <-greeted)
	return client, server
}

// vanish ends the connection without a goodbye, and without what was on its way.
func (p *peer) vanish() {
	p.t.Helper()
	conn := p.Conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	require.NoError(p.t, conn.(*net.TCPConn).SetLinger(0))
	_ = conn.Close()
}
