package pgdial

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/semaphore"
)

// Options are what a connection string does not say.
type Options struct {
	// PasswordFile holds the login's password and nothing else, but for a line end. It is read for every connection, so that a new
	// password is in force when the file is replaced. Empty: the password is where libpq looks for it.
	PasswordFile string
	// Dial replaces the network; nil is TCP and Unix sockets as they are.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// AtOnce bounds the logins that are in progress; zero is 32. A server makes a process for each before it knows who asks.
	AtOnce int
	// Turned is told when a host has failed so often that it is left alone for a while, with what it failed with, and when it answers again,
	// with nil. It must not block.
	Turned func(host string, err error)
}

// defaultAtOnce is what Options.AtOnce is where it says nothing.
const defaultAtOnce = 32

// connectTimeout bounds the login at one server where the connection string has no connect_timeout.
const connectTimeout = 15 * time.Second

// Upstream is a login at one database, on a server or on several. It is safe for concurrent use.
type Upstream struct {
	dsn     string // empty where there was none, and so nothing to read again
	options Options
	current atomic.Pointer[settings]
	secret  atomic.Pointer[string] // what the password file held last; empty where there is none
	hosts   []*host
	dials   *semaphore.Weighted
	now     func() time.Time
}

// settings are what a connection string meant when it was read last.
type settings struct {
	config  *pgx.ConnConfig
	servers []server // in the order of the string; one for each host of the Upstream
	random  bool     // load_balance_hosts=random
}

// server is how to reach one host: the ways to try, with TLS and without.
type server struct {
	config *pgconn.Config
}

// Parse reads a connection string, the environment and the files that they name. Errors show no password.
func Parse(dsn string, o Options) (*Upstream, error) {
	s, err := read(dsn, o)
	if err != nil {
		return nil, err
	}
	return assemble(dsn, s, o), nil
}

// Of makes an Upstream of what pgconn.ParseConfig made. Nothing is read again.
func Of(config *pgconn.Config, o Options) *Upstream {
	return assemble("", &settings{servers: split(config)}, o)
}

func assemble(dsn string, s *settings, o Options) *Upstream {
	if o.AtOnce <= 0 {
		o.AtOnce = defaultAtOnce
	}
	u := &Upstream{dsn: dsn, options: o, dials: semaphore.NewWeighted(int64(o.AtOnce)), now: time.Now}
	for _, at := range s.servers {
		u.hosts = append(u.hosts, &host{name: net.JoinHostPort(at.config.Host, fmt.Sprint(at.config.Port)), lone: len(s.servers) == 1})
	}
	u.current.Store(s)
	secret := ""
	if o.PasswordFile != "" {
		secret = s.config.Password
	}
	u.secret.Store(&secret)
	return u
}

// Database is the one that the connections are to.
func (u *Upstream) Database() string { return u.current.Load().servers[0].config.Database }

// User is the login.
func (u *Upstream) User() string { return u.current.Load().servers[0].config.User }

// Dial connects and logs in. adjust may change a copy of the configuration before; nil leaves it as it is.
func (u *Upstream) Dial(ctx context.Context, adjust func(*pgconn.Config)) (*pgconn.PgConn, error) {
	return connect(ctx, u, func(ctx context.Context, s *settings, c *pgconn.Config) (*pgconn.PgConn, error) {
		second := c.ValidateConnect == nil && s.servers[0].config.ValidateConnect != nil
		if adjust != nil {
			adjust(c)
		}
		made, err := pgconn.ConnectConfig(ctx, c)
		if err == nil && second {
			made.CustomData()[secondChoice] = true
		}
		return made, err
	})
}

// Conn connects and logs in, for queries of our own. Only an Upstream that Parse made has such connections. Each of adjust may change a copy of the configuration before.
func (u *Upstream) Conn(ctx context.Context, adjust ...func(*pgx.ConnConfig)) (*pgx.Conn, error) {
	return connect(ctx, u, func(ctx context.Context, s *settings, c *pgconn.Config) (*pgx.Conn, error) {
		whole := s.config.Copy()
		whole.Config = *c
		for _, change := range adjust {
			change(whole)
		}
		return pgx.ConnectConfig(ctx, whole)
	})
}
