package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// A catalog of PostgreSQL is replaced as a table is: by a sub-select of the columns that are safe to show, over the rows about objects that the
// subject has to do with and about PostgreSQL's own. It always has a fence, since a condition that fails on a hidden row tells that it is there.

// catalogColumn is a column of a catalog as sessions see it. Columns that are not listed do not exist for them.
type catalogColumn struct {
	name string
	show func() *pg.Node // a constant in the column's place; nil shows the column itself
}

// catalogTable is a catalog that may be read.
type catalogTable struct {
	columns []catalogColumn
	rows    func(v visibleObjects, alias string) *pg.Node
}

// catalogTables is the list of catalogs that may be read: what drivers ask for before they can work with types at all. Every PostgreSQL from
// 15 on has these columns.
func catalogTables() map[string]catalogTable {
	return map[string]catalogTable{
		"pg_namespace": {open("oid", "nspname"), namespaceRows},
		"pg_type": {open("oid", "typname", "typnamespace", "typlen", "typbyval", "typtype", "typcategory", "typispreferred", "typisdefined", "typdelim",
			"typrelid", "typelem", "typarray", "typinput", "typoutput", "typreceive", "typsend", "typnotnull", "typbasetype", "typtypmod", "typndims",
			"typcollation"), typeRows},
		"pg_range": {open("rngtypid", "rngsubtype", "rngmultitypid", "rngcollation"), rowsByType("rngtypid")},
		"pg_enum":  {open("oid", "enumtypid", "enumsortorder", "enumlabel"), rowsByType("enumtypid")},
		"pg_class": {append(open("oid", "relname", "relnamespace", "reltype", "reloftype", "relkind", "relpersistence", "relnatts"),
			// What a planner believes of a table's size is about everybody's rows.
			catalogColumn{"relpages", func() *pg.Node { return cast(integer(0), builtinType("int4")) }},
			catalogColumn{"reltuples", func() *pg.Node { return cast(literal("-1"), builtinType("float4")) }}), classRows},
		"pg_attribute": {open("attrelid", "attname", "atttypid", "attlen", "attnum", "attndims", "atttypmod", "attnotnull", "atthasdef", "attidentity",
			"attgenerated", "attisdropped", "attcollation"), attributeRows},
		"pg_proc": {open("oid", "proname", "pronamespace", "prokind", "provolatile", "proisstrict", "proretset", "prorettype", "pronargs"), ownRows("oid")},
	}
}

func open(names ...string) []catalogColumn {
	columns := make([]catalogColumn, len(names))
	for i, name := range names {
		columns[i] = catalogColumn{name: name}
	}
	return columns
}

// catalogSelect is what stands in a catalog's place; false where it may not be read.
func (g *Rewriter) catalogSelect(name, alias string, p *plan.Plan) (*pg.SelectStmt, bool) {
	table, ok := catalogTables()[name]
	if !ok {
		return nil, false
	}
	var targets []*pg.Node
	for _, c := range table.columns {
		value := column(alias, c.name)
		if c.show != nil {
			value = c.show()
		}
		targets = append(targets, target(value, c.name))
	}
	return fenced(targets, name, alias, table.rows(g.visibleObjects(p), alias)), true
}

// typeNames is pg_type for looking names up: by the name that PostgreSQL prints, and by the one that the catalog has.
func (g *Rewriter) typeNames(alias string, p *plan.Plan) *pg.SelectStmt {
	printed := call("format_type", column(alias, "oid"), cast(null(), builtinType("int4")))
	targets := []*pg.Node{
		target(column(alias, "oid"), typeOID), target(column(alias, "typname"), typeName), target(printed, typePrinted),
	}
	return fenced(targets, "pg_type", alias, typeRows(g.visibleObjects(p), alias))
}

func fenced(targets []*pg.Node, name, alias string, where *pg.Node) *pg.SelectStmt {
	s := selectFrom(targets, []*pg.Node{rangeVar(pgCatalog, name, alias)}, where)
	s.LimitOffset, s.LimitOption = integer(0), pg.LimitOption_LIMIT_OPTION_COUNT
	return s
}

// isOpenCatalog says whether a name means a catalog that may be read. pg_catalog is searched before everything else.
func (g *Rewriter) isOpenCatalog(rv *pg.RangeVar) bool {
	if rv.Catalogname != "" && rv.Catalogname != g.snapshot.Schema.Database || rv.Relpersistence != "p" {
		return false
	}
	_, listed := catalogTables()[rv.Relname]
	return listed && (rv.Schemaname == pgCatalog || rv.Schemaname == "" && g.inCatalog(rv.Relname))
}

// catalogRelation puts a catalog's sub-select in its place.
func (w *walker) catalogRelation(n *pg.Node, rv *pg.RangeVar, sample *pg.RangeTableSample, lv level) error {
	defer w.moveTo(rv.Location)()
	spelled := refname(rv)
	if sample != nil || lv.locks.locked(spelled) {
		return w.deny(OperationDenied, stateInsufficientPrivilege, "permission denied for table %s", rv.Relname)
	}
	w.wrapped++
	query, ok := w.rewriter.catalogSelect(rv.Relname, reservedPrefix+itoa(int32(w.wrapped)), w.plan) //nolint:gosec // bounded by maxRelations
	if !ok {
		return w.refuseNode(rv.ProtoReflect())
	}
	outer := rv.Alias
	if outer == nil {
		outer = alias(rv.Relname)
	}
	w.scope.origins[spelled] = origin{row: true}
	n.Node = rangeSubselect(query, outer).Node
	w.catalogs = append(w.catalogs, w.location)
	return nil
}

// catalogsAlone refuses a statement that reads catalogs and does anything else.
func (w *walker) catalogsAlone(kind Kind) error {
	if len(w.catalogs) == 0 || kind == Select && !w.mapped {
		return nil
	}
	return deny(OperationDenied, stateFeatureNotSupported, w.catalogs[0], "catalogs of PostgreSQL cannot be read together with tables").
		hint("Ask them in a SELECT of its own.")
}

// visibleObjects are the objects of the database that a subject has to do with.
type visibleObjects struct {
	relations []*catalog.Relation // all of whose columns are open
	partly    map[*catalog.Relation][]string
	types     []uint32
	schemas   []string
}

func (g *Rewriter) visibleObjects(p *plan.Plan) visibleObjects {
	v := visibleObjects{partly: map[*catalog.Relation][]string{}, schemas: slices.Clone(g.snapshot.Schema.SearchPath)}
	types := map[uint32]bool{}
	for _, e := range g.snapshot.Entities {
		if !p.Visible(e.Name) {
			continue
		}
		v.schemas = append(v.schemas, e.Relation.Schema)
		g.showType(types, e.Relation.Schema, e.Relation.Name)
		read := p.Rule(e.Name, catalog.Read)
		if read.Kind != plan.NoAccess && read.Columns == nil {
			v.relations = append(v.relations, e.Relation)
		} else {
			v.partly[e.Relation] = nil
		}
		for _, c := range e.Relation.Columns {
			_, shown := read.Columns[c.Name]
			if !shown && read.Columns != nil || read.Kind == plan.NoAccess {
				continue
			}
			if read.Columns != nil {
				v.partly[e.Relation] = append(v.partly[e.Relation], c.Name)
			}
			g.showType(types, c.Type.Schema, c.Type.Name)
		}
	}
	for name, info := range g.snapshot.Schema.Types {
		if info.Kind == 'e' { // which statements may name in any case
			g.showType(types, name.Schema, name.Name)
		}
		if types[info.OID] {
			v.schemas = append(v.schemas, name.Schema)
		}
	}
	for oid := range types {
		v.types = append(v.types, oid)
	}
	slices.Sort(v.types)
	slices.Sort(v.schemas)
	v.schemas = slices.Compact(v.schemas)
	return v
}

// showType adds a type and what it is a domain over.
func (g *Rewriter) showType(types map[uint32]bool, schema, name string) {
	info := g.snapshot.Schema.Types[catalog.TypeName{Schema: schema, Name: name}]
	if info == nil || types[info.OID] {
		return
	}
	types[info.OID] = true
	if info.Kind == 'd' {
		g.showType(types, info.Base.Schema, info.Base.Name)
	}
}
