package tests

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// tapped is a way to the cluster that remembers every byte on its way there.
type tapped struct {
	addr string

	mu   sync.Mutex
	said bytes.Buffer
}

// newTapped relays until the end of the test.
func newTapped(t testing.TB) *tapped {
	t.Helper()
	config, err := pgconn.ParseConfig(pg.dsn(serviceRole, servicePassword, "postgres"))
	require.NoError(t, err)
	w := &tapped{}
	network, address := pgconn.NetworkAddress(config.Host, config.Port)
	w.addr = accepting(t, func(client net.Conn) { w.relay(client, network, address) }).Addr().String()
	return w
}

func (w *tapped) relay(client net.Conn, network, address string) {
	defer client.Close()
	server, err := net.Dial(network, address)
	if err != nil {
		return
	}
	defer server.Close()
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	_, _ = io.Copy(server, io.TeeReader(client, w))
	_ = server.Close()
	back.Wait()
}

// Write remembers what is said.
func (w *tapped) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said.Write(p)
}

func (w *tapped) heard() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said.String()
}
