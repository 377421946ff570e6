package pgtemp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Superuser is the server's bootstrap superuser. Its password is random; AdminDSN has it.
const Superuser = "postgres"

const (
	startTimeout = 60 * time.Second // for initdb and for the first answer, each
	stopTimeout  = 10 * time.Second // for the fast shutdown, before the server is killed
	portAttempts = 5                // a free port may be taken between choosing and binding it
)

// Options say how a server is started. The zero value finds PostgreSQL and starts it with defaults.
type Options struct {
	BinDir   string            // the directory of initdb and postgres; empty: as Find finds it
	Log      io.Writer         // progress, one line a step; nil: nowhere
	Settings map[string]string // settings of postgresql.conf beside our own, by name; they win
}

// Server is a running PostgreSQL. Who started it stops it.
type Server struct {
	Port int // on 127.0.0.1

	bin      string
	as       account
	dir      string // everything of this server, deleted by Stop
	password string
	process  *process
	stop     sync.Once
	stopErr  error // written once under stop
}

// Start makes a cluster and starts a server on it. It answers on 127.0.0.1 alone, with SCRAM-SHA-256 for everybody, and is
// ready when Start returns. ctx bounds the start and not the server's life: that ends with Stop or with this process.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.BinDir == "" {
		if o.BinDir, err = Find(ctx, o.Log); err != nil {
			return nil, err
		}
	}
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	sweep(os.TempDir())
	s := &Server{password: rand.Text(), bin: o.BinDir, as: as}
	if s.dir, err = newHome(os.TempDir(), as); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	fmt.Fprintf(o.Log, "Starting a throwaway PostgreSQL from %s\n", o.BinDir)
	if err := s.initdb(ctx); err != nil {
		return nil, err
	}
	if err := s.configure(o.Settings); err != nil {
		return nil, err
	}
	return s, s.launch(ctx)
}

// DSN is a connection URL for a user of the server. An empty password is left out.
func (s *Server) DSN(user, password, database string) string {
	who := url.User(user)
	if password != "" {
		who = url.UserPassword(user, password)
	}
	u := url.URL{
		Scheme: "postgres", User: who, Path: "/" + database, RawQuery: "sslmode=disable",
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)),
	}
	return u.String()
}

// AdminDSN is the superuser's connection URL. It holds the password: not for logs.
func (s *Server) AdminDSN(database string) string { return s.DSN(Superuser, s.password, database) }

// LogFile is where the server writes its log, until Stop.
func (s *Server) LogFile() string { return filepath.Join(s.dir, "server.log") }

// Stop ends the server by a fast shutdown and deletes its directory. Further calls return what the first one did.
func (s *Server) Stop() error {
	s.stop.Do(func() {
		if s.process != nil {
			s.stopErr = s.process.end(syscall.SIGINT, stopTimeout)
		}
		if err := os.RemoveAll(s.dir); err != nil {
			s.stopErr = errors.Join(s.stopErr, fmt.Errorf("deleting the server's directory: %w", err))
		}
	})
	return s.stopErr
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// launch starts the server on a free port and waits for its first answer.
func (s *Server) launch(ctx context.Context) error {
	var err error
	for range portAttempts {
		if s.Port, err = freePort(); err != nil {
			return err
		}
		if s.process, err = s.serve(); err != nil {
			return err
		}
		if err = s.ready(ctx); err == nil || ctx.Err() != nil || !s.process.ended() {
			return err
		}
	}
	return err
}

// ready waits until the server answers, or has ended.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := s.answers(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.process.done:
			return fmt.Errorf("starting PostgreSQL: it ended at once: %s", s.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("waiting for PostgreSQL to answer: %w: %s", errors.Join(ctx.Err(), err), s.lastWords())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// answers says whether it is this server that answers on the port. Another may have taken that since it was chosen, and let everybody in.
func (s *Server) answers(ctx context.Context) error {
	conn, err := pgconn.Connect(ctx, s.AdminDSN("postgres"))
	if err != nil {
		return fmt.Errorf("asking for the server's directory: %w", err)
	}
	defer conn.Close(ctx)
	shown := conn.ExecParams(ctx, "SHOW data_directory", nil, nil, nil, nil).Read()
	if shown.Err != nil {
		return fmt.Errorf("asking for the server's directory: %w", shown.Err)
	}
	theirs, err := os.Stat(string(shown.Rows[0][0]))
	if err != nil {
		return fmt.Errorf("another server has the port: %w", err)
	}
	ours, err := os.Stat(s.data())
	if err != nil {
		return fmt.Errorf("looking for the server's directory: %w", err)
	}
	if !os.SameFile(ours, theirs) {
		return errors.New("another server has the port")
	}
	return nil
}

// lastWords is the end of the server's log.
func (s *Server) lastWords() string {
	log, err := os.ReadFile(s.LogFile())
	if err != nil {
		return err.Error()
	}
	return tail(string(log), 8)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("choosing a port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
