package sqltree

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// What a statement text may have. The parser is C code in this process and a crash of it ends every session, so all limits keep a
// distance of at least five from what was measured to crash on an 8 MB stack; they hold on a 2 MB stack too.
const (
	MaxLength       = 16 << 20 // bytes of one message's text
	MaxTokens       = 250_000  // tokens of one message's text
	MaxStatements   = 1000     // semicolons of one message's text
	MaxCommentDepth = 32       // comments within comments
	MaxNesting      = 400      // brackets and CASEs within one another
	MaxParameter    = 65535    // $n; the protocol counts parameters in 16 bits

	// MaxTreeDepth bounds how deep a parse tree may be, in protobuf messages. Check keeps to it by an estimate from the
	// tokens; whoever decodes a tree should set it as the decoder's recursion limit, which is exact.
	MaxTreeDepth = 1600
)

// The codes of a LimitError.
const (
	CodeTooComplex = "too_complex"
	CodeUnparsable = "unparsable"
)

// LimitError is why a text is not given to the parser.
type LimitError struct {
	Code     string // CodeTooComplex or CodeUnparsable
	SQLState string
	Message  string // in PostgreSQL's own words where it would refuse the text too
	Position int    // in characters from 1; 0 for none
}

// Error is the message.
func (e *LimitError) Error() string { return e.Message }

// Check says whether a text may be given to the parser: nil, or a *LimitError. It allocates nothing on success.
//
// A text that passes can neither crash the parser nor keep it busy for seconds. That it is SQL is not said.
func Check(sql string) error {
	if len(sql) > MaxLength {
		return &LimitError{
			Code: CodeTooComplex, SQLState: "54000",
			Message: fmt.Sprintf("statement text is longer than %d bytes", MaxLength),
		}
	}
	if err := checkEncoding(sql); err != nil {
		return err
	}
	return checkDepth(sql)
}

// checkEncoding refuses what C code would read as another text than we do: NUL bytes, at which the parser stops, and
// invalid UTF-8.
func checkEncoding(sql string) error {
	bad := strings.IndexByte(sql, 0)
	if bad < 0 {
		if utf8.ValidString(sql) {
			return nil
		}
		bad = invalidUTF8(sql)
	}
	// PostgreSQL gives no position: it finds this before it knows that the bytes are SQL.
	return &LimitError{
		Code: CodeUnparsable, SQLState: "22021",
		Message: fmt.Sprintf("invalid byte sequence for encoding \"UTF8\": % #x", sql[bad:bad+min(claimedLength(sql[bad]), len(sql)-bad)]),
	}
}

// claimedLength is how many bytes a character has by its first byte.
func claimedLength(first byte) int {
	switch {
	case first&0xe0 == 0xc0:
		return 2
	case first&0xf0 == 0xe0:
		return 3
	case first&0xf8 == 0xf0:
		return 4
	default:
		return 1
	}
}

// invalidUTF8 is the offset of the first byte that starts no character.
func invalidUTF8(sql string) int {
	for i := 0; i < len(sql); {
		r, size := utf8.DecodeRuneInString(sql[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return 0
}

// tooComplex is the error of a text that PostgreSQL might take and we do not.
func tooComplex(sql string, offset int, message string) *LimitError {
	return &LimitError{Code: CodeTooComplex, SQLState: "54001", Message: message, Position: character(sql, offset)}
}

// syntaxError is PostgreSQL's error for a token from start to end that no rule of its scanner takes.
func syntaxError(sql string, start, end int, message string) *LimitError {
	return &LimitError{
		Code: CodeUnparsable, SQLState: "42601",
		Message:  fmt.Sprintf("%s at or near \"%s\"", message, sql[start:end]),
		Position: character(sql, start),
	}
}

// character turns a byte offset into a position in characters from 1.
func character(sql string, offset int) int { return utf8.RuneCountInString(sql[:offset]) + 1 }
