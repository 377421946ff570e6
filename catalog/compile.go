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
	use    use
	scopes [][]string // for the row of the entity, and for each Exists around: the relations that lead to its row
}

// use says what a compiled expression stands for.
type use int

const (
	aCondition use = iota
	presetValue
	maskValue
)

// compile types a condition over an entity. ok is false where a problem was reported.
func (b *binder) compile(c *condition, e *boundEntity) (expr.Expr, bool) {
	if c.opaque {
		return b.opaque(c, e, typeBool)
	}
	k := b.compiler(c, e, aCondition)
	return k.boolean(c.tree)
}

func (b *binder) compiler(c *condition, e *boundEntity, u use) *compiler {
	return &compiler{binder: b, on: e, source: c, use: u, scopes: [][]string{nil}}
}

// value compiles what stands in a column's place. The NULL that one at fault gives shows and sets nothing.
func (b *binder) value(c *condition, e *boundEntity, column *Column, u use) expr.Expr {
	none := expr.Const{Type: column.Type, Null: true}
	if c.tree == nil {
		return none
	}
	if u == maskValue || c.opaque && u != presetValue {
		x, ok := b.opaque(c, e, column.Type)
		if !ok {
			return none
		}
		return x
	}
	if c.opaque {
		b.add(c.source.Place, CodeConditionSyntax, "", "a preset is a constant, an attribute of me or now()")
		return none
	}
	k := b.compiler(c, e, u)
	x, ok := k.assigned(c.tree, column)
	if !ok {
		return none
	}
	return x
}

// assigned lowers a value for a column.
func (c *compiler) assigned(n *pg_query.Node, column *Column) (expr.Expr, bool) {
	base := c.schema.Base(column.Type)
	if k := n.GetAConst(); k.GetIsnull() {
		return expr.Const{Type: column.Type, Null: true}, true
	}
	if base.Array {
		array, ok := c.array(n, base)
		return array, ok
	}
	o, ok := c.operand(n)
	if !ok {
		return nil, false
	}
	t, ok := c.typeOf(o, operand{kind: valueOperand, typ: base})
	if !ok || family(t) != family(base) {
		c.problem(o.location, CodeTypeMismatch, "", "column %s is %s, and this is %s", column.Name, typeLabel(base), o.describe())
		return nil, false
	}
	if !c.fits(o, t) {
		return nil, false
	}
	return o.as(t), true
}

// problem reports a problem at a byte of the statement that the parser saw.
func (c *compiler) problem(location int32, code, hint, format string, args ...any) {
	c.add(c.place(location), code, hint, format, args...)
}

// boolean lowers what may be TRUE, FALSE or unknown.
func (c *compiler) boolean(n *pg_query.Node) (expr.Expr, bool) {
	b := n.GetBoolExpr()
	if b == nil {
		return c.atom(n)
	}
	switch b.GetBoolop() {
	case pg_query.BoolExprType_AND_EXPR:
		return c.conjunction(flatAnd(n, nil))
	case pg_query.BoolExprType_OR_EXPR:
		terms, ok := c.each(b.GetArgs(), c.boolean)
		return expr.Or{Terms: terms}, ok
	case pg_query.BoolExprType_NOT_EXPR:
		terms, ok := c.each(b.GetArgs(), c.boolean)
		if ok && len(terms) == 1 {
			c.notOverNull(n)
			return expr.Not{Term: terms[0]}, true
		}
		if !ok {
			return nil, false
		}
	}
	c.problem(b.GetLocation(), CodeConditionSyntax, "", "conditions know AND, OR and NOT alone")
	return nil, false
}

// each lowers all terms, so that one run finds everything.
func (c *compiler) each(nodes []*pg_query.Node, lower func(*pg_query.Node) (expr.Expr, bool)) ([]expr.Expr, bool) {
	terms, good := make([]expr.Expr, 0, len(nodes)), true
	for _, n := range nodes {
		term, ok := lower(n)
		good = good && ok
		terms = append(terms, term)
	}
	return terms, good
}

// plain lowers a boolean term that is neither AND, OR nor NOT, and whose relations to many rows are in scope.
func (c *compiler) plain(n *pg_query.Node) (expr.Expr, bool) {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_NullTest:
		return c.nullTest(n.NullTest)
	case *pg_query.Node_AExpr:
		if x, ok, boolean := c.operator(n.AExpr); boolean {
			return x, ok
		}
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
