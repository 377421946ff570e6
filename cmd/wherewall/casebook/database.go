package casebook

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgtemp"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// database is where cases are tried: a connection of the login, and the policy bound to what is there.
type database struct {
	conn     *pgx.Conn
	snapshot *catalog.Snapshot
	rewriter *rewrite.Rewriter
	planner  *plan.Planner
	server   *pgtemp.Server // nil for a live database
}

// open makes the database that a file's cases are about: a throwaway one with the file's dataset, or the live one.
func (r *Runner) open(ctx context.Context, f *File) (_ *database, err error) {
	d := &database{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close(ctx))
		}
	}()
	config := r.Upstream
	if config == nil {
		if config, err = d.throwaway(ctx, f, r.Log); err != nil {
			return nil, err
		}
	}
	if d.conn, err = pgx.ConnectConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	schema, err := catalog.LoadSchema(ctx, d.conn)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	snapshot, problems := catalog.Bind(r.Policy, schema)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("the policy does not fit the database of %s:\n%w", f.Path, err)
	}
	d.snapshot, d.rewriter, d.planner = snapshot, rewrite.New(snapshot), plan.NewPlanner(snapshot)
	return d, nil
}

// throwaway starts a server, loads the file's dataset as its superuser, and says how to connect as the file's login.
func (d *database) throwaway(ctx context.Context, f *File, log io.Writer) (_ *pgx.ConnConfig, err error) {
	if len(f.Dataset) == 0 {
		return nil, fmt.Errorf("%s has no dataset: name the SQL to load, or a database with --upstream", f.Path)
	}
	if d.server, err = pgtemp.Start(ctx, pgtemp.Options{Log: log}); err != nil {
		return nil, fmt.Errorf("starting a throwaway PostgreSQL: %w", err)
	}
	admin, err := pgx.Connect(ctx, d.server.AdminDSN("postgres"))
	if err != nil {
		return nil, fmt.Errorf("connecting to the throwaway PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, admin.Close(ctx)) }()
	for _, source := range f.Dataset {
		if _, err := admin.Exec(ctx, source.SQL); err != nil {
			return nil, fmt.Errorf("loading %s: %w", source.name(), located(err, source.SQL))
		}
	}
	dsn := d.server.AdminDSN("postgres")
	if f.Login != "" {
		password := rand.Text()
		if err := setPassword(ctx, admin, f.Login, password); err != nil {
			return nil, err
		}
		dsn = d.server.DSN(f.Login, password, "postgres")
	}
	return pgx.ParseConfig(dsn)
}

func (s Source) name() string {
	if s.Path != "" {
		return s.Path
	}
	return s.Place.String()
}

// located adds the line of a script that PostgreSQL points at.
func located(err error, sql string) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Position < 1 || int(e.Position) > len(sql) {
		return err
	}
	return fmt.Errorf("line %d: %w", strings.Count(sql[:e.Position-1], "\n")+1, err)
}

// setPassword lets a login of the dataset in. ALTER ROLE takes no parameters, so PostgreSQL quotes them itself.
func setPassword(ctx context.Context, admin *pgx.Conn, login, password string) error {
	var alter string
	err := admin.QueryRow(ctx, "SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1::text, $2::text)", login, password).Scan(&alter)
	if err == nil {
		_, err = admin.Exec(ctx, alter)
	}
	if err != nil {
		return fmt.Errorf("letting the login %s in: %w", login, err)
	}
	return nil
}

func (d *database) close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	if d.conn != nil {
		errs = append(errs, d.conn.Close(ctx))
	}
	if d.server != nil {
		errs = append(errs, d.server.Stop())
	}
	return errors.Join(errs...)
}
