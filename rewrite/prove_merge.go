package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// mergeProof is a MERGE while it is proven.
type mergeProof struct {
	stmt         *pg.MergeStmt
	entity       *catalog.Entity
	read         plan.Rule
	seen         *pg.Node // what target rows must satisfy to be seen; nil for nothing
	returned     *pg.Node // the condition that RETURNING holds final rows against
	hasReturning bool     // the client's own
	final        finalRules
}

// merge demands that the target is filtered in ON and in every branch that could see rows which ON kept away, that what the client compares
// target rows with stands behind the filter, and that each action is guarded and checked.
func (v *prover) merge(n *pg.MergeStmt) error {
	entity, err := v.entity(n.Relation)
	if err != nil {
		return err
	}
	if err := v.mayWrite(n.Relation, catalog.Read); err != nil {
		return err
	}
	clients, returned := splitCheck(n.ReturningList)
	p := &mergeProof{stmt: n, entity: entity, read: v.plan.Rule(entity.Name, catalog.Read), returned: returned, hasReturning: len(clients) > 0}
	if seen := conditionOf(p.read); seen != nil {
		if p.seen, err = v.rewriter.condition(seen, aliased(refname(n.Relation))); err != nil {
			return err
		}
		if err := v.mergeOn(p); err != nil {
			return err
		}
	}
	for _, branch := range n.MergeWhenClauses {
		if err := v.branch(p, branch.GetMergeWhenClause()); err != nil {
			return err
		}
	}
	if p.returned == nil {
		return nil
	}
	want, err := v.rewriter.finalRow(&p.final, refname(n.Relation))
	if err != nil {
		return err
	}
	if p.final.mixed || !sqltree.Equal(want, p.returned) {
		return fmt.Errorf("rows of %s are merged without their check", entity.Relation.Name)
	}
	return nil
}

// mergeOn demands the filter among the conjuncts of ON, and around those that could tell of rows behind it.
func (v *prover) mergeOn(p *mergeProof) error {
	guard := map[uint64]*pg.Node{}
	for _, term := range conjunctNodes(p.seen) {
		guard[sqltree.Fingerprint(term)] = term
	}
	if p.stmt.JoinCondition == nil {
		return fmt.Errorf("relation %s is merged without a condition", p.entity.Relation.Name)
	}
	found, early := v.recognise(p.stmt.JoinCondition, guard)
	v.early[p.stmt.Relation], v.proven[p.stmt.Relation] = early, conditionOf(p.read)
	if !found {
		return fmt.Errorf("relation %s is merged without its guard", p.entity.Relation.Name)
	}
	for _, term := range conjunctNodes(p.stmt.JoinCondition) {
		if v.isGuard(term) || v.rewriter.quietJoin(term, p.stmt, p.entity.Relation) {
			continue
		}
		if c := term.GetCaseExpr(); c.GetDefresult() != nil || !v.fencedBy(p.seen, term) {
			return fmt.Errorf("a condition on %s runs ahead of its guard", p.entity.Relation.Name)
		}
	}
	return nil
}

// fencedBy says whether an expression is CASE WHEN guard THEN .. END, and notes the guard.
func (v *prover) fencedBy(guard, n *pg.Node) bool {
	c := n.GetCaseExpr()
	if c == nil || c.Arg != nil || len(c.Args) != 1 {
		return false
	}
	condition := c.Args[0].GetCaseWhen().GetExpr()
	if !sqltree.Equal(guard, condition) {
		return false
	}
	v.guards[condition] = true
	return true
}

// branch judges one WHEN.
func (v *prover) branch(p *mergeProof, c *pg.MergeWhenClause) error {
	condition := c.GetCondition()
	if c.GetMatchKind() == pg.MergeMatchKind_MERGE_WHEN_NOT_MATCHED_BY_SOURCE && p.seen != nil {
		if !v.fencedBy(p.seen, condition) || !sqltree.Equal(boolean(false), condition.GetCaseExpr().Defresult) {
			return fmt.Errorf("rows of %s without a match are merged without their guard", p.entity.Relation.Name)
		}
		condition = condition.GetCaseExpr().Args[0].GetCaseWhen().Result
	}
	switch matched := seesTarget(c); {
	case c.GetCommandType() == pg.CmdType_CMD_NOTHING:
		return nil
	case c.GetCommandType() == pg.CmdType_CMD_UPDATE && matched:
		return v.mergeUpdate(p, c, condition)
	case c.GetCommandType() == pg.CmdType_CMD_DELETE && matched:
		remove := v.plan.Rule(p.entity.Name, catalog.Delete)
		if err := v.mayWrite(p.stmt.Relation, catalog.Delete); err != nil {
			return err
		}
		return v.action(p, condition, conditionOf(p.read, remove), nil)
	case c.GetCommandType() == pg.CmdType_CMD_INSERT && !matched:
		return v.mergeInsert(p, c, condition)
	default:
		return fmt.Errorf("a branch of MERGE into %s is of no known kind", p.entity.Relation.Name)
	}
}

func (v *prover) mergeUpdate(p *mergeProof, c *pg.MergeWhenClause, condition *pg.Node) error {
	if err := v.mayWrite(p.stmt.Relation, catalog.Update); err != nil {
		return err
	}
	update := v.plan.Rule(p.entity.Name, catalog.Update)
	if _, denied := columnTerms(update, targetNames(c.TargetList)); denied != "" {
		return fmt.Errorf("columns of %s are written that may not be", p.entity.Relation.Name)
	}
	if err := v.preset(update, c.TargetList); err != nil {
		return err
	}
	a := updateAction(p.entity.Relation, p.read, update, c)
	a.name, a.settled = refname(p.stmt.Relation), v.rewriter.isSettled(p.stmt.SourceRelation)
	a.targets = nil
	for _, n := range c.TargetList {
		a.targets = append(a.targets, copyOf(n))
	}
	found, err := (&walker{rewriter: v.rewriter}).foresee(a)
	if err != nil {
		return err
	}
	return v.merged(p, catalog.Update, a.condition, found, func() error { return v.action(p, condition, a.old, found) })
}

func (v *prover) mergeInsert(p *mergeProof, c *pg.MergeWhenClause, condition *pg.Node) error {
	if err := v.mayWrite(p.stmt.Relation, catalog.Create); err != nil {
		return err
	}
	create := v.plan.Rule(p.entity.Name, catalog.Create)
	if _, denied := columnTerms(create, targetNames(c.TargetList)); denied != "" || len(c.TargetList) != len(c.Values) {
		return fmt.Errorf("columns of %s are written that may not be", p.entity.Relation.Name)
	}
	for i, n := range c.TargetList {
		if err := v.isPreset(create, n.GetResTarget().GetName(), c.Values[i], p.entity.Relation); err != nil {
			return err
		}
	}
	required := insertCondition(p.read, create, c, p.hasReturning)
	found, err := (&walker{rewriter: v.rewriter}).foreseeInsert(p.entity.Relation, c, required, v.rewriter.isSettled(p.stmt.SourceRelation))
	if err != nil {
		return err
	}
	return v.merged(p, catalog.Create, required, found, func() error { return v.action(p, condition, nil, found) })
}

// merged demands that what a branch cannot know ahead is checked in RETURNING, and judges the rest.
func (v *prover) merged(p *mergeProof, action catalog.Action, condition expr.Expr, found *ahead, judge func() error) error {
	p.final.add(action, condition, found.certain)
	if !found.certain && p.returned == nil {
		return fmt.Errorf("rows of %s are merged without a check of their final values", p.entity.Relation.Name)
	}
	return judge()
}

// action demands of a branch's condition, or of what it gives where the client's own holds, that it fails for an old row that may not be acted on
// and for a new one that violates its check.
func (v *prover) action(p *mergeProof, have *pg.Node, old expr.Expr, found *ahead) error {
	if old == nil && (found == nil || len(found.now) == 0) {
		return nil
	}
	if c := have.GetCaseExpr(); c != nil && len(c.Args) == 1 && sqltree.Equal(boolean(false), c.Defresult) {
		have = c.Args[0].GetCaseWhen().GetResult()
	}
	if old != nil {
		guard, err := v.rewriter.condition(old, aliased(refname(p.stmt.Relation)))
		if err != nil {
			return err
		}
		if !v.fencedBy(guard, have) || !isRaise(have.GetCaseExpr().Defresult) {
			return fmt.Errorf("rows of %s are merged without a check of what they were", p.entity.Relation.Name)
		}
		have = have.GetCaseExpr().Args[0].GetCaseWhen().Result
	}
	if found == nil || len(found.now) == 0 {
		return nil
	}
	return v.sameCheck(checked(have), joined(found.now), found.row, p.stmt.Relation)
}
