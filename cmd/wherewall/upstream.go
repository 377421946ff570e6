package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

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

// warnOfPower tells when the service login could do what a filtered user must never reach by a fault of ours: a second
// wall stands only where the login is weak.
func warnOfPower(ctx context.Context, conn *pgx.Conn, log zerolog.Logger) error {
	var name string
	var super, bypass bool
	err := conn.QueryRow(ctx, "SELECT rolname, rolsuper, rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user").
		Scan(&name, &super, &bypass)
	if err != nil {
		return fmt.Errorf("reading the service login's rights: %w", err)
	}
	switch {
	case super:
		log.Warn().Str("login", name).Msg("the service login is a superuser: give Wherewall a login of its own, as examples/saas/grants.sql does")
		return nil
	case bypass:
		log.Warn().Str("login", name).Msg("the service login has BYPASSRLS: native policies would not hold for it")
	}
	owned, err := ownedTables(ctx, conn)
	if err != nil {
		return err
	}
	if len(owned) > 0 {
		log.Warn().Str("login", name).Str("tables", strings.Join(owned, ", ")).
			Msg("the service login owns tables: it may change and drop them, and native policies do not hold for it")
	}
	return nil
}

// ownedTables names up to five tables that the login owns, or a role that it is a member of.
func ownedTables(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, err := conn.Query(ctx, `
		SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
		  AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
		ORDER BY 1 LIMIT 5`)
	if err != nil {
		return nil, fmt.Errorf("reading the tables' owners: %w", err)
	}
	owned, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("reading the tables' owners: %w", err)
	}
	return owned, nil
}
