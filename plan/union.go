package plan

import (
	"slices"

	"github.com/wherewall/wherewall/catalog/expr"
)

func isTrue(e expr.Expr) bool  { b, ok := e.(expr.Bool); return ok && bool(b) }
func isFalse(e expr.Expr) bool { b, ok := e.(expr.Bool); return ok && !bool(b) }

// never says that an expression is FALSE or NULL for every row.
func never(e expr.Expr) bool {
	c, ok := e.(expr.Const)
	return isFalse(e) || ok && c.Null
}

// marks say which reasons stand behind a term, by the term's text. Reasons count from 0.
type marks map[string][]int

func (m marks) add(e expr.Expr, reasons []int) {
	key := expr.Text(e)
	for _, r := range reasons {
		if !slices.Contains(m[key], r) {
			m[key] = append(m[key], r)
		}
	}
}

// prefixes are what disjuncts may share. Those that do say it once: (B AND x) OR (B AND y) is B AND (x OR y), in
// three-valued logic too.
func prefixes() []func(disjunct) expr.Expr {
	return []func(disjunct) expr.Expr{
		func(d disjunct) expr.Expr { return d.always },
		func(d disjunct) expr.Expr { return d.boundary },
	}
}

// anyOf joins what grants allow. some is false where nothing is allowed.
func anyOf(disjuncts []disjunct) (e expr.Expr, why marks, some bool) {
	why = marks{}
	e = union(disjuncts, prefixes(), why)
	return e, why, !never(e)
}

func union(ds []disjunct, shared []func(disjunct) expr.Expr, why marks) expr.Expr {
	if len(shared) == 0 {
		return rests(ds, why)
	}
	var groups []expr.Expr
	for _, group := range groupedBy(ds, shared[0]) {
		inner := union(group, shared[1:], why)
		e := inner
		if prefix := shared[0](group[0]); prefix != nil {
			e = all([]expr.Expr{prefix, inner})
		}
		why.add(e, behindAll(group, shared[1:], isTrue(inner)))
		groups = append(groups, e)
	}
	return either(groups)
}

func groupedBy(ds []disjunct, by func(disjunct) expr.Expr) [][]disjunct {
	var groups [][]disjunct
	place := map[string]int{}
	for _, d := range ds {
		key := expr.Text(by(d))
		i, seen := place[key]
		if !seen {
			i = len(groups)
			place[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], d)
	}
	return groups
}

func rests(ds []disjunct, why marks) expr.Expr {
	terms := make([]expr.Expr, len(ds))
	for i, d := range ds {
		terms[i] = d.rest
		why.add(d.rest, []int{d.why})
		if or, ok := d.rest.(expr.Or); ok {
			for _, t := range or.Terms {
				why.add(t, []int{d.why})
			}
		}
	}
	return either(terms)
}

// behindAll are the reasons for the whole of a group's expression: all where its grants say the same, and those that ask for
// nothing more where that makes the rest of no account.
func behindAll(group []disjunct, more []func(disjunct) expr.Expr, absorbed bool) []int {
	var reasons, unconditional []int
	alike := true
	for _, d := range group {
		reasons = append(reasons, d.why)
		same, nothing := expr.Text(d.rest) == expr.Text(group[0].rest), isTrue(d.rest)
		for _, prefix := range more {
			same = same && expr.Text(prefix(d)) == expr.Text(prefix(group[0]))
			nothing = nothing && prefix(d) == nil
		}
		alike = alike && same
		if nothing {
			unconditional = append(unconditional, d.why)
		}
	}
	switch {
	case alike:
		return reasons
	case absorbed:
		return unconditional
	default:
		return nil
	}
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
