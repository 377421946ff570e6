package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// merging is a MERGE while it is guarded.
type merging struct {
	stmt     *pg.MergeStmt
	relation *catalog.Relation
	entity   *catalog.Entity
	at       int32  // of the target
	name     string // that the target's columns are qualified with
	read     plan.Rule
	seen     *pg.Node // what a target row satisfies that may be read; nil for every row
	rules    map[catalog.Action]plan.Rule
	settled  bool       // each column of the source has one value, however often it is named
	final    finalRules // what is left to be checked in RETURNING
}

// merge guards a MERGE as row-level security does: a target row that may not be read matches nothing; one that may not be changed by the
// action that was chosen for it is an error, and so is a new row that violates its check.
func (w *walker) merge(s *pg.MergeStmt, at place) error {
	defer w.enter()()
	if err := w.spellable(s); err != nil {
		return err
	}
	if err := w.with(s.WithClause); err != nil {
		return err
	}
	if w.isTemporary(s.Relation) {
		return w.mergeTemporary(s)
	}
	m := &merging{stmt: s, at: s.Relation.Location, rules: map[catalog.Action]plan.Rule{}}
	if err := w.mergeTarget(m); err != nil {
		return err
	}
	if err := w.mergeSource(m); err != nil {
		return err
	}
	var err error
	if s.ReturningList, err = w.openReturning(s.ReturningList, m.name, true); err != nil {
		return err
	}
	w.nameColumns(s.ReturningList)
	if err := w.children(s, "relation", "with_clause", "source_relation", "merge_when_clauses"); err != nil {
		return err
	}
	if err := w.visitBranches(m); err != nil {
		return err
	}
	w.settleFor(m)
	if err := w.mergeOn(m); err != nil {
		return err
	}
	for _, n := range s.MergeWhenClauses {
		if err := w.branch(m, n.GetMergeWhenClause()); err != nil {
			return err
		}
	}
	return w.checkMerged(m, at)
}

// mergeTarget resolves the target. Its rows are always looked at, so that the right to read is always needed.
func (w *walker) mergeTarget(m *merging) error {
	var err error
	if m.relation, m.entity, err = w.target(m.stmt.Relation); err != nil {
		return err
	}
	m.name = refname(m.stmt.Relation)
	if m.read, err = w.mergeRule(m, catalog.Read); err != nil {
		return err
	}
	if seen := conditionOf(m.read); seen != nil {
		m.seen, err = w.rewriter.condition(seen, aliased(m.name))
	}
	return err
}

// mergeRule is the rule for an action, which several branches may have in common.
func (w *walker) mergeRule(m *merging, action catalog.Action) (plan.Rule, error) {
	if r, ok := m.rules[action]; ok {
		return r, nil
	}
	r, err := w.rule(m.entity, action, m.at)
	m.rules[action] = r
	return r, err
}

// visitBranches visits what the client says in the branches. A branch for source rows without a match does not see the target.
func (w *walker) visitBranches(m *merging) error {
	for _, n := range m.stmt.MergeWhenClauses {
		c := n.GetMergeWhenClause()
		if c == nil {
			return w.refuseNode(n)
		}
		back := func() {}
		if !seesTarget(c) {
			back = w.hideTarget(m.name)
		}
		err := w.children(c)
		back()
		if err != nil {
			return err
		}
	}
	return nil
}

// hideTarget takes the names of a target away. The function that it returns brings them back.
func (w *walker) hideTarget(name string) func() {
	targets := map[string]origin{}
	for _, n := range append(w.rewriter.versions(), name) {
		if o := w.scope.origins[n]; n == name || o.version {
			targets[n] = o
			delete(w.scope.origins, n)
		}
	}
	return func() {
		for n, o := range targets {
			if _, taken := w.scope.origins[n]; !taken || n == name {
				w.scope.origins[n] = o
			}
		}
	}
}

func seesTarget(c *pg.MergeWhenClause) bool {
	return c.MatchKind != pg.MergeMatchKind_MERGE_WHEN_NOT_MATCHED_BY_TARGET
}

// mergeOn puts the read guard in front of the join condition, and around what the client's condition might tell of rows behind it.
func (w *walker) mergeOn(m *merging) error {
	if m.seen == nil {
		return nil
	}
	if m.stmt.JoinCondition == nil {
		return w.refuseNode(m.stmt)
	}
	seen := copyOf(m.seen)
	if hasSubSelect(seen) {
		seen = caseWhen(seen, boolean(true), nil) // The planner would join the path last, when the source may have failed for hidden rows.
	}
	terms := []*pg.Node{seen}
	for _, n := range conjunctNodes(m.stmt.JoinCondition) {
		if !w.rewriter.quietJoin(n, m.stmt, m.relation) {
			n = caseWhen(copyOf(m.seen), n, nil)
		}
		terms = append(terms, n)
	}
	m.stmt.JoinCondition = and(terms...)
	return nil
}

// branch guards one WHEN: its action happens only where the row may be acted on, and fails where it may not.
func (w *walker) branch(m *merging, c *pg.MergeWhenClause) error {
	var then *pg.Node
	var err error
	bySource := c.MatchKind == pg.MergeMatchKind_MERGE_WHEN_NOT_MATCHED_BY_SOURCE
	switch matched := seesTarget(c); {
	case c.CommandType == pg.CmdType_CMD_NOTHING:
	case c.CommandType == pg.CmdType_CMD_UPDATE && matched:
		then, err = w.mergeUpdate(m, c)
	case c.CommandType == pg.CmdType_CMD_DELETE && matched:
		then, err = w.mergeDelete(m)
	case c.CommandType == pg.CmdType_CMD_INSERT && !matched:
		then, err = w.mergeInsert(m, c)
	default:
		err = w.refuseNode(c)
	}
	if err != nil {
		return err
	}
	if then != nil && c.Condition != nil {
		then = caseWhen(c.Condition, then, boolean(false))
	} else if then == nil {
		then = c.Condition
	}
	if bySource && m.seen != nil {
		// Hidden rows have no match either. They must not get as far as the client's condition.
		if then == nil {
			then = boolean(true)
		}
		then = caseWhen(copyOf(m.seen), then, boolean(false))
	}
	c.Condition = then
	return nil
}

// mergeDelete is the condition of a DELETE; nil for none.
func (w *walker) mergeDelete(m *merging) (*pg.Node, error) {
	remove, err := w.mergeRule(m, catalog.Delete)
	if err != nil {
		return nil, err
	}
	return w.actedOn(m, conditionOf(m.read, remove), nil)
}

// mergeUpdate is the condition of an UPDATE: the old row may be changed, and the new one satisfies its check.
func (w *walker) mergeUpdate(m *merging, c *pg.MergeWhenClause) (*pg.Node, error) {
	update, err := w.mergeRule(m, catalog.Update)
	if err != nil {
		return nil, err
	}
	if err := w.namedOnce(c.TargetList, m.relation); err != nil {
		return nil, err
	}
	if err := w.mayWrite(update, m.relation, c.TargetList); err != nil {
		return nil, err
	}
	shareSources(c.TargetList)
	if c.TargetList, err = w.presetSet(c.TargetList, update); err != nil {
		return nil, err
	}
	a := updateAction(m.relation, m.read, update, c)
	a.name, a.settled = m.name, m.settled
	ahead, err := w.foresee(a)
	if err != nil {
		return nil, err
	}
	if err := w.leave(m, catalog.Update, a.condition, ahead); err != nil {
		return nil, err
	}
	check, err := w.aheadCheck(m, ahead)
	if err != nil {
		return nil, err
	}
	return w.actedOn(m, a.old, check)
}

// updateAction is the SET list of an UPDATE branch, as the checks of assignments see it.
func updateAction(relation *catalog.Relation, read, update plan.Rule, c *pg.MergeWhenClause) *assignment {
	old, condition := updateTerms(read, update, targetNames(c.TargetList))
	return &assignment{
		relation: relation, targets: c.TargetList, old: old, condition: condition,
		joined: c.MatchKind == pg.MergeMatchKind_MERGE_WHEN_MATCHED,
	}
}

// aheadCheck is what can be checked of a new row before it is written; nil for nothing.
func (w *walker) aheadCheck(m *merging, a *ahead) (*pg.Node, error) {
	if len(a.now) == 0 {
		return nil, nil
	}
	return w.required(joined(a.now), a.row, m.relation)
}

// actedOn is CASE WHEN old THEN check ELSE fail END, without what is not needed of it.
func (w *walker) actedOn(m *merging, old expr.Expr, check *pg.Node) (*pg.Node, error) {
	if old == nil {
		return check, nil
	}
	guard, err := w.rewriter.condition(old, aliased(m.name))
	if err != nil {
		return nil, err
	}
	if check == nil {
		check = boolean(true)
	}
	w.refusals = append(w.refusals, &Refusal{
		Code: RowCheckViolation, SQLState: stateInsufficientPrivilege,
		Message: "target row violates row-level security policy (USING expression) for table \"" + m.relation.Name + "\"",
	})
	return caseWhen(guard, check, raise(w.first+len(w.refusals)-1)), nil
}
