package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// typeParts joins a type's element, where it is an array: the three columns that make an expr.Type of the type with the given oid.
const typeParts = `LATERAL (
	SELECT coalesce(en.nspname, tn.nspname)::text AS schema, coalesce(e.typname, t.typname)::text AS name, e.oid IS NOT NULL AS is_array
	FROM pg_catalog.pg_type t
	JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
	LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
	LEFT JOIN pg_catalog.pg_namespace en ON en.oid = e.typnamespace`

func loadOperators(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT o.oprname::text, n.nspname::text,
       coalesce(l.schema, ''), coalesce(l.name, ''), coalesce(l.is_array, false), r.schema, r.name, r.is_array, v.schema, v.name, v.is_array,
       pn.nspname || '.' || p.proname, p.proleakproof, p.provolatile::text
FROM pg_catalog.pg_operator o
JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
LEFT JOIN ` + typeParts + ` WHERE t.oid = o.oprleft) l ON true
JOIN ` + typeParts + ` WHERE t.oid = o.oprright) r ON true
JOIN ` + typeParts + ` WHERE t.oid = o.oprresult) v ON true
ORDER BY o.oprname, n.nspname, o.oid`
	s.Operators = map[string][]Operator{}
	var name, volatility string
	var o Operator
	targets := []any{
		&name, &o.Schema, &o.Left.Schema, &o.Left.Name, &o.Left.Array, &o.Right.Schema, &o.Right.Name, &o.Right.Array,
		&o.Returns.Schema, &o.Returns.Name, &o.Returns.Array, &o.Function, &o.Leakproof, &volatility,
	}
	return eachRow(ctx, tx, "operators", sql, targets, func() error {
		found := o
		found.Volatility = volatility[0]
		s.Operators[name] = append(s.Operators[name], found)
		return nil
	})
}

func loadCasts(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT f.schema, f.name, f.is_array, o.schema, o.name, o.is_array, k.castmethod::text, k.castcontext::text,
       coalesce(pn.nspname || '.' || p.proname, ''), coalesce(p.proleakproof, k.castmethod = 'b')
FROM pg_catalog.pg_cast k
JOIN ` + typeParts + ` WHERE t.oid = k.castsource) f ON true
JOIN ` + typeParts + ` WHERE t.oid = k.casttarget) o ON true
LEFT JOIN (pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace) ON p.oid = k.castfunc
ORDER BY 1, 2, 3, 4, 5, 6`
	s.Casts = nil
	var method, where string
	var c Cast
	targets := []any{
		&c.From.Schema, &c.From.Name, &c.From.Array, &c.To.Schema, &c.To.Name, &c.To.Array, &method, &where, &c.Function, &c.Leakproof,
	}
	return eachRow(ctx, tx, "casts", sql, targets, func() error {
		found := c
		found.Method, found.Context = method[0], where[0]
		s.Casts = append(s.Casts, found)
		return nil
	})
}
