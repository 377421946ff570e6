package main

import (
	"fmt"

	"github.com/wherewall/wherewall/catalog/expr"
)

// conditionWriter writes conditions as the plan's JSON: an object with one key, the operator. The subject's attributes
// have become values.
//
// A column over a path keeps the path beside it, and is not made an EXISTS: a path that breaks is NULL, and under a NOT
// the two differ.
type conditionWriter struct {
	values map[string]string // of the plan, by attribute
}

type object = map[string]any

// condition returns the JSON of an expression; nil for none.
func (w conditionWriter) condition(e expr.Expr) any {
	switch e := e.(type) {
	case nil:
		return nil
	case expr.Bool:
		return object{"const": bool(e)}
	case expr.And:
		return object{"and": w.all(e.Terms)}
	case expr.Or:
		return object{"or": w.all(e.Terms)}
	case expr.Not:
		return object{"not": w.condition(e.Term)}
	case expr.Compare:
		return object{operator(e.Op): w.all([]expr.Expr{e.Left, e.Right})}
	case expr.In:
		return object{"in": append(w.all([]expr.Expr{e.Left}), w.all(e.List)...)}
	case expr.EqAny:
		return object{"eqAny": w.all([]expr.Expr{e.Left, e.Array})}
	case expr.IsNull:
		return object{"isNull": w.condition(e.Operand)}
	default:
		return w.value(e)
	}
}

func (w conditionWriter) all(terms []expr.Expr) []any {
	written := make([]any, 0, len(terms))
	for _, t := range terms {
		written = append(written, w.condition(t))
	}
	return written
}

// value writes what is compared: a column, a literal, or an attribute of the subject.
func (w conditionWriter) value(e expr.Expr) any {
	switch e := e.(type) {
	case expr.Column:
		if len(e.Path) == 0 {
			return object{"col": e.Name, "type": typeName(e.Type)}
		}
		return object{"col": e.Name, "type": typeName(e.Type), "path": w.path(e.Path)}
	case expr.Const:
		if e.Null {
			return object{"val": nil, "type": typeName(e.Type)}
		}
		return object{"val": e.Text, "type": typeName(e.Type)}
	case expr.Me:
		return object{"val": w.values[e.Name], "type": typeName(e.Type), "me": e.Name}
	default:
		// An application that does not know an operator must deny, so an unknown one is written as such.
		return object{"unknown": fmt.Sprintf("%T", e)}
	}
}

func (w conditionWriter) path(hops []expr.Hop) []any {
	written := make([]any, 0, len(hops))
	for _, h := range hops {
		join := make([][2]string, 0, len(h.On))
		for _, p := range h.On {
			join = append(join, [2]string{p.Ours, p.Theirs})
		}
		hop := object{"relation": h.Relation, "table": h.Schema + "." + h.Table, "join": join}
		if h.Where != nil {
			hop["where"] = w.condition(h.Where)
		}
		written = append(written, hop)
	}
	return written
}

func operator(op expr.CompareOp) string {
	switch op {
	case expr.Eq:
		return "eq"
	case expr.Ne:
		return "ne"
	case expr.Lt:
		return "lt"
	case expr.Le:
		return "le"
	case expr.Gt:
		return "gt"
	case expr.Ge:
		return "ge"
	default:
		return "unknown"
	}
}

// typeName is a type as a policy spells it: bare where it is PostgreSQL's own.
func typeName(t expr.Type) string {
	name := t.Name
	if t.Schema != "" && t.Schema != "pg_catalog" {
		name = t.Schema + "." + t.Name
	}
	if t.Array {
		name += "[]"
	}
	return name
}
