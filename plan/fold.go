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
		if me, ok := x.Array.(expr.Me); ok && b.isEmptyList(me) {
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

func (b *builder) isEmptyList(me expr.Me) bool {
	v, has := b.me[me.Name]
	return has && me.Type.Array && v.Type.Array && len(v.List) == 0
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
	v := evaluator{schema: b.snapshot.Schema, me: b.me}
	switch v.truth(e).truth {
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

// decisions are the values on which the form of an expression depends after folding: for each of its slots whether the subject has a value that
// fits and whether a list is empty, and the values of what is decided. Two subjects with the same decisions have the same rules.
func (b *builder) decisions(e expr.Expr, found func(string, expr.Expr)) {
	if e == nil {
		return
	}
	for _, me := range slots(e) {
		found("slot "+expr.Text(me), me)
	}
	b.decisionsIn(e, found)
}

func (b *builder) decisionsIn(e expr.Expr, found func(string, expr.Expr)) {
	if ofMe(e) {
		if _, constant := e.(expr.Bool); !constant {
			found("term "+expr.Text(e), e)
		}
	}
	switch x := e.(type) {
	case expr.And:
		for _, t := range x.Terms {
			b.decisionsIn(t, found)
		}
	case expr.Or:
		for _, t := range x.Terms {
			b.decisionsIn(t, found)
		}
	case expr.Not:
		b.decisionsIn(x.Term, found)
	case expr.Exists:
		b.decisionsIn(x.Where, found)
	default:
	}
}

// decision is how one of them comes out for this subject, as a letter: for terms, one for each set of values that they may have.
func (b *builder) decision(e expr.Expr) byte {
	if me, ok := e.(expr.Me); ok {
		switch {
		case b.lacksValue(me) != "":
			return '-'
		case b.isEmptyList(me):
			return 'e'
		case me.Type != boolType():
			return 'v'
		}
	}
	v := evaluator{schema: b.snapshot.Schema, me: b.me}
	return '0' + byte(v.truth(e).truth)
}
