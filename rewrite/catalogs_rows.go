package rewrite

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
)

// firstNormalObject is the first OID that PostgreSQL gives to objects made after a cluster has come to be: all below are its own.
const firstNormalObject = 16384

func operation(name string, left, right *pg.Node) *pg.Node {
	return expression(pg.A_Expr_Kind_AEXPR_OP, names(pgCatalog, name), left, right)
}

// own is the condition on an OID that it is one of PostgreSQL's own.
func own(alias, oid string) *pg.Node {
	return operation("<", column(alias, oid), cast(integer(firstNormalObject), builtinType("oid")))
}

// among is the condition that a column is one of the values of an array in PostgreSQL's text form.
func among(alias, name, elementType, array string) *pg.Node {
	t := builtinType(elementType)
	t.ArrayBounds = []*pg.Node{{Node: &pg.Node_Integer{Integer: &pg.Integer{Ival: -1}}}}
	return expression(pg.A_Expr_Kind_AEXPR_OP_ANY, names(pgCatalog, "="), column(alias, name), cast(literal(array), t))
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

// ownRows shows what is PostgreSQL's own.
func ownRows(oid string) func(visibleObjects, string) *pg.Node {
	return func(_ visibleObjects, alias string) *pg.Node { return own(alias, oid) }
}

// rowsByType shows what is about PostgreSQL's own types and the visible ones.
func rowsByType(oid string) func(visibleObjects, string) *pg.Node {
	return func(v visibleObjects, alias string) *pg.Node {
		return or(own(alias, oid), among(alias, oid, "oid", oidArray(v.types)))
	}
}

func namespaceRows(v visibleObjects, alias string) *pg.Node {
	return or(own(alias, "oid"), among(alias, "nspname", "name", nameArray(v.schemas)))
}

// typeRows shows the visible types and the arrays of them.
func typeRows(v visibleObjects, alias string) *pg.Node {
	arrays := and(among(alias, "typelem", "oid", oidArray(v.types)), operation("=", column(alias, "typcategory"), cast(literal("A"), builtinType("char"))))
	return or(own(alias, "oid"), among(alias, "oid", "oid", oidArray(v.types)), arrays)
}

func classRows(v visibleObjects, alias string) *pg.Node {
	oids := relationOIDs(v.relations)
	for r := range v.partly {
		oids = append(oids, r.OID)
	}
	slices.Sort(oids)
	return or(own(alias, "oid"), among(alias, "oid", "oid", oidArray(oids)))
}

// attributeRows shows of relations with closed columns the others.
func attributeRows(v visibleObjects, alias string) *pg.Node {
	oids := relationOIDs(v.relations)
	slices.Sort(oids)
	rows := []*pg.Node{own(alias, "attrelid"), among(alias, "attrelid", "oid", oidArray(oids))}
	partly := slices.SortedFunc(maps.Keys(v.partly), func(a, b *catalog.Relation) int { return cmp.Compare(a.OID, b.OID) })
	for _, r := range partly {
		rows = append(rows, and(
			among(alias, "attrelid", "oid", oidArray([]uint32{r.OID})), among(alias, "attname", "name", nameArray(v.partly[r])),
		))
	}
	return or(rows...)
}

func relationOIDs(relations []*catalog.Relation) []uint32 {
	oids := make([]uint32, len(relations))
	for i, r := range relations {
		oids[i] = r.OID
	}
	return oids
}
