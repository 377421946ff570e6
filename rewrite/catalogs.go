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
		query.SortClause = t.order(alias)
		return query, true
	case neverCatalog:
	}
	return nil, false
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
		return w.refuseNode(rv)
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
