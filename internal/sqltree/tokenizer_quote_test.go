package sqltree

import (
	"strings"
	"testing"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/stretchr/testify/require"
)

// requireQuoted compares QuoteLiteral with the deparser, and with what the parser reads back.
func requireQuoted(t *testing.T, s string) {
	t.Helper()
	constant := &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Val: &pg.A_Const_Sval{Sval: &pg.String{Sval: s}}}}}
	target := &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: constant}}}
	query := &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: &pg.SelectStmt{
		TargetList: []*pg.Node{target}, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
	}}}
	want, err := pg.Deparse(&pg.ParseResult{Version: 170007, Stmts: []*pg.RawStmt{{Stmt: query}}})
	require.NoError(t, err)
	got := string(QuoteLiteral([]byte("SELECT "), s))
	require.Equal(t, want, got)

	all, err := tokens(got)
	require.NoError(t, err)
	require.Equal(t, []Token{{Word, 0, 6}, {String, 7, len(got)}}, all)
	tree, err := pg.Parse(got)
	require.NoError(t, err)
	val := tree.GetStmts()[0].GetStmt().GetSelectStmt().GetTargetList()[0].GetResTarget().GetVal()
	require.Equal(t, s, val.GetAConst().GetSval().GetSval())
}

func TestLiteralsAreThoseOfTheDeparser(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "a", "'", "''", "\\", "\\'", "a\nb", "é", "$1", "--", "/*", "E'", "\x01\x7f", "it's\\n", strings.Repeat("'\\", 3000)} {
		requireQuoted(t, s)
	}
}

func FuzzQuoteLiteral(f *testing.F) {
	f.Add("it's")
	f.Add("C:\\")
	f.Fuzz(func(t *testing.T, s string) {
		if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
			t.Skip("it cannot be a PostgreSQL string")
		}
		requireQuoted(t, s)
	})
}
