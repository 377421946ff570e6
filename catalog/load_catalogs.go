package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// loadCatalogs reads which columns the server's own catalogs have: what newer versions add is not shown before somebody has looked at it, and
// what older ones lack cannot be asked for.
func loadCatalogs(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT c.oid, c.relkind::text, n.nspname::text, c.relname::text, a.attname::text, tn.nspname::text, t.typname::text
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v') AND c.oid < 16384
AND n.nspname IN ('pg_catalog', 'information_schema')
ORDER BY a.attrelid, a.attnum`
	s.Catalogs = map[RelationName]*Catalog{}
	var oid uint32
	var name RelationName
	var kind string
	var c ServerColumn
	targets := []any{&oid, &kind, &name.Schema, &name.Name, &c.Name, &c.Type.Schema, &c.Type.Name}
	return eachRow(ctx, tx, "catalogs", sql, targets, func() error {
		if s.Catalogs[name] == nil {
			s.Catalogs[name] = &Catalog{OID: oid, Kind: kind[0]}
		}
		s.Catalogs[name].Columns = append(s.Catalogs[name].Columns, c)
		return nil
	})
}

func loadNamespaces(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `SELECT n.oid, n.nspname::text FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_(toast|temp)'`
	s.Namespaces = map[string]uint32{}
	var oid uint32
	var name string
	return eachRow(ctx, tx, "schemas", sql, []any{&oid, &name}, func() error {
		s.Namespaces[name] = oid
		return nil
	})
}

// loadTypeParts leaves PostgreSQL's own types out, which everybody may know.
func loadTypeParts(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT t.oid, t.typrelid,
       ARRAY(SELECT p FROM (
             SELECT pg_catalog.unnest(ARRAY[t.typelem, t.typarray, t.typbasetype])
             UNION SELECT pg_catalog.unnest(ARRAY[r.rngsubtype, r.rngmultitypid, r.rngtypid])
                   FROM pg_catalog.pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
             UNION SELECT a.atttypid FROM pg_catalog.pg_attribute a
                   WHERE t.typrelid <> 0 AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
                   AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')
             ) AS parts (p) WHERE p >= 16384 AND p <> t.oid ORDER BY p)
FROM pg_catalog.pg_type t WHERE t.oid >= 16384
ORDER BY t.oid`
	var t TypeParts
	return eachRow(ctx, tx, "what types are made of", sql, []any{&t.OID, &t.Relation, &t.Parts}, func() error {
		found := t
		found.Parts = append([]uint32(nil), t.Parts...)
		s.TypeParts = append(s.TypeParts, found)
		return nil
	})
}

func loadExtensions(ctx context.Context, tx pgx.Tx, s *Schema) error {
	const sql = `
SELECT e.oid, array_agg(d.classid::pg_catalog.regclass::text ORDER BY d.classid, d.objid) FILTER (WHERE d.objid IS NOT NULL),
       array_agg(d.objid ORDER BY d.classid, d.objid) FILTER (WHERE d.objid IS NOT NULL),
       ARRAY(SELECT n.nspname::text FROM pg_catalog.pg_namespace n WHERE n.oid = e.extnamespace)
FROM pg_catalog.pg_extension e
LEFT JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid AND d.deptype = 'e'
GROUP BY e.oid, e.extnamespace
ORDER BY e.oid`
	var e Extension
	var classes []string
	var oids []uint32
	return eachRow(ctx, tx, "extensions", sql, []any{&e.OID, &classes, &oids, &e.Schemas}, func() error {
		found := Extension{OID: e.OID, Schemas: append([]string(nil), e.Schemas...)}
		for i, class := range classes {
			found.Members = append(found.Members, Need{Class: class, OID: oids[i]})
		}
		s.Extensions = append(s.Extensions, found)
		return nil
	})
}
