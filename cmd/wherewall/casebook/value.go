package casebook

import (
	"math/big"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
)

// Value is a value that a case expects: a text as PostgreSQL prints it, or NULL.
type Value struct {
	Text   string
	Null   bool
	Number bool    // compared as one: 5 is 5.00
	List   []Value // of an array; nil for none
}

// valueOf reads a value; a list is an array. ok is false for anything that is no value.
func valueOf(n *document.Node) (v Value, ok bool) {
	switch n.Kind {
	case document.Null:
		return Value{Null: true}, true
	case document.Scalar:
		switch n.Type {
		case document.Bool:
			return Value{Text: n.Text[:1]}, true // PostgreSQL prints t and f
		case document.Int, document.Float:
			return Value{Text: n.Text, Number: true}, true
		case document.Text:
			return Value{Text: n.Text}, true
		default:
			return Value{}, false
		}
	case document.List:
		v := Value{List: make([]Value, len(n.Items))}
		for i, item := range n.Items {
			if v.List[i], ok = valueOf(item); !ok || v.List[i].List != nil {
				return Value{}, false
			}
		}
		return v, true
	default:
		return Value{}, false
	}
}

// is says whether PostgreSQL printed the value. got is nil for NULL.
func (v Value) is(got *string) bool {
	if v.Null || got == nil {
		return v.Null && got == nil
	}
	if v.List != nil {
		elements, ok := arrayElements(*got)
		return ok && slices.EqualFunc(v.List, elements, Value.is)
	}
	if v.Text == *got {
		return true
	}
	if !v.Number {
		return false
	}
	want, okWant := new(big.Rat).SetString(strings.ReplaceAll(v.Text, "_", ""))
	have, okHave := new(big.Rat).SetString(*got)
	return okWant && okHave && want.Cmp(have) == 0
}

// String is the value as a person reads it.
func (v Value) String() string {
	if v.Null {
		return "NULL"
	}
	if v.List != nil {
		words := make([]string, len(v.List))
		for i, e := range v.List {
			words[i] = e.String()
		}
		return "[" + strings.Join(words, ", ") + "]"
	}
	return v.Text
}

func shown(got *string) string {
	if got == nil {
		return "NULL"
	}
	return *got
}

// is says whether a row's key columns hold the key.
func (k Key) is(got []*string) bool {
	if len(k) != len(got) {
		return false
	}
	for i := range k {
		if !k[i].is(got[i]) {
			return false
		}
	}
	return true
}

// String is the key as a person reads it.
func (k Key) String() string {
	words := make([]string, len(k))
	for i, v := range k {
		words[i] = v.String()
	}
	return keyText(words)
}

func shownRow(row []*string) string {
	words := make([]string, len(row))
	for i, v := range row {
		words[i] = shown(v)
	}
	return keyText(words)
}

func keyText(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return "(" + strings.Join(words, ", ") + ")"
}
