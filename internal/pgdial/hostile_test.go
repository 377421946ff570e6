package pgdial

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// scripted is a server that a test plays for one connection. It returns the words to reach it by.
func scripted(t *testing.T, play func(*pgproto3.Backend)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		b := pgproto3.NewBackend(conn, conn)
		if _, err := b.ReceiveStartupMessage(); err == nil {
			play(b)
		}
	}()
	return fmt.Sprintf("host=127.0.0.1 port=%d user=u password=hidden sslmode=disable", listener.Addr().(*net.TCPAddr).Port)
}

// say sends messages.
func say(b *pgproto3.Backend, all ...pgproto3.BackendMessage) {
	for _, m := range all {
		b.Send(m)
	}
	_ = b.Flush()
}

func TestHostileServersGetNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		more, says string
		play       func(*pgproto3.Backend)
	}{
		"endless iterations of SCRAM": {"", "iteration count from server too high", func(b *pgproto3.Backend) {
			say(b, &pgproto3.AuthenticationSASL{AuthMechanisms: []string{"SCRAM-SHA-256"}})
			_ = b.SetAuthType(pgproto3.AuthTypeSASL)
			m, err := b.Receive()
			if err != nil {
				return
			}
			first := string(m.(*pgproto3.SASLInitialResponse).Data)
			nonce := first[strings.Index(first, "r=")+2:]
			say(b, &pgproto3.AuthenticationSASLContinue{Data: []byte("r=" + nonce + "x,s=c2FsdA==,i=2000000000")})
			_, _ = b.Receive()
		}},
		"a password asked for in the clear": {"", "!password", func(b *pgproto3.Backend) { say(b, &pgproto3.AuthenticationCleartextPassword{}) }},
		"no proof where SCRAM is required": {" require_auth=scram-sha-256", "require_auth", func(b *pgproto3.Backend) {
			say(b, &pgproto3.AuthenticationOk{}, &pgproto3.ReadyForQuery{TxStatus: 'I'})
		}},
		"no channel to bind to where that is required": {" channel_binding=require", "channel binding required", func(b *pgproto3.Backend) {
			say(b, &pgproto3.AuthenticationOk{}, &pgproto3.ReadyForQuery{TxStatus: 'I'})
		}},
		"ready before the login": {"", "before AuthenticationOk", func(b *pgproto3.Backend) { say(b, &pgproto3.ReadyForQuery{TxStatus: 'I'}) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := Parse(scripted(t, c.play)+c.more, Options{})
			require.NoError(t, err)
			_, err = u.Dial(t.Context(), nil)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "hidden")
		})
	}
}
