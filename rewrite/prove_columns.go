package rewrite

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// bareTarget is the target of a write of which the subject sees some columns only. Nothing stands between the statement and
// its columns, so every reference must be to an open column, or part of something that the plan itself says.
type bareTarget struct {
	name     string
	relation *catalog.Relation
	columns  map[string]plan.Shown
	partly   map[uint64]*pg.Node // what stands for columns that are seen in part, by fingerprint
	guard    map[uint64]*pg.Node // the terms of the target's guard, likewise
	depth    int                 // of the writing statement on the path
}

// enterTarget begins a writing statement. The function that it returns ends it.
func (v *prover) enterTarget(rv *pg.RangeVar) (func(), error) {
	if v.temporary(rv) {
		return func() {}, nil
	}
	entity, err := v.entity(rv)
	if err != nil {
		return nil, err
	}
	columns := v.plan.Rule(entity.Name, catalog.Read).Columns
	if columns == nil {
		return func() {}, nil
	}
	t := &bareTarget{
		name: refname(rv), relation: entity.Relation, columns: columns, partly: map[uint64]*pg.Node{}, depth: len(v.path),
	}
	for i := range entity.Relation.Columns {
		c := &entity.Relation.Columns[i]
		s, open := columns[c.Name]
		if !open || isOpen(s) {
			continue
		}
		n, err := v.rewriter.shownColumn(c, s, aliased(t.name))
		if err != nil {
			return nil, err
		}
		t.partly[sqltree.Fingerprint(n)] = n
	}
	v.bare = append(v.bare, t)
	return func() { v.bare = v.bare[:len(v.bare)-1] }, nil
}

// sanctioned says whether a node is something that the plan itself says of a bare target: a guard, or what stands for a column.
func (v *prover) sanctioned(m proto.Message) bool {
	n, ok := m.(*pg.Node)
	if !ok || len(v.bare) == 0 {
		return false
	}
	if v.guards[m] {
		return true
	}
	for _, t := range v.bare {
		if want := t.partly[sqltree.Fingerprint(n)]; want != nil && sqltree.Equal(want, n) {
			v.guards[m] = true
			return true
		}
	}
	return false
}

// awaited notes the guard under which a bare target was found: conditions of the same WHERE may wait for it in a CASE.
func (v *prover) awaited(condition expr.Expr, rv *pg.RangeVar) error {
	last := len(v.bare) - 1
	if condition == nil || last < 0 || v.bare[last].depth != len(v.path)-1 {
		return nil
	}
	guard, err := v.rewriter.condition(condition, aliased(refname(rv)))
	if err != nil {
		return err
	}
	v.bare[last].guard = map[uint64]*pg.Node{}
	for _, term := range conjunctNodes(guard) {
		v.bare[last].guard[sqltree.Fingerprint(term)] = term
	}
	return nil
}

// waitsFor says whether a node is a term of a bare target's guard that a condition of its WHERE waits for. It tells nothing: it is TRUE of every row
// that the statement touches.
func (v *prover) waitsFor(parent proto.Message, field protoreflect.Name, m proto.Message) bool {
	n, ok := m.(*pg.Node)
	if !ok || len(v.bare) == 0 || !v.inWhen(parent, field) {
		return false
	}
	for _, t := range v.bare {
		if want := t.guard[sqltree.Fingerprint(n)]; want != nil && v.path[t.depth].field == "where_clause" && v.atLevel(t) && sqltree.Equal(want, n) {
			return true
		}
	}
	return false
}

// inWhen says whether a field of a message is the condition of a WHEN, or one of several that it has.
func (v *prover) inWhen(parent proto.Message, field protoreflect.Name) bool {
	for i := len(v.path) - 1; ; i-- {
		switch n := parent.(type) {
		case *pg.CaseWhen:
			return field == "expr"
		case *pg.Node:
		case *pg.BoolExpr:
			if n.Boolop != pg.BoolExprType_AND_EXPR {
				return false
			}
		default:
			return false
		}
		if i < 0 {
			return false
		}
		parent, field = v.path[i].message, v.path[i].field
	}
}

// inCheck says whether the walk stands in the condition of a check, which was proven as a whole.
func (v *prover) inCheck() bool {
	for i, s := range v.path {
		c, ok := s.message.(*pg.CaseExpr)
		if !ok || !isRaise(c.Defresult) || s.field != "args" {
			continue
		}
		for _, below := range v.path[i+1:] {
			if _, isWhen := below.message.(*pg.CaseWhen); isWhen {
				if below.field == "expr" {
					return true
				}
				break
			}
		}
	}
	return false
}

// columnRef demands that a reference is not to a column that is closed, or seen in part, of a bare target.
func (v *prover) columnRef(ref *pg.ColumnRef) error {
	if len(v.bare) == 0 || v.inCheck() {
		return nil
	}
	parts := strs(ref.Fields)
	last := parts[len(parts)-1]
	for _, t := range v.bare {
		if !v.inSight(t) {
			continue
		}
		hidden := last == "" || t.relation.Column(last) != nil && !isOpen(t.columns[last])
		if len(parts) == 1 && last == t.name && !v.between(t, last) {
			return fmt.Errorf("a row of %s is named as a whole", t.relation.Name)
		}
		if !hidden || len(parts) > 1 && parts[len(parts)-2] != t.name || v.between(t, parts[max(0, len(parts)-2)]) {
			continue
		}
		if len(parts) == 1 && last == "" && !v.atLevel(t) {
			continue // * of a query further in
		}
		return fmt.Errorf("a column of %s is named that is not open", t.relation.Name)
	}
	return nil
}

// inSight says whether a target can be named here: the source of an INSERT or MERGE does not see it, nor does a branch of MERGE for source rows
// without a match.
func (v *prover) inSight(t *bareTarget) bool {
	switch v.path[t.depth].field {
	case "select_stmt", "source_relation":
		return false
	case "merge_when_clauses":
		for _, s := range v.path[t.depth:] {
			if c, ok := s.message.(*pg.MergeWhenClause); ok {
				return seesTarget(c)
			}
		}
	}
	return true
}

// between says whether a query between here and the writing statement takes a name for itself: as the alias of a FROM item, or as a column that one
// of its sub-selects gives.
func (v *prover) between(t *bareTarget, name string) bool {
	for i := len(v.path) - 1; i > t.depth; i-- {
		s, ok := v.path[i].message.(*pg.SelectStmt)
		if ok && slices.ContainsFunc(s.FromClause, func(n *pg.Node) bool { return takesName(n, name) }) {
			return true
		}
	}
	return false
}

func takesName(n *pg.Node, name string) bool {
	if j := n.GetJoinExpr(); j != nil {
		return takesName(j.Larg, name) || takesName(j.Rarg, name)
	}
	if rv := n.GetRangeVar(); rv != nil {
		return refname(rv) == name
	}
	sub := n.GetRangeSubselect()
	if sub.GetAlias().GetAliasname() == name && name != "" {
		return true
	}
	return slices.ContainsFunc(sub.GetSubquery().GetSelectStmt().GetTargetList(), func(n *pg.Node) bool {
		t := n.GetResTarget()
		fields := strs(t.GetVal().GetColumnRef().GetFields())
		return t.GetName() == name || t.GetName() == "" && len(fields) > 0 && fields[len(fields)-1] == name && name != ""
	})
}

// atLevel says whether the walk is at the writing statement's own level.
func (v *prover) atLevel(t *bareTarget) bool {
	for i := len(v.path) - 1; i > t.depth; i-- {
		if _, ok := v.path[i].message.(*pg.SelectStmt); ok {
			return false
		}
	}
	return true
}
