package plan

import (
	"slices"

	"github.com/wherewall/wherewall/catalog/expr"
)

// truth is the set of values that a boolean expression may have, as far as is known. One element is an answer; several are
// a question for the database. The empty set, which is the zero value, is nobody's answer.
type truth uint8

const (
	isTRUE truth = 1 << iota
	isFALSE
	isNULL
	unknownTruth = isTRUE | isFALSE | isNULL
	notNULL      = isTRUE | isFALSE
)

// single says that the value is known.
func (t truth) single() bool { return t == isTRUE || t == isFALSE || t == isNULL }

// String is the value's name, and a question mark for one that is not known.
func (t truth) String() string {
	switch t {
	case isTRUE:
		return "TRUE"
	case isFALSE:
		return "FALSE"
	case isNULL:
		return "NULL"
	default:
		return "?"
	}
}

func truthOf(b bool) truth {
	if b {
		return isTRUE
	}
	return isFALSE
}

// values lists the elements.
func (t truth) values() []truth {
	var list []truth
	for _, v := range []truth{isTRUE, isFALSE, isNULL} {
		if t&v != 0 {
			list = append(list, v)
		}
	}
	return list
}

// and is every value that AND may have of two operands.
func (t truth) and(other truth) truth {
	var result truth
	for _, a := range t.values() {
		for _, b := range other.values() {
			switch {
			case a == isFALSE || b == isFALSE:
				result |= isFALSE
			case a == isNULL || b == isNULL:
				result |= isNULL
			default:
				result |= isTRUE
			}
		}
	}
	return result
}

func (t truth) not() truth {
	result := t & isNULL
	if t&isTRUE != 0 {
		result |= isFALSE
	}
	if t&isFALSE != 0 {
		result |= isTRUE
	}
	return result
}

// or is De Morgan's, which holds with three values.
func (t truth) or(other truth) truth { return t.not().and(other.not()).not() }

// verdict is what is known of a boolean expression, and what is missing where that is not one value.
type verdict struct {
	truth truth
	needs []string
}

// settled is a verdict without open questions; where there are some, they stay.
func (v verdict) settled() verdict {
	if v.truth.single() {
		v.needs = nil
	}
	return v
}

func union2(a, b []string) []string {
	joined := slices.Concat(a, b)
	slices.Sort(joined)
	return slices.Compact(joined)
}

func (v verdict) and(other verdict) verdict {
	return verdict{v.truth.and(other.truth), union2(v.needs, other.needs)}.settled()
}

func (v verdict) or(other verdict) verdict {
	return verdict{v.truth.or(other.truth), union2(v.needs, other.needs)}.settled()
}

// truth evaluates a boolean expression.
func (v *evaluator) truth(e expr.Expr) verdict {
	switch x := e.(type) {
	case nil:
		return verdict{truth: isTRUE}
	case expr.Bool:
		return verdict{truth: truthOf(bool(x))}
	case expr.And:
		result := verdict{truth: isTRUE}
		for _, t := range x.Terms {
			result = result.and(v.truth(t))
		}
		return result
	case expr.Or:
		result := verdict{truth: isFALSE}
		for _, t := range x.Terms {
			result = result.or(v.truth(t))
		}
		return result
	case expr.Not:
		r := v.truth(x.Term)
		r.truth = r.truth.not()
		return r
	case expr.Compare:
		return v.compare(x.Op, v.scalar(x.Left), v.scalar(x.Right))
	case expr.In:
		return v.among(v.scalar(x.Left), v.scalars(x.List))
	case expr.EqAny:
		return v.equalsAny(v.scalar(x.Left), v.scalar(x.Array))
	case expr.IsNull:
		return v.isNull(v.operand(x.Operand))
	case expr.Exists:
		return v.exists(x)
	case expr.Distinct:
		return v.distinct(v.operand(x.Left), v.operand(x.Right))
	case expr.Like:
		return v.like(x)
	case expr.Contains:
		return v.contains(x)
	case expr.Column, expr.Me, expr.Const, expr.Cast, expr.Call, expr.Case, expr.SQL, expr.JSONText, expr.Arithmetic:
		return v.scalar(x).boolean()
	default:
		return verdict{unknownTruth, []string{"an unknown condition"}}
	}
}

// operand is a value of any type; a boolean expression is one too.
func (v *evaluator) operand(e expr.Expr) scalar {
	switch e.(type) {
	case expr.Bool, expr.And, expr.Or, expr.Not, expr.Compare, expr.In, expr.EqAny, expr.IsNull, expr.Exists, expr.Distinct, expr.Like, expr.Contains:
		r := v.truth(e)
		switch r.truth {
		case isTRUE, isFALSE:
			return known(datum{kind: boolKind, flag: r.truth == isTRUE})
		case isNULL:
			return null()
		default:
			return missing(r.needs...)
		}
	default:
		return v.scalar(e)
	}
}

func (v *evaluator) isNull(s scalar) verdict {
	if !s.known {
		return verdict{notNULL, s.needs}
	}
	return verdict{truth: truthOf(s.null)}
}

func (v *evaluator) distinct(l, r scalar) verdict {
	switch {
	case l.isNull() && r.isNull():
		return verdict{truth: isFALSE}
	case l.isNull() && r.known || r.isNull() && l.known:
		return verdict{truth: isTRUE}
	case !l.known || !r.known:
		return verdict{notNULL, union2(l.needs, r.needs)}
	}
	equal := v.equal(l.datum, r.datum)
	return verdict{equal.truth.not(), equal.needs}
}

// compare is NULL wherever a side is.
func (v *evaluator) compare(op expr.CompareOp, l, r scalar) verdict {
	switch {
	case l.isNull() || r.isNull():
		return verdict{truth: isNULL}
	case !l.known || !r.known:
		return verdict{unknownTruth, union2(l.needs, r.needs)}
	}
	switch op {
	case expr.Eq:
		return v.equal(l.datum, r.datum)
	case expr.Ne:
		equal := v.equal(l.datum, r.datum)
		return verdict{equal.truth.not(), equal.needs}
	case expr.Lt, expr.Le, expr.Gt, expr.Ge:
		order, ok := v.order(l.datum, r.datum)
		if !ok {
			return verdict{notNULL, []string{"the order of " + l.datum.kind.String() + " values"}}
		}
		return verdict{truth: truthOf(holds(op, order))}
	default:
		return verdict{unknownTruth, []string{"an unknown operator"}}
	}
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

// among is IN: TRUE where one is equal, else NULL where one might be.
func (v *evaluator) among(left scalar, list []scalar) verdict {
	result := verdict{truth: isFALSE}
	for _, item := range list {
		result = result.or(v.compare(expr.Eq, left, item))
	}
	return result
}

func (v *evaluator) equalsAny(left, array scalar) verdict {
	switch {
	case array.isNull():
		return verdict{truth: isNULL}
	case !array.known:
		// Even NULL = ANY (an empty array) is FALSE.
		return verdict{unknownTruth, union2(left.needs, array.needs)}
	case array.datum.kind != listKind:
		return verdict{unknownTruth, []string{"an array"}}
	default:
		return v.among(left, array.datum.list)
	}
}
