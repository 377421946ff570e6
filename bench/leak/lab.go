package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgtemp"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

//go:embed schema.sql
var schemaSQL string

// The logins: kim is filtered by the database native; the service reads all rows of the database plain. The server is ours alone and
// lives for minutes, so the password need not be secret.
const (
	service  = "wherewall_svc"
	user     = "kim"
	tenant   = "t1"
	password = "password"
)

// lab is the PostgreSQL that is measured, with the same rows in two databases.
type lab struct {
	server   *pgtemp.Server
	snapshot *catalog.Snapshot
	plan     *plan.Plan
}

func startLab(ctx context.Context, n size, log io.Writer) (*lab, error) {
	server, err := pgtemp.Start(ctx, pgtemp.Options{Log: log, Settings: map[string]string{
		"shared_buffers": "256MB", "jit": "off", "autovacuum": "off", "max_parallel_workers_per_gather": "0",
	}})
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	l := &lab{server: server}
	if err := l.load(ctx, n); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return l, nil
}

// load fills the database plain, reads policy and schema, and makes a copy that filters by itself.
func (l *lab) load(ctx context.Context, n size) error {
	roles := ""
	for _, role := range []string{service, user} {
		roles += fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'; ALTER ROLE %[1]s SET search_path = app;", role, password)
	}
	values := strings.NewReplacer("TENANTS", strconv.Itoa(n.tenants()), "WIDE", strconv.Itoa(n.wide), "BIG", strconv.Itoa(n.big),
		"PROJECT", guard("project"), "TASK", guard("task"), "NOTE", guard("note"), "BILL", guard("bill"))
	rights := "GRANT USAGE ON SCHEMA app, barrier TO PUBLIC; GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA app, barrier TO PUBLIC"
	for _, step := range [][2]string{
		{"postgres", roles},
		{"postgres", "CREATE DATABASE plain"},
		{"plain", values.Replace(schemaSQL) + rights},
		{"plain", "VACUUM ANALYZE"},
		{"postgres", "CREATE DATABASE native TEMPLATE plain STRATEGY file_copy"},
	} {
		if err := l.admin(ctx, step[0], step[1]); err != nil {
			return err
		}
	}
	if err := l.read(ctx, n.policy); err != nil {
		return err
	}
	script, err := rewrite.ExportRLS(l.snapshot, service)
	if err != nil {
		return fmt.Errorf("exporting the policy: %w", err)
	}
	return l.admin(ctx, "native", script)
}

// read makes kim's plan of the policy and the schema.
func (l *lab) read(ctx context.Context, file string) error {
	conn, err := pgx.Connect(ctx, l.server.DSN(service, password, "plain"))
	if err != nil {
		return fmt.Errorf("connecting as the service login: %w", err)
	}
	defer conn.Close(ctx)
	schema, err := catalog.LoadSchema(ctx, conn)
	if err != nil {
		return fmt.Errorf("reading the schema: %w", err)
	}
	policy, err := catalog.ReadPolicy(file)
	if err != nil {
		return fmt.Errorf("reading the policy: %w", err)
	}
	snapshot, problems := catalog.Bind(policy, schema)
	if err := problems.Err(); err != nil {
		return fmt.Errorf("binding the policy: %w", err)
	}
	l.snapshot = snapshot
	if l.plan, err = plan.Build(snapshot, plan.Subject{User: user, Tenant: tenant}); err != nil {
		return fmt.Errorf("planning: %w", err)
	}
	return nil
}

// admin runs statements as the superuser.
func (l *lab) admin(ctx context.Context, database, sql string) error {
	conn, err := connect(ctx, l.server.AdminDSN(database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = answer(ctx, conn, sql)
	return err
}

func connect(ctx context.Context, dsn string) (*pgconn.PgConn, error) {
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return conn, nil
}
