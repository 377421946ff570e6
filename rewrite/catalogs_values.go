package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/plan"
)

// catalogValue is what a column of a catalog shows.
func (g *Rewriter) catalogValue(t *catalogTable, c catalogColumn, alias string, p *plan.Plan) *pg.Node {
	switch {
	case c.constant:
		return g.catalogConstant(c, alias, p)
	case c.hides:
		v := g.visibleObjects(p)
		if len(v.partly) == 0 {
			return column(alias, c.name)
		}
		return caseWhen(v.hiddenColumn(alias), g.catalogConstant(c, alias, p), column(alias, c.name))
	case lookupType(c.typ.Name): // A constant beside it would be looked up as a name.
		return cast(column(alias, c.name), builtinType("oid"))
	default:
		return column(alias, c.name)
	}
}

// catalogConstant is what stands in a column's place.
func (g *Rewriter) catalogConstant(c catalogColumn, alias string, p *plan.Plan) *pg.Node {
	typ := builtinType(c.typ.Name)
	typ.Names = names(c.typ.Schema, c.typ.Name)
	if lookupType(c.typ.Name) {
		typ = builtinType("oid")
	}
	switch c.text {
	case "@null":
		return cast(null(), typ)
	case "@empty":
		return cast(literal(""), typ)
	case "@user":
		return cast(slot(userSlot), typ)
	case "@role":
		return cast(literal(virtualRole), typ)
	case "@path":
		return clientsPath(alias, c.name)
	case "@checks":
		return g.visibleChecks(alias, p)
	case "@default":
		shown := or(ownSchema(alias, "table_schema"), amongKeys(g.visibleObjects(p).names.defaults, alias, "table_schema", "table_name", "column_name"))
		return caseWhen(shown, column(alias, c.name), nil)
	case "@dropped":
		return droppedName(alias)
	default:
		return cast(literal(c.text), typ)
	}
}

// droppedName is how PostgreSQL calls a column that was dropped.
func droppedName(alias string) *pg.Node {
	text := func(s string) *pg.Node { return cast(literal(s), builtinType("text")) }
	number := cast(column(alias, "attnum"), builtinType("text"))
	return cast(operation("||", operation("||", text("........pg.dropped."), number), text("........")), builtinType("name"))
}

// hiddenColumn is the condition on a row of pg_attribute, of a relation in sight, that the column is not.
func (v *visibleObjects) hiddenColumn(alias string) *pg.Node {
	cell := operation("+", operation("*", cast(column(alias, "attrelid"), builtinType("int8")), integer(65536)), column(alias, "attnum"))
	shown := expression(pg.A_Expr_Kind_AEXPR_OP_ALL, names(pgCatalog, "<>"), cell, cast(literal(numberArray(v.cells)), arrayType("int8")))
	return and(among(alias, "attrelid", "oid", oidArray(v.partly)), operation(">", column(alias, "attnum"), integer(0)), shown)
}

// clientsPath is a value of a setting; that of search_path as the client knows it, without the schema of temporary tables that we put at its end.
func clientsPath(alias, name string) *pg.Node {
	isPath := operation("=", column(alias, "name"), cast(literal("search_path"), builtinType("text")))
	text := func(s string) *pg.Node { return cast(literal(s), builtinType("text")) }
	return caseWhen(isPath, call("regexp_replace", column(alias, name), text("(, )?"+temporarySchema+"$"), text("")), column(alias, name))
}

// visibleChecks counts the check constraints of a row of pg_class that are shown: pg_dump wants as many as the row promises.
func (g *Rewriter) visibleChecks(alias string, p *plan.Plan) *pg.Node {
	inner := alias + "c"
	count := call("count")
	count.GetFuncCall().AggStar = true
	checks := selectFrom([]*pg.Node{target(cast(count, builtinType("int2")), "")}, []*pg.Node{rangeVar(pgCatalog, "pg_constraint", inner)}, and(
		operation("=", column(inner, "conrelid"), column(alias, "oid")),
		operation("=", column(inner, "contype"), cast(literal("c"), builtinType("char"))),
		among(inner, "oid", "oid", oidArray(g.visibleObjects(p).oids["pg_constraint"])),
	))
	return subLink(pg.SubLinkType_EXPR_SUBLINK, checks)
}
