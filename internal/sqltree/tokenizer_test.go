package sqltree

import (
	"strings"
	"testing"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/stretchr/testify/require"
)

// tokens cuts a text up, the end left out.
func tokens(text string) ([]Token, error) {
	var all []Token
	t := NewTokenizer(text)
	for {
		token, err := t.Next()
		if err != nil {
			return nil, err
		}
		if token.Kind == EndOfText {
			return all, nil
		}
		all = append(all, token)
	}
}

// scanned is what the parser's own scanner makes of a text.
func scanned(text string) ([]Token, error) {
	result, err := pg.Scan(text)
	if err != nil {
		return nil, err
	}
	var all []Token
	for _, t := range result.GetTokens() {
		start, end := int(t.GetStart()), int(t.GetEnd())
		all = append(all, Token{Kind: kindOf(t.GetToken(), text[start:end]), Start: start, End: end})
	}
	return all, nil
}

// kindOf translates the scanner's numbers. Keywords have one each, so words are told by their first letter.
func kindOf(token pg.Token, text string) TokenKind {
	switch token {
	case pg.Token_IDENT, pg.Token_UIDENT:
		if strings.HasSuffix(text, `"`) {
			return QuotedName
		}
		return Word
	case pg.Token_FCONST, pg.Token_ICONST:
		return Number
	case pg.Token_SCONST, pg.Token_USCONST:
		return String
	case pg.Token_BCONST, pg.Token_XCONST:
		return BitString
	case pg.Token_PARAM:
		return Parameter
	case pg.Token_SQL_COMMENT, pg.Token_C_COMMENT:
		return Comment
	}
	switch {
	case isIdentStart(text[0]):
		return Word
	case isOperator(text[0]):
		return Operator
	default:
		return Punctuation
	}
}

// requireSameTokens compares our tokens with the parser's. It fails where we refuse what the parser takes, our own limits aside.
func requireSameTokens(t *testing.T, text string) {
	t.Helper()
	ours, err := tokens(text)
	if err != nil && onlyWeRefuse(t, err) {
		return
	}
	theirs, theirErr := scanned(text)
	if theirErr != nil {
		return // the parser refuses more: escapes that make no character, for example
	}
	require.NoError(t, err, "the parser takes %q", text)
	require.Equal(t, theirs, ours, "%q", text)
}

// onlyWeRefuse tells the errors that the parser does not have: our limits, and junk after a parameter, which servers refuse.
func onlyWeRefuse(t *testing.T, err error) bool {
	t.Helper()
	var limit *LimitError
	require.ErrorAs(t, err, &limit)
	return limit.SQLState != "42601" || strings.HasPrefix(limit.Message, "operator too long") ||
		strings.HasPrefix(limit.Message, "trailing junk after parameter")
}

func texts() []string {
	return []string{
		"", " ", "\t\n\r\f\v", "select 1", "SELECT a.b, \"C\"\"d\" FROM tâche WHERE x=$1 AND y<>-2",
		"1 1.5 .5 1. 1e5 1.e5 .5e-3 1E+2 1..10 1...2 1_000 0x1F 0xFF_FF 0b101 0o17 0x_1 1.5.5 00 0x1Fg",
		"'a''b' E'a\\'b' e'\\\\' N'x' b'01' X'1F' U&'\\0061' u&\"\\0061\" U&'d!0061' UESCAPE '!'",
		"'a'\n'b'", "'a' \n \n 'b'", "'a' 'b'", "'a' --c\n'b'", "E'a\\''\n'b\\''", "b'0'\n'1'", "n'a' national 'a'",
		"$$a$$ $x$ $$ $x$ $é$b$é$ $a$ $b$a$", "$1 $23 $ $a", "a$1 a$b$c$",
		"1--2\n+3", "1/*a/*b*/c*/+2", "/**/ /***/ /*/*/*/*/", "a<-b a<--b\nc @-@-1 =- 1 *- 1 <=- ?- 1 2+-1 !=-1 @+ 1",
		"a+/*c*/b a@/*c*/b a*/*c*/b", "a::b[1:2].c := d => e .. f : g ; h", "<= >= <> != => == <<= ||/ |/ !~~* ->> #>> ~<~",
		"a\u00a0b ＡＢ ünï_1$", "\\ { } [ ] ~ ` ? # & |", "e e1 x b u u& u&x U& 'a'", "!=- !=-- x\n", "a;b;", "1e5 1e 1", "--", "--\r1",
		"@--\n1", "*/*a*/1", "'\\'", "E'\\n\\x41\\101\\u0061'",
	}
}

func TestTokensAreThoseOfTheParsersScanner(t *testing.T) {
	t.Parallel()
	for _, text := range texts() {
		requireSameTokens(t, text)
	}
}

func TestUnfinishedTokensAreRefusedInPostgreSQLsWords(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"select 'abc", "select E'abc\\'", "select b'01", "select x'01", "select \"abc", "select U&\"abc", "select U&'abc", "select \"\"",
		"select $a$ x $a", "select /* /* */", "select 1a", "select 1.5é", "select 1e5x", "select 1e+", "select 0x", "select 0b2",
		"select 0o_", "select 1_", "select 1__0", "select 'é', 'abc",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			_, err := tokens(text)
			var limit *LimitError
			require.ErrorAs(t, err, &limit)
			require.Equal(t, CodeUnparsable, limit.Code)
			require.Equal(t, "42601", limit.SQLState)
			_, theirs := pg.Parse(text)
			require.EqualError(t, theirs, limit.Message)
		})
	}
}

func TestTheTokenizerEndsAgainAndAgain(t *testing.T) {
	t.Parallel()
	tokenizer := NewTokenizer("a ")
	for _, want := range []Token{{Word, 0, 1}, {EndOfText, 2, 2}, {EndOfText, 2, 2}} {
		got, err := tokenizer.Next()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func FuzzTokenizer(f *testing.F) {
	for _, text := range texts() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text) {
			t.Skip("Check refuses it before")
		}
		requireSameTokens(t, text)
	})
}
