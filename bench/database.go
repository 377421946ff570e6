package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/internal/pgtemp"
)

//go:embed schema.sql
var schemaSQL string

//go:embed rls.sql
var rlsSQL string

// The two databases hold the same rows; only the second one filters them itself.
const (
	databasePlain  = "plain"
	databaseNative = "native"
)

// The logins: kim is the user whose rows are read, service is Wherewall's own. The server is ours alone and lives for
// minutes, so the passwords need not be secret.
const (
	user            = "kim"
	userPassword    = "kim's password"
	service         = "service"
	servicePassword = "the service's password"
)

// database is the PostgreSQL that everybody reads from.
type database struct {
	server   *pgtemp.Server
	bin      string
	verifier string // kim's SCRAM verifier
	version  string
}

func startDatabase(ctx context.Context, log io.Writer) (*database, error) {
	bin, err := pgtemp.Find(ctx, log)
	if err != nil {
		return nil, fmt.Errorf("finding PostgreSQL: %w", err)
	}
	server, err := pgtemp.Start(ctx, pgtemp.Options{BinDir: bin, Log: log, Settings: map[string]string{"shared_buffers": "256MB"}})
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
			fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD %s", user, quote(userPassword)),
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

// script runs statements one by one, since VACUUM refuses the transaction that a batch of them is.
func (db *database) script(ctx context.Context, name, sql string) error {
	return db.admin(ctx, name, func(c *pgx.Conn) error {
		for statement := range strings.SplitSeq(sql, ";\n") {
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if _, err := c.Exec(ctx, statement); err != nil {
				return fmt.Errorf("loading database %s: %w", name, err)
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

// direct is the rival without anything in between.
func (db *database) direct(name, database string) *rival {
	return &rival{name: name, port: db.server.Port, database: database, filtered: database == databaseNative}
}

// environment says what was measured on what.
func (db *database) environment(ctx context.Context, o options) string {
	return fmt.Sprintf("Point selects by primary key out of 100,000 rows, half of them visible.\n"+
		"PostgreSQL %s, %s, %s, %d cores, %s.\nEvery figure is the median of %d interleaved rounds of %d s.\n",
		db.version, bouncerVersion(ctx), runtime.Version(), runtime.NumCPU(), cpu(), o.rounds, o.seconds)
}

// bouncerVersion is the first line of `pgbouncer --version`.
func bouncerVersion(ctx context.Context) string {
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		path = debianPgBouncer
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return "PgBouncer of unknown version"
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

func cpu() string {
	info, err := os.ReadFile(filepath.FromSlash("/proc/cpuinfo"))
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.SplitSeq(string(info), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
