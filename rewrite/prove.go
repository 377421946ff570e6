package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"
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
	rewriter *Rewriter
	plan     *plan.Plan
	path     []step
	guards   map[protoreflect.Message]bool    // conjuncts that were recognised as guards
	filters  map[*pg.Node]map[uint64]*pg.Node // the conjuncts of filters seen so far, by fingerprint
	inGuards [][]protoreflect.Message         // for each relation with a path alias: its ancestors
}

// step is a message on the way from the root, and the field of it that the way goes on through.
type step struct {
	message protoreflect.Message
	field   protoreflect.Name
}

func (g *Rewriter) prove(root *pg.Node, p *plan.Plan) error {
	v := &prover{rewriter: g, plan: p, guards: map[protoreflect.Message]bool{}, filters: map[*pg.Node]map[uint64]*pg.Node{}}
	if err := v.visit(root.ProtoReflect()); err != nil {
		return fmt.Errorf("proving the rewritten statement: %w", err)
	}
	for _, ancestors := range v.inGuards {
		if !v.anyGuard(ancestors) {
			return fmt.Errorf("proving the rewritten statement: a path's relation stands outside of every guard")
		}
	}
	return nil
}

func (v *prover) visit(m protoreflect.Message) error {
	switch classify(m.Descriptor().Name()) {
	case passes, handled:
	default:
		return fmt.Errorf("%s is not on the list", m.Descriptor().Name())
	}
	var err error
	switch n := m.Interface().(type) {
	case *pg.RangeVar:
		err = v.rangeVar(n)
	case *pg.FuncCall:
		err = v.functionCall(n)
	case *pg.ColumnRef:
		err = v.attribute(n)
	case *pg.A_Indirection:
		err = v.indirection(n)
	case *pg.SelectStmt:
		if n.IntoClause != nil {
			err = fmt.Errorf("SELECT INTO")
		}
	case *pg.InsertStmt:
		err = v.insert(n)
	case *pg.UpdateStmt:
		err = v.update(n)
	case *pg.DeleteStmt:
		err = v.mayWrite(n.Relation, catalog.Delete)
	}
	if err != nil {
		return err
	}
	return sqltree.Children(m, func(field protoreflect.FieldDescriptor, child protoreflect.Message) error {
		v.path = append(v.path, step{m, field.Name()})
		defer func() { v.path = v.path[:len(v.path)-1] }()
		return v.visit(child)
	})
}

func (v *prover) functionCall(n *pg.FuncCall) error {
	parts := strs(n.Funcname)
	if len(parts) != 2 || parts[0] != "pg_catalog" || !v.rewriter.mayCall(parts[1]) {
		return fmt.Errorf("function %v is not on the list", parts)
	}
	return nil
}

// rangeVar judges one name of a relation.
func (v *prover) rangeVar(rv *pg.RangeVar) error {
	holder := v.holder()
	if _, ok := holder.message.Interface().(*pg.LockingClause); ok {
		return nil // an alias
	}
	if holder.field == "relation" {
		switch holder.message.Interface().(type) {
		case *pg.InsertStmt:
			return v.mayWrite(rv, catalog.Create)
		case *pg.UpdateStmt, *pg.DeleteStmt:
			return v.written(rv, holder)
		}
	}
	if rv.Schemaname == "" {
		if v.inScope(rv.Relname) {
			return nil
		}
		return fmt.Errorf("relation %s is neither qualified nor a WITH query", rv.Relname)
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
	return v.guarded(conditionOf(rules...), renamed(rv, entity.Relation), rv)
}

// written judges the target of an UPDATE or DELETE.
func (v *prover) written(rv *pg.RangeVar, holder step) error {
	entity, err := v.entity(rv)
	if err != nil {
		return err
	}
	action := catalog.Delete
	if _, ok := holder.message.Interface().(*pg.UpdateStmt); ok {
		action = catalog.Update
	}
	if err := v.mayWrite(rv, action); err != nil {
		return err
	}
	return v.guarded(conditionOf(v.plan.Rule(entity.Name, catalog.Read), v.plan.Rule(entity.Name, action)), aliased(refname(rv)), rv)
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
	guard, err := v.rewriter.condition(condition, r)
	if err != nil {
		return err
	}
	terms := map[uint64]*pg.Node{}
	for _, n := range conjunctNodes(guard) {
		terms[sqltree.Fingerprint(n)] = n
	}
	for i := len(v.path) - 1; i >= 0; i-- {
		filter, level := v.filter(v.path[i])
		if filter != nil && v.recognise(filter, terms) {
			return nil
		}
		if level {
			break
		}
	}
	return fmt.Errorf("relation %s.%s stands without its guard", rv.Schemaname, rv.Relname)
}

// filter returns the condition at a step that every row coming from below must satisfy, and whether the step is the query level.
func (v *prover) filter(s step) (filter *pg.Node, level bool) {
	switch n := s.message.Interface().(type) {
	case *pg.SelectStmt:
		return n.WhereClause, true
	case *pg.UpdateStmt:
		return n.WhereClause, true
	case *pg.DeleteStmt:
		return n.WhereClause, true
	case *pg.JoinExpr:
		inner := n.Jointype == pg.JoinType_JOIN_INNER
		if inner || n.Jointype == pg.JoinType_JOIN_LEFT && s.field == "rarg" || n.Jointype == pg.JoinType_JOIN_RIGHT && s.field == "larg" {
			return n.Quals, false
		}
	}
	return nil, false
}

// recognise says whether every conjunct of a guard is one of the filter's, and remembers those.
func (v *prover) recognise(filter *pg.Node, guard map[uint64]*pg.Node) bool {
	have := v.filters[filter]
	if have == nil {
		have = map[uint64]*pg.Node{}
		for _, n := range conjunctNodes(filter) {
			have[sqltree.Fingerprint(n)] = n
		}
		v.filters[filter] = have
	}
	var found []protoreflect.Message
	for fingerprint, want := range guard {
		n := have[fingerprint]
		if n == nil || !sqltree.Equal(want, n) {
			return false
		}
		found = append(found, n.ProtoReflect())
	}
	for _, f := range found {
		v.guards[f] = true
	}
	return true
}

func conjunctNodes(n *pg.Node) []*pg.Node {
	if b := n.GetBoolExpr(); b != nil && b.Boolop == pg.BoolExprType_AND_EXPR {
		return b.Args
	}
	return []*pg.Node{n}
}
