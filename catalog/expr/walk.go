package expr

import "fmt"

// Walk calls f for an expression and everything in it, hops' restrictions included, innermost first.
func Walk(e Expr, f func(Expr)) {
	Map(e, func(x Expr) Expr { f(x); return x })
}

// Map rebuilds an expression from the leaves up: f is given each node after its parts were mapped. The
// original is not changed. It panics on a node that is not one of this package's values, since to pass it on would be
// to pass on something nobody understood.
func Map(e Expr, f func(Expr) Expr) Expr {
	switch x := e.(type) {
	case nil:
		return nil
	case Const, Bool, Me:
		return f(x)
	case Column:
		x.Path = mapPath(x.Path, f)
		return f(x)
	case And:
		return f(And{mapAll(x.Terms, f)})
	case Or:
		return f(Or{mapAll(x.Terms, f)})
	case Not:
		return f(Not{Map(x.Term, f)})
	case Compare:
		return f(Compare{x.Op, Map(x.Left, f), Map(x.Right, f)})
	case In:
		return f(In{Map(x.Left, f), mapAll(x.List, f)})
	case EqAny:
		return f(EqAny{Map(x.Left, f), Map(x.Array, f)})
	case IsNull:
		return f(IsNull{Map(x.Operand, f)})
	case Exists:
		return f(Exists{mapPath(x.Path, f), Map(x.Where, f)})
	default:
		return mapValue(e, f)
	}
}

// mapValue is Map for the nodes that most conditions do without.
func mapValue(e Expr, f func(Expr) Expr) Expr {
	switch x := e.(type) {
	case Distinct:
		return f(Distinct{Map(x.Left, f), Map(x.Right, f)})
	case Like:
		x.Left = Map(x.Left, f)
		return f(x)
	case Contains:
		return f(Contains{x.Op, Map(x.Left, f), Map(x.Right, f)})
	case JSONText:
		return f(JSONText{Map(x.Left, f), x.Key})
	case Arithmetic:
		return f(Arithmetic{x.Op, Map(x.Left, f), Map(x.Right, f), x.Type})
	case Call:
		x.Args = mapAll(x.Args, f)
		return f(x)
	case Cast:
		return f(Cast{Map(x.Operand, f), x.Type})
	case Case:
		whens := make([]When, len(x.Whens))
		for i, w := range x.Whens {
			whens[i] = When{Map(w.If, f), Map(w.Then, f)}
		}
		return f(Case{whens, Map(x.Else, f), x.Type})
	case SQL:
		return f(mapSQL(x, f))
	default:
		panic(fmt.Sprintf("expr: unknown node %T", e))
	}
}

// mapSQL shows f the columns and attributes that a text uses, so that a walk finds them. What f makes of them is let go: the text
// names them, and cannot change.
func mapSQL(x SQL, f func(Expr) Expr) SQL {
	for _, c := range x.Columns {
		f(Column{Name: c})
	}
	for _, m := range x.Me {
		f(m)
	}
	return x
}

func mapAll(list []Expr, f func(Expr) Expr) []Expr {
	mapped := make([]Expr, len(list))
	for i := range list {
		mapped[i] = Map(list[i], f)
	}
	return mapped
}

func mapPath(hops []Hop, f func(Expr) Expr) []Hop {
	if len(hops) == 0 {
		return hops
	}
	path := make([]Hop, len(hops))
	for i, h := range hops {
		path[i] = h
		if h.Where != nil {
			path[i].Where = Map(h.Where, f)
		}
	}
	return path
}
