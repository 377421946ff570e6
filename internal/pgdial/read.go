package pgdial

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// read parses a connection string and all that it refers to.
func read(dsn string, o Options) (*settings, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("reading the connection string: %w", withoutText(err))
	}
	s := &settings{config: config}
	if err := s.takeKeywords(); err != nil {
		return nil, err
	}
	if o.PasswordFile != "" {
		if config.Password, err = ReadSecret(o.PasswordFile); err != nil {
			return nil, err
		}
	}
	if o.Dial != nil {
		config.DialFunc = o.Dial
	}
	s.servers = split(&config.Config)
	if o.PasswordFile == "" {
		if err := s.passwords(dsn); err != nil {
			return nil, err
		}
	}
	for _, at := range s.servers {
		if err := checkTLS(at.config); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// withoutText takes the connection string out of an error about it: pgx masks the passwords in it as far as it can make them out, and what cannot
// be read may hold one anywhere.
func withoutText(err error) error {
	var wrong *pgconn.ParseConfigError
	if !errors.As(err, &wrong) {
		return err
	}
	text := wrong.Error()
	return errors.New(strings.TrimPrefix(text[strings.LastIndexByte(text, '`')+1:], ": "))
}

// split makes a configuration for each host. Its fallbacks are the ways to reach that host, with TLS and without.
func split(config *pgconn.Config) []server {
	var all []server
	ways := append([]*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}}, config.Fallbacks...)
	for len(ways) > 0 {
		first := ways[0]
		same := slices.IndexFunc(ways, func(w *pgconn.FallbackConfig) bool { return w.Host != first.Host || w.Port != first.Port })
		if same < 0 {
			same = len(ways)
		}
		c := config.Copy()
		c.Host, c.Port, c.TLSConfig, c.Fallbacks = first.Host, first.Port, first.TLSConfig, ways[1:same]
		if c.ConnectTimeout == 0 {
			c.ConnectTimeout = connectTimeout
		}
		c.ValidateConnect = strict(c.ValidateConnect)
		if c.RequireAuth == "" && !proves(c) {
			// Whoever stands between, or in the server's place, could read it, and be let in for it by the real server.
			c.RequireAuth = "!password"
		}
		all = append(all, server{config: c})
		ways = ways[same:]
	}
	return all
}

// errLesser is a server that is not what target_session_attrs prefers.
var errLesser = errors.New("the server would do where there is no better one")

// strict keeps pgx from being content with the only host that it knows of, where there may be better ones.
func strict(validate pgconn.ValidateConnectFunc) pgconn.ValidateConnectFunc {
	if validate == nil {
		return nil
	}
	return func(ctx context.Context, conn *pgconn.PgConn) error {
		err := validate(ctx, conn)
		var lesser *pgconn.NotPreferredError
		if errors.As(err, &lesser) {
			return errLesser
		}
		return err
	}
}

// proves says whether a server has to show a verified certificate on every way to it, or is reached by a socket of this machine. TLS alone keeps
// nobody from answering in its place.
func proves(c *pgconn.Config) bool {
	if network, _ := pgconn.NetworkAddress(c.Host, c.Port); network == "unix" {
		return true
	}
	return !slices.ContainsFunc(ways(c), func(t *tls.Config) bool { return t == nil || !verifies(t) })
}

// Fault is something in a connection string that would not do what it says, or that nothing here does.
type Fault struct{ Text, Hint string }

func (f *Fault) Error() string { return f.Text }

func fault(hint, format string, args ...any) error {
	return &Fault{Text: fmt.Sprintf(format, args...), Hint: hint}
}

// HintOf is what to do about an error of this package; empty where it does not know.
func HintOf(err error) string {
	var f *Fault
	if errors.As(err, &f) {
		return f.Hint
	}
	return ""
}
