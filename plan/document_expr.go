package plan

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// object is one operator of a condition and its operands.
type object map[string]any

var operatorNames = map[expr.CompareOp]string{
	expr.Eq: "eq", expr.Ne: "ne", expr.Lt: "lt", expr.Le: "le", expr.Gt: "gt", expr.Ge: "ge",
}

// describe writes a condition with the closed list of operators. positive says that only TRUE matters here, so that a
// comparison over a relation may be said as EXISTS; below NOT, where FALSE and NULL part ways, it is a column with a path.
func (p *Plan) describe(e expr.Expr, positive bool) any {
	switch x := e.(type) {
	case nil:
		return nil
	case expr.Bool:
		return object{"const": bool(x)}
	case expr.And:
		return object{"and": p.describeAll(x.Terms, positive)}
	case expr.Or:
		return object{"or": p.describeAll(x.Terms, positive)}
	case expr.Not:
		return object{"not": p.describe(x.Term, false)}
	case expr.IsNull:
		return object{"isNull": p.describe(x.Operand, false)}
	case expr.Compare:
		return p.overPath(x.Left, positive && ofMe(x.Right), func(left any) any {
			return object{operatorNames[x.Op]: []any{left, p.describe(x.Right, false)}}
		})
	case expr.In:
		return p.overPath(x.Left, positive && ofMe(x.List...), func(left any) any {
			return object{"in": append([]any{left}, p.describeAll(x.List, false)...)}
		})
	case expr.EqAny:
		return p.overPath(x.Left, positive && ofMe(x.Array), func(left any) any {
			return object{"in": []any{left, p.describe(x.Array, false)}}
		})
	case expr.Column:
		if positive {
			return p.overPath(x, positive, func(column any) any { return column })
		}
		return p.column(x)
	case expr.Me:
		v := p.me[x.Name]
		v.Type = x.Type
		return value(v)
	case expr.Const:
		if x.Null {
			return object{"val": nil, "type": typeName(x.Type)}
		}
		return value(catalog.Attribute{Type: x.Type, Text: x.Text})
	default:
		// An adapter refuses an operator that it does not know, and this one is in nobody's list.
		return object{"unknown": nil}
	}
}

func (p *Plan) describeAll(list []expr.Expr, positive bool) []any {
	all := make([]any, len(list))
	for i := range list {
		all[i] = p.describe(list[i], positive)
	}
	return all
}

// ofMe says whether expressions have no column. One that has cannot move into an EXISTS, where its name would be that of
// a column of the other row.
func ofMe(list ...expr.Expr) bool {
	free := true
	for _, e := range list {
		expr.Walk(e, func(x expr.Expr) {
			if _, column := x.(expr.Column); column {
				free = false
			}
		})
	}
	return free
}

// overPath writes a predicate on a column that is reached over relations as nested EXISTS.
func (p *Plan) overPath(left expr.Expr, positive bool, predicate func(left any) any) any {
	c, ok := left.(expr.Column)
	if !ok || !positive || len(c.Path) == 0 {
		return predicate(p.describe(left, false))
	}
	inner := predicate(object{"col": c.Name})
	for _, hop := range slices.Backward(c.Path) {
		if hop.Where != nil {
			inner = object{"and": []any{p.describe(hop.Where, true), inner}}
		}
		exists := p.hop(hop)
		exists["where"] = inner
		inner = object{"exists": exists}
	}
	return inner
}

func (p *Plan) hop(h expr.Hop) object {
	join := make([][2]string, len(h.On))
	for i, on := range h.On {
		join[i] = [2]string{on.Ours, on.Theirs}
	}
	return object{"relation": h.Relation, "table": h.Schema + "." + h.Table, "join": join}
}

func (p *Plan) column(c expr.Column) any {
	if len(c.Path) == 0 {
		return object{"col": c.Name}
	}
	path := make([]object, len(c.Path))
	for i, h := range c.Path {
		path[i] = p.hop(h)
		if h.Where != nil {
			path[i]["where"] = p.describe(h.Where, true)
		}
	}
	return object{"col": c.Name, "path": path}
}

// value is a typed constant. Numbers stay exact.
func value(v catalog.Attribute) object {
	if !v.Type.Array {
		return object{"val": scalar(v.Type, v.Text), "type": typeName(v.Type)}
	}
	list := make([]any, len(v.List))
	for i, item := range v.List {
		list[i] = scalar(v.Type, item)
	}
	return object{"val": list, "type": typeName(v.Type)}
}

func scalar(t expr.Type, text string) any {
	if t.Schema != "pg_catalog" {
		return text
	}
	switch t.Name {
	case "int2", "int4", "int8", "numeric":
		// Not every spelling that PostgreSQL reads is JSON: +7 and 007 stay text.
		if json.Valid([]byte(text)) {
			return json.Number(text)
		}
	case "bool":
		if text == "true" || text == "false" {
			return text == "true"
		}
	}
	return text
}

func typeName(t expr.Type) string {
	name := t.Name
	if t.Schema != "pg_catalog" {
		name = t.Schema + "." + t.Name
	}
	if t.Array {
		name += "[]"
	}
	return name
}
