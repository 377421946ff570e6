package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// update guards an UPDATE: old rows must be readable and updatable, new rows must satisfy the update check and stay readable.
func (w *walker) update(s *pg.UpdateStmt, at place) error {
	defer w.enter()()
	if err := w.with(s.WithClause); err != nil {
		return err
	}
	if w.isTemporary(s.Relation) {
		visit := func() error { return w.children(s, "relation", "with_clause", "from_clause") }
		return w.changeTemporary(s.Relation, s.FromClause, s.ReturningList, visit, &s.WhereClause)
	}
	relation, read, update, err := w.updateTarget(s.Relation)
	if err != nil {
		return err
	}
	if err := w.namedOnce(s.TargetList, relation); err != nil {
		return err
	}
	guards, err := w.from(s.FromClause, level{keep: w.keep, plain: plainFrom(s.FromClause)})
	if err != nil {
		return err
	}
	name := refname(s.Relation)
	if err := w.mayWrite(update, relation, s.TargetList); err != nil {
		return err
	}
	if s.ReturningList, err = w.openReturning(s.ReturningList, name, len(s.FromClause) > 0); err != nil {
		return err
	}
	w.nameColumns(s.ReturningList)
	if err := w.children(s, "relation", "with_clause", "from_clause"); err != nil {
		return err
	}
	shareSources(s.TargetList)
	if s.TargetList, err = w.presetSet(s.TargetList, update); err != nil {
		return err
	}
	old, condition := updateTerms(read, update, targetNames(s.TargetList))
	if old != nil {
		guard, err := w.rewriter.condition(old, aliased(name))
		if err != nil {
			return err
		}
		guards = append(guards, guard)
		w.guardedItem(targetItem(s.Relation, relation, old, guard))
	}
	w.summariseReturning(s.ReturningList)
	if s.WhereClause, _, err = w.fence(clauses{where: s.WhereClause}); err != nil {
		return err
	}
	s.WhereClause = and(append([]*pg.Node{s.WhereClause}, guards...)...)

	a := assignment{relation: relation, name: name, joined: len(s.FromClause) > 0, targets: s.TargetList, old: old, condition: condition}
	checked, err := w.checkAssigned(&a)
	if err != nil {
		return err
	}
	s.TargetList = a.targets
	if checked {
		return nil
	}
	if at == insideWith && len(s.FromClause) > 0 && hasStar(s.ReturningList) {
		return w.deny(OperationDenied, stateFeatureNotSupported, "RETURNING * of this WITH query must be written as a list of columns")
	}
	s.ReturningList, err = w.checkReturning(s.ReturningList, a.condition, name, relation, at)
	return err
}

func (w *walker) updateTarget(rv *pg.RangeVar) (*catalog.Relation, plan.Rule, plan.Rule, error) {
	at := rv.Location
	relation, entity, err := w.target(rv)
	if err != nil {
		return nil, plan.Rule{}, plan.Rule{}, err
	}
	update, err := w.rule(entity, catalog.Update, at)
	if err != nil {
		return nil, plan.Rule{}, plan.Rule{}, err
	}
	read, err := w.rule(entity, catalog.Read, at)
	return relation, read, update, err
}

// target resolves what a statement writes to. It is never a WITH query.
func (w *walker) target(rv *pg.RangeVar) (*catalog.Relation, *catalog.Entity, error) {
	if rv.Alias != nil {
		if err := w.visit(rv.Alias); err != nil {
			return nil, nil, err
		}
	}
	relation, entity, err := w.resolve(rv)
	if err == nil && entity.View == catalog.ExpandView {
		return nil, nil, deny(OperationDenied, stateInsufficientPrivilege, rv.Location, "permission denied for table %s", relation.Name).
			hint("Rows are written to the tables behind the view.")
	}
	if err == nil {
		own := origin{relation: relation, shown: w.plan.Rule(entity.Name, catalog.Read).Columns, bare: true, row: true}
		for _, name := range w.rewriter.versions() {
			w.scope.origins[name] = origin{relation: relation, shown: own.shown, bare: true, row: true, version: true}
		}
		w.scope.origins[refname(rv)] = own
	}
	return relation, entity, err
}

// versions are the names by which RETURNING knows the old and the new row of a target.
func (g *Rewriter) versions() []string {
	if g.snapshot.Schema.ServerVersion < 180000 {
		return nil
	}
	return []string{"old", "new"}
}

// updatedRow is what a row must satisfy after an update.
func updatedRow(read, update plan.Rule) expr.Expr {
	return readableRow(newRowCondition(update), read)
}

// readableRow is what a row must satisfy that is written under a condition and read as well.
func readableRow(condition expr.Expr, read plan.Rule) expr.Expr {
	if read.Kind == plan.FullAccess {
		return condition
	}
	return flatAnd([]expr.Expr{condition, read.Filter})
}

func hasStar(list []*pg.Node) bool {
	for _, n := range list {
		fields := n.GetResTarget().GetVal().GetColumnRef().GetFields()
		if len(fields) > 0 && fields[len(fields)-1].GetAStar() != nil {
			return true
		}
	}
	return false
}

// delete guards a DELETE: rows must be readable and deletable.
func (w *walker) delete(s *pg.DeleteStmt) error {
	defer w.enter()()
	if err := w.with(s.WithClause); err != nil {
		return err
	}
	if w.isTemporary(s.Relation) {
		visit := func() error { return w.children(s, "relation", "with_clause", "using_clause") }
		return w.changeTemporary(s.Relation, s.UsingClause, s.ReturningList, visit, &s.WhereClause)
	}
	at := s.Relation.Location
	relation, entity, err := w.target(s.Relation)
	if err != nil {
		return err
	}
	remove, err := w.rule(entity, catalog.Delete, at)
	if err != nil {
		return err
	}
	read, err := w.rule(entity, catalog.Read, at)
	if err != nil {
		return err
	}
	guards, err := w.from(s.UsingClause, level{keep: w.keep, plain: plainFrom(s.UsingClause)})
	if err != nil {
		return err
	}
	if s.ReturningList, err = w.openReturning(s.ReturningList, refname(s.Relation), len(s.UsingClause) > 0); err != nil {
		return err
	}
	w.nameColumns(s.ReturningList)
	if err := w.children(s, "relation", "with_clause", "using_clause"); err != nil {
		return err
	}
	if old := conditionOf(read, remove); old != nil {
		guard, err := w.rewriter.condition(old, aliased(refname(s.Relation)))
		if err != nil {
			return err
		}
		guards = append(guards, guard)
		w.guardedItem(targetItem(s.Relation, relation, old, guard))
	}
	w.summariseReturning(s.ReturningList)
	if s.WhereClause, _, err = w.fence(clauses{where: s.WhereClause}); err != nil {
		return err
	}
	s.WhereClause = and(append([]*pg.Node{s.WhereClause}, guards...)...)
	return nil
}
