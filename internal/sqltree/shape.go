package sqltree

import (
	"strings"
	"unicode/utf8"
)

// LiteralClass is what PostgreSQL's grammar and types make of a literal whatever its value is.
type LiteralClass uint8

// The classes. Their numbers stand in the text of a Shape, where no client's text has bytes so small.
const (
	StringLiteral  LiteralClass = 1 + iota // '..' without a backslash
	Int4Literal                            // digits, no larger than an integer holds
	Int8Literal                            // digits, larger, and no larger than a bigint holds
	NumericLiteral                         // digits.digits, or digits too many for a bigint
	LastComment                            // /* */ behind the last token: no literal, but as little a part of the shape
)

// Literal is a literal in a text: the bytes from Start up to, not including, End.
type Literal struct {
	Start, End int32
	Class      LiteralClass
}

// What a text may have to have a shape. Longer ones carry data, and seldom come twice in one shape.
const (
	MaxShapedLength   = 64 << 10 // bytes
	MaxShapedLiterals = 4096
)

// Shape is a text with its literals apart. Of fills it; it may be used again and again, and then allocates nothing.
//
// What stands in the place of a literal is its class alone, so texts of one shape are parsed into the same tree, the values of those literals and
// all locations aside.
type Shape struct {
	Key      []byte // the text, with one byte in the place of each of Literals
	Literals []Literal
}

// Of cuts a text up. It is false for a text that is not known to be one statement all of whose tokens are plain: such a text is to be looked at as
// a whole. A literal that is written in any but the plainest way stays in the shape.
//
// Strings 't' and 'f' stay too, since the deparser reads them, and so does 0 behind a minus sign, which takes the sign away.
func (s *Shape) Of(sql string) bool {
	s.Key, s.Literals = s.Key[:0], s.Literals[:0]
	if len(sql) > MaxShapedLength || !utf8.ValidString(sql) || hasControl(sql) || strings.Contains(sql, "ww_") {
		return false
	}
	t := NewTokenizer(sql)
	done := 0
	var last Token
	for ended := false; ; {
		token, err := t.Next()
		if err != nil {
			return false
		}
		var class LiteralClass
		switch token.Kind {
		case NoToken:
			return false
		case EndOfText:
			s.Key = append(s.Key, sql[done:]...)
			return true
		case Comment:
			if mentionsUs(sql[token.Start:token.End]) {
				return false
			}
			if !isLast(sql, token) {
				continue // It stays, and what is before it may be next to what is behind it.
			}
			class = LastComment
		case String:
			class = stringClass(sql[token.Start:token.End])
		case Number:
			class = numberClass(sql[token.Start:token.End], last.Kind == Operator && sql[last.End-1] == '-')
		case Punctuation:
			if ended = ended || sql[token.Start] == ';'; ended && sql[token.Start] != ';' {
				return false
			}
		case Word, QuotedName, BitString, Parameter, Operator:
		}
		if ended && token.Kind != Punctuation && token.Kind != Comment {
			return false // a second statement
		}
		if class != 0 && (class == LastComment || standsAlone(sql, token)) {
			if len(s.Literals) == MaxShapedLiterals {
				return false
			}
			s.Key = append(append(s.Key, sql[done:token.Start]...), byte(class))
			s.Literals = append(s.Literals, Literal{Start: int32(token.Start), End: int32(token.End), Class: class}) //nolint:gosec // bounded above
			done = token.End
		}
		last = token
	}
}

// hasControl says whether a text has bytes that could be taken for classes, or that end a text in C.
func hasControl(sql string) bool {
	for i := range len(sql) {
		if sql[i] < '\t' {
			return true
		}
	}
	return false
}

// mentionsUs says whether a comment may hold something that is for us.
func mentionsUs(comment string) bool {
	const name = "wherewall"
	for i := 0; i+len(name) <= len(comment); i++ {
		if comment[i]|0x20 == name[0] && strings.EqualFold(comment[i:i+len(name)], name) {
			return true
		}
	}
	return false
}

// isLast says whether nothing but blanks follows a comment of the kind that says where it ends.
func isLast(sql string, c Token) bool {
	for i := c.End; i < len(sql); i++ {
		if !isSpace(sql[i]) {
			return false
		}
	}
	return strings.HasPrefix(sql[c.Start:c.End], "/*") && strings.LastIndex(sql[c.Start:c.End], "/*") == 0
}

// standsAlone says whether a literal touches nothing that could be one token with it, or change what it is: N'..', 'a'"b", 1.5.6.
func standsAlone(sql string, l Token) bool {
	return (l.Start == 0 || !clings(sql[l.Start-1])) && (l.End == len(sql) || !clings(sql[l.End]))
}

func clings(c byte) bool { return isIdentCont(c) || c == '\'' || c == '"' || c == '.' || c == '&' }

// stringClass is zero for a string that is not read as it is written, or is none that may be taken out.
func stringClass(text string) LiteralClass {
	if text[0] != '\'' || text == "'t'" || text == "'f'" {
		return 0
	}
	inside := text[1 : len(text)-1]
	for i := 0; i < len(inside); i++ {
		switch inside[i] {
		case '\\':
			return 0
		case '\'':
			if i+1 == len(inside) || inside[i+1] != '\'' {
				return 0 // a literal of several parts
			}
			i++
		}
	}
	return StringLiteral
}

// numberClass is zero for a number that is not printed as it is written, or whose type is another with a sign before it.
func numberClass(text string, negative bool) LiteralClass {
	const int4, int8, beyondInt4, beyondInt8 = "2147483647", "9223372036854775807", "2147483648", "9223372036854775808"
	digits := 0
	for digits < len(text) && isDigit(text[digits]) {
		digits++
	}
	switch {
	case digits == 0, digits > 1 && text[0] == '0', text == beyondInt4, text == beyondInt8, negative && text == "0":
		return 0
	case digits == len(text):
		switch {
		case !larger(text, int4):
			return Int4Literal
		case !larger(text, int8):
			return Int8Literal
		default:
			return NumericLiteral
		}
	case text[digits] != '.' || digits+1 == len(text):
		return 0
	}
	for i := digits + 1; i < len(text); i++ {
		if !isDigit(text[i]) {
			return 0
		}
	}
	return NumericLiteral
}

// larger compares numbers without leading zeros.
func larger(a, b string) bool { return len(a) > len(b) || len(a) == len(b) && a > b }
