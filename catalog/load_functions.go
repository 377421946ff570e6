package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog/expr"
)

func loadFunctions(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT p.oid, p.proname::text, n.nspname::text, p.provolatile::text, p.proleakproof, p.prokind::text,
       ARRAY(SELECT pg_catalog.format_type(a.type, NULL)
             FROM pg_catalog.unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a(type, place) ORDER BY a.place),
       p.pronargdefaults::int4, p.provariadic <> 0, pg_catalog.format_type(p.prorettype, NULL)
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
ORDER BY p.proname, n.nspname, p.oid`
	s.Functions = map[string][]Function{}
	var name, volatility, kind string
	var args []string
	var f Function
	targets := []any{&f.OID, &name, &f.Schema, &volatility, &f.Leakproof, &kind, &args, &f.Defaults, &f.Variadic, &f.Returns}
	return eachRow(ctx, tx, "functions", sql, targets, func() error {
		found := f
		found.Volatility, found.Kind = volatility[0], kind[0]
		found.Args = append([]string(nil), args...)
		s.Functions[name] = append(s.Functions[name], found)
		return nil
	})
}

func loadTypes(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
WITH RECURSIVE domain(oid, base) AS (
	SELECT t.oid, t.typbasetype FROM pg_catalog.pg_type t WHERE t.typtype = 'd'
	UNION ALL
	SELECT d.oid, b.typbasetype FROM domain d JOIN pg_catalog.pg_type b ON b.oid = d.base WHERE b.typtype = 'd'
), part(of, whole) AS (
	SELECT t.typelem, t.oid FROM pg_catalog.pg_type t WHERE t.typelem <> 0
	UNION ALL SELECT t.typbasetype, t.oid FROM pg_catalog.pg_type t WHERE t.typbasetype <> 0
	UNION ALL SELECT r.rngsubtype, r.rngtypid FROM pg_catalog.pg_range r
	UNION ALL SELECT a.atttypid, c.reltype FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
	          WHERE a.attnum > 0 AND c.reltype <> 0
), names(oid) AS (
	SELECT t.oid FROM pg_catalog.pg_type t
	WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typname ~ '^reg' AND t.typname <> 'regconfig'
	UNION
	SELECT p.whole FROM names n JOIN part p ON p.of = n.oid
)
SELECT t.oid, n.nspname::text, t.typname::text, t.typtype::text,
       EXISTS (SELECT FROM pg_catalog.pg_cast k
               JOIN pg_catalog.pg_proc p ON p.oid = k.castfunc JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
               WHERE t.oid IN (k.castsource, k.casttarget) AND pn.nspname <> 'pg_catalog'),
       t.typtype = 'd' AND EXISTS (SELECT FROM pg_catalog.pg_constraint k
               JOIN pg_catalog.pg_depend u ON u.classid = 'pg_catalog.pg_constraint'::regclass AND u.objid = k.oid
               WHERE (k.contypid = t.oid OR k.contypid IN (SELECT o.base FROM domain o WHERE o.oid = t.oid))
               AND u.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)),
       t.oid IN (SELECT oid FROM names),
       coalesce(en.nspname, bn.nspname, '')::text, coalesce(e.typname, b.typname, '')::text, e.oid IS NOT NULL,
       ARRAY(SELECT l.enumlabel::text FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder)
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN (domain d JOIN pg_catalog.pg_type b ON b.oid = d.base AND b.typtype <> 'd'
           JOIN pg_catalog.pg_namespace bn ON bn.oid = b.typnamespace) ON d.oid = t.oid
LEFT JOIN pg_catalog.pg_type e ON e.oid = b.typelem AND e.typarray = b.oid
LEFT JOIN pg_catalog.pg_namespace en ON en.oid = e.typnamespace
WHERE n.nspname !~ '^pg_(toast|temp)'`
	s.Types = map[TypeName]*TypeInfo{}
	var name TypeName
	var oid uint32
	var kind string
	var casts, checks, names bool
	var base expr.Type
	var labels []string
	targets := []any{&oid, &name.Schema, &name.Name, &kind, &casts, &checks, &names, &base.Schema, &base.Name, &base.Array, &labels}
	return eachRow(ctx, tx, "types", sql, targets, func() error {
		s.Types[name] = &TypeInfo{OID: oid, Kind: kind[0], UserCastFunc: casts, UserCheck: checks, NamesObjects: names, Base: base, Labels: append([]string(nil), labels...)}
		return nil
	})
}
