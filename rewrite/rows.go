package rewrite

import (
	"reflect"

	"github.com/wherewall/wherewall/catalog/expr"
)

// equalExpr says whether two conditions are written alike. Conditions are plain data.
func equalExpr(a, b expr.Expr) bool { return reflect.DeepEqual(a, b) }

// anyColumn stands in columnsOf's answer for columns that it cannot tell.
const anyColumn = ""

// columnsOf collects the columns of the row at hand that decide a condition: its own, and those that its paths start from.
func columnsOf(e expr.Expr, into map[string]bool) { lookAt(e, 0, into) }

// lookAt does so below a number of Exists, where the row is that many rows up.
func lookAt(e expr.Expr, depth int, into map[string]bool) {
	each := func(list ...expr.Expr) {
		for _, x := range list {
			lookAt(x, depth, into)
		}
	}
	switch e := e.(type) {
	case nil, expr.Const, expr.Bool, expr.Me:
	case expr.And:
		each(e.Terms...)
	case expr.Or:
		each(e.Terms...)
	case expr.Not:
		each(e.Term)
	case expr.Compare:
		each(e.Left, e.Right)
	case expr.In:
		each(append([]expr.Expr{e.Left}, e.List...)...)
	case expr.EqAny:
		each(e.Left, e.Array)
	case expr.IsNull:
		each(e.Operand)
	case expr.Distinct:
		each(e.Left, e.Right)
	case expr.Like:
		each(e.Left)
	case expr.Contains:
		each(e.Left, e.Right)
	case expr.JSONText:
		each(e.Left)
	case expr.Arithmetic:
		each(e.Left, e.Right)
	case expr.Call:
		each(e.Args...)
	case expr.Cast:
		each(e.Operand)
	case expr.Case:
		for _, w := range e.Whens {
			each(w.If, w.Then)
		}
		each(e.Else)
	case expr.Column:
		if e.Up == depth {
			begin(e, into)
		}
	case expr.Exists:
		if depth == 0 {
			start(e.Path, into)
		}
		lookAt(e.Where, depth+1, into)
	case expr.SQL:
		if depth > 0 {
			into[anyColumn] = true // which row its columns belong to is PostgreSQL's to say
		}
		for _, name := range e.Columns {
			into[name] = true
		}
	default:
		into[anyColumn] = true
	}
}

// begin notes the column that decides a column: itself, or those that its path starts from.
func begin(c expr.Column, into map[string]bool) {
	if len(c.Path) == 0 {
		into[c.Name] = true
		return
	}
	start(c.Path, into)
}

func start(path []expr.Hop, into map[string]bool) {
	if len(path) == 0 {
		into[anyColumn] = true
		return
	}
	for _, pair := range path[0].On {
		into[pair.Ours] = true
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
