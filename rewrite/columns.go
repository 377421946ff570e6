package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// shownTargets is the select list that stands for a relation's columns: those that are open as they are, those that depend on the row
// or are masked as CASE, and those that are closed not at all.
func (g *Rewriter) shownTargets(r *catalog.Relation, shown map[string]plan.Shown, name string) ([]*pg.Node, error) {
	var targets []*pg.Node
	for i := range r.Columns {
		c := &r.Columns[i]
		if shown == nil {
			targets = append(targets, target(column(name, c.Name), ""))
			continue
		}
		s, open := shown[c.Name]
		if !open {
			continue
		}
		value, err := g.shownColumn(c, s, aliased(name))
		if err != nil {
			return nil, err
		}
		as := c.Name
		if value.GetColumnRef() != nil {
			as = ""
		}
		targets = append(targets, target(value, as))
	}
	return targets, nil
}

// shownColumn is a column's value as the subject sees it: CASE WHEN raw THEN column WHEN masked THEN mask END.
func (g *Rewriter) shownColumn(c *catalog.Column, s plan.Shown, r row) (*pg.Node, error) {
	if s.Raw != nil && isTrue(s.Raw) {
		return r(c.Name), nil
	}
	var whens []*pg.Node
	if s.Raw != nil {
		condition, err := g.condition(s.Raw, r)
		if err != nil {
			return nil, err
		}
		whens = append(whens, when(condition, r(c.Name)))
	}
	for _, m := range s.Masks {
		condition, err := g.condition(orNever(m.When), r)
		if err != nil {
			return nil, err
		}
		value, err := g.value(m.Value, r)
		if err != nil {
			return nil, err
		}
		if typeOf(m.Value) != c.Type {
			value = cast(value, typeNode(c.Type))
		}
		if len(whens) == 0 && isTrue(orNever(m.When)) {
			return value, nil
		}
		whens = append(whens, when(condition, value))
	}
	if len(whens) == 0 {
		return cast(null(), typeNode(c.Type)), nil
	}
	return caseOf(whens, nil), nil
}

func orNever(e expr.Expr) expr.Expr {
	if e == nil {
		return expr.Bool(false) // a mask without a condition is nobody's
	}
	return e
}

// openColumn refuses a reference to a column that is closed to the subject.
func (w *walker) openColumn(parts []string) error {
	last := parts[len(parts)-1]
	switch {
	case len(parts) > 1:
		i, _ := w.scope.origin(parts[len(parts)-2])
		return w.openIn(i, last)
	case last == "":
		return w.openStar()
	}
	if i, ok := w.scope.origin(last); ok && i.bare && i.shown != nil && (!i.version || i.relation.Column(last) == nil) {
		return w.columnDenied(i.relation, "*") // the row as a whole
	}
	i, certain := w.scope.supplier(last)
	if !certain && i.bare && i.shown != nil {
		if s, open := i.shown[last]; !open || !isOpen(s) {
			return w.columnDenied(i.relation, last).hint("Qualify the column with the name of the table that you mean.")
		}
	}
	return w.openIn(i, last)
}

// supplier finds the item that an unqualified column comes from: the innermost that has it, closed or not. It is not certain where a
// level further in has an item that might have a column of that name too.
func (s *scope) supplier(name string) (found origin, certain bool) {
	certain = true
	for ; s != nil; s = s.outer {
		has, closed, unknown := s.supply(name)
		switch {
		case has.relation != nil:
			return has, certain
		case closed.relation != nil && (closed.bare || certain && !unknown):
			return closed, certain
		}
		certain = certain && !unknown
	}
	return origin{}, certain
}

// supply looks for a column within one level: an item that has it, one that has it closed, and whether others might have it.
func (s *scope) supply(name string) (has, closed origin, unknown bool) {
	unknown = s.outputs[name]
	for _, i := range s.origins {
		switch {
		case i.version:
		case i.relation == nil:
			unknown = true
		case i.relation.Column(name) == nil:
		case i.shown == nil || hasColumn(i.shown, name):
			if !has.bare { // of two, which PostgreSQL calls ambiguous, the one to be careful with
				has = i
			}
		default:
			closed = i
		}
	}
	return has, closed, unknown
}

func hasColumn(shown map[string]plan.Shown, name string) bool { _, ok := shown[name]; return ok }

// isOpen says whether a column shows its value in every visible row.
func isOpen(s plan.Shown) bool { return s.Raw != nil && isTrue(s.Raw) }

// openIn refuses a column that an item has and does not show, and everything at once of an item that stands bare.
func (w *walker) openIn(i origin, name string) error {
	switch {
	case i.shown == nil || i.relation == nil:
		return nil
	case name == "" && i.bare:
		return w.columnDenied(i.relation, "*")
	case name == "":
		return w.wholeStar(i)
	case i.relation.Column(name) != nil && !hasColumn(i.shown, name):
		return w.columnDenied(i.relation, name)
	default:
		return nil
	}
}

func (w *walker) openStar() error {
	for _, i := range w.scope.origins {
		if i.shown != nil && !i.bare {
			if err := w.wholeStar(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// wholeStar refuses * over an item with closed columns where the policy says that it is an error.
func (w *walker) wholeStar(i origin) error {
	if w.rewriter.snapshot.StarErrors && len(i.shown) < len(i.relation.Columns) {
		return w.columnDenied(i.relation, "*")
	}
	return nil
}

func (w *walker) columnDenied(r *catalog.Relation, name string) *denial {
	if name == "*" {
		return w.deny(ColumnDenied, stateInsufficientPrivilege, "permission denied for some columns of table %s", r.Name).
			hint("Name the columns that you want.")
	}
	d := w.deny(ColumnDenied, stateInsufficientPrivilege, "permission denied for column %s of table %s", name, r.Name)
	return w.explain(d, w.wouldOpen(r, name, catalog.Read))
}

// columnClosed is columnDenied for a column that a statement writes.
func (w *walker) columnClosed(r *catalog.Relation, name string) *denial {
	d := w.deny(ColumnDenied, stateInsufficientPrivilege, "permission denied for column %s of table %s", name, r.Name)
	return w.explain(d, w.wouldOpen(r, name, catalog.Create, catalog.Update))
}

// bareColumn is what stands for a reference to a column of a bare item that the subject sees in part: the same CASE that a
// sub-select would have. It is nil for any other reference.
func (w *walker) bareColumn(ref *pg.ColumnRef) (*pg.Node, error) {
	parts := strs(ref.Fields)
	name := parts[len(parts)-1]
	if constant := w.systemColumn(parts); constant != nil {
		return constant, nil
	}
	var i origin
	var qualifier string
	if len(parts) > 1 {
		qualifier = parts[len(parts)-2]
		i, _ = w.scope.origin(qualifier)
	} else {
		i, _ = w.scope.supplier(name)
		qualifier = w.scope.nameOf(i)
		if i.bare && i.shown != nil && w.scope.besides(i, name) {
			return nil, w.deny(StatementDenied, stateAmbiguousColumn, "column reference %q is ambiguous", name)
		}
	}
	if !i.bare || i.shown == nil || name == "" || qualifier == "" {
		return nil, nil
	}
	s, open := i.shown[name]
	if !open || isOpen(s) || i.relation.Column(name) == nil {
		return nil, nil
	}
	return w.rewriter.shownColumn(i.relation.Column(name), s, aliased(qualifier))
}

// besides says whether an item beside the target in the target's own level shows a column of that name, too.
func (s *scope) besides(own origin, name string) bool {
	for ; s != nil; s = s.outer {
		here, another := false, false
		for _, i := range s.origins {
			here = here || i.bare && i.relation == own.relation
			another = another || !i.bare && i.relation != nil && i.relation.Column(name) != nil && (i.shown == nil || hasColumn(i.shown, name))
		}
		if here {
			return another
		}
	}
	return false
}

// nameShown keeps the name of a select-list entry that will be replaced by what the subject sees of the column. A cast has the name of its column.
func (w *walker) nameShown(t *pg.ResTarget) error {
	value := t.Val
	for value.GetTypeCast() != nil {
		value = value.GetTypeCast().Arg
	}
	ref := value.GetColumnRef()
	if ref == nil || t.Name != "" {
		return nil
	}
	shown, err := w.bareColumn(ref)
	if shown != nil {
		t.Name = ref.Fields[len(ref.Fields)-1].GetString_().GetSval()
	}
	return err
}

// nameOf finds the name of a bare item.
func (s *scope) nameOf(wanted origin) string {
	for ; s != nil; s = s.outer {
		for name, i := range s.origins {
			if i.bare && !i.version && wanted.bare && i.relation == wanted.relation && name != "excluded" {
				return name
			}
		}
	}
	return ""
}
