package document

import (
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// style is how a scalar is written.
type style int

const (
	plain style = iota
	single
	double
	block
)

func styleOf(t token.Type) style {
	switch t {
	case token.SingleQuoteType:
		return single
	case token.DoubleQuoteType:
		return double
	default:
		return plain
	}
}

// Inside returns the place of the character at a byte offset of a scalar's Text, or of the next visible one; past the
// last one it is the place after it.
//
// YAML folds line ends, strips indentation and unescapes; all of it moves white space alone. So the place is found by
// walking text and file in step from one visible character to the next. Where they disagree the scalar's
// start is the answer: a place too early is better than a wrong one.
func (n *Node) Inside(offset int) Place {
	if n.Place.Line == 0 {
		return n.Place
	}
	r := &reader{file: n.Place.File, line: n.Place.Line - 1, col: n.Place.Col - 1, style: n.style}
	switch n.style {
	case single, double:
		r.col++
	case block:
		r.line, r.col = r.line+1, 0
	}
	after := n.Place
	for i, want := range n.Text {
		if unicode.IsSpace(want) {
			continue
		}
		at, got, ok := r.next()
		if !ok || got != want {
			return n.Place
		}
		if i+utf8.RuneLen(want) > offset {
			return at
		}
		after = Place{at.File, at.Line, at.Col + 1}
	}
	return after
}

// reader yields the visible characters of a scalar as it is written.
type reader struct {
	file      *File
	line, col int // from 0, col in characters
	style     style
}

func (r *reader) next() (Place, rune, bool) {
	for r.line < len(r.file.lines) {
		line := []rune(r.file.lines[r.line])
		if r.col >= len(line) {
			r.line, r.col = r.line+1, 0
			continue
		}
		at := Place{r.file, r.line + 1, r.col + 1}
		char, width := r.decode(line[r.col:])
		r.col += width
		if !unicode.IsSpace(char) {
			return at, char, true
		}
	}
	return Place{}, 0, false
}

// decode reads one character and says how many it takes in the file. An escaped line end counts as white space.
func (r *reader) decode(rest []rune) (rune, int) {
	switch {
	case r.style == single && rest[0] == '\'' && len(rest) > 1:
		return '\'', 2
	case r.style == double && rest[0] == '\\':
		if len(rest) == 1 {
			return ' ', 1
		}
		return unescape(rest[1:])
	default:
		return rest[0], 1
	}
}

// unescape reads what follows a backslash; the width counts the backslash too.
func unescape(rest []rune) (rune, int) {
	digits := map[rune]int{'x': 2, 'u': 4, 'U': 8}[rest[0]]
	if digits == 0 {
		if control, ok := escapes[rest[0]]; ok {
			return control, 2
		}
		return rest[0], 2
	}
	if len(rest) <= digits {
		return utf8.RuneError, 2
	}
	code, err := strconv.ParseUint(string(rest[1:1+digits]), 16, 31)
	if err != nil {
		return utf8.RuneError, 2
	}
	return rune(code), 2 + digits
}

// escapes are those of YAML whose letter is not the character itself.
var escapes = map[rune]rune{
	'0': 0, 'a': '\a', 'b': '\b', 't': '\t', 'n': '\n', 'v': '\v', 'f': '\f', 'r': '\r', 'e': 0x1b,
	'N': 0x85, '_': 0xa0, 'L': 0x2028, 'P': 0x2029,
}
