package rewrite

import (
	"regexp"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// An expression without columns runs before any row is read, or is put off until a row is reached: then an error of it tells that there is such a
// row. PostgreSQL calls both leakproof. Here the second kind is safe only where it cannot fail.

// shortInterval is an interval that leads from any present to another time that PostgreSQL can hold.
var shortInterval = regexp.MustCompile(`^\s*-?[0-9]{1,3}\s*(second|minute|hour|day|week|month|year)s?\s*$`)

// now says whether an expression is the present, or a time that lies a short interval from it.
func (i infer) now(n *pg.Node) bool { return i.present(n, 0) }

// present bounds the steps that lead away from it.
func (i infer) present(n *pg.Node, depth int) bool {
	switch e := n.GetNode().(type) {
	case *pg.Node_SqlvalueFunction:
		return isTime(valueFunctionType(e.SqlvalueFunction.Op))
	case *pg.Node_FuncCall:
		parts := strs(e.FuncCall.Funcname)
		if len(parts) != 2 || parts[0] != pgCatalog {
			return false
		}
		if parts[1] == "date_trunc" && len(e.FuncCall.Args) == 2 {
			return dateField(e.FuncCall.Args[0]) && i.present(e.FuncCall.Args[1], depth)
		}
		return clock(parts[1])
	case *pg.Node_TypeCast:
		return i.present(e.TypeCast.Arg, depth) && len(e.TypeCast.TypeName.GetTypmods()) == 0
	case *pg.Node_AExpr:
		return e.AExpr.Kind == pg.A_Expr_Kind_AEXPR_OP && i.steps(e.AExpr, depth)
	default:
		return false
	}
}

// steps says whether an expression is the present and a short interval, or a few days.
func (i infer) steps(e *pg.A_Expr, depth int) bool {
	name := e.Name[len(e.Name)-1].GetString_().GetSval()
	if name != "+" && name != "-" || e.Lexpr == nil || depth > 2 || !i.present(e.Lexpr, depth+1) {
		return false
	}
	if c := e.Rexpr.GetAConst(); c != nil && c.GetIval() != nil {
		days := c.GetIval().GetIval()
		return days >= 0 && days < 10000
	}
	c := e.Rexpr.GetTypeCast()
	names := strs(c.GetTypeName().GetNames())
	return len(names) > 0 && names[len(names)-1] == "interval" && len(c.TypeName.Typmods) == 0 &&
		shortInterval.MatchString(c.Arg.GetAConst().GetSval().GetSval())
}

// settled is the present and a short interval, which gives what the operator says.
func (i infer) settled(name string, left, right *pg.Node) known {
	e := &pg.A_Expr{Kind: pg.A_Expr_Kind_AEXPR_OP, Name: names(name), Lexpr: left, Rexpr: right}
	if !i.steps(e, 0) {
		return known{}
	}
	o, ok := i.operation(name, i.node(left), i.node(right))
	return known{safe: ok && isTime(o.Returns), typ: o.Returns}
}

// timeless says whether a cast reads the present as another kind of time.
func (i infer) timeless(c *pg.TypeCast, to expr.Type) bool {
	k := i.node(c.Arg)
	return isTime(to) && isTime(k.typ) && k.safe && i.now(c.Arg)
}

func (i infer) trusts() bool { return i.trust == catalog.TrustQuiet }
