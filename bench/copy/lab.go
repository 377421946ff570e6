package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgtemp"
	"github.com/wherewall/wherewall/wire"
)

//go:embed schema.sql
var schemaSQL string

// The server is ours alone and lives for minutes, so the password need not be secret.
const service, password, database = "wherewall_svc", "password", "copy"

// lab is the PostgreSQL that is measured and the Wherewall before it.
type lab struct {
	server *pgtemp.Server
	wall   *wire.Server
	served chan error

	admin, direct, proxy string
}

func startLab(ctx context.Context, policy string, log io.Writer) (*lab, error) {
	server, err := pgtemp.Start(ctx, pgtemp.Options{Log: log, Settings: map[string]string{
		"shared_buffers": "256MB", "jit": "off", "autovacuum": "off", "max_wal_size": "4GB",
	}})
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	l := &lab{server: server, admin: server.AdminDSN("postgres"), direct: server.DSN(service, password, database)}
	if err := l.begin(ctx, policy); err != nil {
		return nil, errors.Join(err, l.stop())
	}
	return l, nil
}

func (l *lab) begin(ctx context.Context, policy string) error {
	for _, sql := range []string{"CREATE ROLE " + service + " LOGIN PASSWORD '" + password + "'", "CREATE DATABASE " + database} {
		if err := l.query(ctx, sql); err != nil {
			return err
		}
	}
	l.admin = l.server.AdminDSN(database)
	if err := l.query(ctx, schemaSQL+"GRANT USAGE ON SCHEMA app TO PUBLIC; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA app TO PUBLIC; ANALYZE"); err != nil {
		return err
	}
	world, err := l.world(ctx, policy)
	if err != nil {
		return err
	}
	upstream, err := pgconn.ParseConfig(l.direct)
	if err != nil {
		return fmt.Errorf("reading the service login: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	l.wall = wire.NewServer(wire.Config{Upstream: upstream, Auth: wire.AuthTrust, World: func() *wire.World { return world }, Log: zerolog.Nop()})
	l.served = make(chan error, 1)
	go func() { l.served <- l.wall.Serve(context.WithoutCancel(ctx), listener) }()
	l.proxy = fmt.Sprintf("postgres://kim:x@%s/%s?sslmode=disable", listener.Addr(), database)
	return nil
}

// world reads the schema and binds the policy to it.
func (l *lab) world(ctx context.Context, file string) (*wire.World, error) {
	conn, err := pgx.Connect(ctx, l.direct)
	if err != nil {
		return nil, fmt.Errorf("connecting as the service login: %w", err)
	}
	defer conn.Close(ctx)
	schema, err := catalog.LoadSchema(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	policy, err := catalog.ReadPolicy(file)
	if err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	snapshot, problems := catalog.Bind(policy, schema)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("binding the policy: %w", err)
	}
	return wire.NewWorld(snapshot), nil
}

// query runs statements as the superuser.
func (l *lab) query(ctx context.Context, sql string) error {
	conn, err := pgconn.Connect(ctx, l.admin)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql).ReadAll(); err != nil {
		return fmt.Errorf("running %.100s: %w", sql, err)
	}
	return nil
}

func (l *lab) stop() error {
	var err error
	if l.wall != nil {
		err = l.wall.Shutdown(context.Background())
		err = errors.Join(err, <-l.served)
	}
	return errors.Join(err, l.server.Stop())
}
