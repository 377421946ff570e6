package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// mergeReturns is the server version from which MERGE has RETURNING, the only place where a final row can be looked at.
const mergeReturns = 170000

// spellable refuses the forms of MERGE that the server cannot read: its own answer is a syntax error.
func (w *walker) spellable(s *pg.MergeStmt) error {
	if w.rewriter.snapshot.Schema.ServerVersion >= mergeReturns {
		return nil
	}
	form := ""
	if len(s.ReturningList) > 0 {
		form = "RETURNING"
	}
	for _, n := range s.MergeWhenClauses {
		if n.GetMergeWhenClause().GetMatchKind() == pg.MergeMatchKind_MERGE_WHEN_NOT_MATCHED_BY_SOURCE {
			form = "NOT MATCHED BY SOURCE"
		}
	}
	if form == "" {
		return nil
	}
	return w.deny(StatementDenied, stateSyntaxError, "MERGE has no %s on this server", form).hint("PostgreSQL 17 and later have it.")
}

// finalRules are what the final rows of a MERGE's branches must satisfy, by what was done; nil for nothing.
type finalRules struct {
	needed         bool
	mixed          bool // branches of a kind have different conditions, and the final row does not say which branch made it
	insert, update expr.Expr
}

// add notes the condition of a branch.
func (f *finalRules) add(action catalog.Action, condition expr.Expr, certain bool) {
	f.needed = f.needed || !certain
	slot := &f.update
	if action == catalog.Create {
		slot = &f.insert
	}
	f.mixed = f.mixed || *slot != nil && !equalExpr(*slot, condition)
	*slot = condition
}

// leave notes what is left of a branch's check for RETURNING.
func (w *walker) leave(m *merging, action catalog.Action, condition expr.Expr, a *ahead) error {
	if !a.certain && w.rewriter.snapshot.Schema.ServerVersion < mergeReturns {
		return w.deny(OperationDenied, stateFeatureNotSupported, "rows that MERGE writes to table %q cannot be checked", m.relation.Name).
			hint("Triggers, defaults or generated columns decide them last. Use INSERT ... ON CONFLICT, UPDATE or DELETE here.")
	}
	m.final.add(action, condition, a.certain)
	return nil
}

// checkMerged checks final rows in RETURNING, by what became of each.
func (w *walker) checkMerged(m *merging, at place) error {
	if !m.final.needed {
		return nil
	}
	if m.final.mixed {
		return w.deny(OperationDenied, stateFeatureNotSupported, "branches of this MERGE are checked differently").
			hint("Let all its branches of one kind write the same columns, or write several statements.")
	}
	condition, err := w.rewriter.finalRow(&m.final, m.name)
	if err != nil {
		return err
	}
	check := orRaise(condition, w.violation(m.relation, ""))
	m.stmt.ReturningList, err = w.returnCheck(m.stmt.ReturningList, check, m.name, m.relation, at)
	return err
}

// finalRow is CASE WHEN merge_action() = 'INSERT' THEN .. WHEN merge_action() = 'UPDATE' THEN .. ELSE true END.
func (g *Rewriter) finalRow(f *finalRules, name string) (*pg.Node, error) {
	var whens []*pg.Node
	for _, of := range []struct {
		action    string
		condition expr.Expr
	}{{"INSERT", f.insert}, {"UPDATE", f.update}} {
		if of.condition == nil {
			continue
		}
		node, err := g.condition(of.condition, aliased(name))
		if err != nil {
			return nil, err
		}
		whens = append(whens, when(actionIs(of.action), node))
	}
	return caseOf(whens, boolean(true)), nil
}

func actionIs(action string) *pg.Node {
	const text = 25 // what the parser writes in
	done := &pg.Node{Node: &pg.Node_MergeSupportFunc{MergeSupportFunc: &pg.MergeSupportFunc{Msftype: text, Location: sqltree.Unlocated}}}
	return expression(pg.A_Expr_Kind_AEXPR_OP, names(pgCatalog, "="), done, literal(action))
}
