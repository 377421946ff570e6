package catalog

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog/expr"
)

// compiler lowers one condition for one entity. What it does not know it refuses; the grammar of conditions is what
// the switches here let pass.
type compiler struct {
	*binder
	on     *boundEntity
	source *condition
}

// compile types a condition over an entity. ok is false where a problem was reported.
func (b *binder) compile(c *condition, e *boundEntity) (expr.Expr, bool) {
	k := &compiler{binder: b, on: e, source: c}
	return k.boolean(c.tree)
}

// reportf reports a problem at a byte of the statement that the parser saw.
func (c *compiler) problem(location int32, code, hint, format string, args ...any) {
	c.add(c.source.source.Inside(int(location)-len(conditionPrefix)), code, hint, format, args...)
}

// boolean lowers what may be TRUE, FALSE or unknown.
func (c *compiler) boolean(n *pg_query.Node) (expr.Expr, bool) {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_BoolExpr:
		return c.logic(n.BoolExpr)
	case *pg_query.Node_NullTest:
		return c.nullTest(n.NullTest)
	case *pg_query.Node_AExpr:
		return c.operator(n.AExpr)
	}
	o, ok := c.operand(n)
	if !ok {
		return nil, false
	}
	if o.kind == literalOperand && o.literal == boolLiteral {
		return expr.Bool(o.text == "true"), true
	}
	if o.kind != literalOperand && o.typ == typeBool {
		return o.as(typeBool), true
	}
	c.problem(o.location, CodeConditionNotBoolean, "compare it with something", "this is %s and not true or false", o.describe())
	return nil, false
}

// logic lowers AND, OR and NOT. All terms are looked at, so that one run finds everything.
func (c *compiler) logic(n *pg_query.BoolExpr) (expr.Expr, bool) {
	terms := make([]expr.Expr, 0, len(n.GetArgs()))
	good := true
	for _, arg := range n.GetArgs() {
		term, ok := c.boolean(arg)
		good = good && ok
		terms = append(terms, term)
	}
	if !good {
		return nil, false
	}
	switch n.GetBoolop() {
	case pg_query.BoolExprType_AND_EXPR:
		return expr.And{Terms: terms}, true
	case pg_query.BoolExprType_OR_EXPR:
		return expr.Or{Terms: terms}, true
	case pg_query.BoolExprType_NOT_EXPR:
		if len(terms) == 1 {
			return expr.Not{Term: terms[0]}, true
		}
	}
	c.problem(n.GetLocation(), CodeConditionSyntax, "", "conditions know AND, OR and NOT alone")
	return nil, false
}

func (c *compiler) nullTest(n *pg_query.NullTest) (expr.Expr, bool) {
	o, ok := c.operand(n.GetArg())
	if !ok {
		return nil, false
	}
	if o.kind == literalOperand {
		c.problem(o.location, CodeConditionSyntax, "", "a constant is never NULL")
		return nil, false
	}
	test := expr.IsNull{Operand: o.as(o.typ)}
	switch n.GetNulltesttype() {
	case pg_query.NullTestType_IS_NULL:
		return test, true
	case pg_query.NullTestType_IS_NOT_NULL:
		return expr.Not{Term: test}, true
	default:
		c.problem(n.GetLocation(), CodeConditionSyntax, "", "conditions know IS NULL and IS NOT NULL alone")
		return nil, false
	}
}

// comparisons are the operators of conditions.
var comparisons = map[string]expr.CompareOp{
	"=": expr.Eq, "<>": expr.Ne, "<": expr.Lt, "<=": expr.Le, ">": expr.Gt, ">=": expr.Ge,
}

func (c *compiler) operator(n *pg_query.A_Expr) (expr.Expr, bool) {
	if len(n.GetName()) != 1 {
		c.problem(n.GetLocation(), CodeConditionSyntax, "write the plain operator", "OPERATOR() is not supported in conditions")
		return nil, false
	}
	name := n.GetName()[0].GetString_().GetSval()
	switch n.GetKind() {
	case pg_query.A_Expr_Kind_AEXPR_OP:
		if op, ok := comparisons[name]; ok && n.GetLexpr() != nil {
			return c.compare(op, n)
		}
	case pg_query.A_Expr_Kind_AEXPR_IN:
		return c.in(n, name == "<>")
	case pg_query.A_Expr_Kind_AEXPR_OP_ANY:
		if name == "=" {
			return c.equalsAny(n)
		}
	case pg_query.A_Expr_Kind_AEXPR_BETWEEN:
		return c.between(n, false)
	case pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN:
		return c.between(n, true)
	}
	c.problem(n.GetLocation(), CodeConditionSyntax, "", "not supported yet: the operator %s in a condition", operatorLabel(n, name))
	return nil, false
}

func operatorLabel(n *pg_query.A_Expr, name string) string {
	labels := map[pg_query.A_Expr_Kind]string{
		pg_query.A_Expr_Kind_AEXPR_OP_ANY:          name + " ANY",
		pg_query.A_Expr_Kind_AEXPR_OP_ALL:          name + " ALL",
		pg_query.A_Expr_Kind_AEXPR_DISTINCT:        "IS DISTINCT FROM",
		pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT:    "IS NOT DISTINCT FROM",
		pg_query.A_Expr_Kind_AEXPR_NULLIF:          "NULLIF",
		pg_query.A_Expr_Kind_AEXPR_LIKE:            "LIKE",
		pg_query.A_Expr_Kind_AEXPR_ILIKE:           "ILIKE",
		pg_query.A_Expr_Kind_AEXPR_SIMILAR:         "SIMILAR TO",
		pg_query.A_Expr_Kind_AEXPR_BETWEEN_SYM:     "BETWEEN SYMMETRIC",
		pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM: "NOT BETWEEN SYMMETRIC",
	}
	if l := labels[n.GetKind()]; l != "" {
		return l
	}
	return name
}

func (c *compiler) compare(op expr.CompareOp, n *pg_query.A_Expr) (expr.Expr, bool) {
	left, okLeft := c.operand(n.GetLexpr())
	right, okRight := c.operand(n.GetRexpr())
	if !okLeft || !okRight {
		return nil, false
	}
	return c.pair(op, left, right)
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
