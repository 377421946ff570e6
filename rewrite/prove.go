package rewrite

import (
	"errors"
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// The proof looks at the tree that the server will read, and knows nothing of how it was made. A generic walk finds every relation, and
// each must be a WITH query in scope, or stand under a guard equal to the one that the plan demands in that place, or stand
// inside such a guard. It finds every function call too, and every node must be on the list. A fault in the walker is a refused statement then,
// and never a leak.

// prover collects, in one walk, the guards that it has recognised and the relations that only a guard may hold.
type prover struct {
	rewriter   *Rewriter
	plan       *plan.Plan
	scalars    scalars
	parameters parameters
	types      map[*pg.FuncCall]bool // the calls of pg_typeof in the statement's own select list
	path       []step
	guards     map[proto.Message]bool           // conjuncts that were recognised as guards
	filters    map[*pg.Node]map[uint64]*pg.Node // the conjuncts of filters seen so far, by fingerprint
	bare       []*bareTarget                    // the writing statements around the walk whose targets have columns that are not open
	proven     map[*pg.RangeVar]expr.Expr       // the guard under which each relation was found
	inCase     map[*pg.Node]bool                // conjuncts that stand in such a CASE
	early      map[*pg.RangeVar]bool            // those whose guard no join is made of
	late       map[*pg.RangeVar]bool            // those whose guard has a sub-select, which the planner makes a join of elsewhere
	inGuards   [][]proto.Message                // for each relation with a path alias: its ancestors
	staging    bool                             // the statement is the INSERT of a staged COPY
	catalogs   int                              // catalogs of PostgreSQL named so far
	tables     int                              // tables of the database named so far
}

// step is a message on the way from the root, and the field of it that the way goes on through.
type step struct {
	message proto.Message
	field   protoreflect.Name
}

func (g *Rewriter) prove(root *pg.Node, p *plan.Plan, declared []expr.Type) error {
	if err := g.newProver(root, p, declared).all(root); err != nil {
		return fmt.Errorf("proving the rewritten statement: %w", err)
	}
	return nil
}

func (g *Rewriter) newProver(root *pg.Node, p *plan.Plan, declared []expr.Type) *prover {
	if s := root.GetPrepareStmt(); s != nil {
		declared = typesNamed(s.Argtypes)
	}
	seen := surveyOf(root, declared)
	return &prover{
		rewriter: g, plan: p, scalars: seen.scalars, parameters: seen.parameters, types: shownTypes(root), guards: map[proto.Message]bool{},
		filters: map[*pg.Node]map[uint64]*pg.Node{}, proven: map[*pg.RangeVar]expr.Expr{}, early: map[*pg.RangeVar]bool{}, late: map[*pg.RangeVar]bool{}, inCase: map[*pg.Node]bool{},
	}
}

// all makes every proof of a statement.
func (v *prover) all(root *pg.Node) error {
	if err := v.visit(root); err != nil {
		return err
	}
	if err := v.catalogsAlone(root); err != nil {
		return err
	}
	if err := v.fences(root); err != nil {
		return err
	}
	for _, ancestors := range v.inGuards {
		if !v.anyGuard(ancestors) {
			return errors.New("a path's relation stands outside of every guard")
		}
	}
	return nil
}

func (v *prover) visit(m proto.Message) error {
	if c := classify(sqltree.KindOf(m)); c != passes && c != handled {
		return fmt.Errorf("%s is not on the list", sqltree.KindOf(m))
	}
	if err := v.operators(m); err != nil {
		return err
	}
	if err := v.standing(m); err != nil {
		return err
	}
	switch n := m.(type) {
	case *pg.SubLink:
		if args := v.helper(n); args != nil {
			return v.helperArguments(m, args)
		}
	case *pg.CaseExpr:
		if oid := v.tableNamed(n); oid != nil {
			v.path = append(v.path, step{m, "expr"})
			defer func() { v.path = v.path[:len(v.path)-1] }()
			return v.visit(oid)
		}
	case *pg.TypeName:
		if err := v.typeName(n); err != nil {
			return err
		}
	case *pg.InsertStmt:
		return v.write(m, n.Relation, func() error { return v.unless(n.Relation, func() error { return v.insert(v.plainInsert(n)) }) })
	case *pg.UpdateStmt:
		return v.write(m, n.Relation, func() error { return v.unless(n.Relation, func() error { return v.update(n) }) })
	case *pg.DeleteStmt:
		return v.write(m, n.Relation, func() error {
			return v.unless(n.Relation, func() error { return v.mayWrite(n.Relation, catalog.Delete) })
		})
	case *pg.CopyStmt:
		if n.IsFrom {
			return v.write(m, n.Relation, func() error { return v.copyIn(n) })
		}
		if err := v.copyOut(n); err != nil {
			return err
		}
	case *pg.MergeStmt:
		return v.write(m, n.Relation, func() error { return v.unless(n.Relation, func() error { return v.merge(n) }) })
	case *pg.RangeVar:
		if err := v.rangeVar(n); err != nil {
			return err
		}
	case *pg.FuncCall:
		if err := v.functionCall(n); err != nil {
			return err
		}
	case *pg.ColumnRef:
		if err := v.attribute(n); err != nil {
			return err
		}
		if err := v.columnRef(n); err != nil {
			return err
		}
	case *pg.A_Indirection:
		if err := v.indirection(n); err != nil {
			return err
		}
	case *pg.SelectStmt:
		if n.IntoClause != nil {
			return fmt.Errorf("SELECT INTO")
		}
		if v.catalogQuery(n) {
			return nil
		}
	}
	return v.below(m)
}

// below visits what is in a message, save what the plan itself says of a target's columns.
func (v *prover) below(m proto.Message) error {
	return sqltree.Children(m, func(field protoreflect.Name, child proto.Message) error {
		if v.sanctioned(child) || v.waitsFor(m, field, child) {
			return v.relations(m, field, child)
		}
		v.path = append(v.path, step{m, field})
		defer func() { v.path = v.path[:len(v.path)-1] }()
		return v.visit(child)
	})
}

// relations visits something sanctioned for the relations in it, which stand in guards.
func (v *prover) relations(m proto.Message, field protoreflect.Name, child proto.Message) error {
	bare := v.bare
	v.bare = nil
	v.path = append(v.path, step{m, field})
	defer func() { v.path, v.bare = v.path[:len(v.path)-1], bare }()
	return v.visit(child)
}

// write visits a writing statement.
func (v *prover) write(m proto.Message, target *pg.RangeVar, judge func() error) error {
	if err := judge(); err != nil {
		return err
	}
	leave, err := v.enterTarget(target)
	if err != nil {
		return err
	}
	defer leave()
	return v.below(m)
}

func (v *prover) functionCall(n *pg.FuncCall) error {
	parts := strs(n.Funcname)
	if isUnlockAll(n) || len(parts) == 2 && parts[0] == pgCatalog && v.rewriter.mayCall(parts[1]) {
		return nil
	}
	if len(parts) == 2 && parts[0] == pgCatalog && v.lenient(parts[1], n) {
		return nil
	}
	if len(parts) == 2 && parts[0] == informationSchema && describesTypes(parts[1]) {
		return nil
	}
	if len(parts) == 2 {
		if _, ok := v.rewriter.listedFunction(parts[0], parts[1], v.plan); ok {
			return nil
		}
	}
	return fmt.Errorf("function %v is not on the list", parts)
}

// rangeVar judges one name of a relation.
func (v *prover) rangeVar(rv *pg.RangeVar) error {
	holder := v.holder()
	switch holder.message.(type) {
	case *pg.LockingClause:
		return nil // an alias
	case *pg.LockStmt:
		return nil // judged with its statement
	}
	if v.temporary(rv) {
		return nil
	}
	if holder.field == "relation" {
		switch holder.message.(type) {
		case *pg.InsertStmt, *pg.CopyStmt:
			return v.mayWrite(rv, catalog.Create)
		case *pg.UpdateStmt, *pg.DeleteStmt:
			return v.written(rv, holder)
		case *pg.MergeStmt:
			return nil // judged with its statement
		}
	}
	if v.isStaging(rv, holder) {
		return nil
	}
	if rv.Schemaname == "" {
		if v.inScope(rv.Relname) {
			return nil
		}
		return fmt.Errorf("relation %s is neither qualified nor a WITH query", rv.Relname)
	}
	if isCatalogSchema(rv.Schemaname) {
		return fmt.Errorf("catalog %s stands without what the plan demands", rv.Relname)
	}
	if len(refname(rv)) > 4 && refname(rv)[:4] == "ww_p" {
		v.inGuards = append(v.inGuards, v.ancestors())
		return nil
	}
	entity, err := v.entity(rv)
	if err != nil {
		return err
	}
	rules := []plan.Rule{v.plan.Rule(entity.Name, catalog.Read)}
	if v.locked(refname(rv)) {
		rules = append(rules, v.plan.Rule(entity.Name, catalog.Update))
	}
	for _, r := range rules {
		if r.Kind != plan.Restricted && r.Kind != plan.FullAccess {
			return fmt.Errorf("relation %s may not be read", rv.Relname)
		}
	}
	if err := v.shown(rv, entity.Relation, rules[0].Columns, holder); err != nil {
		return err
	}
	return v.guarded(conditionOf(rules...), renamed(rv, entity.Relation), rv)
}

// shown demands, for a relation of which the subject sees some columns only, a sub-select of its own with just what the plan shows.
func (v *prover) shown(rv *pg.RangeVar, r *catalog.Relation, columns map[string]plan.Shown, holder step) error {
	if columns == nil {
		return nil
	}
	if _, sampled := holder.message.(*pg.RangeTableSample); sampled {
		holder = v.outer(holder)
	}
	s, ok := holder.message.(*pg.SelectStmt)
	want, err := v.rewriter.shownTargets(r, columns, refname(rv))
	if err != nil {
		return err
	}
	if !ok || holder.field != "from_clause" || len(s.FromClause) != 1 || !sqltree.Equal(list(want), list(s.TargetList)) ||
		len(s.GroupClause)+len(s.SortClause)+len(s.DistinctClause)+len(s.WindowClause) > 0 || s.HavingClause != nil {
		return fmt.Errorf("relation %s stands with columns that are closed", rv.Relname)
	}
	for _, n := range s.TargetList {
		v.guards[n] = true // It is what the plan says, paths included.
	}
	return nil
}

func list(items []*pg.Node) *pg.List { return &pg.List{Items: items} }

// written judges the target of an UPDATE or DELETE.
func (v *prover) written(rv *pg.RangeVar, holder step) error {
	entity, err := v.entity(rv)
	if err != nil {
		return err
	}
	action := catalog.Delete
	if _, ok := holder.message.(*pg.UpdateStmt); ok {
		action = catalog.Update
	}
	if err := v.mayWrite(rv, action); err != nil {
		return err
	}
	old, _ := updateTerms(v.plan.Rule(entity.Name, catalog.Read), v.plan.Rule(entity.Name, action), setNames(holder))
	if err := v.guarded(old, aliased(refname(rv)), rv); err != nil {
		return err
	}
	return v.awaited(old, rv)
}

// setNames are the columns that an UPDATE sets; a DELETE sets none.
func setNames(holder step) []string {
	if u, ok := holder.message.(*pg.UpdateStmt); ok {
		return targetNames(u.TargetList)
	}
	return nil
}

func (v *prover) mayWrite(rv *pg.RangeVar, action catalog.Action) error {
	entity, err := v.entity(rv)
	if err != nil {
		return err
	}
	if k := v.plan.Rule(entity.Name, action).Kind; k != plan.Restricted && k != plan.FullAccess {
		return fmt.Errorf("relation %s may not be written", rv.Relname)
	}
	return nil
}

func (v *prover) entity(rv *pg.RangeVar) (*catalog.Entity, error) {
	if rv.Catalogname != "" {
		return nil, fmt.Errorf("relation %s names a database", rv.Relname)
	}
	v.tables++
	entity := v.rewriter.snapshot.EntityOf(catalog.RelationName{Schema: rv.Schemaname, Name: rv.Relname})
	if entity == nil {
		return nil, fmt.Errorf("relation %s.%s is not mapped", rv.Schemaname, rv.Relname)
	}
	return entity, nil
}

// guarded looks for a guard in the places, from the relation outwards to its query level, where a conjunct keeps rows away.
func (v *prover) guarded(condition expr.Expr, r row, rv *pg.RangeVar) error {
	if condition == nil {
		return nil
	}
	v.proven[rv] = condition
	guard, err := v.rewriter.condition(condition, r)
	if err != nil {
		return err
	}
	terms := map[uint64]*pg.Node{}
	v.late[rv] = hasSubSelect(guard)
	for _, n := range conjunctNodes(guard) {
		terms[sqltree.Fingerprint(n)] = n
	}
	level := false
	for i := len(v.path) - 1; i >= 0; i-- {
		if level {
			break
		}
		var filter *pg.Node
		filter, level = v.filter(v.path[i])
		if filter == nil {
			continue
		}
		if found, early := v.recognise(filter, terms); found {
			v.early[rv] = early
			return nil
		}
	}
	return fmt.Errorf("relation %s.%s stands without its guard", rv.Schemaname, rv.Relname)
}

// filter returns the condition at a step that every row coming from below must satisfy, and whether the step is the query level.
func (v *prover) filter(s step) (filter *pg.Node, level bool) {
	switch n := s.message.(type) {
	case *pg.SelectStmt:
		return n.WhereClause, true
	case *pg.UpdateStmt:
		return n.WhereClause, true
	case *pg.DeleteStmt:
		return n.WhereClause, true
	case *pg.MergeStmt:
		return nil, true // a row that ON keeps away has no match, and may be acted on for that
	case *pg.JoinExpr:
		inner := n.Jointype == pg.JoinType_JOIN_INNER
		if inner || n.Jointype == pg.JoinType_JOIN_LEFT && s.field == "rarg" || n.Jointype == pg.JoinType_JOIN_RIGHT && s.field == "larg" {
			return n.Quals, false
		}
	}
	return nil, false
}

// recognise says whether every conjunct of a guard is one of the filter's, and remembers those; early says that all of them stand in a CASE.
func (v *prover) recognise(filter *pg.Node, guard map[uint64]*pg.Node) (all, early bool) {
	have := v.filters[filter]
	if have == nil {
		have = map[uint64]*pg.Node{}
		for _, n := range conjunctNodes(filter) {
			have[sqltree.Fingerprint(n)] = n
			if inner := unjoined(n); inner != nil {
				for _, term := range conjunctNodes(inner) {
					have[sqltree.Fingerprint(term)] = term
					v.inCase[term] = true
				}
			}
		}
		v.filters[filter] = have
	}
	var found []proto.Message
	early = true
	for fingerprint, want := range guard {
		n := have[fingerprint]
		if n == nil || !sqltree.Equal(want, n) {
			return false, false
		}
		early = early && v.inCase[n]
		found = append(found, n)
	}
	for _, f := range found {
		v.guards[f] = true
	}
	return true, early
}

// unjoined is the guard in CASE WHEN guard THEN true END, which the planner makes no join of.
func unjoined(n *pg.Node) *pg.Node {
	c := n.GetCaseExpr()
	if c == nil || c.Arg != nil || c.Defresult != nil || len(c.Args) != 1 || !sqltree.Equal(c.Args[0].GetCaseWhen().GetResult(), boolean(true)) {
		return nil
	}
	return c.Args[0].GetCaseWhen().GetExpr()
}

func conjunctNodes(n *pg.Node) []*pg.Node {
	if b := n.GetBoolExpr(); b != nil && b.Boolop == pg.BoolExprType_AND_EXPR {
		return b.Args
	}
	return []*pg.Node{n}
}
