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

	"github.com/wherewall/wherewall/internal/pgtemp"
)

//go:embed schema.sql
var schemaSQL string

//go:embed rls.sql
var rlsSQL string

//go:embed stream.sql
var streamSQL string

// The two databases hold the same rows; only the second one filters them itself. The third one is the scripted server's.
const (
	databasePlain  = "plain"
	databaseNative = "native"
	databaseIdle   = "idle"
)

// The logins: kim is the user whose rows are read, dba is unfiltered, service is Wherewall's own. The server is ours alone and lives for
// minutes, so the passwords need not be secret.
const (
	user            = "kim"
	administrator   = "dba"
	password        = "kim's password"
	service         = "service"
	servicePassword = "the service's password"
)

// database is the PostgreSQL that everybody reads from.
type database struct {
	server   *pgtemp.Server
	bin      string
	verifier string // of kim's password
	version  string
}

func startDatabase(ctx context.Context, log io.Writer) (*database, error) {
	bin, err := pgtemp.Find(ctx, log)
	if err != nil {
		return nil, fmt.Errorf("finding PostgreSQL: %w", err)
	}
	server, err := pgtemp.Start(ctx, pgtemp.Options{BinDir: bin, Log: log, Settings: map[string]string{
		"shared_buffers": "256MB", "max_connections": "1500", "max_wal_size": "8GB", "autovacuum": "off", "jit": "off",
	}})
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	db := &database{server: server, bin: bin}
	if err := db.load(ctx); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return db, nil
}

func (db *database) load(ctx context.Context) error {
	err := db.admin(ctx, "postgres", func(c *pgx.Conn) error {
		for _, sql := range []string{
			fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD %s", user, quote(password)),
			fmt.Sprintf("ALTER ROLE %s SET app.tenant = 'acme'", user),
			fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD %s", service, quote(servicePassword)),
			"CREATE DATABASE " + databasePlain,
			"CREATE DATABASE " + databaseNative,
		} {
			if _, err := c.Exec(ctx, sql); err != nil {
				return fmt.Errorf("setting up the server: %w", err)
			}
		}
		if err := c.QueryRow(ctx, "SELECT rolpassword FROM pg_authid WHERE rolname = $1", user).Scan(&db.verifier); err != nil {
			return fmt.Errorf("reading the verifier: %w", err)
		}
		return c.QueryRow(ctx, "SHOW server_version").Scan(&db.version)
	})
	if err != nil {
		return err
	}
	if err := db.script(ctx, databasePlain, schemaSQL); err != nil {
		return err
	}
	return db.script(ctx, databaseNative, schemaSQL+rlsSQL)
}

// streams makes the tables that are streamed, of so many megabytes each, in a database.
func (db *database) streams(ctx context.Context, name string, megabytes int) error {
	for table, width := range streamed() {
		sql := strings.NewReplacer("TABLE public.TABLE", "TABLE public."+table, "public.TABLE", "public."+table,
			"WIDTH", strconv.Itoa(width), "MEGABYTES", strconv.Itoa(megabytes)).Replace(streamSQL)
		if name == databaseNative {
			sql += strings.ReplaceAll("ALTER TABLE public.TABLE ENABLE ROW LEVEL SECURITY;\n"+
				"CREATE POLICY tenant ON public.TABLE FOR SELECT TO kim USING (tenant_id = current_setting('app.tenant'))", "public.TABLE", "public."+table)
		}
		if err := db.script(ctx, name, sql); err != nil {
			return err
		}
	}
	return nil
}

// script runs statements one by one, since VACUUM refuses the transaction that a batch of them is.
func (db *database) script(ctx context.Context, name, sql string) error {
	return db.admin(ctx, name, func(c *pgx.Conn) error {
		for statement := range strings.SplitSeq(sql, ";\n") {
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if _, err := c.Exec(ctx, statement); err != nil {
				return fmt.Errorf("running %.60q in database %s: %w", statement, name, err)
			}
		}
		return nil
	})
}

func (db *database) admin(ctx context.Context, name string, f func(*pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, db.server.AdminDSN(name))
	if err != nil {
		return fmt.Errorf("connecting to database %s: %w", name, err)
	}
	return errors.Join(f(c), c.Close(ctx))
}

// expected is what a session has to see, filtered (true) and unfiltered, as the superuser tells it.
func (db *database) expected(ctx context.Context) (map[bool]sight, error) {
	want := map[bool]sight{}
	err := db.admin(ctx, databasePlain, func(c *pgx.Conn) error {
		for filtered, where := range map[bool]string{true: "tenant_id = 'acme'", false: "true"} {
			s := sight{tenant: "acme", author: user}
			sql := strings.ReplaceAll(`SELECT (SELECT count(*) FROM item WHERE FILTER), (SELECT sum(id)::bigint FROM item WHERE FILTER),
				(SELECT count(*) FROM job WHERE FILTER), (SELECT sum(id)::bigint FROM job WHERE FILTER),
				(SELECT count(*) FROM job WHERE id BETWEEN 49990 AND 50010 AND FILTER),
				(SELECT string_agg(id || title || status || created_at, ',' ORDER BY id) FROM item WHERE id BETWEEN 49990 AND 50010 AND FILTER)`, "FILTER", where)
			if err := c.QueryRow(ctx, sql).Scan(&s.items, &s.itemSum, &s.jobs, &s.jobSum, &s.updated, &s.page); err != nil {
				return fmt.Errorf("asking for what is visible: %w", err)
			}
			want[filtered] = s
		}
		return nil
	})
	return want, err
}

// direct is the rival without anything in between.
func (db *database) direct(name, database string) *rival {
	return &rival{name: name, port: db.server.Port, user: user, database: database, filtered: database == databaseNative}
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
