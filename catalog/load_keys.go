package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// loadIndexed reads which columns an index begins with, for those indexes that a search by the column may use.
func loadIndexed(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT DISTINCT n.nspname::text, c.relname::text, a.attname::text
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indisvalid AND i.indpred IS NULL AND ` + ourClasses + `
ORDER BY 1, 2, 3`
	var name RelationName
	var column string
	return eachRow(ctx, tx, "indexes", sql, []any{&name.Schema, &name.Name, &column}, func() error {
		if r := s.Relations[name]; r != nil {
			r.Indexed = append(r.Indexed, column)
		}
		return nil
	})
}

// loadForeignKeys leaves out the temporal ones that PostgreSQL 18 has (PERIOD): what they refer to is not found by equality.
func loadForeignKeys(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT n.nspname::text, c.relname::text, fn.nspname::text, f.relname::text,
       ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(attnum, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum ORDER BY u.place),
       ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u(attnum, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum ORDER BY u.place)
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
LEFT JOIN pg_catalog.pg_constraint above ON above.oid = k.conparentid
WHERE k.contype = 'f' AND NOT coalesce((pg_catalog.to_jsonb(k) ->> 'conperiod')::bool, false) AND above.conrelid IS DISTINCT FROM k.conrelid AND ` + ourClasses + `
ORDER BY k.conrelid, k.conname`
	var name RelationName
	var k ForeignKey
	targets := []any{&name.Schema, &name.Name, &k.To.Schema, &k.To.Name, &k.Columns, &k.Theirs}
	return eachRow(ctx, tx, "foreign keys", sql, targets, func() error {
		if r := s.Relations[name]; r != nil {
			found := ForeignKey{To: k.To, Columns: append([]string(nil), k.Columns...), Theirs: append([]string(nil), k.Theirs...)}
			r.ForeignKeys = append(r.ForeignKeys, found)
		}
		return nil
	})
}
