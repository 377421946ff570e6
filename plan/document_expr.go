package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// object is one operator of a condition and its operands.
type object map[string]any

var operatorNames = map[expr.CompareOp]string{
	expr.Eq: "eq", expr.Ne: "ne", expr.Lt: "lt", expr.Le: "le", expr.Gt: "gt", expr.Ge: "ge",
}

var arrayOperatorNames = map[string]string{"&&": "overlap", "@>": "containsAll", "<@": "containedBy"}

// unknownOperator is what nobody's list of operators has: an adapter refuses the document.
func unknownOperator(e any) object { return object{"unknown": fmt.Sprintf("%T", e)} }

// jsonWriter writes conditions with the closed list of operators. The subject's values are filled in.
type jsonWriter struct {
	me map[string]catalog.Attribute
}

// marked writes a rule's condition with the reasons for its terms.
func (w jsonWriter) marked(e expr.Expr, why marks) any {
	if e == nil {
		return nil
	}
	if reasons := why[expr.Text(e)]; len(reasons) > 0 {
		written, ok := w.condition(e, true).(object)
		if ok {
			names := make([]string, len(reasons))
			for i, r := range reasons {
				names[i] = reasonName(r)
			}
			written["why"] = strings.Join(names, " ")
			return written
		}
	}
	each := func(terms []expr.Expr) []any {
		list := make([]any, len(terms))
		for i, t := range terms {
			list[i] = w.marked(t, why)
		}
		return list
	}
	switch x := e.(type) {
	case expr.And:
		return object{"and": each(x.Terms)}
	case expr.Or:
		return object{"or": each(x.Terms)}
	default:
		return w.condition(e, true)
	}
}

func reasonName(i int) string { return fmt.Sprintf("g%d", i+1) }

// condition writes an expression. positive says that only TRUE matters here, so that a comparison over a relation may be said as
// EXISTS; below NOT, where FALSE and NULL part ways, it is a column with a path.
func (w jsonWriter) condition(e expr.Expr, positive bool) any {
	switch x := e.(type) {
	case nil:
		return nil
	case expr.Bool:
		return object{"const": bool(x)}
	case expr.And:
		return object{"and": w.list(x.Terms, positive)}
	case expr.Or:
		return object{"or": w.list(x.Terms, positive)}
	case expr.Not:
		return object{"not": w.condition(x.Term, false)}
	case expr.IsNull:
		return object{"isNull": w.condition(x.Operand, false)}
	case expr.Compare, expr.In, expr.EqAny, expr.Like, expr.Contains:
		return w.comparison(x, positive)
	case expr.Distinct:
		return object{"isDistinct": w.list([]expr.Expr{x.Left, x.Right}, false)}
	case expr.Exists:
		return w.exists(x.Path, w.condition(x.Where, true))
	case expr.Column:
		if positive {
			return w.overPath(x, true, func(column any) any { return column })
		}
		return w.column(x)
	case expr.Me:
		v := w.me[x.Name]
		v.Type = x.Type
		return valueOf(v)
	case expr.Const:
		if x.Null {
			return object{"val": nil, "type": typeName(x.Type)}
		}
		return valueOf(catalog.Attribute{Type: x.Type, Text: x.Text})
	case expr.JSONText:
		return object{"jsonText": []any{w.condition(x.Left, false), x.Key}}
	case expr.Arithmetic:
		return w.arithmetic(x)
	case expr.Call:
		return w.call(x)
	case expr.Cast, expr.Case, expr.SQL:
		return w.opaque(x)
	default:
		return unknownOperator(x)
	}
}

func (w jsonWriter) list(list []expr.Expr, positive bool) []any {
	all := make([]any, len(list))
	for i := range list {
		all[i] = w.condition(list[i], positive)
	}
	return all
}

// comparison writes what has a left side, which may move into an EXISTS where the other sides look at no row.
func (w jsonWriter) comparison(e expr.Expr, positive bool) any {
	switch x := e.(type) {
	case expr.Compare:
		if found, ok := w.strpos(x); ok {
			return found
		}
		return w.overPath(x.Left, positive && ofMe(x.Right), func(left any) any {
			return object{operatorNames[x.Op]: []any{left, w.condition(x.Right, false)}}
		})
	case expr.In:
		return w.overPath(x.Left, positive && ofMe(x.List...), func(left any) any {
			return object{"in": append([]any{left}, w.list(x.List, false)...)}
		})
	case expr.EqAny:
		return w.overPath(x.Left, positive && ofMe(x.Array), func(left any) any {
			return object{"in": []any{left, w.condition(x.Array, false)}}
		})
	case expr.Like:
		return w.overPath(x.Left, positive, func(left any) any {
			name := map[bool]string{false: "like", true: "ilike"}[x.Insensitive]
			return object{name: []any{left, object{"val": x.Pattern, "type": "text"}}}
		})
	case expr.Contains:
		if arrayOperatorNames[x.Op] == "" {
			return unknownOperator(x)
		}
		return w.overPath(x.Left, positive && ofMe(x.Right), func(left any) any {
			return object{arrayOperatorNames[x.Op]: []any{left, w.condition(x.Right, false)}}
		})
	default:
		return unknownOperator(x)
	}
}

// strpos writes strpos(a, b) > 0 as contains.
func (w jsonWriter) strpos(c expr.Compare) (any, bool) {
	call, ok := c.Left.(expr.Call)
	zero, isConst := c.Right.(expr.Const)
	if !ok || !isConst || call.Name != "strpos" || len(call.Args) != 2 || c.Op != expr.Gt || zero.Null || zero.Text != "0" {
		return nil, false
	}
	return object{"contains": w.list(call.Args, false)}, true
}

func (w jsonWriter) arithmetic(a expr.Arithmetic) any {
	name := map[string]string{"+": "add", "-": "sub"}[a.Op]
	if name == "" {
		return unknownOperator(a)
	}
	return object{name: w.list([]expr.Expr{a.Left, a.Right}, false)}
}

func (w jsonWriter) call(c expr.Call) any {
	if c.Name == "starts_with" && len(c.Args) == 2 {
		return object{"startsWith": w.list(c.Args, false)}
	}
	return w.opaque(c)
}

// opaque writes what the closed list has no operator for: only the server evaluates it. Its `me` are the values of what the text
// calls me.name.
func (w jsonWriter) opaque(e expr.Expr) any {
	columns, me := []string{}, object{}
	expr.Walk(e, func(x expr.Expr) {
		switch x := x.(type) {
		case expr.Column:
			columns = append(columns, columnPath(x))
		case expr.SQL:
			columns = append(columns, x.Columns...)
			for _, used := range x.Me {
				me[used.Name] = w.condition(used, false)
			}
		default:
		}
	})
	slices.Sort(columns)
	return object{"sql": object{"text": speller(w).spell(e, looseOr), "columns": slices.Compact(columns), "me": me}}
}

// overPath writes a predicate on a column that is reached over relations as nested EXISTS.
func (w jsonWriter) overPath(left expr.Expr, positive bool, predicate func(left any) any) any {
	c, ok := left.(expr.Column)
	if !ok || !positive || len(c.Path) == 0 || c.Up > 0 {
		return predicate(w.condition(left, false))
	}
	return w.exists(c.Path, predicate(object{"col": c.Name}))
}

func (w jsonWriter) exists(path []expr.Hop, inner any) any {
	for _, hop := range slices.Backward(path) {
		if hop.Where != nil {
			inner = object{"and": []any{w.condition(hop.Where, true), inner}}
		}
		exists := hopObject(hop)
		exists["where"] = inner
		inner = object{"exists": exists}
	}
	return inner
}

func hopObject(h expr.Hop) object {
	join := make([][2]string, len(h.On))
	for i, on := range h.On {
		join[i] = [2]string{on.Ours, on.Theirs}
	}
	return object{"relation": h.Relation, "table": h.Schema + "." + h.Table, "join": join}
}

// column writes a column; `up` counts the EXISTS between it and its row.
func (w jsonWriter) column(c expr.Column) any {
	written := object{"col": c.Name}
	if c.Up > 0 {
		written["up"] = c.Up
	}
	if len(c.Path) == 0 {
		return written
	}
	path := make([]object, len(c.Path))
	for i, h := range c.Path {
		path[i] = hopObject(h)
		if h.Where != nil {
			path[i]["where"] = w.condition(h.Where, true)
		}
	}
	written["path"] = path
	return written
}

// valueOf is a typed constant. Numbers stay exact.
func valueOf(v catalog.Attribute) object {
	items := make([]Value, len(v.List))
	for i, item := range v.List {
		items[i] = Value{Text: item}
	}
	read := v.List != nil
	if v.Type.Array && !read {
		items, read = splitArray(v.Text)
	}
	if !v.Type.Array || !read {
		return object{"val": plainValue(v.Type, v.Text), "type": typeName(v.Type)}
	}
	element := v.Type
	element.Array = false
	list := make([]any, len(items))
	for i, item := range items {
		if !item.Null {
			list[i] = plainValue(element, item.Text)
		}
	}
	return object{"val": list, "type": typeName(v.Type)}
}

func plainValue(t expr.Type, text string) any {
	if t.Schema != "pg_catalog" || t.Array {
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
