package plan

import "github.com/wherewall/wherewall/catalog/expr"

// fold evaluates what depends on the subject alone, and keeps everything whose value PostgreSQL might see differently:
// the order of texts, say. The result has the same value for every row, NULL for NULL included.
func (b *builder) fold(e expr.Expr) expr.Expr {
	if e == nil {
		return nil
	}
	if known, ok := b.decided(e); ok {
		return known
	}
	switch x := e.(type) {
	case expr.And:
		return all(b.foldAll(x.Terms))
	case expr.Or:
		return either(b.foldAll(x.Terms))
	case expr.Not:
		term := b.fold(x.Term)
		if v, ok := term.(expr.Bool); ok {
			return !v
		}
		return expr.Not{Term: term}
	case expr.EqAny:
		// An empty list is FALSE whatever stands on the left, NULL included.
		if me, ok := x.Array.(expr.Me); ok && b.subject.emptyList(me) {
			return expr.Bool(false)
		}
		return x
	case expr.Exists:
		x.Where = b.fold(x.Where)
		if never(x.Where) {
			return expr.Bool(false)
		}
		return x
	default:
		return e
	}
}

func (b *builder) foldAll(terms []expr.Expr) []expr.Expr {
	folded := make([]expr.Expr, len(terms))
	for i, t := range terms {
		folded[i] = b.fold(t)
	}
	return folded
}

// decided is the value of a boolean expression over the subject and constants.
func (b *builder) decided(e expr.Expr) (expr.Expr, bool) {
	switch e.(type) {
	case expr.Bool:
		return e, true
	default:
	}
	if !ofMe(e) {
		return nil, false
	}
	switch b.subject.truth(e) {
	case isTRUE:
		return expr.Bool(true), true
	case isFALSE:
		return expr.Bool(false), true
	case isNULL:
		return expr.Const{Type: boolType(), Null: true}, true
	default:
		return nil, false
	}
}

func boolType() expr.Type { return expr.Type{Schema: "pg_catalog", Name: "bool"} }

// ofMe says whether expressions look at no row. One that does cannot be decided, nor move into an EXISTS, where a name
// would be that of a column of the other row.
func ofMe(list ...expr.Expr) bool {
	free := true
	for _, e := range list {
		expr.Walk(e, func(x expr.Expr) {
			switch x.(type) {
			case expr.Column, expr.Exists, expr.SQL:
				free = false
			default:
			}
		})
	}
	return free
}
