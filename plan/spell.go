package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// speller writes conditions the way that policies do, for people, with the subject's values in the place of me. It is no SQL that
// anybody runs.
type speller struct {
	me map[string]catalog.Attribute
}

// Spell writes a condition for people, with the subject's values in the place of me.
func Spell(p *Plan, e expr.Expr) string { return speller{p.me}.spell(e, looseOr) }

// Precedence of what is written, loosest first.
const (
	looseOr = iota
	looseAnd
	looseNot
	looseCompare
	looseSum
	tight
)

// spell writes an expression for a place that binds as tightly as at.
func (s speller) spell(e expr.Expr, at int) string {
	text, binds := s.write(e)
	if binds < at {
		return "(" + text + ")"
	}
	return text
}

func (s speller) join(list []expr.Expr, between string, at int) string {
	words := make([]string, len(list))
	for i, e := range list {
		words[i] = s.spell(e, at)
	}
	return strings.Join(words, between)
}

func (s speller) write(e expr.Expr) (text string, binds int) {
	switch x := e.(type) {
	case nil:
		return "TRUE", tight
	case expr.Bool:
		return strings.ToUpper(fmt.Sprint(bool(x))), tight
	case expr.Const:
		if x.Null {
			return "NULL", tight
		}
		return literal(catalog.Attribute{Type: x.Type, Text: x.Text}), tight
	case expr.Column:
		return columnPath(x), tight
	case expr.Me:
		return s.attribute(x), tight
	case expr.And:
		if len(x.Terms) == 0 {
			return "TRUE", tight
		}
		return s.join(x.Terms, " AND ", looseNot), looseAnd
	case expr.Or:
		if len(x.Terms) == 0 {
			return "FALSE", tight
		}
		return s.join(x.Terms, " OR ", looseAnd), looseOr
	case expr.Not:
		if null, ok := x.Term.(expr.IsNull); ok {
			return s.spell(null.Operand, looseSum) + " IS NOT NULL", looseCompare
		}
		return "NOT " + s.spell(x.Term, looseCompare), looseNot
	case expr.Compare, expr.In, expr.EqAny, expr.IsNull, expr.Distinct, expr.Like, expr.Contains:
		return s.predicate(x), looseCompare
	case expr.Exists:
		return "EXISTS (" + relationPath(x.Path) + " WHERE " + s.spell(x.Where, looseOr) + ")", tight
	case expr.JSONText:
		return s.spell(x.Left, looseSum) + " ->> " + literal(textValue(x.Key)), looseSum
	case expr.Arithmetic:
		return s.spell(x.Left, looseSum) + " " + x.Op + " " + s.spell(x.Right, tight), looseSum
	case expr.Call:
		if len(x.Args) == 0 && x.Name == "current_date" {
			return x.Name, tight
		}
		return x.Name + "(" + s.join(x.Args, ", ", looseOr) + ")", tight
	case expr.Cast:
		return s.spell(x.Operand, tight) + "::" + typeName(x.Type), tight
	case expr.Case:
		return s.choice(x), tight
	case expr.SQL:
		return x.Text, looseOr
	default:
		return "?", tight
	}
}

func (s speller) predicate(e expr.Expr) string {
	side := func(e expr.Expr) string { return s.spell(e, looseSum) }
	switch x := e.(type) {
	case expr.Compare:
		return side(x.Left) + " " + string(x.Op) + " " + side(x.Right)
	case expr.In:
		return side(x.Left) + " IN (" + s.join(x.List, ", ", looseOr) + ")"
	case expr.EqAny:
		if me, ok := x.Array.(expr.Me); ok && s.me[me.Name].Type.Array {
			return side(x.Left) + " IN (" + strings.Join(elements(me.Type, s.me[me.Name].List), ", ") + ")"
		}
		return side(x.Left) + " = ANY (" + s.spell(x.Array, looseOr) + ")"
	case expr.IsNull:
		return side(x.Operand) + " IS NULL"
	case expr.Distinct:
		return side(x.Left) + " IS DISTINCT FROM " + side(x.Right)
	case expr.Like:
		if x.Insensitive {
			return side(x.Left) + " ILIKE " + literal(textValue(x.Pattern))
		}
		return side(x.Left) + " LIKE " + literal(textValue(x.Pattern))
	case expr.Contains:
		return side(x.Left) + " " + x.Op + " " + side(x.Right)
	default:
		return "?"
	}
}

func (s speller) choice(c expr.Case) string {
	var b strings.Builder
	b.WriteString("CASE")
	for _, w := range c.Whens {
		b.WriteString(" WHEN " + s.spell(w.If, looseOr) + " THEN " + s.spell(w.Then, looseOr))
	}
	if c.Else != nil {
		b.WriteString(" ELSE " + s.spell(c.Else, looseOr))
	}
	return b.String() + " END"
}

func (s speller) attribute(me expr.Me) string {
	v, has := s.me[me.Name]
	if !has {
		return "me." + me.Name
	}
	v.Type = me.Type
	return literal(v)
}

func columnPath(c expr.Column) string {
	if len(c.Path) == 0 {
		return c.Name
	}
	return relationPath(c.Path) + "." + c.Name
}

func relationPath(path []expr.Hop) string {
	names := make([]string, len(path))
	for i, h := range path {
		names[i] = h.Relation
	}
	return strings.Join(names, ".")
}

// literal writes a value: numbers and truth values bare.
func literal(v catalog.Attribute) string {
	if v.Type.Array && v.List != nil {
		return "{" + strings.Join(elements(v.Type, v.List), ", ") + "}"
	}
	bare := []string{"int2", "int4", "int8", "numeric", "bool"}
	if v.Type.Schema == "pg_catalog" && !v.Type.Array && slices.Contains(bare, v.Type.Name) {
		return v.Text
	}
	return "'" + strings.ReplaceAll(v.Text, "'", "''") + "'"
}

func elements(t expr.Type, list []string) []string {
	t.Array = false
	written := make([]string, len(list))
	for i, item := range list {
		written[i] = literal(catalog.Attribute{Type: t, Text: item})
	}
	return written
}

// typeName is a type as a policy spells it: bare where it is PostgreSQL's own.
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
