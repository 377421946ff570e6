package catalog

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog/document"
	"github.com/wherewall/wherewall/catalog/expr"
)

type operandKind int

const (
	columnOperand operandKind = iota + 1
	attributeOperand
	literalOperand
)

type literalKind int

const (
	textLiteral literalKind = iota + 1
	integerLiteral
	decimalLiteral
	boolLiteral
)

// operand is one side of a comparison before both sides agreed on a type.
type operand struct {
	kind     operandKind
	location int32
	typ      expr.Type   // of a column or attribute
	expr     expr.Column // of a column
	name     string      // of an attribute
	literal  literalKind
	text     string // of a literal
}

// as is the operand read as a type.
func (o operand) as(t expr.Type) expr.Expr {
	switch o.kind {
	case columnOperand:
		return o.expr
	case attributeOperand:
		return expr.Me{Name: o.name, Type: t}
	default:
		return expr.Const{Type: t, Text: o.text}
	}
}

func (o operand) describe() string {
	switch {
	case o.kind != literalOperand:
		return typeLabel(o.typ)
	case o.literal == textLiteral:
		return "text"
	case o.literal == boolLiteral:
		return "bool"
	default:
		return "a number"
	}
}

// operand lowers a column, an attribute or a constant.
func (c *compiler) operand(n *pg_query.Node) (operand, bool) {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_ColumnRef:
		return c.reference(n.ColumnRef)
	case *pg_query.Node_AConst:
		return c.constant(n.AConst)
	case *pg_query.Node_FuncCall:
		c.problem(n.FuncCall.GetLocation(), CodeFunctionNotAllowed, "", "not supported yet: functions in conditions")
	case *pg_query.Node_SqlvalueFunction:
		c.problem(n.SqlvalueFunction.GetLocation(), CodeFunctionNotAllowed, "the session's user is me.id", "not supported yet: functions in conditions")
	case *pg_query.Node_CoalesceExpr:
		c.problem(n.CoalesceExpr.GetLocation(), CodeFunctionNotAllowed, "", "not supported yet: functions in conditions")
	case *pg_query.Node_MinMaxExpr:
		c.problem(n.MinMaxExpr.GetLocation(), CodeFunctionNotAllowed, "", "not supported yet: functions in conditions")
	case *pg_query.Node_TypeCast:
		c.problem(n.TypeCast.GetLocation(), CodeConditionSyntax, "a constant takes the type of what it is compared with", "not supported yet: casts in conditions")
	case *pg_query.Node_SubLink:
		c.problem(n.SubLink.GetLocation(), CodeConditionSyntax, "use a dotted path over a relation", "sub-selects are not supported in conditions")
	default:
		c.problem(locationOf(n), CodeConditionSyntax, "", "conditions compare columns, me.* and constants: this is none of them")
	}
	return operand{}, false
}

// locationOf finds the place of a node of any type, or of the condition's begin.
func locationOf(n any) int32 {
	located, ok := n.(interface{ GetLocation() int32 })
	if ok {
		return located.GetLocation()
	}
	switch n := n.(type) {
	case *pg_query.Node_AExpr:
		return n.AExpr.GetLocation()
	case *pg_query.Node_BoolExpr:
		return n.BoolExpr.GetLocation()
	case *pg_query.Node_NullTest:
		return n.NullTest.GetLocation()
	case *pg_query.Node_BooleanTest:
		return n.BooleanTest.GetLocation()
	case *pg_query.Node_CaseExpr:
		return n.CaseExpr.GetLocation()
	case *pg_query.Node_ParamRef:
		return n.ParamRef.GetLocation()
	case *pg_query.Node_AArrayExpr:
		return n.AArrayExpr.GetLocation()
	case *pg_query.Node_RowExpr:
		return n.RowExpr.GetLocation()
	case *pg_query.Node_CollateClause:
		return n.CollateClause.GetLocation()
	default:
		return int32(len(conditionPrefix))
	}
}

func (c *compiler) constant(n *pg_query.A_Const) (operand, bool) {
	o := operand{kind: literalOperand, location: n.GetLocation()}
	switch v := n.GetVal().(type) {
	case *pg_query.A_Const_Ival:
		o.literal, o.text = integerLiteral, strconv.Itoa(int(v.Ival.GetIval()))
	case *pg_query.A_Const_Fval:
		o.literal, o.text = decimalLiteral, v.Fval.GetFval()
		if integerText.MatchString(o.text) {
			o.literal = integerLiteral
		}
		if !numericText.MatchString(o.text) {
			c.problem(n.GetLocation(), CodeConditionSyntax, "", "numbers are written in decimal")
			return operand{}, false
		}
	case *pg_query.A_Const_Sval:
		o.literal, o.text = textLiteral, v.Sval.GetSval()
	case *pg_query.A_Const_Boolval:
		o.literal, o.text = boolLiteral, strconv.FormatBool(v.Boolval.GetBoolval())
	default:
		hint := ""
		if n.GetIsnull() {
			hint = "write IS NULL"
		}
		c.problem(n.GetLocation(), CodeConditionSyntax, hint, "this constant cannot be compared")
		return operand{}, false
	}
	return o, true
}

// reference resolves a column, a dotted path or an attribute of me.
func (c *compiler) reference(n *pg_query.ColumnRef) (operand, bool) {
	var steps []step
	offset := int(n.GetLocation()) - len(conditionPrefix)
	for _, f := range n.GetFields() {
		name := f.GetString_().GetSval()
		if name == "" {
			c.problem(n.GetLocation(), CodeConditionSyntax, "", "* is not a column")
			return operand{}, false
		}
		steps = append(steps, step{name, c.wordAt(n, name, offset)})
		offset += len(name) + 1
	}
	if steps[0].name == "me" {
		return c.attribute(n, steps)
	}
	column, ok := c.path(c.on, steps)
	if !ok {
		return operand{}, false
	}
	return operand{kind: columnOperand, location: n.GetLocation(), typ: column.Type, expr: column}, true
}

// wordAt is the place of one word of a reference. Quotes and white space between the words move them; then it is the place
// of the whole.
func (c *compiler) wordAt(n *pg_query.ColumnRef, name string, offset int) document.Place {
	text := c.source.source.Text
	if offset+len(name) > len(text) || !strings.EqualFold(text[offset:offset+len(name)], name) {
		offset = int(n.GetLocation()) - len(conditionPrefix)
	}
	return c.source.source.Inside(offset)
}

func (c *compiler) attribute(n *pg_query.ColumnRef, steps []step) (operand, bool) {
	if len(steps) != 2 {
		c.problem(n.GetLocation(), CodeConditionSyntax, "write me.ATTRIBUTE", "me has attributes, and these have none")
		return operand{}, false
	}
	name := steps[1].name
	t, known := builtinType(name)
	if d := c.policy.attributes[name]; d != nil {
		t, known = d.typ, true
	}
	switch {
	case known:
		return operand{kind: attributeOperand, location: n.GetLocation(), typ: t, name: name}, true
	case name == "groups":
		c.add(steps[1].at, CodeNotSupported, "", "not supported yet: me.groups")
	default:
		words := append(names(c.policy.attributes), "id", "tenant", "roles")
		c.add(steps[1].at, CodeUnknownColumn, didYouMean(name, words), "me has no attribute %q", name)
	}
	return operand{}, false
}
