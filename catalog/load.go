package catalog

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// LoadSchema reads a Schema in one REPEATABLE READ READ ONLY transaction, so that all of it belongs together. The
// connection must be idle and is left idle with its settings as they were.
//
// Every name in the queries is qualified or resolved with an empty search path: nothing that the database's users
// define can stand in for what is meant.
func LoadSchema(ctx context.Context, conn *pgx.Conn) (*Schema, error) {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	s := &Schema{}
	err := pgx.BeginTxFunc(ctx, conn, options, func(tx pgx.Tx) error {
		for _, load := range []func(context.Context, pgx.Tx, *Schema) error{
			loadSession, loadLimits, loadTypes, loadRelations, loadColumns, loadUnique, loadKeyed, loadIndexed, loadForeignKeys, loadViews, loadParents, loadNulls, loadTriggers, loadFires, loadSequences,
			loadFunctions, loadPaths, loadTraces, loadOperators, loadCasts, loadCatalogs, loadNamespaces, loadObjects, loadTypeParts, loadExtensions,
		} {
			if err := load(ctx, tx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the database's schema: %w", err)
	}
	s.Digest = s.digest()
	return s, nil
}

// loadSession must come first: it reads the effective search path and then empties it, so that operators resolve in
// pg_catalog and format_type and pg_get_expr qualify everything else.
func loadSession(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const session = `SELECT pg_catalog.current_database()::pg_catalog.text,
		pg_catalog.current_setting('server_version_num')::pg_catalog.int4,
		pg_catalog.current_schemas(false)::pg_catalog.text[]`
	var path []string
	if err := tx.QueryRow(ctx, session).Scan(&s.Database, &s.ServerVersion, &path); err != nil {
		return fmt.Errorf("reading the search path: %w", err)
	}
	for _, schema := range path {
		if schema != "pg_catalog" && !strings.HasPrefix(schema, "pg_temp") {
			s.SearchPath = append(s.SearchPath, schema)
		}
	}
	if _, err := tx.Exec(ctx, `SELECT pg_catalog.set_config('search_path', '', true)`); err != nil {
		return fmt.Errorf("emptying the search path: %w", err)
	}
	return nil
}

// eachRow runs a query and calls f after each row was scanned into the targets.
func eachRow(ctx context.Context, tx pgx.Tx, what, sql string, targets []any, f func() error) error {
	rows, err := tx.Query(ctx, sql)
	if err == nil {
		_, err = pgx.ForEachRow(rows, targets, f)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", what, err)
	}
	return nil
}
