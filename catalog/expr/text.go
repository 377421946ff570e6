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
		writeValue(b, e)
	}
}

// writeValue writes the nodes that most conditions do without.
func writeValue(b *strings.Builder, e Expr) {
	switch x := e.(type) {
	case Exists:
		b.WriteString("(exists ")
		writePath(b, x.Path)
		writeList(b, "where", []Expr{x.Where})
		b.WriteByte(')')
	case Distinct:
		writeList(b, "distinct", []Expr{x.Left, x.Right})
	case Like:
		writeList(b, fmt.Sprintf("like %t %q", x.Insensitive, x.Pattern), []Expr{x.Left})
	case Contains:
		writeList(b, x.Op, []Expr{x.Left, x.Right})
	case JSONText:
		writeList(b, fmt.Sprintf("->> %q", x.Key), []Expr{x.Left})
	case Arithmetic:
		writeList(b, x.Op+" "+typeText(x.Type), []Expr{x.Left, x.Right})
	case Call:
		writeList(b, "call "+strconv.Quote(x.Name)+" "+typeText(x.Type), x.Args)
	case Cast:
		writeList(b, "cast "+typeText(x.Type), []Expr{x.Operand})
	case Case:
		var parts []Expr
		for _, w := range x.Whens {
			parts = append(parts, w.If, w.Then)
		}
		writeList(b, "case "+typeText(x.Type), append(parts, x.Else))
	case SQL:
		fmt.Fprintf(b, "(sql %q %s)", x.Text, typeText(x.Type))
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
	writePath(b, c.Path)
	if c.Up > 0 {
		b.WriteString("up " + strconv.Itoa(c.Up) + " ")
	}
	b.WriteString("col " + strconv.Quote(c.Name) + "::" + typeText(c.Type))
}

func writePath(b *strings.Builder, path []Hop) {
	for _, h := range path {
		fmt.Fprintf(b, "%q>%q.%q%q", h.Relation, h.Schema, h.Table, h.On)
		if h.Where != nil {
			b.WriteByte('[')
			write(b, h.Where)
			b.WriteByte(']')
		}
		b.WriteByte('.')
	}
}

func typeText(t Type) string {
	s := strconv.Quote(t.Schema) + "." + strconv.Quote(t.Name)
	if t.Array {
		s += "[]"
	}
	return s
}
