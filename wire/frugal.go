package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// What a server may say before it is ready for queries. PostgreSQL says some two kilobytes.
const (
	maxLoginMessage = 64 << 10 // of which the reader allocates what the header claims
	maxLoginAnswers = 1 << 20  // all together: parameters and notices could go on for ever
)

// errTalkative ends a login to a server that says too much and never that it is ready.
var errTalkative = errors.New("the server does not come to the end of its login")

// frugal is a connection from which a login may read so much and no more.
type frugal struct {
	net.Conn
	left int // bytes; negative for any number
}

func (f *frugal) Read(b []byte) (int, error) {
	if f.left < 0 {
		return f.Conn.Read(b)
	}
	if f.left == 0 {
		return 0, errTalkative
	}
	n, err := f.Conn.Read(b[:min(len(b), f.left)])
	f.left -= n
	return n, err
}

// boundLogin makes logins frugal. A server is not trusted before it has proven who it is, and not believed in everything afterwards. The
// bound is below TLS, whose connection pgconn has to see for what it is to bind a proof to its channel.
func boundLogin(config *pgconn.Config) {
	config.MaxProtocolMessageBodyLen = maxLoginMessage
	waryLogin(config)
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &frugal{Conn: conn, left: maxLoginAnswers}, nil
	}
}

// unbound lifts the bound of a login that has come to its end.
func unbound(conn net.Conn) net.Conn {
	switch c := conn.(type) {
	case *frugal:
		return c.Conn
	case *tls.Conn:
		if f, ok := c.NetConn().(*frugal); ok {
			f.left = -1
		}
		return c
	default:
		return conn
	}
}
