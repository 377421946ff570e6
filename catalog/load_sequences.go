package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// loadSequences notes which sequence gives a column its values: the one of an identity column, one that is owned by the column (serial), or one
// that the column's default takes the next value of and does nothing else.
func loadSequences(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT n.nspname::text, c.relname::text, a.attname::text, sn.nspname::text, q.relname::text
FROM (
	SELECT d.refobjid AS relid, d.refobjsubid AS attnum, d.objid AS seqid, 1 AS rank
	FROM pg_catalog.pg_depend d
	WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
	AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
	UNION ALL
	SELECT f.adrelid, f.adnum, d.refobjid, 0
	FROM pg_catalog.pg_attrdef f
	JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = f.oid
	     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
	WHERE pg_catalog.pg_get_expr(f.adbin, f.adrelid) ~ '^nextval\(''[^'']*''::regclass\)$'
) AS of
JOIN pg_catalog.pg_class q ON q.oid = of.seqid AND q.relkind = 'S' JOIN pg_catalog.pg_namespace sn ON sn.oid = q.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = of.relid AND a.attnum = of.attnum
JOIN pg_catalog.pg_class c ON c.oid = of.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE ` + ourClasses + `
ORDER BY of.rank DESC, q.oid`
	var name, sequence RelationName
	var column string
	return eachRow(ctx, tx, "sequences", sql, []any{&name.Schema, &name.Name, &column, &sequence.Schema, &sequence.Name}, func() error {
		if r := s.Relations[name]; r != nil {
			if c := r.Column(column); c != nil {
				c.Sequence = sequence // what the default takes from comes last, and counts
			}
		}
		return nil
	})
}

// loadFires marks each relation that runs code of somebody's own when it is written, and all relations above it.
func loadFires(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
WITH RECURSIVE fired(relid) AS (
	SELECT g.tgrelid FROM pg_catalog.pg_trigger g WHERE NOT g.tgisinternal
	UNION
	SELECT i.inhparent FROM fired f JOIN pg_catalog.pg_inherits i ON i.inhrelid = f.relid
)
SELECT n.nspname::text, c.relname::text
FROM fired f
JOIN pg_catalog.pg_class c ON c.oid = f.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE ` + ourClasses
	var name RelationName
	return eachRow(ctx, tx, "triggers of all kinds", sql, []any{&name.Schema, &name.Name}, func() error {
		if r := s.Relations[name]; r != nil {
			r.Fires = true
		}
		return nil
	})
}
