package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog/expr"
)

// ourClasses is the condition on pg_class c and pg_namespace n that Relation documents.
const ourClasses = `c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
	AND n.nspname NOT IN ('pg_catalog', 'information_schema')
	AND n.nspname !~ '^pg_(toast|temp)'`

func loadRelations(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text,
       EXISTS (SELECT FROM pg_catalog.pg_rewrite w
               WHERE w.ev_class = c.oid AND NOT (w.rulename = '_RETURN' AND w.ev_type = '1'))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE ` + ourClasses
	s.Relations = map[RelationName]*Relation{}
	var r Relation
	var kind string
	return eachRow(ctx, tx, "relations", sql, []any{&r.OID, &r.Schema, &r.Name, &kind, &r.HasRules}, func() error {
		found := r
		found.Kind = kind[0]
		s.Relations[r.RelationName] = &found
		return nil
	})
}

func loadColumns(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT n.nspname::text, c.relname::text, a.attname::text, a.attnum, a.atttypmod,
       coalesce(en.nspname, tn.nspname)::text, coalesce(e.typname, t.typname)::text, e.oid IS NOT NULL,
       pg_catalog.format_type(a.atttypid, a.atttypmod), t.typtype = 'd', a.attnotnull,
       coalesce(CASE WHEN a.attgenerated = '' THEN coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), t.typdefault) END, ''),
       a.attgenerated <> '', a.attgenerated = 'v', a.attidentity <> '', coalesce(NOT co.collisdeterministic, false)
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
LEFT JOIN pg_catalog.pg_namespace en ON en.oid = e.typnamespace
LEFT JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND ` + ourClasses + `
ORDER BY a.attrelid, a.attnum`
	var name RelationName
	var c Column
	targets := []any{
		&name.Schema, &name.Name, &c.Name, &c.Number, &c.Modifier, &c.Type.Schema, &c.Type.Name, &c.Type.Array,
		&c.TypeSQL, &c.Domain, &c.NotNull, &c.Default, &c.Generated, &c.Virtual, &c.Identity, &c.FoldsEqual,
	}
	return eachRow(ctx, tx, "columns", sql, targets, func() error {
		column := c
		column.TypeSQL = qualifyType(c.Type, c.TypeSQL)
		if r := s.Relations[name]; r != nil {
			r.Columns = append(r.Columns, column)
		}
		return nil
	})
}

// qualifyType puts pg_catalog before the types there that format_type writes by their bare name. Those that the
// grammar has words for (integer, character varying) can only mean pg_catalog's and must stay as they are.
func qualifyType(t expr.Type, formatted string) string {
	bare := formatted
	if t.Array {
		bare = formatted[:len(formatted)-len("[]")]
	}
	if t.Schema == "pg_catalog" && (bare == t.Name || bare == `"`+t.Name+`"`) && !grammarType[bare] {
		return "pg_catalog." + formatted
	}
	return formatted
}

// grammarType lists the type names that are both a word of the grammar and a name in pg_type.
var grammarType = map[string]bool{"bit": true, "interval": true, "numeric": true}

func loadUnique(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT n.nspname::text, c.relname::text, i.indisprimary,
       ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
             WHERE k.place <= i.indnkeyatts ORDER BY k.place)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND ` + ourClasses + `
ORDER BY i.indexrelid`
	var name RelationName
	var primary bool
	var columns []string
	return eachRow(ctx, tx, "unique indexes", sql, []any{&name.Schema, &name.Name, &primary, &columns}, func() error {
		r := s.Relations[name]
		if r == nil {
			return nil
		}
		key := append([]string(nil), columns...)
		r.Unique = append(r.Unique, key)
		if primary {
			r.PrimaryKey = key
		}
		return nil
	})
}

func loadKeyed(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT DISTINCT n.nspname::text, c.relname::text, a.attname::text
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND NOT a.attisdropped
WHERE (i.indisunique OR i.indisexclusion) AND ` + ourClasses + `
AND (a.attnum = ANY (i.indkey::int2[])
     OR EXISTS (SELECT FROM pg_catalog.pg_depend d
                WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid
                AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))`
	var name RelationName
	var column string
	return eachRow(ctx, tx, "keys", sql, []any{&name.Schema, &name.Name, &column}, func() error {
		if r := s.Relations[name]; r != nil {
			if r.Keyed == nil {
				r.Keyed = map[string]bool{}
			}
			r.Keyed[column] = true
		}
		return nil
	})
}

func loadParents(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT n.nspname::text, c.relname::text, pn.nspname::text, p.relname::text
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
WHERE ` + ourClasses + `
ORDER BY i.inhrelid, i.inhseqno`
	var child, parent RelationName
	return eachRow(ctx, tx, "inheritance", sql, []any{&child.Schema, &child.Name, &parent.Schema, &parent.Name}, func() error {
		if r := s.Relations[child]; r != nil {
			r.Parents = append(r.Parents, parent)
		}
		return nil
	})
}

// loadTriggers marks each relation with a row trigger that may change a new row, and all relations above it: a row
// inserted into a partitioned table runs the triggers of the partition that it ends in. The bits of tgtype are
// TRIGGER_TYPE_ROW 1, BEFORE 2, INSERT 4, UPDATE 16 and INSTEAD 64.
func loadTriggers(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
WITH RECURSIVE fired(relid, type) AS (
	SELECT g.tgrelid, g.tgtype FROM pg_catalog.pg_trigger g WHERE g.tgtype & 1 <> 0 AND g.tgtype & 66 <> 0
	UNION
	SELECT i.inhparent, f.type FROM fired f JOIN pg_catalog.pg_inherits i ON i.inhrelid = f.relid
)
SELECT n.nspname::text, c.relname::text, pg_catalog.bool_or(f.type & 4 <> 0), pg_catalog.bool_or(f.type & 16 <> 0)
FROM fired f
JOIN pg_catalog.pg_class c ON c.oid = f.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE ` + ourClasses + `
GROUP BY 1, 2`
	var name RelationName
	var insert, update bool
	return eachRow(ctx, tx, "triggers", sql, []any{&name.Schema, &name.Name, &insert, &update}, func() error {
		if r := s.Relations[name]; r != nil {
			r.BeforeInsert, r.BeforeUpdate = insert, update
		}
		return nil
	})
}
