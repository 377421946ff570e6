package rewrite

import (
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// castType finds the type that a name means and says whether values may be cast to it. A cast runs the type's input function, so a type
// is allowed where that is harmless: the plain types of pg_catalog, enums without casts of somebody's own, and domains over those whose checks
// call nothing of somebody's own. Types whose input looks up names (regclass and its like), composite types and all others are not.
func (f *functions) castType(schema, name string) (expr.Type, bool) {
	found, ok := f.findType(schema, name)
	if !ok {
		return expr.Type{}, false
	}
	info := f.schema.Types[found]
	resolved := expr.Type{Schema: found.Schema, Name: found.Name}
	switch {
	case found.Schema == pgCatalog:
	case info.Kind == 'd':
		base := info.Base
		return resolved, !info.UserCastFunc && !info.UserCheck && (base.Schema == pgCatalog && plainType(base.Name) || f.plainEnum(base))
	default:
		return resolved, info.Kind == 'e' && !info.UserCastFunc
	}
	// An array type has its element's name behind an underscore; whoever writes _regclass means regclass[].
	return resolved, plainType(strings.TrimPrefix(found.Name, "_"))
}

func (f *functions) plainEnum(t expr.Type) bool {
	info := f.schema.Types[catalog.TypeName{Schema: t.Schema, Name: t.Name}]
	return info != nil && info.Kind == 'e' && !info.UserCastFunc
}

// typeReachable says whether an unqualified name means any type at all.
func (f *functions) typeReachable(name string) bool {
	_, ok := f.findType("", name)
	return ok
}

// findType looks a type up as PostgreSQL does. pg_catalog comes first unless the search path names it elsewhere.
func (f *functions) findType(schema, name string) (catalog.TypeName, bool) {
	path := []string{schema}
	if schema == "" {
		path = f.schema.SearchPath
		if !slices.Contains(path, pgCatalog) {
			path = append([]string{pgCatalog}, path...)
		}
	}
	for _, s := range path {
		if found := (catalog.TypeName{Schema: s, Name: name}); f.schema.Types[found] != nil {
			return found, true
		}
	}
	return catalog.TypeName{}, false
}

// plainType lists the types of pg_catalog whose input and output depend on nothing but the value and harmless settings.
func plainType(name string) bool {
	switch name {
	case "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "money", "oid", "xid", "xid8", "cid", "tid", "pg_lsn",
		"char", "name", "text", "varchar", "bpchar", "bytea", "bit", "varbit", "uuid",
		"date", "time", "timetz", "timestamp", "timestamptz", "interval",
		"point", "line", "lseg", "box", "path", "polygon", "circle", "inet", "cidr", "macaddr", "macaddr8",
		"json", "jsonb", "jsonpath", "xml", "tsvector", "tsquery",
		"int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange",
		"int4multirange", "int8multirange", "nummultirange", "datemultirange", "tsmultirange", "tstzmultirange":
		return true
	}
	return false
}
