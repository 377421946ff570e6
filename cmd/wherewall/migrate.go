package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog/store"
)

// migrateCmd makes and changes the tables that hold a policy.
type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" help:"Make the tables, or bring them up to date. What they hold stays."`
	Down   migrateDownCmd   `cmd:"" help:"Take steps back, and with them what their tables hold."`
	Status migrateStatusCmd `cmd:"" help:"List the steps, and when each was made."`
	Grants migrateGrantsCmd `cmd:"" help:"Print the SQL that gives roles their rights, for somebody else to run."`
}

// rolesFlags name the roles that get rights.
type rolesFlags struct {
	Reader string `placeholder:"ROLE" help:"The login of the proxies: it reads, and changes nothing."`
	Writer string `placeholder:"ROLE" help:"The login of administration: it changes the policy, and not its history."`
}

func (f rolesFlags) sql() string {
	var sql string
	if f.Reader != "" {
		sql += store.GrantReader(f.Reader)
	}
	if f.Writer != "" {
		sql += store.GrantWriter(f.Writer)
	}
	return sql
}

type migrateUpCmd struct {
	storeFlags
	rolesFlags
}

// Run makes what is missing.
func (c migrateUpCmd) Run(ctx context.Context, std *streams) error {
	return c.migrate(ctx, true, func(m *store.Migrator) error {
		done, err := m.Up(ctx)
		if err != nil {
			return err //nolint:wrapcheck // it says what was being done
		}
		printSteps(std.out, "made", done)
		if sql := c.sql(); sql != "" {
			if err := c.execute(ctx, sql); err != nil {
				return fmt.Errorf("giving rights: %w", err)
			}
		}
		fmt.Fprintln(std.out, "the store is up to date")
		return nil
	})
}

type migrateDownCmd struct {
	storeFlags
	To int64 `required:"" placeholder:"N" help:"The step to go back to; 0 takes everything away."`
}

// Run takes steps back.
func (c migrateDownCmd) Run(ctx context.Context, std *streams) error {
	if c.To < 0 {
		return usage(fmt.Errorf("--to %d: steps are counted from 0", c.To))
	}
	return c.migrate(ctx, false, func(m *store.Migrator) error {
		done, err := m.Down(ctx, c.To)
		printSteps(std.out, "taken back", done)
		return err //nolint:wrapcheck // it says what was being done
	})
}

type migrateStatusCmd struct{ storeFlags }

// Run lists the steps.
func (c migrateStatusCmd) Run(ctx context.Context, std *streams) error {
	return c.migrate(ctx, false, func(m *store.Migrator) error {
		steps, err := m.Status(ctx)
		for _, s := range steps {
			made := "not made"
			if !s.Applied.IsZero() {
				made = "made " + s.Applied.UTC().Format(time.DateTime)
			}
			fmt.Fprintf(std.out, "%s: %s\n", s.File, made)
		}
		return err //nolint:wrapcheck // it says what was being done
	})
}

type migrateGrantsCmd struct{ rolesFlags }

// Run prints the rights.
func (c migrateGrantsCmd) Run(_ context.Context, std *streams) error {
	sql := c.sql()
	if sql == "" {
		return usage(errors.New("name a role by --reader or --writer"))
	}
	return printScript(std.out, sql)
}

func printSteps(out io.Writer, what string, steps []store.Migration) {
	for _, s := range steps {
		fmt.Fprintf(out, "%s: %s\n", what, s.File)
	}
}

// migrate does something with the store's tables.
func (f storeFlags) migrate(ctx context.Context, up bool, do func(*store.Migrator) error) (err error) {
	upstream, err := f.open()
	if err != nil {
		return err
	}
	conn, err := upstream.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connecting to the store: %w", err)
	}
	config := conn.Config()
	if err := conn.Close(ctx); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	m, err := store.NewMigrator(ctx, config, up)
	if err != nil {
		return err //nolint:wrapcheck // it says what was being done
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	return do(m)
}

func (f storeFlags) execute(ctx context.Context, sql string) error {
	return f.with(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql)
		return err //nolint:wrapcheck // the caller says what it was for
	})
}
