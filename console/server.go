package console

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"
)

// Options are what a console is made with.
type Options struct {
	// Metrics answers GET /metrics; nil: there is no such page.
	Metrics http.Handler
	// Ready says why no traffic should be sent here; nil where it should. It is asked at each GET /readyz.
	Ready func(ctx context.Context) error
	Log   zerolog.Logger
}

// ErrNotLoopback is returned for an address that others than this machine could reach.
var ErrNotLoopback = errors.New("the console has no logins and no TLS yet: it listens on a loopback address only, such as 127.0.0.1:6433")

// What a client may take.
const (
	maxHeader     = 16 << 10
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	answerTimeout = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	maxConns      = 64
)

// Server is a console that listens.
type Server struct {
	listener net.Listener
	http     *http.Server
}

// CheckAddress says whether a console may listen on an address, HOST:PORT. The host has to be named: an empty one would be all.
func CheckAddress(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s: host:port is expected: %w", address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s: %w", address, ErrNotLoopback)
	}
	return nil
}

// Listen takes the address. Serve follows.
func Listen(ctx context.Context, address string, o Options) (*Server, error) {
	if err := CheckAddress(address); err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for the console: %w", err)
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() { // a name can stand for anything
		_ = listener.Close()
		return nil, fmt.Errorf("%s: %w", address, ErrNotLoopback)
	}
	return &Server{listener: boundListener(listener, maxConns), http: &http.Server{
		Handler: Handler(o), MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: answerTimeout, IdleTimeout: idleTimeout, ErrorLog: nil,
	}}, nil
}

// Address is where it listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Serve answers until ctx ends, and then finishes what it is about.
func (s *Server) Serve(ctx context.Context) error {
	finished := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		defer close(finished)
		patience, stop := context.WithTimeout(context.WithoutCancel(ctx), headerTimeout)
		defer stop()
		if s.http.Shutdown(patience) != nil {
			_ = s.http.Close()
		}
	})
	defer func() {
		if !unwatch() {
			<-finished
		}
	}()
	if err := s.http.Serve(s.listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the console: %w", err)
	}
	return nil
}
