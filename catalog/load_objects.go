package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// objectQueries list the objects of each class: OID, kind, schema, name, the relation that they belong to, columns of it by number, a second
// relation and its columns, and an expression of theirs. A number of 0 among the columns, and a whole row in an expression, stand for all of
// them. The columns in an index's expressions are in pg_depend.
func objectQueries() map[string]string {
	const none = `NULL::pg_catalog.int2[]`
	return map[string]string{
		"pg_constraint": `
SELECT k.oid, k.contype::text, k.connamespace, k.conname::text, k.conrelid, k.conkey, k.confrelid, k.confkey, k.conbin::text FROM pg_catalog.pg_constraint k WHERE k.oid >= 16384`,
		"pg_attrdef": `
SELECT d.oid, '', 0::oid, '', d.adrelid, ARRAY[d.adnum], 0::oid, ` + none + `, d.adbin::text FROM pg_catalog.pg_attrdef d WHERE d.oid >= 16384`,
		"pg_trigger": `
SELECT g.oid, '', 0::oid, g.tgname::text, g.tgrelid, g.tgattr::int2[], g.tgconstrrelid, ` + none + `, g.tgqual::text FROM pg_catalog.pg_trigger g WHERE g.oid >= 16384`,
		"pg_rewrite": `
SELECT r.oid, '', 0::oid, r.rulename::text, r.ev_class, ` + none + `, 0::oid, ` + none + `, NULL FROM pg_catalog.pg_rewrite r WHERE r.oid >= 16384`,
		"pg_partitioned_table": `
SELECT p.partrelid, '', 0::oid, '', p.partrelid, p.partattrs::int2[], 0::oid, ` + none + `, p.partexprs::text FROM pg_catalog.pg_partitioned_table p`,
		"pg_class": `
SELECT c.oid, c.relkind::text, c.relnamespace, c.relname::text, coalesce(i.indrelid, 0), pg_catalog.array_remove(i.indkey::int2[], 0::int2), 0::oid, ` + none + `,
       pg_catalog.concat(i.indexprs::text, i.indpred::text)
FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
WHERE c.oid >= 16384 AND c.relkind IN ('i', 'I', 'S')`,
	}
}

// loadObjects reads the objects of all classes, and what each was found to speak of when it was made (pg_depend). Rules are shown by their names
// alone, whatever they speak of.
func loadObjects(ctx context.Context, tx pgx.Tx, s *Schema) error {
	for _, class := range []string{"pg_attrdef", "pg_class", "pg_constraint", "pg_partitioned_table", "pg_rewrite", "pg_trigger"} {
		spoken := `'pg_class', 'pg_constraint', 'pg_proc', 'pg_type'`
		switch class {
		case "pg_rewrite", "pg_partitioned_table":
			spoken = `''`
		}
		sql := `
SELECT o.oid, o.kind, coalesce(n.nspname::text, ''), o.name, o.relation, o.columns, o.other, o.others, coalesce(o.expression ~ ':varattno [-0]', false),
       coalesce(d.classes, '{}'), coalesce(d.oids, '{}'), coalesce(d.numbers, '{}')
FROM (` + objectQueries()[class] + `) AS o (oid, kind, namespace, name, relation, columns, other, others, expression)
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = o.namespace
LEFT JOIN (SELECT d.objid, pg_catalog.array_agg(r.relname::text ORDER BY d.refclassid, d.refobjid, d.refobjsubid) AS classes,
                  pg_catalog.array_agg(d.refobjid ORDER BY d.refclassid, d.refobjid, d.refobjsubid) AS oids,
                  pg_catalog.array_agg(d.refobjsubid::int2 ORDER BY d.refclassid, d.refobjid, d.refobjsubid) AS numbers
           FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class r ON r.oid = d.refclassid
           WHERE d.classid = 'pg_catalog.` + class + `'::pg_catalog.regclass AND d.objsubid = 0 AND d.objid >= 16384
           AND r.relname IN (` + spoken + `) GROUP BY d.objid) AS d ON d.objid = o.oid
ORDER BY o.oid`
		if err := loadObjectsOf(ctx, tx, s, class, sql); err != nil {
			return err
		}
	}
	return nil
}

func loadObjectsOf(ctx context.Context, tx pgx.Tx, s *Schema, class, sql string) error {
	var o Object
	var kind string
	var other uint32
	var columns, others, numbers []int16
	var whole bool
	var classes []string
	var oids []uint32
	targets := []any{&o.OID, &kind, &o.Schema, &o.Name, &o.On, &columns, &other, &others, &whole, &classes, &oids, &numbers}
	return eachRow(ctx, tx, class, sql, targets, func() error {
		found := Object{Class: class, OID: o.OID, Schema: o.Schema, Name: o.Name, On: o.On}
		if kind != "" {
			found.Kind = kind[0]
		}
		found.Needs = append(columnNeeds(o.On, columns), columnNeeds(other, others)...)
		if whole {
			found.Needs = append(found.Needs, Need{"pg_class", o.On, EveryColumn})
		}
		for i, refers := range classes {
			found.Needs = append(found.Needs, Need{refers, oids[i], numbers[i]})
		}
		s.Objects = append(s.Objects, found)
		return nil
	})
}

// columnNeeds are a relation as such and some of its columns.
func columnNeeds(relation uint32, columns []int16) []Need {
	if relation == 0 {
		return nil
	}
	needs := []Need{{"pg_class", relation, 0}}
	for _, number := range columns {
		if number <= 0 {
			number = EveryColumn
		}
		needs = append(needs, Need{"pg_class", relation, number})
	}
	return needs
}
