package sqltree

import "strings"

// stringKind says how a quoted literal ends and what it is.
type stringKind uint8

const (
	plainString  stringKind = iota // a doubled quote stands for one
	escapeString                   // the same, and a backslash hides the next byte
	bitString                      // ends at the first quote
	hexString                      // ends at the first quote
)

// token is the kind of token that a literal of this kind is.
func (k stringKind) token() TokenKind {
	if k == bitString || k == hexString {
		return BitString
	}
	return String
}

// name is what PostgreSQL calls the literal in its complaints.
func (k stringKind) name() string {
	switch k {
	case bitString:
		return "bit string literal"
	case hexString:
		return "hexadecimal string literal"
	default:
		return "quoted string"
	}
}

// scanString reads a literal that starts at start and whose contents start at i. Parts that are separated by blanks with a
// newline among them are one literal.
func (t *Tokenizer) scanString(start, i int, kind stringKind) (TokenKind, int, error) {
	for {
		end := t.closingQuote(i, kind)
		if end < 0 {
			return NoToken, 0, syntaxError(t.text, start, len(t.text), "unterminated "+kind.name())
		}
		next := t.continuation(end + 1)
		if next < 0 {
			return kind.token(), end + 1, nil
		}
		i = next
	}
}

// closingQuote finds the quote that ends the part of a literal that starts at i, or -1.
func (t *Tokenizer) closingQuote(i int, kind stringKind) int {
	doubled := kind == plainString || kind == escapeString
	for ; i < len(t.text); i++ {
		switch {
		case t.text[i] == '\\' && kind == escapeString:
			i++
		case t.text[i] != '\'':
		case doubled && t.at(i+1) == '\'':
			i++
		default:
			return i
		}
	}
	return -1
}

// continuation returns where the next part of a literal starts when blanks with a newline and then a quote follow at i, else -1.
func (t *Tokenizer) continuation(i int) int {
	newline := false
	for ; i < len(t.text) && isSpace(t.text[i]); i++ {
		newline = newline || t.text[i] == '\n' || t.text[i] == '\r'
	}
	if newline && t.at(i) == '\'' {
		return i + 1
	}
	return -1
}

// scanQuotedName reads "name" or U&"name"; the name itself starts at i.
func (t *Tokenizer) scanQuotedName(start, i int) (TokenKind, int, error) {
	first := i
	for ; i < len(t.text); i++ {
		if t.text[i] != '"' {
			continue
		}
		if t.at(i+1) == '"' {
			i++
			continue
		}
		if i == first {
			return NoToken, 0, syntaxError(t.text, start, i+1, "zero-length delimited identifier")
		}
		return QuotedName, i + 1, nil
	}
	return NoToken, 0, syntaxError(t.text, start, len(t.text), "unterminated quoted identifier")
}

// scanDollar reads what may start with a dollar sign: a parameter, a dollar-quoted string, or the sign alone.
func (t *Tokenizer) scanDollar(start int) (TokenKind, int, error) {
	i := start + 1
	if isDigit(t.at(i)) {
		return t.scanParameter(start)
	}
	if isIdentStart(t.at(i)) {
		for isIdentStart(t.at(i)) || isDigit(t.at(i)) {
			i++
		}
	}
	if t.at(i) != '$' {
		return Punctuation, start + 1, nil
	}
	delimiter := t.text[start : i+1]
	n := strings.Index(t.text[i+1:], delimiter)
	if n < 0 {
		return NoToken, 0, syntaxError(t.text, start, len(t.text), "unterminated dollar-quoted string")
	}
	return String, i + 1 + n + len(delimiter), nil
}
