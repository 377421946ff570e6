package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// load is a COPY FROM STDIN while it is rewritten.
type load struct {
	statement *pg.CopyStmt
	relation  *catalog.Relation
	create    plan.Rule
	columns   []string // that the rows have, in their order
	presets   []string // that the plan fills in beside them
	condition expr.Expr
}

// copyFrom lets rows be loaded that are checked one by one. Where the check can stand in COPY's own WHERE, it does: PostgreSQL evaluates that on each
// row with its defaults, before triggers and constraints. Everything else goes through a table of ours; see stage.
func (w *walker) copyFrom(s *pg.CopyStmt) error {
	defer w.enter()()
	if w.isTemporary(s.Relation) {
		return w.loadTemporary(s)
	}
	relation, entity, err := w.target(s.Relation)
	if err != nil {
		return err
	}
	create, err := w.rule(entity, catalog.Create, sqltree.Unlocated)
	if err != nil {
		return err
	}
	defer w.moveTo(sqltree.Unlocated)() // PostgreSQL tells no place of columns either.
	l := &load{statement: s, relation: relation, create: create}
	if err := w.loadable(relation); err != nil {
		return err
	}
	if err := w.loadedColumns(l); err != nil {
		return err
	}
	if err := w.loadOptions(l); err != nil {
		return err
	}
	if err := w.loadFilter(s); err != nil {
		return err
	}
	l.condition = loadedRow(create, l.columns, l.presets)
	if len(l.presets) == 0 && (relation.Kind == 'r' || relation.Kind == 'p') {
		direct, err := w.loadDirectly(l)
		if err != nil || direct {
			return err
		}
	}
	return w.stage(l)
}

// loadable refuses kinds of relation that PostgreSQL does not COPY to.
func (w *walker) loadable(r *catalog.Relation) error {
	d := w.deny(OperationDenied, stateWrongObjectType, "cannot copy to %s %q", uncopied(r), r.Name)
	switch r.Kind {
	case 'r', 'p', 'f':
		return nil
	case 'v':
		if r.BeforeInsert { // by a trigger INSTEAD OF INSERT
			return nil
		}
		return d.hint("To enable copying to a view, provide an INSTEAD OF INSERT trigger.")
	default:
		return d
	}
}

// loadedColumns finds the columns that the rows have: those that are listed, or all that are not generated.
func (w *walker) loadedColumns(l *load) error {
	listed, err := w.copiedNames(l.statement.Attlist, l.relation)
	if err != nil {
		return err
	}
	if len(listed) == 0 {
		for _, c := range l.relation.Columns {
			if !c.Generated {
				listed = append(listed, c.Name)
			}
		}
	}
	if len(listed) == 0 {
		return w.deny(OperationDenied, stateFeatureNotSupported, "COPY FROM of rows without columns is not supported for table %q", l.relation.Name)
	}
	l.columns = listed
	targets := insertTargets(listed)
	if err := w.mayWrite(l.create, l.relation, targets); err != nil {
		return err
	}
	l.presets = leftOut(l.create.Presets, targets)
	return nil
}

func insertTargets(columns []string) []*pg.Node {
	list := make([]*pg.Node, len(columns))
	for i, name := range columns {
		list[i] = target(nil, name)
	}
	return list
}

// loadFilter checks the client's own WHERE.
func (w *walker) loadFilter(s *pg.CopyStmt) error {
	if s.WhereClause == nil {
		return nil
	}
	if at, found := subLinkIn(s.WhereClause); found {
		return deny(StatementDenied, stateFeatureNotSupported, at, "cannot use subquery in COPY FROM WHERE condition")
	}
	return w.visitNode(s.WhereClause)
}

// loadedRow is what each row must satisfy that is loaded with values for some columns, each of which may be open in some rows only.
func loadedRow(create plan.Rule, columns, presets []string) expr.Expr {
	condition := newRowCondition(create)
	if terms, _ := columnTerms(create, append(slices.Clone(columns), presets...)); len(terms) > 0 {
		condition = flatAnd(append([]expr.Expr{condition}, terms...))
	}
	return condition
}

// subLinkIn finds a sub-select and its place.
func subLinkIn(n *pg.Node) (at int32, found bool) {
	contains(n, func(m proto.Message) bool {
		l, ok := m.(*pg.SubLink)
		if ok {
			at, found = l.Location, true
		}
		return ok
	})
	return at, found
}
