package catalog

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog/expr"
)

// valueOperators give a value, and not true or false.
var valueOperators = map[string]bool{"+": true, "-": true, "->>": true}

// calculated is a value of a type of its own.
func calculated(location int32, x expr.Expr, t expr.Type) operand {
	return operand{kind: valueOperand, location: location, typ: t, expr: x}
}

// calculation lowers an operator that gives a value.
func (c *compiler) calculation(n *pg_query.A_Expr) (operand, bool) {
	name, ok := c.plainOperator(n)
	if !ok {
		return operand{}, false
	}
	plain := n.GetKind() == pg_query.A_Expr_Kind_AEXPR_OP && n.GetLexpr() != nil
	switch {
	case plain && name == "->>":
		return c.jsonText(n)
	case plain && valueOperators[name]:
		return c.arithmetic(name, n)
	case n.GetKind() == pg_query.A_Expr_Kind_AEXPR_OP && n.GetLexpr() == nil:
		c.problem(n.GetLocation(), CodeConditionSyntax, "write 0 - x", "conditions do not know the sign %s before anything but a number", name)
	case plain && comparisons[name] == "" && name != "&&" && name != "@>" && name != "<@":
		c.problem(n.GetLocation(), CodeConditionSyntax, "write it as {sql: ...}", "conditions do not know the operator %s", operatorLabel(n, name))
	default:
		c.problem(n.GetLocation(), CodeConditionSyntax, "join comparisons by AND and OR", "a comparison cannot be compared")
	}
	return operand{}, false
}

func (c *compiler) jsonText(n *pg_query.A_Expr) (operand, bool) {
	left, ok := c.operand(n.GetLexpr())
	if !ok {
		return operand{}, false
	}
	key := n.GetRexpr().GetAConst().GetSval()
	if left.kind != valueOperand || left.typ != typeJSONB || key == nil {
		c.problem(n.GetLocation(), CodeTypeMismatch, "", "->> takes a key in quotes out of a jsonb")
		return operand{}, false
	}
	return calculated(left.location, expr.JSONText{Left: left.expr, Key: key.GetSval()}, typeText), true
}

// arithmetic lowers + and - on numbers, and on days and times with intervals.
func (c *compiler) arithmetic(op string, n *pg_query.A_Expr) (operand, bool) {
	left, right, ok := c.both(n)
	if !ok {
		return operand{}, false
	}
	lt, okLeft := c.typeOf(left, right)
	rt, okRight := c.typeOf(right, left)
	// A number keeps the type that PostgreSQL would give it: a sum of small columns must not overflow for our sake.
	if left.kind == literalOperand && family(lt) == "number" {
		lt = wider(lt, typeInt4)
	}
	if right.kind == literalOperand && family(rt) == "number" {
		rt = wider(rt, typeInt4)
	}
	if right.kind == literalOperand && right.literal == integerLiteral && left.kind != literalOperand && lt == typeDate {
		rt, okRight = typeInt4, fitsInt(right.text, 32)
	}
	result, known := arithmeticResult(op, lt, rt)
	if !okLeft || !okRight || !known {
		c.problem(n.GetLocation(), CodeTypeMismatch, "", "there is no %s of %s and %s in conditions", op, left.describe(), right.describe())
		return operand{}, false
	}
	if !c.fits(left, lt) || !c.fits(right, rt) {
		return operand{}, false
	}
	return calculated(left.location, expr.Arithmetic{Op: op, Left: left.as(lt), Right: right.as(rt), Type: result}, result), true
}

// arithmeticResult is the type of a sum or difference.
func arithmeticResult(op string, l, r expr.Type) (expr.Type, bool) {
	switch {
	case family(l) == "number" && family(r) == "number":
		return wider(l, r), true
	case l == typeDate && (r == typeInt4 || r == typeInt2):
		return typeDate, true
	case l == typeDate && r == typeDate && op == "-":
		return typeInt4, true
	case r == typeInterval && (l == typeTimestamp || l == typeTimestamptz || l == typeInterval):
		return l, true
	case r == typeInterval && l == typeDate:
		return typeTimestamp, true
	case l == r && (l == typeTimestamp || l == typeTimestamptz) && op == "-":
		return typeInterval, true
	default:
		return expr.Type{}, false
	}
}

// agreed gives several values one type: that of the first which has a type of its own.
func (c *compiler) agreed(operands []operand) ([]expr.Expr, expr.Type, bool) {
	first := operands[0]
	for _, o := range operands {
		if o.kind != literalOperand && (first.kind == literalOperand || o.kind == valueOperand && first.kind != valueOperand) {
			first = o
		}
	}
	t, ok := c.typeOf(first, first)
	values := make([]expr.Expr, 0, len(operands))
	for _, o := range operands {
		own, fine := c.typeOf(o, operand{kind: valueOperand, typ: t})
		if fine && family(own) == "number" && family(t) == "number" {
			own = wider(t, own)
		}
		if !ok || !fine || own != t && o.kind == valueOperand || family(own) != family(t) {
			c.problem(o.location, CodeTypeMismatch, "cast one of them", "%s and %s are not of one type", first.describe(), o.describe())
			return nil, t, false
		}
		if own != t {
			c.problem(o.location, CodeTypeMismatch, "cast one of them", "%s does not hold %s", typeLabel(t), typeLabel(own))
			return nil, t, false
		}
		if !c.fits(o, own) {
			return nil, t, false
		}
		values = append(values, o.as(own))
	}
	return values, t, true
}

func (c *compiler) operands(nodes []*pg_query.Node) ([]operand, bool) {
	list, good := make([]operand, 0, len(nodes)), true
	for _, n := range nodes {
		o, ok := c.operand(n)
		good = good && ok
		list = append(list, o)
	}
	return list, good && len(list) > 0
}

func (c *compiler) coalesce(n *pg_query.CoalesceExpr) (operand, bool) {
	list, ok := c.operands(n.GetArgs())
	if !ok {
		return operand{}, false
	}
	values, t, ok := c.agreed(list)
	return calculated(n.GetLocation(), expr.Call{Name: "coalesce", Args: values, Type: t}, t), ok
}

// caseWhen lowers CASE WHEN condition THEN value.
func (c *compiler) caseWhen(n *pg_query.CaseExpr) (operand, bool) {
	if n.GetArg() != nil {
		c.problem(n.GetLocation(), CodeConditionSyntax, "write CASE WHEN x = 1 THEN ...", "CASE x WHEN 1 is not part of conditions")
		return operand{}, false
	}
	var results []*pg_query.Node
	var conditions []*pg_query.Node
	for _, w := range n.GetArgs() {
		conditions = append(conditions, w.GetCaseWhen().GetExpr())
		results = append(results, w.GetCaseWhen().GetResult())
	}
	if n.GetDefresult() != nil {
		results = append(results, n.GetDefresult())
	}
	lowered, okConditions := c.each(conditions, c.boolean)
	list, okResults := c.operands(results)
	if !okConditions || !okResults {
		return operand{}, false
	}
	values, t, ok := c.agreed(list)
	if !ok {
		return operand{}, false
	}
	x := expr.Case{Type: t}
	for i := range lowered {
		x.Whens = append(x.Whens, expr.When{If: lowered[i], Then: values[i]})
	}
	if len(values) > len(lowered) {
		x.Else = values[len(lowered)]
	}
	return calculated(n.GetLocation(), x, t), true
}
