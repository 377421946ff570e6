package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
)

// upstreamFlags name the database behind the proxy and the service login.
type upstreamFlags struct {
	Upstream string `required:"" placeholder:"DSN" help:"The database and the service login, as a connection URL or key=value pairs."`
}

// config parses the DSN. pgx's error is masked: it shows no password.
func (f upstreamFlags) config() (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(f.Upstream)
	if err != nil {
		return nil, usage(fmt.Errorf("reading --upstream: %w", err))
	}
	return c, nil
}

// readTimeout bounds one reading of the schema, so that a database that hangs does not hold up the next reload.
const readTimeout = 30 * time.Second

// readSchema connects, reads the database's schema and leaves.
func readSchema(ctx context.Context, upstream *pgx.ConnConfig) (_ *catalog.Schema, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	conn, err := connect(ctx, upstream)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	schema, err := catalog.LoadSchema(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	return schema, nil
}

func connect(ctx context.Context, upstream *pgx.ConnConfig) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, upstream)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	return conn, nil
}
