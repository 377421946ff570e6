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
		return f(mapColumn(x, f))
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
	default:
		panic(fmt.Sprintf("expr: unknown node %T", e))
	}
}

func mapAll(list []Expr, f func(Expr) Expr) []Expr {
	mapped := make([]Expr, len(list))
	for i := range list {
		mapped[i] = Map(list[i], f)
	}
	return mapped
}

func mapColumn(c Column, f func(Expr) Expr) Column {
	if len(c.Path) == 0 {
		return c
	}
	path := make([]Hop, len(c.Path))
	for i, h := range c.Path {
		path[i] = h
		if h.Where != nil {
			path[i].Where = Map(h.Where, f)
		}
	}
	c.Path = path
	return c
}
