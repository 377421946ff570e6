package plan

import (
	"math/big"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// fold evaluates what depends on the subject alone, and keeps everything whose value PostgreSQL might see differently:
// the order of texts, say. The result has the same value for every row, NULL for NULL included.
func (p *Plan) fold(e expr.Expr) expr.Expr {
	return expr.Map(e, func(x expr.Expr) expr.Expr {
		switch x := x.(type) {
		case expr.Compare:
			return p.foldCompare(x)
		case expr.EqAny:
			return p.foldAny(x)
		case expr.IsNull:
			if v, known := p.value(x.Operand); known && !v.Type.Array {
				return expr.Bool(false)
			}
			return x
		case expr.Not:
			if b, ok := x.Term.(expr.Bool); ok {
				return !b
			}
			return x
		case expr.And:
			return all(p.foldTerms(x.Terms))
		case expr.Or:
			return either(p.foldTerms(x.Terms))
		default:
			return x
		}
	})
}

// foldTerms evaluates terms that are attributes themselves: me.is_manager.
func (p *Plan) foldTerms(terms []expr.Expr) []expr.Expr {
	folded := slices.Clone(terms)
	for i, t := range folded {
		if me, ok := t.(expr.Me); ok && me.Type.Name == "bool" {
			if v, known := p.value(me); known && (v.Text == "true" || v.Text == "false") {
				folded[i] = expr.Bool(v.Text == "true")
			}
		}
	}
	return folded
}

// value is a constant's or an attribute's value; its type is the one that it is read as.
func (p *Plan) value(e expr.Expr) (catalog.Attribute, bool) {
	switch x := e.(type) {
	case expr.Const:
		return catalog.Attribute{Type: x.Type, Text: x.Text}, !x.Null && !x.Type.Array
	case expr.Me:
		v, ok := p.me[x.Name]
		v.Type = x.Type
		return v, ok
	default:
		return catalog.Attribute{}, false
	}
}

func (p *Plan) foldCompare(c expr.Compare) expr.Expr {
	l, okLeft := p.value(c.Left)
	r, okRight := p.value(c.Right)
	if !okLeft || !okRight {
		return c
	}
	if order, ok := numbers(l, r); ok {
		return expr.Bool(holds(c.Op, order))
	}
	if equal, ok := sameText(l, r); ok && (c.Op == expr.Eq || c.Op == expr.Ne) {
		return expr.Bool(equal == (c.Op == expr.Eq))
	}
	return c
}

func holds(op expr.CompareOp, order int) bool {
	switch op {
	case expr.Eq:
		return order == 0
	case expr.Ne:
		return order != 0
	case expr.Lt:
		return order < 0
	case expr.Le:
		return order <= 0
	case expr.Gt:
		return order > 0
	case expr.Ge:
		return order >= 0
	default:
		return false
	}
}

// numbers compares two exact numbers. Exponents are left to PostgreSQL: they are short to write and long to compute.
func numbers(l, r catalog.Attribute) (order int, ok bool) {
	exact := []string{"int2", "int4", "int8", "numeric"}
	for _, v := range []catalog.Attribute{l, r} {
		if !slices.Contains(exact, builtinName(v)) || strings.Trim(v.Text, "+-.0123456789") != "" {
			return 0, false
		}
	}
	a, okLeft := new(big.Rat).SetString(l.Text)
	b, okRight := new(big.Rat).SetString(r.Text)
	if !okLeft || !okRight {
		return 0, false
	}
	return a.Cmp(b), true
}

// sameText compares texts byte by byte, which is what = means in a deterministic collation.
func sameText(l, r catalog.Attribute) (equal, ok bool) {
	text := []string{"text", "varchar"}
	if !slices.Contains(text, builtinName(l)) || !slices.Contains(text, builtinName(r)) {
		return false, false
	}
	return l.Text == r.Text, true
}

// builtinName is the name of a scalar type of pg_catalog, else empty.
func builtinName(v catalog.Attribute) string {
	if v.Type.Schema != "pg_catalog" || v.Type.Array {
		return ""
	}
	return v.Type.Name
}

// foldAny evaluates = ANY over an attribute's list. An empty list is FALSE whatever stands on the left, NULL included.
func (p *Plan) foldAny(e expr.EqAny) expr.Expr {
	me, ok := e.Array.(expr.Me)
	if !ok || !me.Type.Array {
		return e
	}
	list, ok := p.me[me.Name]
	if !ok {
		return e
	}
	if len(list.List) == 0 {
		return expr.Bool(false)
	}
	element := me.Type
	element.Array = false
	found := expr.Bool(false)
	for _, item := range list.List {
		equal, ok := p.foldCompare(expr.Compare{Op: expr.Eq, Left: e.Left, Right: expr.Const{Type: element, Text: item}}).(expr.Bool)
		if !ok {
			return e
		}
		found = found || equal
	}
	return found
}

// all is the conjunction of terms in its simplest form, flat and without repetition.
func all(terms []expr.Expr) expr.Expr {
	flat, stop := flatten(terms, false)
	switch {
	case stop:
		return expr.Bool(false)
	case len(flat) == 0:
		return expr.Bool(true)
	case len(flat) == 1:
		return flat[0]
	default:
		return expr.And{Terms: flat}
	}
}

// either is the disjunction of terms in its simplest form.
func either(terms []expr.Expr) expr.Expr {
	flat, stop := flatten(terms, true)
	switch {
	case stop:
		return expr.Bool(true)
	case len(flat) == 0:
		return expr.Bool(false)
	case len(flat) == 1:
		return flat[0]
	default:
		return expr.Or{Terms: flat}
	}
}

// flatten merges nested lists of the same kind, drops repetitions and the constant that changes nothing, and stops at
// the one that decides: TRUE for OR, FALSE for AND.
func flatten(terms []expr.Expr, decides expr.Bool) (flat []expr.Expr, stop bool) {
	seen := map[string]bool{}
	for _, t := range terms {
		nested := []expr.Expr{t}
		switch x := t.(type) {
		case expr.And:
			if !decides {
				nested = x.Terms
			}
		case expr.Or:
			if decides {
				nested = x.Terms
			}
		}
		for _, n := range nested {
			if b, ok := n.(expr.Bool); ok {
				if b == decides {
					return nil, true
				}
				continue
			}
			if key := expr.Text(n); !seen[key] {
				seen[key] = true
				flat = append(flat, n)
			}
		}
	}
	return flat, false
}
