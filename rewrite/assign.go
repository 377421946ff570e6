package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// assignment is the SET list of an UPDATE or an ON CONFLICT DO UPDATE, and what its rows must satisfy.
type assignment struct {
	relation  *catalog.Relation
	name      string // that the relation's columns are qualified with
	targets   []*pg.Node
	old       expr.Expr // what is known of the old row; nil for nothing
	condition expr.Expr // what the new row must satisfy
	joined    bool      // other FROM items are joined to the target
	settled   bool      // and each of their columns has one value, however often it is named
}

// ahead is what can be said of new rows before they are written.
type ahead struct {
	now     []expr.Expr // the conjuncts to be checked then
	row     row         // of the values to check
	certain bool        // nothing is left to be checked later
}

// assigned is what a SET list does to the columns that the condition looks at.
type assigned struct {
	values map[string]*pg.Node // new values that a check may repeat, as they will be stored
	late   map[string]bool     // columns whose new value only the final row tells
}

// checkAssigned checks the new row inside the SET list, or finds that nothing needs to be checked. It returns false where the final
// row must be checked as well, or instead.
func (w *walker) checkAssigned(a *assignment) (bool, error) {
	found, err := w.foresee(a)
	if err != nil || len(found.now) == 0 {
		return err == nil && found.certain, err
	}
	hook := slices.IndexFunc(a.targets, plainTarget)
	if hook < 0 {
		return false, nil
	}
	check, err := w.required(joined(found.now), found.row, a.relation)
	if err != nil {
		return false, err
	}
	t := a.targets[hook].GetResTarget()
	value := t.Val
	if c := a.relation.Column(t.Name); c != nil {
		value = typed(value, c)
	}
	t.Val = caseWhen(check, value, nil)
	return found.certain, nil
}

// foresee finds what of the condition a SET list decides.
func (w *walker) foresee(a *assignment) (*ahead, error) {
	if isTrue(a.condition) {
		return &ahead{certain: true}, nil
	}
	looked := map[string]bool{}
	columnsOf(a.condition, looked)
	if err := w.splitRows(a); err != nil {
		return nil, err
	}
	set, err := w.assignedValues(a, looked)
	if err != nil {
		return nil, err
	}
	decidedLater := changedLater(a.relation) || anyGenerated(a.relation, looked) || looked[anyColumn]
	found := &ahead{row: set.row(a.name), certain: !decidedLater && len(set.late) == 0}
	for _, c := range conjuncts(a.condition) {
		if set.checkedNow(c, a, decidedLater) {
			found.now = append(found.now, c)
		}
	}
	return found, nil
}

// checkedNow says whether a conjunct is checked in the SET list. Where triggers decide later, only what a unique index could
// otherwise tell about is checked ahead of it.
func (s *assigned) checkedNow(c expr.Expr, a *assignment, decidedLater bool) bool {
	columns := map[string]bool{}
	columnsOf(c, columns)
	touched, keyed := false, false
	for name := range columns {
		if s.late[name] {
			return false
		}
		if s.values[name] != nil {
			touched = true
			keyed = keyed || a.relation.Keyed[name]
		}
	}
	if decidedLater {
		return keyed
	}
	return touched || !implied(c, a.old)
}

// row is the new row: assigned columns have their new values, the others the old ones.
func (s *assigned) row(name string) row {
	return func(col string) *pg.Node {
		if v := s.values[col]; v != nil {
			return copyOf(v)
		}
		return column(name, col)
	}
}

// assignedValues sorts what is assigned to the columns that the condition looks at.
//
// A check repeats the value. So it must be the same both times, which no sub-select is sure to be, and no column of another FROM item, for which
// the planner may put a sub-select; and where the condition leads
// over a path, the repeated value stands below relations of ours, which would catch column names without a qualifier. Such values wait for the
// final row, unless a unique index would tell about it first: then the statement is refused.
func (w *walker) assignedValues(a *assignment, looked map[string]bool) (*assigned, error) {
	set := &assigned{values: map[string]*pg.Node{}, late: map[string]bool{}}
	paths := hasPath(a.condition)
	for _, n := range a.targets {
		t := n.GetResTarget()
		if !looked[t.Name] {
			continue
		}
		c := a.relation.Column(t.Name)
		value := w.repeatable(t, c, a, paths)
		if value == nil {
			if a.relation.Keyed[t.Name] {
				return nil, deny(OperationDenied, stateFeatureNotSupported, t.Location,
					"column %q cannot be checked before it is written when it is set like this", t.Name).
					hint("Set it to a constant or a parameter.")
			}
			set.late[t.Name] = true
			continue
		}
		stored, err := w.stored(value, c)
		if err != nil {
			return nil, err
		}
		set.values[t.Name] = stored
	}
	return set, nil
}

// repeatable returns a copy of what a SET entry assigns if a check may repeat it, else nil. A DEFAULT that is constant becomes that.
func (w *walker) repeatable(t *pg.ResTarget, c *catalog.Column, a *assignment, paths bool) *pg.Node {
	if c == nil || len(t.Indirection) > 0 || t.Val.GetMultiAssignRef() != nil {
		return nil
	}
	if t.Val.GetSetToDefault() != nil {
		v, constant := w.defaultValue(c)
		if !constant {
			return nil
		}
		t.Val = v
	}
	if w.changes(t.Val) || paths && !allQualified(t.Val) || a.joined && !a.settled && namesColumns(t.Val, a.name) {
		return nil
	}
	return copyOf(typed(t.Val, c))
}

// splitRows turns (a, b) = (x, y) into a = x, b = y, which means the same.
func (w *walker) splitRows(a *assignment) error {
	for _, n := range a.targets {
		t := n.GetResTarget()
		if t == nil {
			return w.refuseNode(n)
		}
		m := t.Val.GetMultiAssignRef()
		if m == nil {
			continue
		}
		items := m.Source.GetRowExpr().GetArgs()
		if len(items) == int(m.Ncolumns) && !slices.ContainsFunc(items, isStarRef) && m.Colno >= 1 && int(m.Colno) <= len(items) {
			t.Val = copyOf(items[m.Colno-1])
		}
	}
	return nil
}

// isStarRef says whether an expression stands for any number of columns.
func isStarRef(n *pg.Node) bool {
	fields := n.GetColumnRef().GetFields()
	return len(fields) > 0 && fields[len(fields)-1].GetAStar() != nil ||
		slices.ContainsFunc(n.GetAIndirection().GetIndirection(), func(n *pg.Node) bool { return n.GetAStar() != nil })
}

// shareSources makes (a, b) = (SELECT ...) one sub-select again: the parser gives each column a copy of it, and the copies were guarded apart.
func shareSources(targets []*pg.Node) {
	var source *pg.Node
	for _, n := range targets {
		m := n.GetResTarget().GetVal().GetMultiAssignRef()
		switch {
		case m == nil:
		case m.Colno == 1:
			source = m.Source
		case source != nil:
			m.Source = copyOf(source)
		}
	}
}

// plainTarget says whether a SET entry has an expression of its own that a check can be put around.
func plainTarget(n *pg.Node) bool {
	t := n.GetResTarget()
	return t != nil && len(t.Indirection) == 0 && t.Val.GetMultiAssignRef() == nil && t.Val.GetSetToDefault() == nil
}

// changedLater says whether a trigger may change a row after an UPDATE's SET list was evaluated. A row that moves to another partition
// is inserted there.
func changedLater(r *catalog.Relation) bool {
	return r.BeforeUpdate || r.Kind == 'p' && r.BeforeInsert
}

func anyGenerated(r *catalog.Relation, columns map[string]bool) bool {
	return slices.ContainsFunc(r.Columns, func(c catalog.Column) bool { return c.Generated && columns[c.Name] })
}

// implied says whether every conjunct of a condition is already one of what is known.
func implied(condition, known expr.Expr) bool {
	if known == nil {
		return false
	}
	facts := conjuncts(known)
	for _, c := range conjuncts(condition) {
		if !isTrue(c) && !slices.ContainsFunc(facts, func(f expr.Expr) bool { return equalExpr(f, c) }) {
			return false
		}
	}
	return true
}

func conjuncts(e expr.Expr) []expr.Expr {
	if a, ok := e.(expr.And); ok {
		return a.Terms
	}
	return []expr.Expr{e}
}

// joined conjoins terms; one alone stands as it is.
func joined(terms []expr.Expr) expr.Expr {
	if len(terms) == 1 {
		return terms[0]
	}
	return expr.And{Terms: terms}
}
