package expr

import (
	"fmt"
	"strconv"
	"strings"
)

// Text is a spelling of an expression that no other expression has: two expressions are the same exactly when their
// texts are. It is for digests, comparison and people; it is not SQL.
func Text(e Expr) string {
	var b strings.Builder
	write(&b, e)
	return b.String()
}

func write(b *strings.Builder, e Expr) {
	switch x := e.(type) {
	case nil:
		b.WriteString("nil")
	case Bool:
		b.WriteString(strconv.FormatBool(bool(x)))
	case Const:
		if x.Null {
			b.WriteString("null::" + typeText(x.Type))
		} else {
			b.WriteString("const " + strconv.Quote(x.Text) + "::" + typeText(x.Type))
		}
	case Me:
		b.WriteString("me." + strconv.Quote(x.Name) + "::" + typeText(x.Type))
	case Column:
		writeColumn(b, x)
	case And:
		writeList(b, "and", x.Terms)
	case Or:
		writeList(b, "or", x.Terms)
	case Not:
		writeList(b, "not", []Expr{x.Term})
	case Compare:
		writeList(b, string(x.Op), []Expr{x.Left, x.Right})
	case In:
		writeList(b, "in", append([]Expr{x.Left}, x.List...))
	case EqAny:
		writeList(b, "any", []Expr{x.Left, x.Array})
	case IsNull:
		writeList(b, "isnull", []Expr{x.Operand})
	default:
		panic(fmt.Sprintf("expr: unknown node %T", e))
	}
}

func writeList(b *strings.Builder, head string, list []Expr) {
	b.WriteString("(" + head)
	for _, e := range list {
		b.WriteByte(' ')
		write(b, e)
	}
	b.WriteByte(')')
}

func writeColumn(b *strings.Builder, c Column) {
	for _, h := range c.Path {
		fmt.Fprintf(b, "%q>%q.%q%q", h.Relation, h.Schema, h.Table, h.On)
		if h.Where != nil {
			b.WriteByte('[')
			write(b, h.Where)
			b.WriteByte(']')
		}
		b.WriteByte('.')
	}
	b.WriteString("col " + strconv.Quote(c.Name) + "::" + typeText(c.Type))
}

func typeText(t Type) string {
	s := strconv.Quote(t.Schema) + "." + strconv.Quote(t.Name)
	if t.Array {
		s += "[]"
	}
	return s
}
