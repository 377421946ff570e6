package catalog

import (
	"github.com/wherewall/wherewall/catalog/expr"
)

// pair makes a comparison of two operands.
func (c *compiler) pair(op expr.CompareOp, left, right operand) (expr.Expr, bool) {
	l, r, ok := c.unify(left, right, op == expr.Eq || op == expr.Ne)
	if !ok {
		return nil, false
	}
	return expr.Compare{Op: op, Left: l, Right: r}, true
}

// unify gives two operands types that PostgreSQL compares by an operator of its own. A column keeps its type; an
// attribute or a constant is read as the type on the other side.
func (c *compiler) unify(left, right operand, equality bool) (l, r expr.Expr, ok bool) {
	lt, okLeft := c.typeOf(left, right)
	rt, okRight := c.typeOf(right, left)
	if !okLeft || !okRight || family(lt) != family(rt) {
		c.problem(right.location, CodeTypeMismatch, "", "%s cannot be compared with %s", left.describe(), right.describe())
		return nil, nil, false
	}
	switch how := c.schema.comparison(lt); {
	case how == incomparable:
		c.problem(left.location, CodeTypeMismatch, "", "values of type %s cannot be compared in a condition", typeLabel(lt))
		return nil, nil, false
	case how == orderedOnly && equality:
		c.problem(left.location, CodeTypeMismatch, "use numeric, or < and >", "values of type %s are rounded, and so cannot be equal", typeLabel(lt))
		return nil, nil, false
	}
	if !c.fits(left, lt) || !c.fits(right, rt) {
		return nil, nil, false
	}
	return left.as(lt), right.as(rt), true
}

// typeOf is the type that an operand is read as beside another.
func (c *compiler) typeOf(o, other operand) (expr.Type, bool) {
	switch o.kind {
	case valueOperand:
		return o.typ, true
	case attributeOperand:
		return c.attributeTypeBeside(o, other)
	case literalOperand:
		return literalTypeBeside(o, other)
	default:
		return expr.Type{}, false
	}
}

// attributeTypeBeside reads text as whatever the column is (a user's name as a uuid); whether a user's value can be
// read so is known when there is a user.
func (c *compiler) attributeTypeBeside(o, other operand) (expr.Type, bool) {
	switch {
	case other.kind != valueOperand:
		return o.typ, !o.typ.Array
	case o.typ == typeText:
		return other.typ, true
	case family(o.typ) == family(other.typ):
		return wider(other.typ, o.typ), true
	default:
		return o.typ, false
	}
}

func literalTypeBeside(o, other operand) (expr.Type, bool) {
	own := map[literalKind]expr.Type{
		textLiteral: typeText, integerLiteral: typeInt4, decimalLiteral: typeNumeric, boolLiteral: typeBool,
	}[o.literal]
	if o.literal == integerLiteral && !fitsInt(o.text, 32) {
		own = typeNumeric
	}
	if other.kind == literalOperand {
		return own, true
	}
	switch f := family(other.typ); {
	case o.literal == textLiteral:
		return other.typ, true
	case f == "number" && family(own) == "number":
		return numberBeside(o.text, other.typ), true
	case f == "float" && family(own) == "number":
		return other.typ, true
	default:
		return own, family(own) == f
	}
}

// numberBeside is the type of a number beside a column: the column's where it fits, else the next that holds it, as
// PostgreSQL itself would choose.
func numberBeside(text string, column expr.Type) expr.Type {
	for _, t := range []expr.Type{column, typeInt4, typeInt8} {
		if wider(t, column) == t && fitsBuiltin(t.Name, text) {
			return t
		}
	}
	return typeNumeric
}

// fits checks a constant against its type.
func (c *compiler) fits(o operand, t expr.Type) bool {
	if o.kind != literalOperand {
		return true
	}
	if err := c.schema.Fits(t, o.text); err != nil {
		c.problem(o.location, CodeTypeMismatch, "", "%s", err)
		return false
	}
	return true
}
