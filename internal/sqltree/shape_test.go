package sqltree

import (
	"strings"
	"testing"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// shapeTexts are texts with literals in all the places where one could be taken for another.
func shapeTexts() []string {
	return []string{
		"SELECT 1", "SELECT 'a', 2, 2.5, 99999999999, 9999999999999999999", "SELECT 'it''s', ''", "SELECT -5, - 5, -(5), - -5, -0, -0.0, 3-2, 3--2\n",
		"SELECT E'a', e'\\'', N'a', n'a', B'1', X'1F', U&'a', U&'d!0061' UESCAPE '!'", "SELECT 'a'\n'b', 'c'", "SELECT 'a' --'x'\n 'b'", "SELECT 'a' /*'x'*/ 'b'",
		"SELECT $$a$$, $x$'$x$, '$$'", "SELECT 1.5.6", "SELECT 1e5, 1e-5, 1.e5, .5, 5., 1..2", "SELECT 1_000, 0x1F, 0o7, 0b1, 007", "SELECT $1, $1 2", "SELECT 1and 2",
		"SELECT '\\', 'a\\''", "SELECT 'a'::text COLLATE \"C\"", "SELECT int '5', date'2024-01-01', interval '1 day' day", "SELECT 'a'\"b\"", "SELECT 'a'b", "SELECT\"a\"'b'",
		"SELECT '/*', '*/' /* x */", "SELECT '--' -- x", "SELECT 1 /* traceparent='00-1' */", "/*+ hint */ SELECT 1 /*a*/ ; ", "SELECT 1; /* x */", "SELECT 1;;", "SELECT 1; SELECT 2",
		"SELECT 'ünï', 1 AS ü, ü1", "SELECT 2147483647, 2147483648, 2147483649, 9223372036854775807, 9223372036854775808", "SELECT 't', 'f', 'true'",
		"SELECT '\x01', 'b'", "SELECT a[1], a[1:2], (b).c FROM t LIMIT 5 OFFSET 6", "SELECT 1 IN (1,2,3), 'a'='b', 1<-2, 1@-2", "SELECT 1/* a /* b */ c */", "SELECT 1 /*wherewall.token='x'*/",
		"SELECT 'ww_slot_id'", "SELECT 1 AS\"2\",'3'", "INSERT INTO t VALUES (1,'a',NULL,true),(2,'b',DEFAULT,false)", "SELECT x'1'\n'2'", "SELECT 'x' 'y'", "SELECT '1'1",
	}
}

// others are spellings of other literals of a class.
func others(class LiteralClass) []string {
	switch class {
	case StringLiteral:
		return []string{"''", "'--'", "'/*'", "'it''s'", "'1'", "'ü\n'", "'$1$'"}
	case Int4Literal:
		return []string{"0", "1", "2147483647"}
	case Int8Literal:
		return []string{"2147483649", "9223372036854775807"}
	case NumericLiteral:
		return []string{"0.0", "1.5", "99999999999999999999"}
	case LastComment:
		return []string{"/**/", "/*'*/", "/*--*/"}
	default:
		return nil
	}
}

// with is a text with one literal in the place of another.
func with(text string, l Literal, other string) string { return text[:l.Start] + other + text[l.End:] }

// blank takes the values out of a tree that free literals may have.
func blank(tree *pg.ParseResult) *pg.ParseResult {
	var look func(_ protoreflect.Name, m proto.Message) error
	look = func(_ protoreflect.Name, m proto.Message) error {
		if c, ok := m.(*pg.A_Const); ok {
			switch v := c.Val.(type) {
			case *pg.A_Const_Ival:
				v.Ival.Ival = 0
			case *pg.A_Const_Fval:
				v.Fval.Fval = ""
			case *pg.A_Const_Sval:
				v.Sval.Sval = ""
			}
		}
		if i, ok := m.(*pg.Integer); ok { // bounds of array types
			i.Ival = 0
		}
		return Children(m, look)
	}
	_ = look("", tree)
	return tree
}

// requireSameShape demands that what a Shape takes out of a text is one token each to the parser's scanner, that nothing else is lost, and that with other
// literals of the same classes the text is of the same shape and the same tree, where it is one.
func requireSameShape(t *testing.T, text string) {
	t.Helper()
	var s, again Shape
	if !s.Of(text) {
		return
	}
	tokens, err := pg.Scan(text)
	if err != nil {
		return // escapes that make no character
	}
	kinds := map[int32]*pg.ScanToken{}
	for _, token := range tokens.GetTokens() {
		kinds[token.GetStart()] = token
	}
	var whole strings.Builder
	next := 0
	for _, c := range s.Key {
		if c >= byte(StringLiteral) && c <= byte(LastComment) {
			l := s.Literals[next]
			require.EqualValues(t, c, l.Class, "%q", text)
			whole.WriteString(text[l.Start:l.End])
			next++
			continue
		}
		whole.WriteByte(c)
	}
	require.Equal(t, text, whole.String(), "nothing is lost")
	require.Len(t, s.Literals, next)
	tree, parseErr := pg.Parse(text)
	for _, l := range s.Literals {
		token := kinds[l.Start]
		require.NotNil(t, token, "%q: no token begins at %d", text, l.Start)
		require.Equal(t, l.End, token.GetEnd(), "%q", text)
		require.Contains(t, tokensOf(l.Class), token.GetToken(), "%q", text)
		for _, other := range others(l.Class) {
			varied := with(text, l, other)
			if !again.Of(varied) {
				require.Contains(t, text, "ww", "%q: of all that texts may hold, only a name of ours can come about by another literal", varied)
				continue
			}
			if other != "0" { // which stays behind a minus sign
				require.Equal(t, string(s.Key), string(again.Key), "%q", varied)
			}
			otherTree, err := pg.Parse(varied)
			if err == nil && parseErr == nil && ofRows(tree) {
				require.NoError(t, Align(blank(tree), blank(otherTree), nil), "%q and %q", text, varied)
			}
		}
	}
}

// ofRows says whether a text is one statement of a kind that shapes are for. FLOAT(n) is one of two types, by what n is.
func ofRows(tree *pg.ParseResult) bool {
	if len(tree.GetStmts()) != 1 || strings.Contains(tree.String(), `"float`) {
		return false
	}
	switch tree.Stmts[0].Stmt.GetNode().(type) {
	case *pg.Node_SelectStmt, *pg.Node_InsertStmt, *pg.Node_UpdateStmt, *pg.Node_DeleteStmt:
		return true
	default:
		return false
	}
}

func tokensOf(class LiteralClass) []pg.Token {
	switch class {
	case StringLiteral:
		return []pg.Token{pg.Token_SCONST}
	case Int4Literal:
		return []pg.Token{pg.Token_ICONST}
	case Int8Literal, NumericLiteral:
		return []pg.Token{pg.Token_FCONST}
	case LastComment:
		return []pg.Token{pg.Token_C_COMMENT}
	default:
		return nil
	}
}

func TestTextsOfOneShapeAreOneTree(t *testing.T) {
	t.Parallel()
	for _, text := range append(texts(), shapeTexts()...) {
		requireSameShape(t, text)
	}
}

func TestWhatAShapeTakesOut(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"SELECT 1, 'a', 2.5, 99999999999":     "SELECT \x02, \x01, \x04, \x03",
		"SELECT 'it''s'::text, -5":            "SELECT \x01::text, -\x02",
		"SELECT -0, 't', 1e5, 0x1F, 007":      "SELECT -0, 't', 1e5, 0x1F, 007",
		"SELECT E'a', N'a', 'a\\', $$a$$":     "SELECT E'a', N'a', 'a\\', $$a$$",
		"SELECT 'a'\n'b', 'a' 'b'":            "SELECT 'a'\n'b', \x01 \x01",
		"/*+ h */ SELECT /*a*/ 1 /*b*/ ":      "/*+ h */ SELECT /*a*/ \x02 \x05 ",
		"SELECT 2147483648, 2147483647":       "SELECT 2147483648, \x02",
		"SELECT 9223372036854775808, 'ünï';;": "SELECT 9223372036854775808, \x01;;",
	} {
		var s Shape
		require.True(t, s.Of(text), text)
		require.Equal(t, want, string(s.Key), text)
	}
}

func TestTextsWithoutAShape(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"SELECT 1; SELECT 2", "SELECT 'a\x00'", "SELECT '\x01'", "SELECT \x02", "SELECT '\xff'", "SELECT 'ww_slot_id'", "SELECT 1 /* WhereWall.token='x' */",
		"SELECT 'a", "SELECT 1a", "SELECT $99999", strings.Repeat("/*", 100), "SELECT '" + strings.Repeat("a", MaxShapedLength) + "'",
		"SELECT 1" + strings.Repeat(",1", MaxShapedLiterals),
	} {
		var s Shape
		require.False(t, s.Of(text), "%.80q", text)
	}
}

func TestAShapeIsCutWithoutAllocating(t *testing.T) { // alone, since allocations are counted
	var s Shape
	const text = "SELECT id, title FROM app.task WHERE id = 12 AND title <> 'it''s' AND done IN (1, 2, 3.5) /* trace */"
	require.True(t, s.Of(text))
	require.Zero(t, testing.AllocsPerRun(100, func() { s.Of(text) }))
}

func FuzzShape(f *testing.F) {
	for _, text := range append(texts(), shapeTexts()...) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 1000 && Check(text) == nil {
			requireSameShape(t, text)
		}
	})
}
