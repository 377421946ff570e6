package wire

import (
	"context"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

func TestAShutdownAndLogins(t *testing.T) {
	t.Parallel()
	t.Run("one in progress is told, as by a server that shuts down", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, nil)
		p := h.dial()
		p.send(frame4(packet(protocol30, "user", "kim", "database", "app")))
		p.expect("R")
		down := make(chan error, 1)
		go func() { down <- h.Shutdown(t.Context()) }()
		require.Eventually(t, h.isDraining, patient, tick)
		p.send(initial(mechSCRAM, "n,,n=,r=clientnonce"))
		challenge := p.expect("R")
		p.send(message('p', proof(t, string(challenge[4:]), "right")))
		p.expect("RR")
		require.Equal(t, "the database system is shutting down", p.expectError(stateCannotConnect).message)
		p.expectEnd()
		require.NoError(t, <-down)
		require.Empty(t, h.backends.servers)
	})
	t.Run("a connection that says nothing does not hold it up", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, nil)
		p := h.dial()
		require.Eventually(t, func() bool { return h.lobby.count() == 1 }, patient, tick)
		require.NoError(t, h.Shutdown(t.Context()))
		p.expectEnd()
	})
}

func TestSeveralListeners(t *testing.T) {
	t.Parallel()
	var doors []net.Listener
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		doors = append(doors, l)
	}
	unix, err := net.Listen("unix", t.TempDir()+"/s")
	require.NoError(t, err)
	doors = append(doors, unix)
	world := testWorld()
	s := NewServer(Config{
		Auth: AuthTrust, Upstream: &pgconn.Config{Database: "app"}, Connector: newBackends(), World: func() *World { return world }, Log: zerolog.Nop(),
	})
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), doors...) }()
	for _, l := range doors {
		conn, err := net.Dial(l.Addr().Network(), l.Addr().String())
		require.NoError(t, err)
		p := newPeer(t, conn)
		p.send(frame4(packet(protocol30, "user", "kim", "database", "app")))
		p.expect("RSSSSKZ")
	}
	require.NoError(t, s.Shutdown(t.Context()))
	require.NoError(t, <-served)
	for _, l := range doors {
		_, err := net.Dial(l.Addr().Network(), l.Addr().String())
		require.Error(t, err)
	}
}
