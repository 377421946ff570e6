package rewrite

import (
	"fmt"
	"slices"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// row says how a condition names a column of the row at hand.
type row func(column string) *pg.Node

// aliased is the row of a relation that the statement knows under an alias.
func aliased(alias string) row {
	return func(name string) *pg.Node { return column(alias, name) }
}

// printer turns conditions into nodes. Its output depends only on the condition and the row, so that the proof can
// make the same nodes again and compare.
type printer struct {
	qualified map[string]bool // operators that some schema on the search path has too: written OPERATOR(pg_catalog.=)
	aliases   int             // aliases given so far to relations that paths lead over
}

// condition prints e over r for a place where only TRUE passes.
func (g *Rewriter) condition(e expr.Expr, r row) (*pg.Node, error) {
	p := &printer{qualified: g.shadowed}
	return p.passing(e, r)
}

// passing prints a term whose FALSE and NULL mean the same. There a comparison over a path is an EXISTS, which the planner
// can make a semi-join, and conjuncts over the same path share one.
func (p *printer) passing(e expr.Expr, r row) (*pg.Node, error) {
	switch e := e.(type) {
	case expr.And:
		return p.conjunction(e.Terms, r)
	case expr.Or:
		if len(e.Terms) == 0 {
			return boolean(false), nil
		}
		terms, err := p.each(e.Terms, func(t expr.Expr) (*pg.Node, error) { return p.passing(t, r) })
		if err != nil {
			return nil, err
		}
		return or(terms...), nil
	default:
		if path := pathOf(e); len(path) > 0 {
			return p.exists(path, []expr.Expr{e}, r)
		}
		return p.exact(e, r)
	}
}

func (p *printer) conjunction(terms []expr.Expr, r row) (*pg.Node, error) {
	if len(terms) == 0 {
		return boolean(true), nil
	}
	var nodes []*pg.Node
	done := make([]bool, len(terms))
	for i, term := range terms {
		if done[i] {
			continue
		}
		path := pathOf(term)
		if len(path) == 0 {
			n, err := p.passing(term, r)
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, n)
			continue
		}
		same := []expr.Expr{term}
		for j := i + 1; j < len(terms); j++ {
			if !done[j] && samePath(path, pathOf(terms[j])) {
				same, done[j] = append(same, terms[j]), true
			}
		}
		n, err := p.exists(path, same, r)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return and(nodes...), nil
}

// exists prints terms whose left side lies at the end of path as one EXISTS over the path's relations.
func (p *printer) exists(path []expr.Hop, terms []expr.Expr, r row) (*pg.Node, error) {
	items, where, last, err := p.follow(path, r)
	if err != nil {
		return nil, err
	}
	for _, t := range terms {
		n, err := p.comparison(t, func(c expr.Column) *pg.Node { return column(last, c.Name) }, r)
		if err != nil {
			return nil, err
		}
		where = append(where, n)
	}
	return subLink(pg.SubLinkType_EXISTS_SUBLINK, selectFrom([]*pg.Node{target(integer(1), "")}, items, and(where...))), nil
}

// follow prints a path: its relations, the conjuncts that join them, and the alias of the last one.
func (p *printer) follow(path []expr.Hop, r row) (items, where []*pg.Node, last string, err error) {
	ours := r
	for _, hop := range path {
		p.aliases++
		last = "ww_p" + strconv.Itoa(p.aliases)
		items = append(items, rangeVar(hop.Schema, hop.Table, last))
		theirs := aliased(last)
		if len(hop.On) == 0 {
			return nil, nil, "", fmt.Errorf("relation %s has no join columns", hop.Relation)
		}
		for _, pair := range hop.On {
			where = append(where, expression(pg.A_Expr_Kind_AEXPR_OP, p.operator("="), theirs(pair.Theirs), ours(pair.Ours)))
		}
		if hop.Where != nil {
			n, err := p.passing(hop.Where, theirs)
			if err != nil {
				return nil, nil, "", err
			}
			where = append(where, n)
		}
		ours = theirs
	}
	return items, where, last, nil
}

// exact prints a boolean term with SQL's three values.
func (p *printer) exact(e expr.Expr, r row) (*pg.Node, error) {
	switch e := e.(type) {
	case expr.Bool:
		return boolean(bool(e)), nil
	case expr.And:
		terms, err := p.each(e.Terms, func(t expr.Expr) (*pg.Node, error) { return p.exact(t, r) })
		if err != nil || len(terms) == 0 {
			return boolean(true), err
		}
		return and(terms...), nil
	case expr.Or:
		terms, err := p.each(e.Terms, func(t expr.Expr) (*pg.Node, error) { return p.exact(t, r) })
		if err != nil || len(terms) == 0 {
			return boolean(false), err
		}
		return or(terms...), nil
	case expr.Not:
		n, err := p.exact(e.Term, r)
		if err != nil {
			return nil, err
		}
		return not(n), nil
	case expr.IsNull:
		n, err := p.scalar(e.Operand, r)
		if err != nil {
			return nil, err
		}
		return isNull(n), nil
	case expr.Compare, expr.In, expr.EqAny:
		return p.comparison(e, nil, r)
	default:
		return p.scalar(e, r)
	}
}

// comparison prints a comparison. Where end is given, the left side is a column at the end of a path that is already joined.
func (p *printer) comparison(e expr.Expr, end func(expr.Column) *pg.Node, r row) (*pg.Node, error) {
	left := func(e expr.Expr) (*pg.Node, error) {
		if c, ok := e.(expr.Column); ok && end != nil {
			return end(c), nil
		}
		return p.scalar(e, r)
	}
	switch e := e.(type) {
	case expr.Compare:
		l, err := left(e.Left)
		if err != nil {
			return nil, err
		}
		right, err := p.scalar(e.Right, r)
		return expression(pg.A_Expr_Kind_AEXPR_OP, p.operator(string(e.Op)), l, right), err
	case expr.In:
		l, err := left(e.Left)
		if err != nil {
			return nil, err
		}
		items, err := p.each(e.List, func(t expr.Expr) (*pg.Node, error) { return p.scalar(t, r) })
		return p.in(l, items), err
	case expr.EqAny:
		l, err := left(e.Left)
		if err != nil {
			return nil, err
		}
		array, err := p.scalar(e.Array, r)
		return expression(pg.A_Expr_Kind_AEXPR_OP_ANY, p.operator("="), l, array), err
	default:
		return nil, fmt.Errorf("condition %T is not a comparison", e)
	}
}

// in is left IN (items). IN cannot name its operator, so where = is ambiguous the comparisons are spelled out.
func (p *printer) in(left *pg.Node, items []*pg.Node) *pg.Node {
	if !p.qualified["="] {
		list := &pg.Node{Node: &pg.Node_List{List: &pg.List{Items: items}}}
		return expression(pg.A_Expr_Kind_AEXPR_IN, names("="), left, list)
	}
	terms := make([]*pg.Node, len(items))
	for i, item := range items {
		terms[i] = expression(pg.A_Expr_Kind_AEXPR_OP, p.operator("="), copyOf(left), item)
	}
	return or(terms...)
}

// scalar prints a value. A column over a path is a scalar sub-select, NULL where the path breaks.
func (p *printer) scalar(e expr.Expr, r row) (*pg.Node, error) {
	switch e := e.(type) {
	case expr.Column:
		if len(e.Path) == 0 {
			return r(e.Name), nil
		}
		items, where, last, err := p.follow(e.Path, r)
		if err != nil {
			return nil, err
		}
		query := selectFrom([]*pg.Node{target(column(last, e.Name), "")}, items, and(where...))
		return subLink(pg.SubLinkType_EXPR_SUBLINK, query), nil
	case expr.Const:
		if e.Null {
			return cast(null(), typeNode(e.Type)), nil
		}
		return cast(literal(e.Text), typeNode(e.Type)), nil
	case expr.Me:
		return cast(slot(e.Name), typeNode(e.Type)), nil
	case expr.Bool, expr.And, expr.Or, expr.Not, expr.IsNull, expr.Compare, expr.In, expr.EqAny:
		return p.exact(e, r)
	default:
		return nil, fmt.Errorf("condition %T is not known", e)
	}
}

func (p *printer) each(list []expr.Expr, print func(expr.Expr) (*pg.Node, error)) ([]*pg.Node, error) {
	nodes := make([]*pg.Node, 0, len(list))
	for _, e := range list {
		n, err := print(e)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func (p *printer) operator(op string) []*pg.Node {
	if p.qualified[op] {
		return names("pg_catalog", op)
	}
	return names(op)
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

// pathOf returns the path of a comparison whose left side is a column over one, if e is that.
func pathOf(e expr.Expr) []expr.Hop {
	var left expr.Expr
	switch e := e.(type) {
	case expr.Compare:
		left = e.Left
	case expr.In:
		left = e.Left
	case expr.EqAny:
		left = e.Left
	}
	if c, ok := left.(expr.Column); ok {
		return c.Path
	}
	return nil
}

func samePath(a, b []expr.Hop) bool {
	return slices.EqualFunc(a, b, func(x, y expr.Hop) bool {
		return x.Relation == y.Relation && x.Schema == y.Schema && x.Table == y.Table &&
			slices.Equal(x.On, y.On) && equalExpr(x.Where, y.Where)
	})
}
