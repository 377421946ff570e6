package plan

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/wherewall/wherewall/catalog/expr"
)

// The readers here know the plain spellings of values. What is spelled otherwise is not read, and then only PostgreSQL can tell.

// readNumber leaves exponents alone: they are short to write and long to compute.
func readNumber(text string) (*big.Rat, kind) {
	if text == "" || strings.Trim(text, "+-.0123456789") != "" {
		return nil, rawKind
	}
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, rawKind
	}
	return n, numberKind
}

func readFloat(text string) (float64, kind) {
	if text == "" || strings.Trim(text, "+-.eE0123456789") != "" {
		return 0, rawKind
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, rawKind
	}
	return f, floatKind
}

func readBool(text string) (bool, kind) {
	switch strings.ToLower(text) {
	case "true", "t", "yes", "on", "1":
		return true, boolKind
	case "false", "f", "no", "off", "0":
		return false, boolKind
	default:
		return false, rawKind
	}
}

func readUUID(text string) (string, kind) {
	if len(text) != 36 {
		return text, rawKind
	}
	for i, c := range []byte(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if dash != (c == '-') || !dash && !hex {
			return text, rawKind
		}
	}
	return strings.ToLower(text), uuidKind
}

// readArray reads {a,"b",NULL}, of one dimension and without bounds.
func (v *evaluator) readArray(t expr.Type, text string) scalar {
	raw := known(datum{kind: rawKind, typ: t, text: text})
	items, ok := splitArray(text)
	if !ok {
		return raw
	}
	element := t
	element.Array = false
	list := make([]scalar, len(items))
	for i, item := range items {
		if list[i] = null(); !item.Null {
			list[i] = v.read(element, item.Text)
		}
	}
	return known(datum{kind: listKind, typ: t, text: text, list: list})
}

func splitArray(text string) ([]Value, bool) {
	inner, opened := strings.CutPrefix(text, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	if !opened || !closed {
		return nil, false
	}
	if inner == "" {
		return nil, true
	}
	var items []Value
	for {
		item, rest, ok := nextItem(inner)
		if !ok {
			return nil, false
		}
		items = append(items, item)
		if rest == "" {
			return items, true
		}
		if rest[0] != ',' || len(rest) == 1 {
			return nil, false
		}
		inner = rest[1:]
	}
}

// nextItem reads one element. Bare ones with anything odd in them, white space included, are not read.
func nextItem(text string) (item Value, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexByte(text, ',')
		if end < 0 {
			end = len(text)
		}
		word := text[:end]
		if word == "" || strings.ContainsAny(word, "{}\"\\ \t\r\n\v\f") {
			return item, "", false
		}
		return Value{Text: word, Null: strings.EqualFold(word, "NULL")}, text[end:], true
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return Value{Text: b.String()}, text[i+1:], true
		case '\\':
			i++
			if i < len(text) {
				b.WriteByte(text[i])
			}
		default:
			b.WriteByte(text[i])
		}
	}
	return item, "", false
}
