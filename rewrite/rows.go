package rewrite

import (
	"reflect"

	"github.com/wherewall/wherewall/catalog/expr"
)

// equalExpr says whether two conditions are written alike. Conditions are plain data.
func equalExpr(a, b expr.Expr) bool { return reflect.DeepEqual(a, b) }

// columnsOf collects the columns of the row at hand that decide a condition: its own, and those that its paths start from.
func columnsOf(e expr.Expr, into map[string]bool) {
	switch e := e.(type) {
	case expr.And:
		columnsOfAll(e.Terms, into)
	case expr.Or:
		columnsOfAll(e.Terms, into)
	case expr.Not:
		columnsOf(e.Term, into)
	case expr.Compare:
		columnsOf(e.Left, into)
		columnsOf(e.Right, into)
	case expr.In:
		columnsOf(e.Left, into)
		columnsOfAll(e.List, into)
	case expr.EqAny:
		columnsOf(e.Left, into)
		columnsOf(e.Array, into)
	case expr.IsNull:
		columnsOf(e.Operand, into)
	case expr.Column:
		if len(e.Path) == 0 {
			into[e.Name] = true
			return
		}
		for _, pair := range e.Path[0].On {
			into[pair.Ours] = true
		}
	}
}

func columnsOfAll(list []expr.Expr, into map[string]bool) {
	for _, e := range list {
		columnsOf(e, into)
	}
}

// isTrue says whether a condition lets every row pass.
func isTrue(e expr.Expr) bool {
	switch e := e.(type) {
	case expr.Bool:
		return bool(e)
	case expr.And:
		for _, t := range e.Terms {
			if !isTrue(t) {
				return false
			}
		}
		return true
	default:
		return false
	}
}
