package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationTable is where goose notes what it has done.
const migrationTable = Schema + ".migration"

// Schema is the schema that holds everything. Its name is fixed, so that policies and grants can rely on it.
const Schema = "wherewall"

// Migration is one step of the schema.
type Migration struct {
	Version int64
	File    string
	Applied time.Time // zero: not yet
}

// Migrator makes and changes the schema. It holds one connection, and Close gives that back.
type Migrator struct {
	db    *sql.DB
	goose *goose.Provider
}

// NewMigrator prepares to migrate over a connection's configuration. Two that migrate at once wait for each other. With up, it makes the
// schema where there is none.
func NewMigrator(ctx context.Context, config *pgx.ConnConfig, up bool) (*Migrator, error) {
	db := stdlib.OpenDB(*config)
	m, err := newMigrator(ctx, db, up)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return m, nil
}

func newMigrator(ctx context.Context, db *sql.DB, up bool) (*Migrator, error) {
	if up {
		if err := makeSchema(ctx, db); err != nil {
			return nil, err
		}
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	table, err := database.NewStore(goose.DialectPostgres, migrationTable)
	if err != nil {
		return nil, fmt.Errorf("preparing to migrate: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, fmt.Errorf("preparing to migrate: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectCustom, db, files, goose.WithStore(table), goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("preparing to migrate: %w", err)
	}
	return &Migrator{db: db, goose: provider}, nil
}

// makeSchema makes the schema. Whoever makes it at the same time has made the same one.
func makeSchema(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+Schema)
	var failure *pgconn.PgError
	if errors.As(err, &failure) && (failure.Code == "23505" || failure.Code == "42P06") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("making schema %s: %w", Schema, err)
	}
	return nil
}

// Up makes every step that is missing, and returns those that it has made.
func (m *Migrator) Up(ctx context.Context) ([]Migration, error) {
	done, err := m.goose.Up(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrating up: %w", err)
	}
	return made(done), nil
}

// Down takes back every step above a version, the last one first. What the tables hold is lost with them.
func (m *Migrator) Down(ctx context.Context, to int64) ([]Migration, error) {
	done, err := m.goose.DownTo(ctx, to)
	if err != nil {
		return nil, fmt.Errorf("migrating down: %w", err)
	}
	return made(done), nil
}

func made(done []*goose.MigrationResult) []Migration {
	var all []Migration
	for _, d := range done {
		all = append(all, Migration{Version: d.Source.Version, File: d.Source.Path})
	}
	return all
}

// Status lists all steps and when they were made.
func (m *Migrator) Status(ctx context.Context) ([]Migration, error) {
	found, err := m.goose.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the state of the schema: %w", err)
	}
	var all []Migration
	for _, s := range found {
		all = append(all, Migration{Version: s.Source.Version, File: s.Source.Path, Applied: s.AppliedAt})
	}
	return all, nil
}

// Close gives the connection back.
func (m *Migrator) Close() error {
	if err := m.db.Close(); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	return nil
}
