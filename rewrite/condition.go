package rewrite

import (
	"fmt"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog/expr"
)

// row says how a condition names a column of the row at hand.
type row func(column string) *pg.Node

// aliased is the row of a relation that the statement knows under an alias.
func aliased(alias string) row {
	return func(name string) *pg.Node { return column(alias, name) }
}

// rows are the row at hand, which is the last one, and those of the Exists around it.
type rows []row

// up is the row outside of a number of Exists.
func (r rows) up(n int) (row, error) {
	if n < 0 || n >= len(r) {
		return nil, fmt.Errorf("condition looks %d rows up, and there are %d", n, len(r))
	}
	return r[len(r)-1-n], nil
}

// inside is a row within these.
func (r rows) inside(inner row) rows { return append(r[:len(r):len(r)], inner) }

// printer turns conditions into nodes. Its output depends only on the condition and the row, so that the proof can
// make the same nodes again and compare.
type printer struct {
	qualified   map[string]bool // operators that some schema on the search path has too: written OPERATOR(pg_catalog.=)
	expressions *expressions    // of the policy's own SQL
	aliases     int             // aliases given so far to relations that paths lead over
}

func (g *Rewriter) printer() *printer {
	return &printer{qualified: g.shadowed, expressions: &g.expressions}
}

// condition prints e over r for a place where only TRUE passes.
func (g *Rewriter) condition(e expr.Expr, r row) (*pg.Node, error) {
	return g.printer().passing(e, rows{r})
}

// value prints a mask or a preset over r, with its exact value.
func (g *Rewriter) value(e expr.Expr, r row) (*pg.Node, error) {
	return g.printer().scalar(e, rows{r})
}

// passing prints a term whose FALSE and NULL mean the same. There a comparison over a path is an EXISTS, which the planner
// can make a semi-join, and conjuncts over the same path share one.
func (p *printer) passing(e expr.Expr, r rows) (*pg.Node, error) {
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
		if end := endOf(e); len(end.Path) > 0 {
			return p.reached(end, []expr.Expr{e}, r)
		}
		return p.exact(e, r)
	}
}

func (p *printer) conjunction(terms []expr.Expr, r rows) (*pg.Node, error) {
	if len(terms) == 0 {
		return boolean(true), nil
	}
	var nodes []*pg.Node
	done := make([]bool, len(terms))
	for i, term := range terms {
		if done[i] {
			continue
		}
		end := endOf(term)
		if len(end.Path) == 0 {
			n, err := p.passing(term, r)
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, n)
			continue
		}
		same := []expr.Expr{term}
		for j := i + 1; j < len(terms); j++ {
			if !done[j] && sameEnd(end, endOf(terms[j])) {
				same, done[j] = append(same, terms[j]), true
			}
		}
		n, err := p.reached(end, same, r)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return and(nodes...), nil
}

// reached prints terms whose left side lies at the end of a path as one EXISTS over the path's relations.
func (p *printer) reached(end expr.Column, terms []expr.Expr, r rows) (*pg.Node, error) {
	from, err := r.up(end.Up)
	if err != nil {
		return nil, err
	}
	items, where, last, err := p.follow(end.Path, from)
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
	return existing(items, where), nil
}

func existing(items, where []*pg.Node) *pg.Node {
	return subLink(pg.SubLinkType_EXISTS_SUBLINK, selectFrom([]*pg.Node{target(integer(1), "")}, items, and(where...)))
}

// exists prints an Exists. Of what it says about its row only TRUE counts, wherever it stands.
func (p *printer) exists(e expr.Exists, r rows) (*pg.Node, error) {
	if len(e.Path) == 0 {
		return nil, fmt.Errorf("condition asks for rows of no relation")
	}
	from, err := r.up(0)
	if err != nil {
		return nil, err
	}
	items, where, last, err := p.follow(e.Path, from)
	if err != nil {
		return nil, err
	}
	n, err := p.passing(e.Where, r.inside(aliased(last)))
	if err != nil {
		return nil, err
	}
	return existing(items, append(where, n)), nil
}

// follow prints a path: its relations, the conjuncts that join them, and the alias of the last one.
func (p *printer) follow(path []expr.Hop, from row) (items, where []*pg.Node, last string, err error) {
	ours := from
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
			n, err := p.passing(hop.Where, rows{theirs})
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
func (p *printer) exact(e expr.Expr, r rows) (*pg.Node, error) {
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
	case expr.Exists:
		return p.exists(e, r)
	case expr.Distinct:
		return p.distinct(e, r)
	case expr.Compare, expr.In, expr.EqAny, expr.Like, expr.Contains:
		return p.comparison(e, nil, r)
	default:
		return p.scalar(e, r)
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
