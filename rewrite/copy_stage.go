package rewrite

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// What COPY's own WHERE cannot check is loaded in four statements, which stand in the client's place of one:
//
//	CREATE TEMPORARY TABLE pg_temp.ww_copy (a integer, b text) ON COMMIT DROP;
//	COPY pg_temp.ww_copy FROM STDIN;
//	INSERT INTO t (a, b, preset) SELECT ... FROM pg_temp.ww_copy, checked like any other INSERT;
//	DROP TABLE pg_temp.ww_copy
//
// PostgreSQL reads the rows, and runs the statements of one message in one transaction. No client can name the table.
type staged struct {
	prepare, fill, store, end *pg.Node
	load                      *Load
	hidden                    Hidden
}

// StagingTable is the name of the table, and temporarySchema its schema.
const StagingTable = OwnPrefix + "copy"

// stage makes the four statements.
func (w *walker) stage(l *load) error {
	if slices.ContainsFunc(l.statement.Options, func(n *pg.Node) bool { return n.GetDefElem().GetDefname() == "default" }) {
		return w.deny(StatementDenied, stateFeatureNotSupported, "COPY with option DEFAULT is not supported for table %q", l.relation.Name).
			hint("Leave the column out of the list: each row gets its default then.")
	}
	prepare, err := w.rewriter.stagingDefinition(l.relation, l.columns)
	if err != nil {
		return err
	}
	s := l.statement
	insert, err := w.storing(l)
	if err != nil {
		return err
	}
	fill := &pg.CopyStmt{Relation: stagingVar(), IsFrom: true, Options: s.Options}
	w.staged = &staged{
		prepare: prepare, fill: &pg.Node{Node: &pg.Node_CopyStmt{CopyStmt: fill}},
		store: &pg.Node{Node: &pg.Node_InsertStmt{InsertStmt: insert}}, end: stagingEnd(),
		load: loadOf(l), hidden: w.hidden,
	}
	return nil
}

// storing is the INSERT of what was loaded. COPY takes values for identity columns that are always generated, too.
func (w *walker) storing(l *load) (*pg.InsertStmt, error) {
	all := slices.Concat(l.columns, l.presets)
	insert := &pg.InsertStmt{Relation: l.statement.Relation, Cols: insertTargets(all), Override: overriding(l.relation, l.columns)}
	query, err := w.rewriter.loadedRows(l)
	if err != nil {
		return nil, err
	}
	insert.SelectStmt = selectNode(query)
	checked, err := w.checkSource(insert, l.relation, l.condition)
	if err != nil {
		return nil, err
	}
	if lined(insert) {
		tellLine(insert, len(all))
	}
	if !checked {
		insert.ReturningList, err = w.checkReturning(nil, l.condition, l.relation.Name, l.relation, topLevel)
	}
	return insert, err
}

func overriding(r *catalog.Relation, columns []string) pg.OverridingKind {
	for _, name := range columns {
		if r.Column(name).Identity {
			return pg.OverridingKind_OVERRIDING_SYSTEM_VALUE
		}
	}
	return pg.OverridingKind_OVERRIDING_NOT_SET
}

// loadedRows selects what was loaded, with the presets behind it. The table goes by the name of the client's, for its WHERE.
func (g *Rewriter) loadedRows(l *load) (*pg.SelectStmt, error) {
	var targets []*pg.Node
	for _, name := range l.columns {
		targets = append(targets, target(column(l.relation.Name, name), ""))
	}
	for _, name := range l.presets {
		value, err := g.value(l.create.Presets[name], nil)
		if err != nil {
			return nil, err
		}
		targets = append(targets, target(value, ""))
	}
	rv := stagingVar()
	rv.Alias = alias(l.relation.Name)
	return selectFrom(targets, []*pg.Node{{Node: &pg.Node_RangeVar{RangeVar: rv}}}, l.statement.WhereClause), nil
}

// stagingVar names the table.
func stagingVar() *pg.RangeVar {
	return &pg.RangeVar{Schemaname: temporarySchema, Relname: StagingTable, Inh: true, Relpersistence: "p", Location: sqltree.Unlocated}
}

// stagingDefinition makes the table: columns of the same names and types, and nothing else.
func (g *Rewriter) stagingDefinition(r *catalog.Relation, columns []string) (*pg.Node, error) {
	rv := stagingVar()
	rv.Relpersistence = "t"
	create := &pg.CreateStmt{Relation: rv, Oncommit: pg.OnCommitAction_ONCOMMIT_DROP}
	for _, name := range columns {
		c := r.Column(name)
		if c == nil {
			return nil, fmt.Errorf("relation %s has no column %s", r.Name, name)
		}
		t, err := g.declaredType(c)
		if err != nil {
			return nil, err
		}
		create.TableElts = append(create.TableElts, &pg.Node{Node: &pg.Node_ColumnDef{ColumnDef: &pg.ColumnDef{
			Colname: name, TypeName: t, IsLocal: true, Location: sqltree.Unlocated,
		}}})
	}
	return &pg.Node{Node: &pg.Node_CreateStmt{CreateStmt: create}}, nil
}

// stagingEnd drops the table.
func stagingEnd() *pg.Node {
	list := &pg.Node{Node: &pg.Node_List{List: &pg.List{Items: names(temporarySchema, StagingTable)}}}
	return &pg.Node{Node: &pg.Node_DropStmt{DropStmt: &pg.DropStmt{
		Objects: []*pg.Node{list}, RemoveType: pg.ObjectType_OBJECT_TABLE, Behavior: pg.DropBehavior_DROP_RESTRICT,
	}}}
}

// addStaged prints the statements of a staged COPY, and proves them together.
func (g *Rewriter) addStaged(b *builder, w *walker) error {
	s := w.staged
	refusals := w.refusals
	var read []*pg.Node
	for _, part := range []struct {
		node *pg.Node
		said Statement
	}{
		{s.prepare, Statement{Kind: CopyPrepare}},
		{s.fill, Statement{Kind: CopyFill}},
		{s.store, Statement{Kind: CopyStore, Hidden: s.hidden, Uses: w.uses}},
		{s.end, Statement{Kind: CopyEnd}},
	} {
		text, again, err := sqltree.Deparse(part.node, b.aligned)
		if err != nil {
			return err
		}
		part.said.Load = s.load
		if err := b.addPart(text, part.said, w.refusals); err != nil {
			return err
		}
		b.add(text, part.said, refusals)
		refusals = nil
		read = append(read, again)
	}
	return g.proveStaged(read, w.plan)
}
