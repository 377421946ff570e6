package rewrite

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog/expr"
)

// comparison prints a comparison. Where end is given, the left side is a column at the end of a path that is already joined.
func (p *printer) comparison(e expr.Expr, end func(expr.Column) *pg.Node, r rows) (*pg.Node, error) {
	l, err := p.leftOf(e, end, r)
	if err != nil {
		return nil, err
	}
	switch e := e.(type) {
	case expr.Compare:
		right, err := p.scalar(e.Right, r)
		return expression(pg.A_Expr_Kind_AEXPR_OP, p.operator(string(e.Op)), l, right), err
	case expr.In:
		items, err := p.each(e.List, func(t expr.Expr) (*pg.Node, error) { return p.scalar(t, r) })
		return p.in(l, items), err
	case expr.EqAny:
		array, err := p.scalar(e.Array, r)
		return expression(pg.A_Expr_Kind_AEXPR_OP_ANY, p.operator("="), l, array), err
	case expr.Like:
		op := "~~"
		if e.Insensitive {
			op = "~~*"
		}
		return expression(pg.A_Expr_Kind_AEXPR_OP, p.operator(op), l, cast(literal(e.Pattern), builtinType("text"))), nil
	case expr.Contains:
		right, err := p.scalar(e.Right, r)
		return expression(pg.A_Expr_Kind_AEXPR_OP, p.operator(e.Op), l, right), err
	default:
		return nil, fmt.Errorf("condition %T is not a comparison", e)
	}
}

func (p *printer) leftOf(e expr.Expr, end func(expr.Column) *pg.Node, r rows) (*pg.Node, error) {
	left := left(e)
	if c, ok := left.(expr.Column); ok && end != nil {
		return end(c), nil
	}
	return p.scalar(left, r)
}

// left is the left side of a comparison, nil for anything else. A comparison is never TRUE where that is NULL.
func left(e expr.Expr) expr.Expr {
	switch e := e.(type) {
	case expr.Compare:
		return e.Left
	case expr.In:
		return e.Left
	case expr.EqAny:
		return e.Left
	case expr.Like:
		return e.Left
	case expr.Contains:
		return e.Left
	default:
		return nil
	}
}

// in is left IN (items). IN cannot name its operator, so where = is ambiguous the comparisons are spelled out.
func (p *printer) in(left *pg.Node, items []*pg.Node) *pg.Node {
	if !p.qualified["="] {
		list := &pg.Node{Node: &pg.Node_List{List: &pg.List{Items: items}}}
		return expression(pg.A_Expr_Kind_AEXPR_IN, names("="), left, list)
	}
	terms := make([]*pg.Node, len(items))
	for i, item := range items {
		terms[i] = expression(pg.A_Expr_Kind_AEXPR_OP, p.operator("="), copyOf(left), item)
	}
	return or(terms...)
}

// distinct prints IS DISTINCT FROM, which cannot name its operator either.
func (p *printer) distinct(e expr.Distinct, r rows) (*pg.Node, error) {
	l, err := p.scalar(e.Left, r)
	if err != nil {
		return nil, err
	}
	right, err := p.scalar(e.Right, r)
	if err != nil {
		return nil, err
	}
	if !p.qualified["="] {
		return expression(pg.A_Expr_Kind_AEXPR_DISTINCT, names("="), l, right), nil
	}
	either := or(isNull(l), isNull(right))
	both := and(isNull(copyOf(l)), isNull(copyOf(right)))
	differ := not(expression(pg.A_Expr_Kind_AEXPR_OP, p.operator("="), copyOf(l), copyOf(right)))
	return caseWhen(either, not(both), differ), nil
}

// endOf is the left side of a comparison where that is a column over a path; a column without a path where it is not.
func endOf(e expr.Expr) expr.Column {
	c, _ := left(e).(expr.Column)
	return c
}

func sameEnd(a, b expr.Column) bool {
	return a.Up == b.Up && slices.EqualFunc(a.Path, b.Path, func(x, y expr.Hop) bool {
		return x.Relation == y.Relation && x.Schema == y.Schema && x.Table == y.Table &&
			slices.Equal(x.On, y.On) && equalExpr(x.Where, y.Where)
	})
}
