package main

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// socketFlags are how soon a peer is noticed that has gone without a word.
type socketFlags struct {
	KeepaliveIdle        span   `default:"60s" help:"How long a connection is silent before the other side is asked whether it is there (TCP keepalive); 0 for never."`
	KeepaliveInterval    span   `default:"10s" help:"How long to wait for the answer before asking again."`
	KeepaliveCount       number `default:"6" help:"How many unanswered questions end a connection."`
	ClientTCPUserTimeout span   `name:"client-tcp-user-timeout" default:"0" help:"TCP_USER_TIMEOUT of clients: how long they may leave data unacknowledged or untaken; 0 for the system's."`
	ServerTCPUserTimeout span   `name:"server-tcp-user-timeout" default:"0" help:"The same of the server, which takes nothing while it is busy with a statement."`
}

func (f socketFlags) keepAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{
		Enable: f.KeepaliveIdle > 0, Idle: f.KeepaliveIdle.duration(), Interval: f.KeepaliveInterval.duration(), Count: int(f.KeepaliveCount),
	}
}

// dial makes the connections to the server.
func (f socketFlags) dial() func(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{KeepAliveConfig: f.keepAlive(), KeepAlive: -1}
	dialer.Control = func(network, _ string, raw syscall.RawConn) error {
		if network == "unix" {
			return nil
		}
		return setUserTimeout(raw, f.ServerTCPUserTimeout.duration())
	}
	return dialer.DialContext
}

// tunedListener sets the options of the connections that it accepts, wherever the listener came from.
type tunedListener struct {
	net.Listener
	keepAlive   net.KeepAliveConfig
	userTimeout time.Duration
	log         zerolog.Logger
}

func (f socketFlags) around(l net.Listener, log zerolog.Logger) net.Listener {
	return tunedListener{Listener: l, keepAlive: f.keepAlive(), userTimeout: f.ClientTCPUserTimeout.duration(), log: log}
}

// Accept returns a connection in any case: one that cannot be tuned is as good as the system makes it.
func (l tunedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if socket, ok := conn.(*net.TCPConn); ok {
		if err := l.set(socket); err != nil {
			l.log.Debug().Err(err).Msg("socket options of a client could not be set")
		}
	}
	return conn, nil
}

func (l tunedListener) set(socket *net.TCPConn) error {
	if err := socket.SetKeepAliveConfig(l.keepAlive); err != nil {
		return fmt.Errorf("setting keepalive: %w", err)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return fmt.Errorf("reaching the socket: %w", err)
	}
	return setUserTimeout(raw, l.userTimeout)
}
