package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// loadNulls takes NotNull back where a query may find NULL all the same. A foreign table's constraints are not enforced; since PostgreSQL
// 18 a constraint may be NOT VALID for the rows that were there; and a query on a parent finds the rows of its children, which before
// 18 could drop the constraint for themselves.
func loadNulls(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
WITH RECURSIVE nullable(relid, name) AS (
	SELECT a.attrelid, a.attname
	FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class f ON f.oid = a.attrelid
	WHERE a.attnum > 0 AND NOT a.attisdropped AND f.relkind IN ('r', 'p', 'f')
	AND (NOT a.attnotnull OR f.relkind = 'f'
	     OR EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'n'
	                AND NOT k.convalidated AND k.conkey = ARRAY[a.attnum]))
	UNION
	SELECT i.inhparent, b.name FROM nullable b JOIN pg_catalog.pg_inherits i ON i.inhrelid = b.relid
)
SELECT n.nspname::text, c.relname::text, b.name::text
FROM nullable b
JOIN pg_catalog.pg_class c ON c.oid = b.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE ` + ourClasses
	var name RelationName
	var column string
	return eachRow(ctx, tx, "columns that may be NULL", sql, []any{&name.Schema, &name.Name, &column}, func() error {
		if r := s.Relations[name]; r != nil {
			if c := r.Column(column); c != nil {
				c.NotNull = false
			}
		}
		return nil
	})
}
