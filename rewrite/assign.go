package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// assignment is the SET list of an UPDATE or an ON CONFLICT DO UPDATE, and what its rows must satisfy.
type assignment struct {
	relation  *catalog.Relation
	name      string // that the relation's columns are qualified with
	targets   []*pg.Node
	old       expr.Expr // what is known of the old row; nil for nothing
	condition expr.Expr // what the new row must satisfy
}

// checkAssigned checks the new row inside the SET list, or finds that nothing needs to be checked. It returns false where only the
// final row can tell.
func (w *walker) checkAssigned(a *assignment) (bool, error) {
	if isTrue(a.condition) {
		return true, nil
	}
	looked := map[string]bool{}
	columnsOf(a.condition, looked)
	if a.relation.BeforeUpdate || anyGenerated(a.relation, looked) {
		return false, nil
	}
	if err := w.splitRows(a); err != nil {
		return false, err
	}
	values, known, err := w.assignedValues(a, looked)
	if err != nil || !known {
		return false, err
	}
	if len(values) == 0 && implied(a.condition, a.old) {
		return true, nil
	}
	hook := slices.IndexFunc(a.targets, plainTarget)
	if hook < 0 {
		return false, nil
	}
	check, err := w.required(a.condition, func(name string) *pg.Node {
		if v := values[name]; v != nil {
			return copyOf(v)
		}
		return column(a.name, name)
	}, a.relation)
	if err != nil {
		return false, err
	}
	t := a.targets[hook].GetResTarget()
	value := t.Val
	if c := a.relation.Column(t.Name); c != nil {
		value = typed(value, c)
	}
	t.Val = caseWhen(check, value, nil)
	return true, nil
}

// assignedValues maps the columns that the condition looks at and the list assigns to their new values, as they will be stored. known is
// false where a value would have to be computed twice and might differ, or is decided later.
func (w *walker) assignedValues(a *assignment, looked map[string]bool) (values map[string]*pg.Node, known bool, err error) {
	values = map[string]*pg.Node{}
	for _, n := range a.targets {
		t := n.GetResTarget()
		if !looked[t.GetName()] {
			continue
		}
		c := a.relation.Column(t.Name)
		if c == nil || len(t.Indirection) > 0 {
			return nil, false, nil
		}
		if t.Val.GetMultiAssignRef() != nil {
			return nil, false, deny(OperationDenied, stateFeatureNotSupported, t.Location,
				"column %q cannot be set from a sub-select of several columns", t.Name).
				hint("Write one assignment for each column.")
		}
		if t.Val.GetSetToDefault() != nil {
			v, constant := w.defaultValue(c)
			if !constant {
				return nil, false, nil
			}
			t.Val = v
		}
		if w.volatile(t.Val) {
			return nil, false, nil
		}
		if values[t.Name], err = w.stored(copyOf(typed(t.Val, c)), c); err != nil {
			return nil, false, err
		}
	}
	return values, true, nil
}

// splitRows turns (a, b) = (x, y) into a = x, b = y, which means the same.
func (w *walker) splitRows(a *assignment) error {
	for _, n := range a.targets {
		t := n.GetResTarget()
		if t == nil {
			return w.refuseNode(n.ProtoReflect())
		}
		m := t.Val.GetMultiAssignRef()
		if m == nil {
			continue
		}
		items := m.Source.GetRowExpr().GetArgs()
		if len(items) == int(m.Ncolumns) && m.Colno >= 1 && int(m.Colno) <= len(items) {
			t.Val = copyOf(items[m.Colno-1])
		}
	}
	return nil
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

// volatile says whether evaluating an expression twice may give two values.
func (w *walker) volatile(n *pg.Node) bool {
	found := false
	var look func(protoreflect.FieldDescriptor, protoreflect.Message) error
	look = func(_ protoreflect.FieldDescriptor, m protoreflect.Message) error {
		if f, ok := m.Interface().(*pg.FuncCall); ok && w.rewriter.isVolatile(f.Funcname[len(f.Funcname)-1].GetString_().GetSval()) {
			found = true
		}
		return sqltree.Children(m, look)
	}
	_ = look(nil, n.ProtoReflect())
	return found
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
