package catalog

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog/expr"
)

// conditionFunctions are the functions of conditions with the number of texts that they take.
var conditionFunctions = map[string]struct {
	texts  int
	result expr.Type
}{
	"lower": {1, typeText}, "upper": {1, typeText}, "length": {1, typeInt4},
	"starts_with": {2, typeBool}, "strpos": {2, typeInt4}, "now": {0, typeTimestamptz},
}

func (c *compiler) call(n *pg_query.FuncCall) (operand, bool) {
	var parts []string
	for _, f := range n.GetFuncname() {
		parts = append(parts, f.GetString_().GetSval())
	}
	name := parts[len(parts)-1]
	f, known := conditionFunctions[name]
	if !known || len(parts) > 1 && (len(parts) > 2 || parts[0] != "pg_catalog") {
		words := append(names(conditionFunctions), "coalesce", "current_date")
		hint := didYouMean(name, words)
		if hint == "" && slices.Contains(strings.Fields(opaqueFunctions), name) {
			hint = "write it as {sql: ...}"
		}
		c.problem(n.GetLocation(), CodeFunctionNotAllowed, hint, "conditions do not know the function %s", strings.Join(parts, "."))
		return operand{}, false
	}
	if n.GetAggStar() || n.GetAggDistinct() || n.GetFuncVariadic() || n.GetOver() != nil || n.GetAggFilter() != nil || len(n.GetAggOrder()) > 0 {
		c.problem(n.GetLocation(), CodeConditionSyntax, "", "%s is called in a way that is not part of conditions", name)
		return operand{}, false
	}
	if len(n.GetArgs()) != f.texts {
		c.problem(n.GetLocation(), CodeTypeMismatch, "", "%s takes %d arguments", name, f.texts)
		return operand{}, false
	}
	x := expr.Call{Name: name, Type: f.result}
	good := true
	for _, arg := range n.GetArgs() {
		text, ok := c.text(name, arg)
		x.Args, good = append(x.Args, text), good && ok
	}
	return calculated(n.GetLocation(), x, f.result), good
}

// text lowers an argument that must be a text.
func (c *compiler) text(function string, n *pg_query.Node) (expr.Expr, bool) {
	o, ok := c.operand(n)
	if !ok {
		return nil, false
	}
	t := typeText
	if o.kind != literalOperand {
		t = o.typ
	}
	if family(t) != "text" || o.kind == literalOperand && o.literal != textLiteral {
		c.problem(o.location, CodeTypeMismatch, "", "%s is for text, and this is %s", function, o.describe())
		return nil, false
	}
	return o.as(t), c.fits(o, t)
}

// clock lowers the functions without parentheses.
func (c *compiler) clock(n *pg_query.SQLValueFunction) (operand, bool) {
	switch n.GetOp() {
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_DATE:
		return calculated(n.GetLocation(), expr.Call{Name: "current_date", Type: typeDate}, typeDate), true
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP:
		return calculated(n.GetLocation(), expr.Call{Name: "now", Type: typeTimestamptz}, typeTimestamptz), true
	default:
		c.problem(n.GetLocation(), CodeFunctionNotAllowed, "the session's user is me.id, its time now()", "conditions do not know this function")
		return operand{}, false
	}
}

// castTypes are the types that conditions cast to, by their names in pg_type.
var castTypes = map[string]expr.Type{
	"int2": typeInt2, "int4": typeInt4, "int8": typeInt8, "numeric": typeNumeric, "text": typeText, "date": typeDate, "timestamp": typeTimestamp,
	"timestamptz": typeTimestamptz, "uuid": typeUUID, "bool": typeBool, "interval": typeInterval, "jsonb": typeJSONB,
}

func (c *compiler) cast(n *pg_query.TypeCast) (operand, bool) {
	t, ok := c.castType(n)
	o, okOperand := c.castOperand(n.GetArg(), t)
	if !ok || !okOperand {
		return operand{}, false
	}
	if o.kind == literalOperand {
		if o.literal != textLiteral && family(t) != "number" && (o.literal != boolLiteral || t != typeBool) {
			c.problem(o.location, CodeTypeMismatch, "write it in quotes", "this is %s and not %s", o.describe(), typeLabel(t))
			return operand{}, false
		}
		if !c.fits(o, t) {
			return operand{}, false
		}
		return calculated(o.location, constant(t, o.text), t), true
	}
	if !castable(o.typ, t) {
		c.problem(n.GetLocation(), CodeTypeMismatch, "write it as {sql: ...}", "conditions do not cast %s to %s", typeLabel(o.typ), typeLabel(t))
		return operand{}, false
	}
	return calculated(o.location, expr.Cast{Operand: o.as(o.typ), Type: t}, t), true
}

// castOperand lowers what is cast: true and false are casts in the grammar's eyes.
func (c *compiler) castOperand(n *pg_query.Node, _ expr.Type) (operand, bool) { return c.operand(n) }

func (c *compiler) castType(n *pg_query.TypeCast) (expr.Type, bool) {
	var parts []string
	for _, p := range n.GetTypeName().GetNames() {
		parts = append(parts, p.GetString_().GetSval())
	}
	if len(parts) == 2 && parts[0] == "pg_catalog" {
		parts = parts[1:]
	}
	name := n.GetTypeName()
	t, known := castTypes[parts[len(parts)-1]]
	switch {
	case len(parts) != 1 || !known || name.GetSetof() || name.GetPctType():
		c.problem(name.GetLocation(), CodeConditionSyntax, "the types are "+strings.Join(slices.Sorted(slices.Values(names(castTypes))), ", "),
			"conditions do not cast to %s", strings.Join(parts, "."))
		return t, false
	case len(name.GetTypmods()) > 0 || len(name.GetArrayBounds()) > 0:
		c.problem(name.GetLocation(), CodeConditionSyntax, "", "conditions cast to types without modifiers")
		return t, false
	default:
		return t, true
	}
}

// castable says which casts mean the same whatever a session's settings are.
func castable(from, to expr.Type) bool {
	if from == to {
		return true
	}
	switch family(to) {
	case "number":
		return family(from) == "number" || family(from) == "text"
	case "text":
		return family(from) == "number" || family(from) == "text" || from == typeUUID || from == typeBool
	}
	switch to {
	case typeUUID, typeBool:
		return family(from) == "text"
	case typeDate:
		return from == typeTimestamp || from == typeTimestamptz
	case typeTimestamp:
		return from == typeDate
	default:
		return false
	}
}
