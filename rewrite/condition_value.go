package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// scalar prints a value. A column over a path is a scalar sub-select, NULL where the path breaks.
func (p *printer) scalar(e expr.Expr, r rows) (*pg.Node, error) {
	switch e := e.(type) {
	case expr.Column:
		return p.column(e, r)
	case expr.Const:
		if e.Null {
			return cast(null(), typeNode(e.Type)), nil
		}
		return cast(literal(e.Text), typeNode(e.Type)), nil
	case expr.Me:
		return cast(slot(e.Name), typeNode(e.Type)), nil
	case expr.Bool, expr.And, expr.Or, expr.Not, expr.IsNull, expr.Compare, expr.In, expr.EqAny, expr.Exists, expr.Distinct, expr.Like, expr.Contains:
		return p.exact(e, r)
	case expr.JSONText:
		left, err := p.scalar(e.Left, r)
		return expression(pg.A_Expr_Kind_AEXPR_OP, p.operator("->>"), left, cast(literal(e.Key), builtinType("text"))), err
	case expr.Arithmetic:
		return p.arithmetic(e, r)
	case expr.Call:
		return p.function(e, r)
	case expr.Cast:
		return p.castTo(e, r)
	case expr.Case:
		return p.caseOf(e, r)
	case expr.SQL:
		return p.opaque(e, r)
	default:
		return nil, fmt.Errorf("condition %T is not known", e)
	}
}

func (p *printer) column(e expr.Column, r rows) (*pg.Node, error) {
	from, err := r.up(e.Up)
	if err != nil {
		return nil, err
	}
	if len(e.Path) == 0 {
		return from(e.Name), nil
	}
	items, where, last, err := p.follow(e.Path, from)
	if err != nil {
		return nil, err
	}
	query := selectFrom([]*pg.Node{target(column(last, e.Name), "")}, items, and(where...))
	return subLink(pg.SubLinkType_EXPR_SUBLINK, query), nil
}

// arithmetic prints + and -. Days and months of a time with a zone are those of UTC, and not of the zone that a client chose.
func (p *printer) arithmetic(e expr.Arithmetic, r rows) (*pg.Node, error) {
	left, err := p.scalar(e.Left, r)
	if err != nil {
		return nil, err
	}
	right, err := p.scalar(e.Right, r)
	if err != nil {
		return nil, err
	}
	if e.Op != "+" && e.Op != "-" {
		return nil, fmt.Errorf("condition knows no operator %s", e.Op)
	}
	if builtinIs(e.Type, "timestamptz") {
		return utc(expression(pg.A_Expr_Kind_AEXPR_OP, p.operator(e.Op), utc(left), right)), nil
	}
	return expression(pg.A_Expr_Kind_AEXPR_OP, p.operator(e.Op), left, right), nil
}

// utc turns a time with a zone into one without, in UTC, and the reverse.
func utc(n *pg.Node) *pg.Node {
	return call("timezone", cast(literal("UTC"), builtinType("text")), n)
}

func builtinIs(t expr.Type, name string) bool {
	return t == expr.Type{Schema: pgCatalog, Name: name}
}

func (p *printer) function(e expr.Call, r rows) (*pg.Node, error) {
	args, err := p.each(e.Args, func(t expr.Expr) (*pg.Node, error) { return p.scalar(t, r) })
	if err != nil {
		return nil, err
	}
	switch e.Name {
	case "lower", "upper", "length", "starts_with", "strpos", "now":
		return call(e.Name, args...), nil
	case "current_date":
		return cast(utc(call("now")), builtinType("date")), nil
	case "coalesce":
		return &pg.Node{Node: &pg.Node_CoalesceExpr{CoalesceExpr: &pg.CoalesceExpr{Args: args, Location: sqltree.Unlocated}}}, nil
	default:
		return nil, fmt.Errorf("condition knows no function %s", e.Name)
	}
}

// castTo prints a cast. The day of a time with a zone is that of UTC.
func (p *printer) castTo(e expr.Cast, r rows) (*pg.Node, error) {
	n, err := p.scalar(e.Operand, r)
	if err != nil {
		return nil, err
	}
	if builtinIs(e.Type, "date") && builtinIs(typeOf(e.Operand), "timestamptz") {
		n = utc(n)
	}
	return cast(n, typeNode(e.Type)), nil
}

// typeOf is the type of the values that a cast may be about; none for anything else.
func typeOf(e expr.Expr) expr.Type {
	switch e := e.(type) {
	case expr.Column:
		return e.Type
	case expr.Const:
		return e.Type
	case expr.Me:
		return e.Type
	case expr.Arithmetic:
		return e.Type
	case expr.Call:
		return e.Type
	case expr.Cast:
		return e.Type
	case expr.Case:
		return e.Type
	case expr.SQL:
		return e.Type
	default:
		return expr.Type{}
	}
}

func (p *printer) caseOf(e expr.Case, r rows) (*pg.Node, error) {
	n := &pg.CaseExpr{Location: sqltree.Unlocated}
	for _, w := range e.Whens {
		condition, err := p.passing(w.If, r)
		if err != nil {
			return nil, err
		}
		result, err := p.scalar(w.Then, r)
		if err != nil {
			return nil, err
		}
		when := &pg.CaseWhen{Expr: condition, Result: result, Location: sqltree.Unlocated}
		n.Args = append(n.Args, &pg.Node{Node: &pg.Node_CaseWhen{CaseWhen: when}})
	}
	if e.Else != nil {
		otherwise, err := p.scalar(e.Else, r)
		if err != nil {
			return nil, err
		}
		n.Defresult = otherwise
	}
	return &pg.Node{Node: &pg.Node_CaseExpr{CaseExpr: n}}, nil
}

// typeNode is a type without modifiers, always with its schema.
func typeNode(t expr.Type) *pg.TypeName {
	n := &pg.TypeName{Names: typeNames(t.Schema, t.Name), Typemod: -1, Location: sqltree.Unlocated}
	if t.Array {
		n.ArrayBounds = []*pg.Node{{Node: &pg.Node_Integer{Integer: &pg.Integer{Ival: -1}}}}
	}
	return n
}

// typeNames qualifies a type. The deparser prints pg_catalog.bpchar as the prefix char, which cannot stand before NULL or an array;
// bpchar alone is found in pg_catalog first.
func typeNames(schema, name string) []*pg.Node {
	if schema == pgCatalog && name == "bpchar" {
		return names(name)
	}
	return names(schema, name)
}
