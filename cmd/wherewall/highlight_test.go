package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func bracket(s string) string { return "«" + s + "»" }

func TestWhatTheRewriteAddsIsPainted(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ before, after, want string }{
		"nothing":                {"SELECT 1", "SELECT 1", "SELECT 1"},
		"case does not count":    {"select a from t", "SELECT a FROM t", "SELECT a FROM t"},
		"a condition at the end": {"SELECT a FROM t", "SELECT a FROM t WHERE org = 'acme'", "SELECT a FROM t «WHERE org = 'acme'»"},
		"a sub-select":           {"SELECT a FROM t LIMIT 1", "SELECT a FROM (SELECT a FROM s.t WHERE b) AS t LIMIT 1", "SELECT a FROM «(SELECT a FROM s.t WHERE b) AS» t LIMIT 1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, highlight(c.before, c.after, bracket))
		})
	}
}

func TestLongLinesAreFoldedAtSpaces(t *testing.T) {
	t.Parallel()
	require.Equal(t, "SELECT a,\n  b FROM t", fold("SELECT a, b FROM t", 10, "  "))
	require.Equal(t, "short", fold("short", 10, "  "))
}

func TestAStatementIsLaidOutByItsClauses(t *testing.T) {
	t.Parallel()
	require.Equal(t, ""+
		"SELECT a\n"+
		"FROM (SELECT a,\n"+
		"    b\n"+
		"  FROM t\n"+
		"  WHERE c) AS t\n"+
		"LIMIT 1", layOut("SELECT a FROM (SELECT a, b FROM t WHERE c) AS t LIMIT 1", 15))
}

func TestACaretStandsBelowItsCharacter(t *testing.T) {
	t.Parallel()
	require.Equal(t, "LINE 1: SELECT x\n               ^", caret("SELECT x", 8))
	require.Equal(t, "LINE 2: \tFROM 日本 x\n        \t          ^", caret("SELECT\n\tFROM 日本 x\nWHERE", 17))
	require.Equal(t, "LINE 1: a\n         ^", caret("a", 99))
}
