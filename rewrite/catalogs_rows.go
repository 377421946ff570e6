package rewrite

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// firstNormalObject is the first OID that PostgreSQL gives to objects made after a cluster has come to be: all below are its own.
const firstNormalObject = 16384

// informationSchema is the other schema of PostgreSQL's own.
const informationSchema = "information_schema"

// catalogRows is the condition on the rows of a catalog: all of its filters.
func (g *Rewriter) catalogRows(t *catalogTable, alias string, p *plan.Plan) *pg.Node {
	v := g.visibleObjects(p)
	var terms []*pg.Node
	for _, f := range t.filters {
		if f.name == "all" {
			continue
		}
		if term := g.nameFilter(f, v, alias); term != nil {
			terms = append(terms, term)
			continue
		}
		terms = append(terms, g.objectFilter(f, v, alias))
	}
	return and(terms...)
}

// order is the order of a catalog's rows, for tools that take the one in which PostgreSQL happens to give them for that of a table's columns.
func (t *catalogTable) order(alias string) []*pg.Node {
	var by []*pg.Node
	for _, c := range t.sorted {
		by = append(by, ordered(column(alias, c)))
	}
	return by
}

// objectFilter is a filter of catalogs.txt that goes by OIDs. One that is not known lets nothing pass.
func (g *Rewriter) objectFilter(f catalogFilter, v *visibleObjects, alias string) *pg.Node {
	switch f.name {
	case "columns":
		return v.columns(alias, f.columns[0], f.columns[1])
	case "object":
		return g.anyObject(v, alias, f.columns)
	case "attributes":
		return or(own(alias, f.columns[0]), among(alias, f.columns[0], "oid", oidArray(v.whole)), among(alias, f.columns[0], "oid", oidArray(v.partly)))
	case "own":
		return own(alias, f.columns[0])
	case "database":
		return g.currentDatabase(alias, f.columns[0])
	case "shared":
		return g.sharedObject(alias, f.columns)
	case "settings":
		return amongValues(call("lower", column(alias, f.columns[0])), "text", nameArray(g.settings.showableNames()))
	}
	if g.catalogs[catalog.RelationName{Schema: pgCatalog, Name: f.name}] != nil {
		return v.among(f.name, alias, f.columns[0])
	}
	return boolean(false)
}

// nameFilter is a filter that goes by names; nil for any other.
func (g *Rewriter) nameFilter(f catalogFilter, v *visibleObjects, alias string) *pg.Node {
	n := v.names
	switch f.name {
	case "names":
		return keyed(n.relations, alias, f.columns...)
	case "cells":
		return or(keyed(n.whole, alias, f.columns[:2]...), amongKeys(n.cells, alias, f.columns...))
	case "types":
		return keyed(n.types, alias, f.columns...)
	case "routines":
		return keyed(n.routines, alias, f.columns...)
	case "keys":
		return keyed(n.constraints, alias, f.columns...)
	case "constraints":
		return keyed(n.unique, alias, f.columns...)
	case "rules":
		return keyed(n.rules, alias, f.columns...)
	case "triggers":
		return keyed(n.triggers, alias, f.columns...)
	case "catalog":
		return ownSchema(alias, f.columns[0])
	case "schema":
		return amongValues(cast(column(alias, f.columns[0]), builtinType("text")), "text", nameArray(n.schemas))
	case "elements":
		isTable := operation("=", cast(column(alias, f.columns[0]), builtinType("text")), cast(literal("TABLE"), builtinType("text")))
		shown := or(amongKeys(n.whole, alias, f.columns[1:3]...), amongKeys(n.numbers, alias, f.columns[1:]...))
		return or(ownSchema(alias, f.columns[1]), and(isTable, shown))
	default:
		return nil
	}
}

func operation(name string, left, right *pg.Node) *pg.Node {
	return expression(pg.A_Expr_Kind_AEXPR_OP, names(pgCatalog, name), left, right)
}

func oidConstant(oid uint32) *pg.Node {
	return cast(literal(strconv.FormatUint(uint64(oid), 10)), builtinType("oid"))
}

// own is the condition on an OID that it is one of PostgreSQL's own.
func own(alias, oid string) *pg.Node {
	return operation("<", column(alias, oid), cast(integer(firstNormalObject), builtinType("oid")))
}

// ownSchema is the condition that a schema is one of PostgreSQL's own.
func ownSchema(alias, schema string) *pg.Node {
	return amongValues(cast(column(alias, schema), builtinType("text")), "text", nameArray([]string{informationSchema, pgCatalog}))
}

// among is the condition that a column is one of the values of an array in PostgreSQL's text form.
func among(alias, name, elementType, array string) *pg.Node {
	return amongValues(column(alias, name), elementType, array)
}

func amongValues(value *pg.Node, elementType, array string) *pg.Node {
	t := builtinType(elementType)
	t.ArrayBounds = []*pg.Node{{Node: &pg.Node_Integer{Integer: &pg.Integer{Ival: -1}}}}
	return expression(pg.A_Expr_Kind_AEXPR_OP_ANY, names(pgCatalog, "="), value, cast(literal(array), t))
}

// amongKeys is the condition that columns are, together, one of the names; see key.
func amongKeys(list []string, alias string, columns ...string) *pg.Node {
	var joined *pg.Node
	for _, name := range columns {
		quoted := call("quote_literal", cast(column(alias, name), builtinType("text")))
		if joined != nil {
			quoted = operation("||", operation("||", joined, cast(literal("."), builtinType("text"))), quoted)
		}
		joined = quoted
	}
	return amongValues(joined, "text", nameArray(list))
}

// keyed is the same, or that the first column is a schema of PostgreSQL's own.
func keyed(list []string, alias string, columns ...string) *pg.Node {
	return or(ownSchema(alias, columns[0]), amongKeys(list, alias, columns...))
}

// among is the condition on an OID that it is one of PostgreSQL's own or of the visible objects of a catalog.
func (v *visibleObjects) among(class, alias, oid string) *pg.Node {
	return or(own(alias, oid), among(alias, oid, "oid", oidArray(v.oids[class])))
}

// columns is the condition on a relation and the number of a column that it is a visible one.
func (v *visibleObjects) columns(alias, relation, number string) *pg.Node {
	cell := operation("+", operation("*", cast(column(alias, relation), builtinType("int8")), integer(65536)), column(alias, number))
	return or(own(alias, relation), among(alias, relation, "oid", oidArray(v.whole)), and(
		among(alias, relation, "oid", oidArray(v.partly)),
		or(operation("<", column(alias, number), integer(0)), amongValues(cell, "int8", numberArray(v.cells))), // System columns, as all relations have them.
	))
}

// anyObject is the condition on the OID of a catalog, an OID in it and a number within that, as pg_depend has them.
func (g *Rewriter) anyObject(v *visibleObjects, alias string, columns []string) *pg.Node {
	class, oid, number := columns[0], columns[1], columns[2]
	whole := operation("=", column(alias, number), integer(0))
	shown := []*pg.Node{own(alias, oid)}
	for _, name := range slices.Sorted(maps.Keys(v.oids)) {
		t := g.catalogs[catalog.RelationName{Schema: pgCatalog, Name: name}]
		if t == nil || name == "pg_partitioned_table" {
			continue
		}
		inClass := operation("=", column(alias, class), oidConstant(t.oid))
		shown = append(shown, and(inClass, whole, among(alias, oid, "oid", oidArray(v.oids[name]))))
		if name == "pg_class" {
			inClass = operation("=", column(alias, class), oidConstant(t.oid))
			shown = append(shown, and(inClass, operation("<>", column(alias, number), integer(0)), v.columns(alias, oid, number)))
		}
		whole = copyOf(whole)
	}
	return or(shown...)
}

func (g *Rewriter) currentDatabase(alias, name string) *pg.Node {
	return operation("=", column(alias, name), cast(literal(g.snapshot.Schema.Database), builtinType("name")))
}

// sharedObject is the condition on an object of the whole cluster that it is the current database or one of the tablespaces built in.
func (g *Rewriter) sharedObject(alias string, columns []string) *pg.Node {
	in := func(name string) *pg.Node {
		var oid uint32
		if t := g.catalogs[catalog.RelationName{Schema: pgCatalog, Name: name}]; t != nil {
			oid = t.oid
		}
		return operation("=", column(alias, columns[0]), oidConstant(oid))
	}
	inner := alias + "d"
	current := selectFrom([]*pg.Node{target(column(inner, "oid"), "")}, []*pg.Node{rangeVar(pgCatalog, "pg_database", inner)}, g.currentDatabase(inner, "datname"))
	isCurrent := operation("=", column(alias, columns[1]), subLink(pg.SubLinkType_EXPR_SUBLINK, current))
	return or(and(in("pg_database"), isCurrent), and(in("pg_tablespace"), own(alias, columns[1])))
}

func numberArray(numbers []int64) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = strconv.FormatInt(n, 10)
	}
	return "{" + strings.Join(words, ",") + "}"
}

func oidArray(oids []uint32) string {
	words := make([]string, len(oids))
	for i, oid := range oids {
		words[i] = strconv.FormatUint(uint64(oid), 10)
	}
	return "{" + strings.Join(words, ",") + "}"
}

func nameArray(list []string) string {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	words := make([]string, len(list))
	for i, name := range list {
		words[i] = `"` + quote.Replace(name) + `"`
	}
	return "{" + strings.Join(words, ",") + "}"
}
