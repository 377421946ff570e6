package sqltree

import "strings"

// TokenKind is what a token is, as far as limits and statement shapes care.
type TokenKind uint8

// The kinds of token. The zero value is none of them.
const (
	NoToken     TokenKind = iota
	EndOfText             // nothing is left
	Word                  // an unquoted identifier or keyword
	QuotedName            // "name" or U&"name"
	Number                // an integer or decimal literal without its sign
	String                // '..', E'..', U&'..' or $tag$..$tag$, continuation lines included
	BitString             // B'..' or X'..'
	Parameter             // $1
	Operator              // + - <= @> and all others spelled with operator characters, => included
	Punctuation           // ( ) [ ] , . ; : :: .. := and any byte that fits nothing else
	Comment               // -- to the end of its line, or /* */ with all that is nested in it
)

// Token is a piece of a text: the bytes from Start up to, not including, End.
type Token struct {
	Kind       TokenKind
	Start, End int
}

// Tokenizer cuts a text into tokens exactly as the parser's own scanner does with standard_conforming_strings on, but
// in constant stack, in linear time and without allocating. The text must be valid UTF-8 without NUL bytes: Check sees to it.
//
// N'..' is two tokens, a Word and a String, as it is for PostgreSQL.
type Tokenizer struct {
	text string
	pos  int
	runs int // bytes of operator characters behind comment starts, see commentStart
}

// NewTokenizer makes a Tokenizer at the start of text.
func NewTokenizer(text string) Tokenizer { return Tokenizer{text: text} }

// Next returns the next token, blanks left out. At the end of the text it returns EndOfText, again and again. The error is a
// *LimitError: PostgreSQL's own words where PostgreSQL would refuse the token, ours where only a limit does.
func (t *Tokenizer) Next() (Token, error) {
	for t.pos < len(t.text) && isSpace(t.text[t.pos]) {
		t.pos++
	}
	start := t.pos
	if start == len(t.text) {
		return Token{Kind: EndOfText, Start: start, End: start}, nil
	}
	kind, end, err := t.scan(start)
	if err != nil {
		return Token{}, err
	}
	t.pos = end
	return Token{Kind: kind, Start: start, End: end}, nil
}

// scan decides by the first byte which rule of the scanner may match at i. The order of the cases follows the
// "longest match wins" of flex.
func (t *Tokenizer) scan(i int) (TokenKind, int, error) {
	c := t.text[i]
	switch {
	case isIdentStart(c):
		return t.scanWord(i)
	case isDigit(c), c == '.' && isDigit(t.at(i+1)):
		return t.scanNumber(i)
	case c == '\'':
		return t.scanString(i, i+1, plainString)
	case c == '"':
		return t.scanQuotedName(i, i+1)
	case c == '$':
		return t.scanDollar(i)
	case c == '-' && t.at(i+1) == '-':
		return Comment, t.lineEnd(i), nil
	case c == '/' && t.at(i+1) == '*':
		return t.scanComment(i)
	case isOperator(c):
		return t.scanOperator(i)
	default:
		return Punctuation, i + t.punctuation(i), nil
	}
}

// punctuation is the length of the token at i that is no operator: two bytes for :: := and .. , else one.
func (t *Tokenizer) punctuation(i int) int {
	next := t.at(i + 1)
	switch t.text[i] {
	case ':':
		if next == ':' || next == '=' {
			return 2
		}
	case '.':
		if next == '.' {
			return 2
		}
	}
	return 1
}

// scanWord reads an identifier or one of the literals that start with letters.
func (t *Tokenizer) scanWord(i int) (TokenKind, int, error) {
	next := t.at(i + 1)
	switch t.text[i] {
	case 'e', 'E':
		if next == '\'' {
			return t.scanString(i, i+2, escapeString)
		}
	case 'b', 'B':
		if next == '\'' {
			return t.scanString(i, i+2, bitString)
		}
	case 'x', 'X':
		if next == '\'' {
			return t.scanString(i, i+2, hexString)
		}
	case 'u', 'U':
		if next == '&' && t.at(i+2) == '\'' {
			return t.scanString(i, i+3, plainString)
		}
		if next == '&' && t.at(i+2) == '"' {
			return t.scanQuotedName(i, i+3)
		}
	}
	end := i + 1
	for end < len(t.text) && isIdentCont(t.text[end]) {
		end++
	}
	return Word, end, nil
}

// lineEnd is where the line that i is on ends, its newline not included.
func (t *Tokenizer) lineEnd(i int) int {
	if n := strings.IndexAny(t.text[i:], "\n\r"); n >= 0 {
		return i + n
	}
	return len(t.text)
}

// scanComment reads a /* comment. The depth has a limit because PostgreSQL's scanner takes quadratic time on nested ones.
func (t *Tokenizer) scanComment(start int) (TokenKind, int, error) {
	depth := 0
	for i := start; i+1 < len(t.text); i++ {
		switch {
		case t.text[i] == '/' && t.text[i+1] == '*':
			depth++
			t.commentStart(i)
			if depth > MaxCommentDepth || t.runs > maxCommentRuns {
				return NoToken, 0, tooComplex(t.text, start, "comments are nested too deeply")
			}
			i++
		case t.text[i] == '*' && t.text[i+1] == '/':
			i++
			if depth--; depth == 0 {
				return Comment, i + 1, nil
			}
		}
	}
	return NoToken, 0, syntaxError(t.text, start, len(t.text), "unterminated /* comment")
}

// maxCommentRuns is how many bytes the parser's scanner may look at in vain. It reads all operator characters behind each /* before it takes the
// two bytes alone, so the time for /**//**//**/ grows with the square of its length.
const maxCommentRuns = 20_000_000

// commentStart accounts for the operator characters behind a comment's start at i.
func (t *Tokenizer) commentStart(i int) {
	for ; i < len(t.text) && isOperator(t.text[i]) && t.runs <= maxCommentRuns; i++ {
		t.runs++
	}
}

// at is the byte at i, or zero behind the end.
func (t *Tokenizer) at(i int) byte {
	if i < len(t.text) {
		return t.text[i]
	}
	return 0
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isIdentStart counts every byte of a multi-byte character as a letter, as PostgreSQL does: a no-break space is part of a name.
func isIdentStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= 0x80
}

func isIdentCont(c byte) bool { return isIdentStart(c) || isDigit(c) || c == '$' }
