package rewrite

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// standing demands of statements that are not queries that they stand where the grammar has them, and hold what may be held. What is in
// their bodies is visited like everything else.
func (v *prover) standing(m proto.Message) error {
	switch n := m.(type) {
	case *pg.PrepareStmt:
		return v.container(m, n.Query, isQuery)
	case *pg.ExplainStmt:
		return v.explanation(m, n)
	case *pg.DeclareCursorStmt:
		return v.explainable(m, n.Query, isSelect)
	case *pg.ExecuteStmt:
		return v.explainable(m, nil, nil)
	case *pg.VariableSetStmt:
		return v.setting(m, n)
	case *pg.ListenStmt:
		return v.aboutChannel(m, n.Conditionname)
	case *pg.NotifyStmt:
		return v.aboutChannel(m, n.Conditionname)
	case *pg.LockStmt:
		if err := v.lock(n); err != nil {
			return err
		}
		return v.container(m, nil, nil)
	case *pg.FetchStmt, *pg.ClosePortalStmt, *pg.DeallocateStmt, *pg.DiscardStmt, *pg.UnlistenStmt,
		*pg.TransactionStmt, *pg.VariableShowStmt:
		return v.container(m, nil, nil)
	default:
		return v.definition(m)
	}
}

// container demands that a statement is the whole one, and that its body, if it has one, is of a kind that it may have.
func (v *prover) container(m proto.Message, body *pg.Node, may func(*pg.Node) bool) error {
	if _, whole := v.holder().message.(*pg.Node); !whole {
		return fmt.Errorf("%s stands inside another statement", sqltree.KindOf(m))
	}
	if may != nil && !may(body) {
		return fmt.Errorf("%s holds another statement than it may", sqltree.KindOf(m))
	}
	return nil
}

// aboutChannel demands that a channel's name is filled in by us, for those who may listen.
func (v *prover) aboutChannel(m proto.Message, name string) error {
	if name != channelMark || !MayListen(v.plan) {
		return fmt.Errorf("%s names a channel of the server", sqltree.KindOf(m))
	}
	return v.container(m, nil, nil)
}

// setting demands of SET that its values are those that hold anyway where they are pinned, and harmless elsewhere.
func (v *prover) setting(m proto.Message, n *pg.VariableSetStmt) error {
	if n.Name == sentSetting {
		if n.Kind != pg.VariableSetKind_VAR_SET_VALUE || len(n.Args) != 1 || constantValue(n.Args[0].GetAConst()) != "" || n.Args[0].GetAConst().GetSval() == nil {
			return fmt.Errorf("%s is told to the server", n.Name)
		}
		return v.container(m, nil, nil)
	}
	if n.Kind == pg.VariableSetKind_VAR_SET_VALUE && !strings.EqualFold(n.Name, "timezone") { // whose value may be an interval
		var values []string
		for _, arg := range n.Args {
			values = append(values, constantValue(arg.GetAConst()))
		}
		s := v.rewriter.settings
		refused := s.judge(n.Name, values) != nil
		if strings.EqualFold(n.Name, "search_path") {
			refused = !slices.Equal(values, s.pinnedPath()) && (!slices.Equal(values, []string{temporarySchema}) || v.rewriter.needsPath(v.plan))
		}
		if refused {
			return fmt.Errorf("%s may not be set to %q", n.Name, values)
		}
	}
	return v.container(m, nil, nil)
}

// explainable is container for statements that EXPLAIN may hold too.
func (v *prover) explainable(m proto.Message, body *pg.Node, may func(*pg.Node) bool) error {
	if _, explained := v.holder().message.(*pg.ExplainStmt); explained {
		if may != nil && !may(body) {
			return fmt.Errorf("%s holds another statement than it may", sqltree.KindOf(m))
		}
		return nil
	}
	return v.container(m, body, may)
}

// explanation demands of EXPLAIN that the plan allows it, that it runs nothing and that it tells no estimates.
func (v *prover) explanation(m proto.Message, n *pg.ExplainStmt) error {
	if !v.plan.Explain {
		return errors.New("EXPLAIN is not allowed")
	}
	if !sqltree.Equal(list(explainOptions()), list(n.Options)) {
		return errors.New("EXPLAIN has other options than those that tell no estimates")
	}
	return v.container(m, n.Query, isExplainable)
}

func isExplainable(n *pg.Node) bool {
	return isQuery(n) || n.GetDeclareCursorStmt() != nil || n.GetExecuteStmt() != nil
}

func isSelect(n *pg.Node) bool { return n.GetSelectStmt() != nil }

func isQuery(n *pg.Node) bool {
	switch n.GetNode().(type) {
	case *pg.Node_SelectStmt, *pg.Node_InsertStmt, *pg.Node_UpdateStmt, *pg.Node_DeleteStmt, *pg.Node_MergeStmt:
		return true
	default:
		return false
	}
}
