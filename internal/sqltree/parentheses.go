package sqltree

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// keepParentheses puts operands that the printer would print without the parentheses that they need into COALESCE of one argument, which is that
// argument. The tree would come back as another one otherwise, and the statement be refused.
//
// What has subscripts or fields it puts into an indirection without any, which only the printer sees: it prints parentheses around those. The function
// that it returns takes them away again; it is nil where there are none.
func keepParentheses(stmt *pg.Node) (restore func()) {
	var put []*pg.A_Indirection
	var look func(protoreflect.Name, proto.Message) error
	look = func(_ protoreflect.Name, m proto.Message) error {
		switch n := m.(type) {
		case *pg.ColumnRef, *pg.A_Const, *pg.RangeVar:
			return nil // They hold no expressions.
		case *pg.NullTest:
			if n.Arg.GetBoolExpr() != nil || distinct(n.Arg) {
				enclose(n.Arg)
			}
		case *pg.BooleanTest:
			if distinct(n.Arg) {
				enclose(n.Arg)
			}
		case *pg.SubLink:
			encloseLoose(n.Testexpr)
		case *pg.A_Expr:
			operands(n)
		case *pg.A_Indirection:
			put = append(put, n)
		}
		return Children(m, look)
	}
	_ = look("", stmt)
	return subscripted(put)
}

// operands are enclosed where the expression is of a kind that is written with words.
func operands(n *pg.A_Expr) {
	switch n.Kind {
	case pg.A_Expr_Kind_AEXPR_IN, pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_OP_ALL:
		encloseLoose(n.Lexpr)
	case pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT, pg.A_Expr_Kind_AEXPR_LIKE,
		pg.A_Expr_Kind_AEXPR_ILIKE, pg.A_Expr_Kind_AEXPR_SIMILAR:
		encloseLoose(n.Lexpr)
		encloseLoose(n.Rexpr)
	case pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN,
		pg.A_Expr_Kind_AEXPR_BETWEEN_SYM, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
		encloseLoose(n.Lexpr)
		for _, bound := range n.Rexpr.GetList().GetItems() {
			encloseLoose(bound)
			if bound.GetCollateClause() != nil || bound.GetFuncCall().GetFuncformat() == pg.CoercionForm_COERCE_SQL_SYNTAX {
				enclose(bound)
			}
		}
	default: // operators, whose operands the printer encloses
	}
}

// encloseLoose encloses what binds less tightly than words, or not more.
func encloseLoose(n *pg.Node) {
	loose := n.GetBoolExpr() != nil || n.GetNullTest() != nil || n.GetBooleanTest() != nil || n.GetSubLink().GetTestexpr() != nil
	if e := n.GetAExpr(); e != nil {
		loose = e.Kind != pg.A_Expr_Kind_AEXPR_NULLIF && (e.Kind != pg.A_Expr_Kind_AEXPR_OP || compares(e))
	}
	if loose {
		enclose(n)
	}
}

// compares says that an operator is one of those that bind less tightly than all others.
func compares(e *pg.A_Expr) bool {
	if len(e.Name) != 1 {
		return false
	}
	switch e.Name[0].GetString_().GetSval() {
	case "=", "<", ">", "<=", ">=", "<>":
		return true
	default:
		return false
	}
}

// subscripted puts what these have subscripts or fields of into an indirection without any, save where a name or a parameter has them.
func subscripted(all []*pg.A_Indirection) (restore func()) {
	all = slices.DeleteFunc(all, func(n *pg.A_Indirection) bool { return len(n.Indirection) == 0 || !bare(n.Arg) })
	if len(all) == 0 {
		return nil
	}
	for _, n := range all {
		n.Arg = &pg.Node{Node: &pg.Node_AIndirection{AIndirection: &pg.A_Indirection{Arg: n.Arg}}}
	}
	return func() {
		for _, n := range all {
			n.Arg = n.Arg.GetAIndirection().Arg
		}
	}
}

// bare says that an operand of subscripts may be printed without the parentheses that it needs: all but a name and a parameter need them.
func bare(n *pg.Node) bool { return n.GetColumnRef() == nil && n.GetParamRef() == nil }

func distinct(n *pg.Node) bool {
	kind := n.GetAExpr().GetKind()
	return kind == pg.A_Expr_Kind_AEXPR_DISTINCT || kind == pg.A_Expr_Kind_AEXPR_NOT_DISTINCT
}

func enclose(n *pg.Node) {
	n.Node = &pg.Node_CoalesceExpr{CoalesceExpr: &pg.CoalesceExpr{Args: []*pg.Node{{Node: n.Node}}, Location: Unlocated}}
}
