package catalog

import (
	"encoding/json"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog/expr"
)

// contains lowers && @> <@ on arrays, and @> <@ on jsonb.
func (c *compiler) contains(op string, n *pg_query.A_Expr) (expr.Expr, bool) {
	var of expr.Type
	for _, side := range []*pg_query.Node{n.GetLexpr(), n.GetRexpr()} {
		t := c.setType(side)
		if of == (expr.Type{}) || side.GetColumnRef() != nil && relationsOf(side.GetColumnRef()) == nil && len(side.GetColumnRef().GetFields()) == 1 {
			if t != (expr.Type{}) {
				of = t
			}
		}
	}
	switch {
	case of == typeJSONB && op != "&&":
		left, okLeft := c.json(n.GetLexpr())
		right, okRight := c.json(n.GetRexpr())
		return expr.Contains{Op: op, Left: left, Right: right}, okLeft && okRight
	case of.Array && c.schema.comparison(c.schema.Base(scalarOf(of))) == comparable:
		left, okLeft := c.array(n.GetLexpr(), of)
		right, okRight := c.array(n.GetRexpr(), of)
		return expr.Contains{Op: op, Left: left, Right: right}, okLeft && okRight
	case of == (expr.Type{}):
		_, _, ok := c.both(n)
		if !ok {
			return nil, false
		}
	}
	c.problem(n.GetLocation(), CodeTypeMismatch, "", "%s is for arrays of plain values, and for jsonb where it is not &&", op)
	return nil, false
}

// setType is the type of a column or attribute, without a word about what is neither.
func (c *compiler) setType(n *pg_query.Node) expr.Type {
	ref := n.GetColumnRef()
	if ref == nil {
		return expr.Type{}
	}
	quiet := *c
	silent := *c.binder
	silent.report = report{}
	quiet.binder = &silent
	o, ok := quiet.reference(ref)
	if !ok {
		return expr.Type{}
	}
	return o.typ
}

// array lowers a side that must be an array of a type: a column, an attribute or ARRAY[...].
func (c *compiler) array(n *pg_query.Node, t expr.Type) (expr.Expr, bool) {
	if list := n.GetAArrayExpr(); list != nil {
		return c.arrayOf(list, t)
	}
	o, ok := c.operand(n)
	if !ok {
		return nil, false
	}
	element, own := scalarOf(t), scalarOf(o.typ)
	switch {
	case o.kind == valueOperand && o.typ == t:
		return o.expr, true
	case o.kind == attributeOperand && o.typ.Array && (own == typeText || family(own) == family(element)):
		return expr.Me{Name: o.name, Type: t}, true
	}
	c.problem(o.location, CodeTypeMismatch, "for constants write ARRAY[...]", "this must be %s, and is %s", typeLabel(t), o.describe())
	return nil, false
}

// arrayOf lowers ARRAY[...] of constants.
func (c *compiler) arrayOf(list *pg_query.A_ArrayExpr, t expr.Type) (expr.Expr, bool) {
	element := scalarOf(t)
	var texts []string
	for _, item := range list.GetElements() {
		o, ok := c.operand(item)
		if !ok {
			return nil, false
		}
		own, fine := c.typeOf(o, operand{kind: valueOperand, typ: c.schema.Base(element)})
		if o.kind != literalOperand || !fine || family(own) != family(c.schema.Base(element)) {
			c.problem(o.location, CodeTypeMismatch, "", "the list is of constants of type %s", typeLabel(element))
			return nil, false
		}
		if !c.fits(o, element) {
			return nil, false
		}
		texts = append(texts, o.text)
	}
	return expr.Const{Type: t, Text: ArrayText(texts)}, true
}

// json lowers a side that must be jsonb.
func (c *compiler) json(n *pg_query.Node) (expr.Expr, bool) {
	o, ok := c.operand(n)
	if !ok {
		return nil, false
	}
	switch {
	case o.kind == valueOperand && o.typ == typeJSONB:
		return o.expr, true
	case o.kind == literalOperand && o.literal == textLiteral && json.Valid([]byte(o.text)):
		return expr.Const{Type: typeJSONB, Text: o.text}, true
	}
	c.problem(o.location, CodeTypeMismatch, "", "this must be jsonb, and is %s", o.describe())
	return nil, false
}
