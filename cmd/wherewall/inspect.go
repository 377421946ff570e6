package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgdial"
)

// inspector looks at the servers that answer, once each: after a failover it is another one, with settings and rights of its own.
type inspector struct {
	upstream *pgdial.Upstream
	log      zerolog.Logger
	seen     string // the last one; of one goroutine at a time
}

// shortcomings are all that is wrong with the service login and the server, and with the way there.
func shortcomings(ctx context.Context, u *pgdial.Upstream, conn *pgx.Conn, s *catalog.Snapshot) ([]weakness, error) {
	found, err := weaknesses(ctx, conn, s)
	return append(found, unproven("--upstream", u)...), err
}

// unproven is what is wrong with the way to the server that a flag names.
func unproven(flag string, u *pgdial.Upstream) []weakness {
	missing := u.Unproven()
	if missing == "" {
		return nil
	}
	return []weakness{{
		"server_unproven", missing + ": whoever stands between can read what passes, or answer in the server's place",
		"sslmode=verify-full sslrootcert=FILE in " + flag + "; ssl = on at the server",
	}}
}

// first looks at the server that answers when the proxy starts.
func (i *inspector) first(ctx context.Context, s *catalog.Snapshot) (found []weakness, err error) {
	conn, err := connect(ctx, i.upstream)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if i.seen, err = incarnation(ctx, conn); err != nil {
		return nil, err
	}
	return shortcomings(ctx, i.upstream, conn, s)
}

// again looks at the server behind a connection, where it is not the one that was seen last. What it finds is a warning even after a strict start: sessions
// are on their way there already.
func (i *inspector) again(ctx context.Context, conn *pgx.Conn, s *catalog.Snapshot) error {
	now, err := incarnation(ctx, conn)
	if err != nil || now == i.seen {
		return err
	}
	found, err := shortcomings(ctx, i.upstream, conn, s)
	if err != nil {
		return err
	}
	i.seen = now
	i.log.Info().Str("server", conn.PgConn().Conn().RemoteAddr().String()).Str("server_version", conn.PgConn().ParameterStatus("server_version")).
		Msg("another server, or one that was restarted, answers now")
	return tell(i.log, i.upstream.User(), found, false)
}

// incarnation tells a server from others, and from itself before its last start.
func incarnation(ctx context.Context, conn *pgx.Conn) (string, error) {
	var started string
	if err := conn.QueryRow(ctx, "SELECT pg_catalog.pg_postmaster_start_time()::pg_catalog.text").Scan(&started); err != nil {
		return "", fmt.Errorf("reading when the server was started: %w", err)
	}
	return conn.PgConn().Conn().RemoteAddr().String() + " " + started, nil
}
