package sqltree

import "strings"

// maxOperator is the longest operator name in bytes: NAMEDATALEN without its final byte.
const maxOperator = 63

// scanOperator reads an operator. A comment ends it, and trailing signs belong to it only behind a special character.
//
// Runs of more than maxOperator bytes are refused as they stand, although PostgreSQL takes ten thousand plus signs for as many
// operators: it needs quadratic time for them.
func (t *Tokenizer) scanOperator(start int) (TokenKind, int, error) {
	end := start + 1
	for end < len(t.text) && isOperator(t.text[end]) && !t.commentAt(end) {
		end++
		if end-start > maxOperator {
			return NoToken, 0, syntaxError(t.text, start, end, "operator too long")
		}
	}
	return Operator, start + withoutSigns(t.text[start:end]), nil
}

// commentAt says whether a comment starts at i.
func (t *Tokenizer) commentAt(i int) bool {
	c, next := t.text[i], t.at(i+1)
	return c == '-' && next == '-' || c == '/' && next == '*'
}

// withoutSigns is the length of the operator that a run of operator characters starts with. Standard SQL wants 2+-1 to be three
// tokens, so + and - at the end are cut off, unless a character stands before them that no standard operator has.
func withoutSigns(run string) int {
	n := len(run)
	for n > 1 && (run[n-1] == '+' || run[n-1] == '-') && !strings.ContainsAny(run[:n-1], "~!@#^&|`?%") {
		n--
	}
	return n
}

func isOperator(c byte) bool {
	switch c {
	case '~', '!', '@', '#', '^', '&', '|', '`', '?', '+', '-', '*', '/', '%', '<', '>', '=':
		return true
	}
	return false
}
