package wire

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/wherewall/wherewall/internal/strand"
)

// Server accepts clients and hosts their sessions.
type Server struct {
	config   Config
	secret   []byte
	buffers  *buffers
	memory   *memory
	cancels  *cancels
	seats    *seats
	guises   atomic.Pointer[worldGuise]
	lot      *lot
	lobby    *lobby
	throttle *throttle
	counters *counters
	lanes    atomic.Uint32 // the last that a connection was given

	connections sync.WaitGroup
	loops       *strand.Loops // of the sessions that can be on them; nil for none

	mu       sync.Mutex
	sessions map[hosted]struct{}
	doors    []net.Listener
	draining bool
	// stop ends everything, and endLogins what has not become a session.
	stop, endLogins context.CancelFunc
}

// NewServer makes a Server. It listens nowhere until Serve.
func NewServer(c Config) *Server {
	s := &Server{config: c.withDefaults(), secret: c.Secret, buffers: newBuffers(), sessions: map[hosted]struct{}{}}
	if len(s.secret) == 0 {
		s.secret = make([]byte, 32)
		_, _ = rand.Read(s.secret) // it never fails
	}
	s.counters = newCounters(s.config.TenantNames)
	s.memory = newMemory(s.config.MaxHeld)
	s.seats = newSeats()
	s.cancels = newCancels(s.config.MaxCancels)
	s.lobby = newLobby(s.config.MaxUnauthenticated, s.config.MaxUnauthenticatedPerAddress)
	s.lot = newLot(&s.config, s.buffers)
	s.throttle = newThrottle(s.config.LoginDelay)
	return s
}

// Serve accepts clients on every listener until Shutdown or until ctx ends, which also ends the sessions. It owns the listeners, waits
// for every session, and returns nil after either. It is called once.
func (s *Server) Serve(ctx context.Context, listeners ...net.Listener) error {
	defer closeAll(listeners)
	for _, l := range listeners {
		if err := s.config.checkAuth(l.Addr()); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	logins, endLogins := context.WithCancel(ctx)
	defer endLogins()
	if err := s.startLoops(); err != nil {
		return err
	}
	defer s.stopLoops()
	if !s.begin(listeners, stop, endLogins) {
		return nil
	}
	unwatch := context.AfterFunc(ctx, s.kill)
	defer unwatch()
	var watch sync.WaitGroup
	watch.Go(func() { s.watchStalled(ctx) })
	err := s.acceptAll(lives{sessions: ctx, logins: logins}, listeners)
	s.connections.Wait()
	s.lot.close()
	unwatch() // nobody is left to kill
	stop()
	watch.Wait()
	return err
}

// lives are the contexts of what clients do: the end of one ends logins, and of the other sessions, too.
type lives struct{ sessions, logins context.Context } //nolint:containedctx // two parameters with a name each

// begin notes what Shutdown has to stop, and the loops that accept as something to wait for. It is false after a Shutdown.
func (s *Server) begin(listeners []net.Listener, stop, endLogins context.CancelFunc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doors, s.stop, s.endLogins = listeners, stop, endLogins
	if !s.draining {
		s.connections.Add(len(listeners))
	}
	return !s.draining
}

// acceptAll returns when no listener accepts any more. One that fails closes the others.
func (s *Server) acceptAll(of lives, listeners []net.Listener) error {
	var all errgroup.Group
	for _, l := range listeners {
		all.Go(func() error {
			defer s.connections.Done()
			err := s.accept(of, l)
			if err != nil {
				closeAll(listeners)
			}
			return err
		})
	}
	return all.Wait() //nolint:wrapcheck // accept has said what it is about
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}

// accept serves what it accepts, although a shutdown may have begun: what the system has let in before is told why it cannot stay.
func (s *Server) accept(of lives, listener net.Listener) error {
	pause := time.Duration(0)
	for {
		conn, err := listener.Accept()
		if err == nil {
			pause = 0
			s.connections.Go(func() { s.serveConnection(of, conn) })
			continue
		}
		if s.isDraining() || of.sessions.Err() != nil {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("accepting clients: %w", err)
		}
		// Out of descriptors, most likely. Trying again at once would only burn the processor.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.config.Log.Warn().Err(err).Dur("pause", pause).Msg("accepting failed")
		select {
		case <-time.After(pause):
		case <-of.sessions.Done():
		}
	}
}

// loginGrace is what logins get that a shutdown finds in progress, to be told of it. Whoever only holds a connection open must not hold the
// shutdown up.
const loginGrace = 3 * time.Second

// Shutdown stops accepting, lets every session finish its transaction, and returns when all are gone. When ctx ends
// first, it ends the rest at once and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining = true
	closeAll(s.doors)
	if s.endLogins != nil {
		defer time.AfterFunc(loginGrace, s.endLogins).Stop()
	}
	for session := range s.sessions {
		session.drain()
	}
	s.mu.Unlock()
	s.lot.shut()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		s.connections.Wait()
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		s.kill()
		<-gone
		return fmt.Errorf("draining: %w", ctx.Err())
	}
}

// kill ends logins and sessions where they stand.
func (s *Server) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	closeAll(s.doors)
	if s.stop != nil {
		s.stop()
	}
	for session := range s.sessions {
		session.fail(&failure{state: stateShutdown, message: adminShutdown})
	}
}

// Sessions counts the sessions that there are.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

func (s *Server) isDraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

func loopback(a net.Addr) bool {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	default:
		return false
	}
}
