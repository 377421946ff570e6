package catalog

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog/expr"
)

// comparisons are the operators that compare.
var comparisons = map[string]expr.CompareOp{
	"=": expr.Eq, "<>": expr.Ne, "<": expr.Lt, "<=": expr.Le, ">": expr.Gt, ">=": expr.Ge,
}

// operator lowers an operator that gives true or false; boolean is false for those that give a value.
func (c *compiler) operator(n *pg_query.A_Expr) (x expr.Expr, ok, boolean bool) {
	name, ok := c.plainOperator(n)
	if !ok {
		return nil, false, true
	}
	switch n.GetKind() {
	case pg_query.A_Expr_Kind_AEXPR_OP:
		op, compares := comparisons[name]
		switch {
		case n.GetLexpr() == nil:
		case compares:
			x, ok = c.compare(op, n)
			return x, ok, true
		case name == "&&" || name == "@>" || name == "<@":
			x, ok = c.contains(name, n)
			return x, ok, true
		}
		if valueOperators[name] {
			return nil, false, false
		}
	case pg_query.A_Expr_Kind_AEXPR_IN:
		x, ok = c.in(n, name == "<>")
		return x, ok, true
	case pg_query.A_Expr_Kind_AEXPR_OP_ANY:
		if name == "=" {
			x, ok = c.equalsAny(n)
			return x, ok, true
		}
	case pg_query.A_Expr_Kind_AEXPR_BETWEEN, pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN:
		x, ok = c.between(n, n.GetKind() == pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN)
		return x, ok, true
	case pg_query.A_Expr_Kind_AEXPR_DISTINCT, pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		x, ok = c.distinct(n, n.GetKind() == pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT)
		return x, ok, true
	case pg_query.A_Expr_Kind_AEXPR_LIKE, pg_query.A_Expr_Kind_AEXPR_ILIKE:
		x, ok = c.like(n, strings.HasPrefix(name, "!"), n.GetKind() == pg_query.A_Expr_Kind_AEXPR_ILIKE)
		return x, ok, true
	}
	c.problem(n.GetLocation(), CodeConditionSyntax, "write it as {sql: ...}", "conditions do not know the operator %s", operatorLabel(n, name))
	return nil, false, true
}

// plainOperator is the operator's name; one that names its schema is not PostgreSQL's own.
func (c *compiler) plainOperator(n *pg_query.A_Expr) (string, bool) {
	if len(n.GetName()) != 1 {
		c.problem(n.GetLocation(), CodeConditionSyntax, "write the plain operator", "OPERATOR() is not part of conditions")
		return "", false
	}
	return n.GetName()[0].GetString_().GetSval(), true
}

func operatorLabel(n *pg_query.A_Expr, name string) string {
	labels := map[pg_query.A_Expr_Kind]string{
		pg_query.A_Expr_Kind_AEXPR_OP_ANY:          name + " ANY",
		pg_query.A_Expr_Kind_AEXPR_OP_ALL:          name + " ALL",
		pg_query.A_Expr_Kind_AEXPR_NULLIF:          "NULLIF",
		pg_query.A_Expr_Kind_AEXPR_SIMILAR:         "SIMILAR TO",
		pg_query.A_Expr_Kind_AEXPR_BETWEEN_SYM:     "BETWEEN SYMMETRIC",
		pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM: "NOT BETWEEN SYMMETRIC",
	}
	if l := labels[n.GetKind()]; l != "" {
		return l
	}
	return name
}

// both lowers the two sides of an operator.
func (c *compiler) both(n *pg_query.A_Expr) (left, right operand, ok bool) {
	left, okLeft := c.operand(n.GetLexpr())
	right, okRight := c.operand(n.GetRexpr())
	return left, right, okLeft && okRight
}

func (c *compiler) compare(op expr.CompareOp, n *pg_query.A_Expr) (expr.Expr, bool) {
	left, right, ok := c.both(n)
	if !ok {
		return nil, false
	}
	return c.pair(op, left, right)
}

func (c *compiler) distinct(n *pg_query.A_Expr, negated bool) (expr.Expr, bool) {
	left, right, ok := c.both(n)
	if !ok {
		return nil, false
	}
	l, r, ok := c.unify(left, right, true)
	if !ok {
		return nil, false
	}
	x := expr.Distinct{Left: l, Right: r}
	if negated {
		return expr.Not{Term: x}, true
	}
	return x, true
}

// between lowers `x BETWEEN a AND b` to its two comparisons.
func (c *compiler) between(n *pg_query.A_Expr, negated bool) (expr.Expr, bool) {
	bounds := n.GetRexpr().GetList().GetItems()
	if len(bounds) != 2 {
		c.problem(n.GetLocation(), CodeConditionSyntax, "", "BETWEEN needs two bounds")
		return nil, false
	}
	x, okX := c.operand(n.GetLexpr())
	low, okLow := c.operand(bounds[0])
	high, okHigh := c.operand(bounds[1])
	if !okX || !okLow || !okHigh {
		return nil, false
	}
	from, okFrom := c.pair(expr.Ge, x, low)
	to, okTo := c.pair(expr.Le, x, high)
	if !okFrom || !okTo {
		return nil, false
	}
	both := expr.And{Terms: []expr.Expr{from, to}}
	if negated {
		return expr.Not{Term: both}, true
	}
	return both, true
}

// like lowers LIKE and ILIKE. The pattern is a constant: an attribute in its place would bring its own wildcards.
func (c *compiler) like(n *pg_query.A_Expr, negated, insensitive bool) (expr.Expr, bool) {
	left, ok := c.operand(n.GetLexpr())
	if !ok {
		return nil, false
	}
	pattern := n.GetRexpr().GetAConst()
	if pattern.GetSval() == nil {
		c.problem(locationOf(n.GetRexpr(), n.GetLocation()), CodeConditionSyntax, "use starts_with() or strpos()",
			"the pattern of LIKE must be a constant, without ESCAPE")
		return nil, false
	}
	if left.kind == literalOperand || family(left.typ) != "text" {
		c.problem(left.location, CodeTypeMismatch, "", "LIKE is for text, and this is %s", left.describe())
		return nil, false
	}
	text := pattern.GetSval().GetSval()
	if trailing := len(text) - len(strings.TrimRight(text, `\`)); trailing%2 == 1 {
		c.problem(pattern.GetLocation(), CodeConditionSyntax, `write \\ for a backslash`, "the pattern ends with its escape character")
		return nil, false
	}
	x := expr.Like{Left: left.as(left.typ), Pattern: text, Insensitive: insensitive}
	if negated {
		return expr.Not{Term: x}, true
	}
	return x, true
}
