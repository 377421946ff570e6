package rewrite

import (
	"maps"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
)

// formattedType prints a type. One that is not there is printed as PostgreSQL does.
func formattedType(a answering) *pg.Node { return a.typeName(a.args[0], a.args[1]) }

func (a answering) typeName(oid, modifier *pg.Node) *pg.Node {
	printed := call("format_type", column(objectAlias, "oid"), copyOf(modifier))
	found := a.lookup("pg_type", printed, operation("=", column(objectAlias, "oid"), copyOf(oid)))
	if found == nil {
		return nil
	}
	zero := operation("=", copyOf(oid), cast(integer(0), builtinType("oid")))
	return coalesce(found, caseOf([]*pg.Node{
		when(zero, cast(literal("-"), builtinType("text"))), when(not(isNull(copyOf(oid))), cast(literal("???"), builtinType("text"))),
	}, nil))
}

// formattedTypes prints a list of types.
func formattedTypes(a answering) *pg.Node {
	item := a.typeName(column(itemsAlias, itemColumn), cast(null(), builtinType("int4")))
	if item == nil {
		return nil
	}
	s := selectFrom([]*pg.Node{target(item, "")}, []*pg.Node{unnested(a.args[0])}, nil)
	s.SortClause = []*pg.Node{ordered(column(itemsAlias, itemPlace))}
	return call("array_to_string", subLink(pg.SubLinkType_ARRAY_SUBLINK, s), cast(literal(", "), builtinType("text")))
}

// ownerName is the session's user, who owns all that there is.
func ownerName(a answering) *pg.Node {
	return caseWhen(not(isNull(a.args[0])), cast(slot(userSlot), builtinType("name")), nil)
}

// printedExpression prints an expression for a relation that the subject sees. The expression itself cannot be made by a client, but it could be
// one of another relation, whose columns would be printed by the names of this one's. So a relation with closed columns has its expressions
// printed only where they name no column.
func printedExpression(a answering) *pg.Node {
	v := a.rewriter.visibleObjects(a.plan)
	open := or(own(objectAlias, "oid"), among(objectAlias, "oid", "oid", oidArray(v.whole)))
	pretty := a.args[2:]
	whole := call("pg_get_expr", append([]*pg.Node{a.args[0], column(objectAlias, "oid")}, pretty...)...)
	apart := call("pg_get_expr", append([]*pg.Node{copyOf(a.args[0]), cast(integer(0), builtinType("oid"))}, copies(pretty)...)...)
	plain := operation("!~", cast(copyOf(a.args[0]), builtinType("text")), cast(literal(`\{VAR `), builtinType("text")))
	return a.lookup("pg_class", caseOf([]*pg.Node{when(open, whole), when(plain, apart)}, nil), operation("=", column(objectAlias, "oid"), a.args[1]))
}

func copies(list []*pg.Node) []*pg.Node {
	made := make([]*pg.Node, len(list))
	for i, n := range list {
		made[i] = copyOf(n)
	}
	return made
}

// objectComment is the comment on an object as a whole, of a catalog where one is named.
func objectComment(a answering) *pg.Node {
	matches := []*pg.Node{
		operation("=", column(objectAlias, "objoid"), a.args[0]), operation("=", column(objectAlias, "objsubid"), integer(0)),
	}
	if len(a.args) == 2 {
		class := reservedPrefix + "c"
		named := selectFrom([]*pg.Node{target(column(class, "oid"), "")}, []*pg.Node{rangeVar(pgCatalog, "pg_class", class)}, and(
			operation("=", column(class, "relname"), a.args[1]),
			operation("=", column(class, "relnamespace"), cast(integer(catalogNamespace), builtinType("oid"))),
		))
		matches = append(matches, operation("=", column(objectAlias, "classoid"), subLink(pg.SubLinkType_EXPR_SUBLINK, named)))
	}
	return limited(a.lookup("pg_description", column(objectAlias, "description"), and(matches...)))
}

// catalogNamespace and relationClass are the OIDs of pg_catalog and of pg_class, which never change.
const (
	catalogNamespace = 11
	relationClass    = 1259
)

// columnComment is the comment on a column.
func columnComment(a answering) *pg.Node {
	return a.lookup("pg_description", column(objectAlias, "description"), and(
		operation("=", column(objectAlias, "objoid"), a.args[0]), operation("=", column(objectAlias, "objsubid"), a.args[1]),
		operation("=", column(objectAlias, "classoid"), cast(integer(relationClass), builtinType("oid"))),
	))
}

// serialSequence is the sequence that a column's values come from.
func serialSequence(a answering) *pg.Node {
	relation := a.keyed("regclass", nameAsOID, a.args[0])
	if relation == nil {
		return nil
	}
	table := cast(cast(column(objectAlias, "attrelid"), builtinType("regclass")), builtinType("text"))
	name := cast(column(objectAlias, "attname"), builtinType("text"))
	return a.lookup("pg_attribute", call("pg_get_serial_sequence", table, name), and(
		operation("=", column(objectAlias, "attrelid"), relation), operation("=", copyOf(name), a.args[1]),
	))
}

// sortedRelations are relations in the order of their OIDs.
func sortedRelations(of map[*catalog.Relation][]string) []*catalog.Relation {
	return slices.SortedFunc(maps.Keys(of), func(a, b *catalog.Relation) int { return int(int64(a.OID) - int64(b.OID)) })
}

// triggerText prints a trigger that hands no arguments to a function that the subject sees, and whose condition, if any, is on columns that are open.
func triggerText(a answering) *pg.Node {
	printed := call(a.name, append([]*pg.Node{column(objectAlias, "oid")}, a.args[1:]...)...)
	v := a.rewriter.visibleObjects(a.plan)
	plain := and(
		operation("=", column(objectAlias, "tgnargs"), integer(0)), v.among("pg_proc", objectAlias, "tgfoid"),
		or(isNull(column(objectAlias, "tgqual")), among(objectAlias, "tgrelid", "oid", oidArray(v.whole))),
	)
	return a.lookup("pg_trigger", caseWhen(plain, printed, nil), operation("=", column(objectAlias, "oid"), a.args[0]))
}

// partitionAncestors are a partition and what it is of, as far as the subject sees them.
func partitionAncestors(a answering) *pg.Node {
	relation := a.keyed("regclass", nameAsOID, a.args[0])
	if relation == nil {
		return nil
	}
	shown := a.rewriter.visibleObjects(a.plan).among("pg_class", itemsAlias, itemColumn)
	s := selectFrom([]*pg.Node{target(cast(column(itemsAlias, itemColumn), builtinType("oid")), "")},
		[]*pg.Node{rowsOf("pg_partition_ancestors", cast(column(objectAlias, "oid"), builtinType("regclass")))}, shown)
	s.SortClause = []*pg.Node{ordered(column(itemsAlias, itemPlace))}
	return a.lookup("pg_class", subLink(pg.SubLinkType_ARRAY_SUBLINK, s), operation("=", column(objectAlias, "oid"), relation))
}

// schemasSearched are the schemas of the search path, without the one that a session keeps its temporary tables in: it stands for an empty path.
func schemasSearched(a answering) *pg.Node {
	item := cast(column(itemsAlias, itemColumn), builtinType("text"))
	plain := operation("!~", item, cast(literal("^pg_temp_[0-9]+$"), builtinType("text")))
	s := selectFrom([]*pg.Node{target(column(itemsAlias, itemColumn), "")}, []*pg.Node{unnested(call("current_schemas", a.args[0]))}, plain)
	s.SortClause = []*pg.Node{ordered(column(itemsAlias, itemPlace))}
	return subLink(pg.SubLinkType_ARRAY_SUBLINK, s)
}
