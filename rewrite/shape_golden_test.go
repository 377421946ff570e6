package rewrite_test

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/rewrite"
)

// goldenCase is a statement of the golden files, and who says it.
type goldenCase struct{ who, sql string }

func goldenCases(t *testing.T) []goldenCase {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	var all []goldenCase
	for _, file := range files {
		datadriven.RunTest(t, file, func(_ *testing.T, d *datadriven.TestData) string {
			all = append(all, goldenCase{d.Cmd, d.Input})
			return d.Expected
		})
	}
	return all
}

// literals are spellings by class: those of a corpus, and some that mean something somewhere.
type literals map[sqltree.LiteralClass][]string

func literalsOf(cases []goldenCase) literals {
	found := literals{
		sqltree.StringLiteral: {
			"''", "'it''s'", "'true'", "'T'", "'on'", "'1'", "'-1'", "'NULL'", "'ünï'", "'\n'", "'--'", "'/*'", "'*/'", "'$1'", "';'", "'%'", "'_'", "'day'", "'1 day'",
			"'2024-02-30'", "'{1,2}'", "'a''''b'", "'q'", "'=== a long text ===================================================================='",
		},
		sqltree.Int4Literal:    {"0", "1", "2", "3", "7", "42", "10000", "16384", "2147483647"},
		sqltree.Int8Literal:    {"2147483649", "9223372036854775807"},
		sqltree.NumericLiteral: {"0.0", "1.5", "0.10", "99999999999999999999", "123456789012345678901234567890.123"},
		sqltree.LastComment:    {"/**/", "/*traceparent='00-1'*/", "/* ünï */"},
	}
	var s sqltree.Shape
	for _, c := range cases {
		if s.Of(c.sql) {
			for _, l := range s.Literals {
				found[l.Class] = append(found[l.Class], c.sql[l.Start:l.End])
			}
		}
	}
	return found
}

// varied is a text with other literals of the same classes, or with some of them: those that decide what it is rewritten to must come again.
func (l literals) varied(r *rand.Rand, sql string, s *sqltree.Shape) string {
	var text strings.Builder
	done := 0
	keep := r.IntN(4)
	for _, at := range s.Literals {
		if r.IntN(4) < keep {
			continue
		}
		text.WriteString(sql[done:at.Start])
		text.WriteString(l[at.Class][r.IntN(len(l[at.Class]))])
		done = int(at.End)
	}
	return text.String() + sql[done:]
}

// TestASharedTemplateIsWhatTheTextIsRewrittenTo takes every golden statement with other literals in it, and compares what a Rewriter that has seen the
// shape says with what one says that remembers nothing.
func TestASharedTemplateIsWhatTheTextIsRewrittenTo(t *testing.T) {
	t.Parallel()
	const rounds = 16
	cases := goldenCases(t)
	spellings := literalsOf(cases)
	r := rand.New(rand.NewPCG(7, 11))
	remembers, forgets := rewrite.New(theSample.snapshot), rewrite.New(theSample.snapshot, rewrite.WithMemory(rewrite.Memory{Of: rewrite.RememberNothing}))
	shapes, shared := 0, 0
	for _, c := range cases {
		var s sqltree.Shape
		if !s.Of(c.sql) || len(s.Literals) == 0 {
			continue
		}
		v := theSample.values(t, c.who)
		shapes++
		before := remembers.CacheStats().ByShape
		for range rounds {
			sql := spellings.varied(r, c.sql, &s)
			got, want := remembers.Rewrite(sql, v.Plan()), forgets.Rewrite(sql, v.Plan())
			require.NoError(t, rewrite.Differ(want, got), "%s: %s", c.who, sql)
			require.Equal(t, string(want.AppendSQL(nil, v)), string(got.AppendSQL(nil, v)), "%s: %s", c.who, sql)
			requireSamePositions(t, want, got, v)
		}
		if remembers.CacheStats().ByShape > before {
			shared++
		}
	}
	t.Logf("%d statements, %d with literals, %d of which share a template", len(cases), shapes, shared)
	require.Greater(t, shared, shapes/4, "the comparison is worth something only where templates are shared")
}

func requireSamePositions(t *testing.T, want, got *rewrite.Template, v *rewrite.Values) {
	t.Helper()
	for at := range len([]rune(string(want.AppendSQL(nil, v)))) + 2 {
		require.Equal(t, want.Position(v, at), got.Position(v, at), "position %d", at)
	}
}
