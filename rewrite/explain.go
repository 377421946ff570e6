package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// explainStatement lets a subject who may see explanations ask for a plan. It is sent without costs, which are estimates over everybody's
// rows, and its rows are reduced on the way back: see PlanLine.
func (w *walker) explainStatement(s *pg.ExplainStmt) error {
	if !w.plan.Explain {
		return w.deny(StatementDenied, stateInsufficientPrivilege, "permission denied: EXPLAIN is not allowed").
			hint("A plan tells of rows that are not yours. A role or user with `allow: [explain]` may ask for plans.")
	}
	for _, n := range s.Options {
		if err := w.explainOption(n.GetDefElem()); err != nil {
			return err
		}
	}
	s.Options = explainOptions()
	if err := w.explained(s.Query); err != nil {
		return err
	}
	w.said.Hold, w.hidden = false, HiddenPlan
	return nil
}

// explained guards the statement that a plan is asked for. EXECUTE leaves a name for it, and the others a body.
func (w *walker) explained(n *pg.Node) error {
	switch s := n.GetNode().(type) {
	case *pg.Node_ExecuteStmt:
		return w.execute(s.ExecuteStmt)
	case *pg.Node_DeclareCursorStmt:
		err := w.declare(s.DeclareCursorStmt)
		w.said.Name = ""
		return err
	default:
		body, err := w.body(n)
		w.said = Statement{Body: body}
		return err
	}
}

// explainOptions are those that every EXPLAIN is sent with.
func explainOptions() []*pg.Node {
	return []*pg.Node{{Node: &pg.Node_DefElem{DefElem: &pg.DefElem{
		Defname: "costs", Arg: text("off"), Defaction: pg.DefElemAction_DEFELEM_UNSPEC, Location: sqltree.Unlocated,
	}}}}
}

// explainOption accepts what leaves the plan as it is sent.
func (w *walker) explainOption(option *pg.DefElem) error {
	if option == nil {
		return w.deny(StatementDenied, stateSyntaxError, "unrecognized EXPLAIN option")
	}
	defer w.moveTo(option.Location)()
	value := option.GetArg().GetString_().GetSval()
	if i := option.GetArg().GetInteger(); i != nil {
		value = itoa(i.Ival)
	}
	off := value == "off" || value == "false" || value == "0"
	switch option.Defname {
	case "format":
		if value == "text" {
			return nil
		}
	case "costs", "analyze", "verbose", "settings", "generic_plan", "buffers", "wal", "timing", "summary", "memory", "serialize":
		if off || option.Defname == "serialize" && value == "none" {
			return nil
		}
	}
	return w.deny(StatementDenied, stateInsufficientPrivilege, "permission denied for EXPLAIN option %q", option.Defname).
		hint("Plans are told as text and without costs: EXPLAIN (COSTS OFF) SELECT ...")
}
