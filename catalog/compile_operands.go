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
	valueOperand operandKind = iota + 1 // a column, or anything else that has a type of its own
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
	typ      expr.Type // of a value or attribute
	expr     expr.Expr // of a value
	name     string    // of an attribute
	literal  literalKind
	text     string // of a literal
}

// as is the operand read as a type.
func (o operand) as(t expr.Type) expr.Expr {
	switch o.kind {
	case valueOperand:
		return o.expr
	case attributeOperand:
		return expr.Me{Name: o.name, Type: t}
	default:
		return constant(t, o.text)
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

// operand lowers a column, an attribute, a constant or what is calculated of them.
func (c *compiler) operand(n *pg_query.Node) (operand, bool) {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_ColumnRef:
		return c.reference(n.ColumnRef)
	case *pg_query.Node_AConst:
		return c.constant(n.AConst)
	case *pg_query.Node_AExpr:
		return c.calculation(n.AExpr)
	case *pg_query.Node_FuncCall:
		return c.call(n.FuncCall)
	case *pg_query.Node_SqlvalueFunction:
		return c.clock(n.SqlvalueFunction)
	case *pg_query.Node_CoalesceExpr:
		return c.coalesce(n.CoalesceExpr)
	case *pg_query.Node_CaseExpr:
		return c.caseWhen(n.CaseExpr)
	case *pg_query.Node_MinMaxExpr:
		c.problem(n.MinMaxExpr.GetLocation(), CodeFunctionNotAllowed, "write it as {sql: ...}", "conditions do not know greatest and least")
	case *pg_query.Node_TypeCast:
		return c.cast(n.TypeCast)
	case *pg_query.Node_SubLink:
		c.problem(n.SubLink.GetLocation(), CodeConditionSyntax, "use a dotted path over a relation, or {sql: ...}", "sub-selects are not part of conditions")
	default:
		c.problem(locationOf(n, int32(len(conditionPrefix))), CodeConditionSyntax, "write it as {sql: ...}",
			"conditions compare columns, me.* and constants: this is none of them")
	}
	return operand{}, false
}

// locationOf finds the place of a node of any type; it is otherwise where that is not known.
func locationOf(n any, otherwise int32) int32 {
	if node, ok := n.(*pg_query.Node); ok {
		n = node.GetNode()
	}
	switch n := n.(type) {
	case *pg_query.Node_AExpr:
		return n.AExpr.GetLocation()
	case *pg_query.Node_AConst:
		return n.AConst.GetLocation()
	case *pg_query.Node_ColumnRef:
		return n.ColumnRef.GetLocation()
	case *pg_query.Node_BoolExpr:
		return n.BoolExpr.GetLocation()
	case *pg_query.Node_NullTest:
		return n.NullTest.GetLocation()
	case *pg_query.Node_BooleanTest:
		return n.BooleanTest.GetLocation()
	case *pg_query.Node_FuncCall:
		return n.FuncCall.GetLocation()
	case *pg_query.Node_TypeCast:
		return n.TypeCast.GetLocation()
	case *pg_query.Node_CaseExpr:
		return n.CaseExpr.GetLocation()
	case *pg_query.Node_CoalesceExpr:
		return n.CoalesceExpr.GetLocation()
	case *pg_query.Node_SqlvalueFunction:
		return n.SqlvalueFunction.GetLocation()
	case *pg_query.Node_SubLink:
		return n.SubLink.GetLocation()
	case *pg_query.Node_ParamRef:
		return n.ParamRef.GetLocation()
	case *pg_query.Node_AArrayExpr:
		return n.AArrayExpr.GetLocation()
	case *pg_query.Node_RowExpr:
		return n.RowExpr.GetLocation()
	case *pg_query.Node_CollateClause:
		return n.CollateClause.GetLocation()
	default:
		return otherwise
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
	if c.use == presetValue {
		c.problem(n.GetLocation(), CodeConditionSyntax, "write a text in quotes: \"'...'\"", "a preset is a constant, an attribute of me or now(), not a column")
		return operand{}, false
	}
	p, ok := c.path(c.on, steps)
	if !ok {
		return operand{}, false
	}
	return c.inScope(n, steps, p)
}

// inScope says of which row a column is: that of the innermost Exists whose relations it goes over.
func (c *compiler) inScope(n *pg_query.ColumnRef, steps []step, p path) (operand, bool) {
	scope := c.scopeOf(relationsOf(n))
	column, many := p.column, p.many
	in := len(c.scopes[scope])
	column.Path, many = column.Path[in:], many[in:]
	for i, m := range many {
		if m {
			c.add(steps[in+i].at, CodePathNotToOne, "write it as {sql: ...}", "relation %s leads to many rows, and stands beside another one that does", steps[in+i].name)
			return operand{}, false
		}
	}
	if len(column.Path) == 0 {
		column.Path = nil
	}
	column.Up = len(c.scopes) - 1 - scope
	return operand{kind: valueOperand, location: n.GetLocation(), typ: column.Type, expr: column}, true
}

func (c *compiler) place(location int32) document.Place {
	return c.source.source.Inside(int(location) - len(conditionPrefix))
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
	t, known := c.attributeType(name)
	if known {
		return operand{kind: attributeOperand, location: n.GetLocation(), typ: t, name: name}, true
	}
	words := append(names(c.policy.attributes), builtinAttributes...)
	c.add(steps[1].at, CodeUnknownColumn, didYouMean(name, words), "me has no attribute %q", name)
	return operand{}, false
}

func (b *binder) attributeType(name string) (expr.Type, bool) {
	if d := b.policy.attributes[name]; d != nil {
		return d.typ, true
	}
	return builtinType(name)
}
