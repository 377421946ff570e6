package catalog

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog/expr"
)

// in lowers `x IN (list)` and `x NOT IN (list)`.
func (c *compiler) in(n *pg_query.A_Expr, negated bool) (expr.Expr, bool) {
	list := n.GetRexpr().GetList()
	if list == nil {
		c.problem(n.GetLocation(), CodeConditionSyntax, "", "IN needs a list")
		return nil, false
	}
	x, ok := c.oneOf(n.GetLexpr(), list.GetItems())
	if ok && negated {
		return expr.Not{Term: x}, true
	}
	return x, ok
}

func (c *compiler) oneOf(leftNode *pg_query.Node, items []*pg_query.Node) (expr.Expr, bool) {
	left, good := c.operand(leftNode)
	compares := make([]expr.Expr, 0, len(items))
	for _, item := range items {
		right, ok := c.operand(item)
		if !ok || !good {
			good = false
			continue
		}
		x, ok := c.pair(expr.Eq, left, right)
		compares, good = append(compares, x), ok
	}
	switch {
	case !good:
		return nil, false
	case len(compares) == 0:
		c.problem(left.location, CodeConditionSyntax, "", "the list is empty")
		return nil, false
	case left.kind != valueOperand:
		// A constant or an attribute takes its type from each item it meets, so it is not one left side.
		return expr.Or{Terms: compares}, true
	}
	in := expr.In{Left: left.expr}
	for _, x := range compares {
		in.List = append(in.List, x.(expr.Compare).Right)
	}
	return in, true
}

// equalsAny lowers `x = ANY (array)`.
func (c *compiler) equalsAny(n *pg_query.A_Expr) (expr.Expr, bool) {
	if list := n.GetRexpr().GetAArrayExpr(); list != nil {
		return c.oneOf(n.GetLexpr(), list.GetElements())
	}
	left, okLeft := c.operand(n.GetLexpr())
	array, okArray := c.operand(n.GetRexpr())
	if !okLeft || !okArray {
		return nil, false
	}
	if array.kind == literalOperand || !array.typ.Array {
		c.problem(array.location, CodeTypeMismatch, "for a list of constants write IN (...)", "= ANY needs an array, and this is %s", array.describe())
		return nil, false
	}
	element := array
	element.typ = c.schema.Base(scalarOf(array.typ))
	l, r, ok := c.unify(left, element, true)
	if !ok {
		return nil, false
	}
	if array.kind == attributeOperand {
		return expr.EqAny{Left: l, Array: expr.Me{Name: array.name, Type: arrayIf(r.(expr.Me).Type, true)}}, true
	}
	return expr.EqAny{Left: l, Array: array.expr}, true
}
