package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// A catalog of PostgreSQL is replaced as a table is: by a sub-select of the columns that are safe to show, over the rows about objects that the
// subject has to do with and about PostgreSQL's own. It gets a fence where a condition may fail, since one that fails on a hidden row tells that
// it is there.

// virtualRole is the number that stands for every role: that of the superuser who made the cluster, who has another name in most of them.
const virtualRole = "10"

// catalogQuery is what stands in the place of a catalog, without a fence where conditions may be moved into it that cannot fail: into views, and
// beside filters with look-ups of their own, none may. catalogs.txt lists the columns and the filter. What has no rows of its own does not even name the catalog.
func (g *Rewriter) catalogQuery(name catalog.RelationName, alias string, p *plan.Plan) (*pg.SelectStmt, bool) {
	t := g.catalogs[name]
	if t == nil {
		return nil, false
	}
	var targets []*pg.Node
	for _, c := range t.columns {
		targets = append(targets, target(g.catalogValue(t, c, alias, p), c.name))
	}
	switch t.class {
	case emptyCatalog:
		return selectFrom(targets, nil, boolean(false)), true
	case oneRowCatalog:
		return selectFrom(targets, nil, nil), true
	case openCatalog:
		rows := g.catalogRows(t, alias, p)
		query := selectFrom(targets, []*pg.Node{rangeVar(name.Schema, name.Name, alias)}, rows)
		if t.view || rows != nil && hasSubSelect(rows) {
			offset(query)
		}
		return query, true
	case neverCatalog:
	}
	return nil, false
}

// catalogValue is what a column of a catalog shows.
func (g *Rewriter) catalogValue(t *catalogTable, c catalogColumn, alias string, p *plan.Plan) *pg.Node {
	typ := builtinType(c.typ.Name)
	typ.Names = names(c.typ.Schema, c.typ.Name)
	lookedUp := lookupType(c.typ.Name) // A constant beside a value of such a type would be looked up as a name.
	if lookedUp {
		typ = builtinType("oid")
	}
	switch {
	case !c.constant && lookedUp:
		return cast(column(alias, c.name), builtinType("oid"))
	case !c.constant:
		return column(alias, c.name)
	case c.text == "@null":
		return cast(null(), typ)
	case c.text == "@user":
		return cast(slot(userSlot), typ)
	case c.text == "@role":
		return cast(literal(virtualRole), typ)
	case c.text == "@path":
		return clientsPath(alias, c.name)
	case c.text == "@checks":
		return g.visibleChecks(alias, p)
	case c.text == "@default":
		shown := or(ownSchema(alias, "table_schema"), amongKeys(g.visibleObjects(p).names.defaults, alias, "table_schema", "table_name", "column_name"))
		return caseWhen(shown, column(alias, c.name), nil)
	default:
		return cast(literal(c.text), typ)
	}
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

// openCatalog is the catalog that may be read under a name. pg_catalog is searched before everything else.
func (g *Rewriter) openCatalog(rv *pg.RangeVar) (catalog.RelationName, bool) {
	if rv.Catalogname != "" && rv.Catalogname != g.snapshot.Schema.Database || rv.Relpersistence != "p" {
		return catalog.RelationName{}, false
	}
	name := catalog.RelationName{Schema: rv.Schemaname, Name: rv.Relname}
	if rv.Schemaname == "" && g.inCatalog(rv.Relname) {
		name.Schema = pgCatalog
	}
	return name, g.catalogs[name] != nil
}

// catalogRelation puts a catalog's sub-select in its place.
func (w *walker) catalogRelation(n *pg.Node, name catalog.RelationName, rv *pg.RangeVar, sample *pg.RangeTableSample, lv level) error {
	defer w.moveTo(rv.Location)()
	spelled := refname(rv)
	if sample != nil || lv.locks.locked(spelled) {
		return w.deny(OperationDenied, stateInsufficientPrivilege, "permission denied for table %s", rv.Relname)
	}
	w.wrapped++
	query, ok := w.rewriter.catalogQuery(name, reservedPrefix+itoa(int32(w.wrapped)), w.plan) //nolint:gosec // bounded by maxRelations
	if !ok {
		return w.refuseNode(rv.ProtoReflect())
	}
	outer := rv.Alias
	if outer == nil {
		outer = alias(rv.Relname)
	}
	table := w.rewriter.catalogs[name]
	w.summaries[query] = table.summary()
	from := shownAs(table.summary(), outer)
	from.catalog, from.wrapped = table, rv.Alias == nil
	w.scope.origins[spelled] = from
	w.scope.items = append(w.scope.items, &item{
		name: spelled, at: rv.Location, query: query, summary: table.summary(), catalog: true, columns: from.outputs, renamed: len(outer.Colnames) > 0,
	})
	n.Node = rangeSubselect(query, outer).Node
	w.catalogs = append(w.catalogs, w.location)
	return nil
}
