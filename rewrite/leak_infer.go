package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog/expr"
)

// meaning says what the names in an expression stand for, at the place where it is.
type meaning interface {
	// columnOf is what is known of a column.
	columnOf(*pg.ColumnRef) known
	// queryOf is what is known of a sub-select in an expression.
	queryOf(*pg.SelectStmt) summary
	// parameterOf is what is known of a parameter.
	parameterOf(number int32) known
}

// infer finds out what is known of an expression. It knows a list of nodes; whatever is not on it may leak.
type infer struct {
	*leaks
	meaning
}

func (i infer) node(n *pg.Node) known {
	switch e := n.GetNode().(type) {
	case *pg.Node_AConst:
		return constantKind(e.AConst)
	case *pg.Node_ParamRef:
		return i.parameterOf(e.ParamRef.Number)
	case *pg.Node_ColumnRef:
		return i.columnOf(e.ColumnRef)
	case *pg.Node_AExpr:
		return i.expression(e.AExpr)
	case *pg.Node_BoolExpr:
		return i.all(pgType("bool"), e.BoolExpr.Args)
	case *pg.Node_NullTest:
		return i.all(pgType("bool"), []*pg.Node{e.NullTest.Arg})
	case *pg.Node_BooleanTest:
		return i.all(pgType("bool"), []*pg.Node{e.BooleanTest.Arg})
	case *pg.Node_TypeCast:
		return i.typeCast(e.TypeCast)
	case *pg.Node_CaseExpr:
		return i.caseExpr(e.CaseExpr)
	case *pg.Node_CoalesceExpr:
		return i.common(e.CoalesceExpr.Args)
	case *pg.Node_MinMaxExpr:
		return i.extreme(e.MinMaxExpr.Args)
	case *pg.Node_AArrayExpr:
		k := i.common(e.AArrayExpr.Elements)
		if k.typ.Array || !k.typed() {
			return known{}
		}
		k.typ.Array = true
		return k
	case *pg.Node_RowExpr:
		return i.all(expr.Type{}, e.RowExpr.Args)
	case *pg.Node_CollateClause:
		k := i.node(e.CollateClause.Arg)
		k.plain = false
		return k
	case *pg.Node_FuncCall:
		return i.call(e.FuncCall)
	case *pg.Node_SqlvalueFunction:
		return known{safe: true, typ: valueFunctionType(e.SqlvalueFunction.Op)}
	case *pg.Node_SubLink:
		return i.subLink(e.SubLink)
	default:
		return known{}
	}
}

func constantKind(c *pg.A_Const) known {
	k := known{safe: true, fixed: true}
	switch c.Val.(type) {
	case *pg.A_Const_Ival:
		k.typ = pgType("int4")
	case *pg.A_Const_Fval:
		k.typ = pgType("numeric")
	case *pg.A_Const_Boolval:
		k.typ = pgType("bool")
	case *pg.A_Const_Bsval:
		k.typ = pgType("bit")
	default: // a string, or NULL
		k.open = true
	}
	return k
}

// all is an expression of a type that is safe where all of its parts are.
func (i infer) all(t expr.Type, parts []*pg.Node) known {
	k := known{safe: true, fixed: true, typ: t}
	for _, n := range parts {
		part := i.node(n)
		k.safe, k.fixed = k.safe && part.safe, k.fixed && part.fixed
	}
	return k
}

// common is one of several values, which PostgreSQL brings to one type. Only casts that it need not make are known to be safe.
func (i infer) common(parts []*pg.Node) known {
	k := known{safe: true, fixed: true, open: true}
	for _, n := range parts {
		part := i.node(n)
		k.safe, k.fixed = k.safe && part.safe, k.fixed && part.fixed
		switch {
		case part.open:
		case !part.typed():
			return leaky(expr.Type{})
		case k.open:
			k.typ, k.open = part.typ, false
		case i.compared(k.typ) != i.compared(part.typ):
			return leaky(expr.Type{})
		}
	}
	return decided(k)
}

// decided is a value that is no longer to take the type that it meets: PostgreSQL has made a text of it.
func decided(k known) known {
	if k.open {
		k.open, k.typ = false, pgType("text")
	}
	return k
}

// extreme is GREATEST or LEAST, which compare.
func (i infer) extreme(parts []*pg.Node) known {
	k := i.common(parts)
	k.safe = k.safe && i.operator("<", k, k).safe
	return k
}

func (i infer) expression(e *pg.A_Expr) known {
	name := ""
	if len(e.Name) > 0 {
		name = e.Name[len(e.Name)-1].GetString_().GetSval()
	}
	switch e.Kind {
	case pg.A_Expr_Kind_AEXPR_OP:
		return i.plain(name, e.Lexpr, e.Rexpr)
	case pg.A_Expr_Kind_AEXPR_LIKE, pg.A_Expr_Kind_AEXPR_ILIKE:
		return i.pattern(e.Lexpr, e.Rexpr)
	case pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		return i.plain("=", e.Lexpr, e.Rexpr)
	case pg.A_Expr_Kind_AEXPR_NULLIF:
		k := i.plain("=", e.Lexpr, e.Rexpr)
		left := i.node(e.Lexpr)
		left.safe, left.fixed, left.plain = k.safe, k.fixed, false
		return decided(left)
	case pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_OP_ALL:
		return i.anyOf(name, e.Lexpr, e.Rexpr)
	case pg.A_Expr_Kind_AEXPR_IN:
		return i.in(e.Lexpr, e.Rexpr.GetList().GetItems())
	case pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN,
		pg.A_Expr_Kind_AEXPR_BETWEEN_SYM, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
		return i.between(e.Lexpr, e.Rexpr.GetList().GetItems())
	default:
		return known{}
	}
}

// plain is left op right. Rows are compared column by column.
func (i infer) plain(name string, left, right *pg.Node) known {
	if left == nil {
		return i.prefix(name, right)
	}
	if l, r := left.GetRowExpr().GetArgs(), right.GetRowExpr().GetArgs(); len(l) > 0 && len(l) == len(r) && comparisonOperator(name) {
		k := known{safe: true, fixed: true, typ: pgType("bool")}
		for at := range l {
			k = both(k, i.plain(name, l[at], r[at]))
			k = both(k, i.plain("=", l[at], r[at]))
		}
		return k
	}
	if isLike(name) {
		return i.pattern(left, right)
	}
	if k := i.settled(name, left, right); k.safe {
		return k
	}
	return i.operator(name, i.node(left), i.node(right))
}

// prefix is - x and the like. The planner evaluates it ahead where x is a constant.
func (i infer) prefix(name string, operand *pg.Node) known {
	k := i.node(operand)
	o, ok := i.leaks.operators[operands{name, expr.Type{}, i.compared(k.typ)}]
	if !ok || !k.safe {
		return known{}
	}
	fixed := k.fixed && o.Volatility == 'i'
	return known{safe: fixed || o.Leakproof, fixed: fixed, typ: o.Returns}
}

func both(a, b known) known {
	a.safe, a.fixed = a.safe && b.safe, a.fixed && b.fixed
	return a
}

// pattern is LIKE over a plain column. An ESCAPE clause is a call in the pattern's place, which is no constant.
func (i infer) pattern(left, right *pg.Node) known {
	return i.like(i.node(left), right)
}

// anyOf is left op ANY (array).
func (i infer) anyOf(name string, left, right *pg.Node) known {
	array := i.node(right)
	if !array.open && !array.typ.Array {
		return leaky(pgType("bool"))
	}
	array.typ.Array = false
	if isLike(name) {
		return leaky(pgType("bool"))
	}
	k := i.operator(name, i.node(left), array)
	k.typ = pgType("bool")
	return k
}

func (i infer) in(left *pg.Node, items []*pg.Node) known {
	// PostgreSQL brings those that are not columns of the level to one type.
	k := known{safe: !i.trusts() || i.common(items).safe, fixed: true, typ: pgType("bool")}
	for _, item := range items {
		k = both(k, i.plain("=", left, item))
	}
	return k
}

func (i infer) between(left *pg.Node, bounds []*pg.Node) known {
	k := known{safe: len(bounds) == 2, fixed: true, typ: pgType("bool")}
	if i.node(left).open { // It meets both bounds, and takes the type of the first.
		k.safe = k.safe && i.common(bounds).safe
	}
	for _, bound := range bounds {
		k = both(k, i.plain("<=", left, bound))
		k = both(k, i.plain(">=", left, bound))
	}
	return k
}

func (i infer) typeCast(c *pg.TypeCast) known {
	to, ok := typeNamed(c.TypeName)
	if !ok {
		return known{}
	}
	k := i.node(c.Arg)
	if i.timeless(c, to) {
		return known{safe: true, typ: to}
	}
	if k.fixed && !k.open && !i.folded(k.typ, to) {
		k.fixed = false
	}
	return i.cast(k, to, len(c.TypeName.Typmods) > 0)
}

// typeNamed is the type that a name means once the walker has qualified it.
func typeNamed(t *pg.TypeName) (expr.Type, bool) {
	parts := strs(t.GetNames())
	if len(parts) == 0 || len(t.ArrayBounds) > 1 {
		return expr.Type{}, false
	}
	to := expr.Type{Schema: pgCatalog, Name: parts[len(parts)-1], Array: len(t.ArrayBounds) == 1}
	if len(parts) == 2 {
		to.Schema = parts[0]
	}
	return to, len(to.Name) < 2 || to.Name[0] != '_' // which is another way to write an array
}

// folded says whether the planner evaluates a constant's cast ahead. Casts whose result depends on a setting wait until they are reached.
func (i infer) folded(from, to expr.Type) bool {
	c, ok := i.leaks.casts[[2]expr.Type{from, to}]
	if from == to || ok && c.Method == 'b' {
		return true
	}
	_, immutable := i.function(strings.TrimPrefix(c.Function, pgCatalog+"."))
	return ok && immutable
}

func (i infer) caseExpr(c *pg.CaseExpr) known {
	var results []*pg.Node
	k := known{safe: true, fixed: true}
	for _, n := range c.Args {
		w := n.GetCaseWhen()
		results = append(results, w.GetResult())
		if c.Arg != nil {
			k = both(k, i.plain("=", c.Arg, w.GetExpr()))
			continue
		}
		k = both(k, i.node(w.GetExpr()))
	}
	if c.Defresult != nil {
		results = append(results, c.Defresult)
	}
	return both(i.common(results), k)
}

func (i infer) call(f *pg.FuncCall) known {
	parts := strs(f.Funcname)
	name := parts[len(parts)-1]
	if len(parts) != 2 || parts[0] != pgCatalog || f.Over != nil || len(f.AggOrder) > 0 || f.AggFilter != nil {
		return known{}
	}
	args := i.all(expr.Type{}, f.Args)
	leakproof, immutable := i.function(name)
	switch {
	case clock(name):
		return known{safe: true, typ: pgType("timestamptz")}
	case !args.safe:
		return known{}
	case immutable && args.fixed && len(f.Args) > 0:
		return known{safe: true, fixed: true}
	case leakproof:
		return known{safe: true}
	case quietAggregate(name):
		return i.aggregate(name, f)
	default:
		return i.quietCall(name, f)
	}
}

func (i infer) aggregate(name string, f *pg.FuncCall) known {
	k := known{safe: i.aggregates(name)}
	switch name {
	case "count":
		k.typ = pgType("int8")
	case "min", "max":
		if len(f.Args) != 1 {
			return known{}
		}
		k.typ = i.node(f.Args[0]).typ
	default:
		k.typ = pgType("bool")
	}
	return k
}

// quietCall is a call of a function on the longer list.
func (i infer) quietCall(name string, f *pg.FuncCall) known {
	switch {
	case name == "date_trunc" && len(f.Args) == 2 && dateField(f.Args[0]) && i.now(f.Args[1]):
		k := i.node(f.Args[1])
		return known{safe: k.safe && isTime(k.typ), typ: truncated(k.typ)}
	case name == "extract" && len(f.Args) == 2 && dateField(f.Args[0]):
		k := i.node(f.Args[1])
		return known{safe: k.safe && isTime(k.typ) && i.trusts(), typ: pgType("numeric")}
	case quietFunction(name) && len(f.Args) == 1:
		k := i.node(f.Args[0])
		result := pgType("text")
		if name == "length" || name == "char_length" || name == "character_length" {
			result = pgType("int4")
		}
		return known{safe: k.safe && i.compared(k.typ) == pgType("text") && i.trusts() && k.plain, typ: result}
	}
	return known{}
}

// truncated is the type of a truncated time: dates are read as timestamps with time zone first.
func truncated(t expr.Type) expr.Type {
	if t == pgType("date") {
		return pgType("timestamptz")
	}
	return t
}

func (i infer) subLink(s *pg.SubLink) known {
	query := i.queryOf(s.Subselect.GetSelectStmt())
	first := known{}
	if len(query.outputs) > 0 && query.ordered {
		first = query.outputs[0].known
	}
	switch s.SubLinkType {
	case pg.SubLinkType_EXISTS_SUBLINK:
		return known{safe: !query.raises, typ: pgType("bool")}
	case pg.SubLinkType_ANY_SUBLINK:
		op := "="
		if len(s.OperName) > 0 {
			op = s.OperName[len(s.OperName)-1].GetString_().GetSval()
		}
		if query.raises || isLike(op) {
			return leaky(pgType("bool"))
		}
		if row := s.Testexpr.GetRowExpr().GetArgs(); len(row) > 0 {
			return i.rowIn(op, row, query)
		}
		k := i.operator(op, i.node(s.Testexpr), first)
		k.typ, k.fixed = pgType("bool"), false
		return k
	case pg.SubLinkType_EXPR_SUBLINK:
		first.safe, first.open, first.fixed = first.safe && query.single && !query.raises, false, false
		return first
	default:
		return known{}
	}
}

func (i infer) rowIn(op string, row []*pg.Node, query summary) known {
	k := known{safe: query.ordered && len(row) == len(query.outputs), typ: pgType("bool")}
	for at, n := range row {
		if k.safe {
			k = both(k, i.operator(op, i.node(n), query.outputs[at].known))
		}
	}
	return k
}

func valueFunctionType(op pg.SQLValueFunctionOp) expr.Type {
	switch op {
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_DATE:
		return pgType("date")
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP, pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N:
		return pgType("timestamptz")
	case pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP, pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N:
		return pgType("timestamp")
	default:
		return expr.Type{}
	}
}
