package rewrite

import (
	"strings"
	"unicode/utf8"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// A token may also stand in a comment before or behind a text, as tracing tools write their tags: /* wherewall.token='...' */. It is taken out before
// anything remembers the text.

// Commented is a text without the comment that holds its token.
type Commented struct {
	SQL   string
	Token string
	// Shift is by how many characters the text begins later in the client's own.
	Shift int
}

// TakeToken takes the comment with a token off a text. found is false where there is none; the refusal says what is wrong with it.
func TakeToken(sql string) (c Commented, found bool, refused *Refusal) {
	if !mayBeCommented(sql) {
		return Commented{}, false, nil
	}
	comments, bounds, ok := tokenComments(sql)
	if !ok || len(comments) == 0 {
		return Commented{}, false, nil // The rewriter says what is wrong.
	}
	at := comments[0]
	if len(comments) > 1 || at.Start > bounds.Start && at.End < bounds.End {
		return Commented{}, true, commentRefusal("one comment with a token may stand before or behind the statements of a message")
	}
	token, ok := tokenIn(sql[at.Start:at.End])
	if !ok {
		return Commented{}, true, commentRefusal("the comment with the token is malformed")
	}
	if at.Start > bounds.Start {
		return Commented{SQL: sql[:at.Start] + sql[at.End:], Token: token}, true, nil
	}
	return Commented{SQL: sql[at.End:], Token: token, Shift: utf8.RuneCountInString(sql[:at.End])}, true, nil
}

func commentRefusal(message string) *Refusal {
	return &Refusal{
		Code: SettingDenied, SQLState: stateInvalidValue, Message: message,
		Hint: "Write it as SELECT ... /* wherewall.token='...' */.",
	}
}

// mayBeCommented is a quick look at both ends of a text.
func mayBeCommented(sql string) bool {
	const blanks = " \t\r\n\f\v;"
	return (strings.HasSuffix(strings.TrimRight(sql, blanks), "*/") || strings.HasPrefix(strings.TrimLeft(sql, blanks), "/*")) &&
		strings.Contains(sql, tokenSetting)
}

// tokenComments finds the comments of a text that name the token, and where the statements begin and end. It is false for a text that cannot be read.
func tokenComments(sql string) (comments []sqltree.Token, statements sqltree.Token, ok bool) {
	statements = sqltree.Token{Start: len(sql), End: 0}
	if !utf8.ValidString(sql) || strings.ContainsRune(sql, 0) {
		return nil, statements, false
	}
	for t := sqltree.NewTokenizer(sql); ; {
		token, err := t.Next()
		switch {
		case err != nil:
			return nil, statements, false
		case token.Kind == sqltree.EndOfText:
			return comments, statements, true
		case token.Kind == sqltree.Comment:
			if strings.Contains(strings.ToLower(sql[token.Start:token.End]), tokenSetting) {
				comments = append(comments, token)
			}
		case sql[token.Start:token.End] == ";":
		default:
			statements.Start, statements.End = min(statements.Start, token.Start), token.End
		}
	}
}

// tokenIn reads the token in a comment: the tag wherewall.token='...', beside others or alone. The letters of tokens need no escapes.
func tokenIn(comment string) (string, bool) {
	if !strings.HasPrefix(comment, "/*") || strings.Count(strings.ToLower(comment), tokenSetting) != 1 {
		return "", false
	}
	_, rest, found := strings.Cut(comment, tokenSetting)
	if !found {
		return "", false
	}
	rest, found = strings.CutPrefix(rest, "='")
	token, _, closed := strings.Cut(rest, "'")
	if !found || !closed || token == "" || strings.ContainsFunc(token, func(r rune) bool { return !tokenLetter(r) }) {
		return "", false
	}
	return token, true
}

// tokenLetter says whether a letter may stand in a token: base64 for URLs, and the dots between its parts (RFC 7515).
func tokenLetter(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.=", r)
}

// misplacedToken refuses a text with a token in a comment that is not where TakeToken looks: it would run for somebody else than it says, and be remembered.
func misplacedToken(sql string) error {
	if !strings.Contains(strings.ToLower(sql), tokenSetting) {
		return nil
	}
	comments, _, ok := tokenComments(sql)
	if !ok || len(comments) == 0 {
		return nil
	}
	return deny(SettingDenied, stateInvalidValue, -1, "a comment with a token stands where it has no effect").
		hint("Write it before or behind the statements of a message, as SELECT ... /* wherewall.token='...' */.")
}

// hush keeps the words of a text that could not be read out of what is told of it, where they might be a token.
func (t *Template) hush(sql string) {
	if !mentionsSecret(sql) {
		return
	}
	t.secret = true
	if t.Refused.Code == Unparsable || t.Refused.Code == TooComplex {
		told := *t.Refused
		told.Message = "syntax error"
		t.Refused, t.refusals, t.Cause = &told, []*Refusal{&told}, nil
	}
}
