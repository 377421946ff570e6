package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// loadViews reads what views stand for. The search path is empty by now, so the names in it are qualified.
func loadViews(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT n.nspname::text, c.relname::text, pg_catalog.pg_get_viewdef(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v' AND ` + ourClasses
	var name RelationName
	var definition string
	return eachRow(ctx, tx, "views", sql, []any{&name.Schema, &name.Name, &definition}, func() error {
		if r := s.Relations[name]; r != nil {
			r.Definition = definition
		}
		return nil
	})
}
