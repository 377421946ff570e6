package rewrite_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/rewrite"
)

// oddSpellings are literals, and what may stand in the place of one, that are cut up, printed or looked at in ways of their own.
func oddSpellings() []string {
	return []string{
		"'t'", "'f'", `'a\'`, `'a\\'`, "E'a'", `E'\n'`, `U&'\0061'`, "U&'d!0061' UESCAPE '!'", "$$x$$", "$a$x$a$", "N'x'", "B'01'", "X'1F'", "''''",
		"'a'\n'b'", "'a' --c\n'b'", "'wherewall'", "'ww_1'", `'%\'`, "'pg_class'", "'app.task'", "'now'", "'infinity'", "'99999 years'",
		"-1", "- -1", "@-5", "+5", "-0", "- 0", "-0.0", "00", "007", "1_000", "0x1F", "0b1", "0o7", "1.", ".5", "1e5", "1e400", "2147483648",
		"-2147483648", "-2147483649", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "NULL", "true", "$1", "1::int", "'1'::int",
		"'x'::varchar(3)", "'1'::numeric(3,1)", "int '1'", "date 'now'", "interval '1 day'", "INTERVAL '1' DAY", "(-1)", "-(1)", "1-1", "-/*c*/0", "-/*c*/1",
		"- /* a */ 2147483648", "-\n5", "'a' COLLATE \"C\"", "'{1,2}'", "ARRAY[1,2]", "('a','b')", "1 /*x*/", "5--c\n", "1/0", "now() + '1 day'", "now() - 1",
		"1<<99", "chr(0)", "'a'||'b'", "'a'=ANY('{a}')",
	}
}

// oddly puts odd spellings in the place of some literals of a text.
func oddly(r *rand.Rand, sql string) string {
	var text strings.Builder
	odd, one, done := oddSpellings(), 1+r.IntN(4), 0
	for tokens := sqltree.NewTokenizer(sql); ; {
		token, err := tokens.Next()
		if err != nil || token.Kind == sqltree.EndOfText {
			break
		}
		if (token.Kind == sqltree.String || token.Kind == sqltree.Number) && r.IntN(one) == 0 {
			text.WriteString(sql[done:token.Start] + odd[r.IntN(len(odd))])
			done = token.End
		}
	}
	return text.String() + sql[done:] + []string{"", "", " /*x*/", "; /*é*/ ;"}[r.IntN(4)]
}

func TestASharedTemplateIsRightBesideOddLiterals(t *testing.T) {
	t.Parallel()
	const statements, texts = 200, 5
	cases := goldenCases(t)
	spellings := literalsOf(cases)
	r := rand.New(rand.NewPCG(3, 5))
	remembers := rewrite.New(theSample.snapshot, rewrite.WithFingerprints())
	forgets := rewrite.New(theSample.snapshot, rewrite.WithFingerprints(), rewrite.WithMemory(rewrite.Memory{Of: rewrite.RememberNothing}))
	for range statements {
		c := cases[r.IntN(len(cases))]
		v, base := theSample.values(t, c.who), oddly(r, c.sql)
		var s sqltree.Shape
		if !s.Of(base) || len(s.Literals) == 0 {
			continue
		}
		for range texts {
			sql := spellings.varied(r, base, &s)
			got, want := remembers.Rewrite(sql, v.Plan()), forgets.Rewrite(sql, v.Plan())
			require.NoError(t, rewrite.Differ(want, got), "%s: %q", c.who, sql)
			require.Equal(t, string(want.AppendSQL(nil, v)), string(got.AppendSQL(nil, v)), "%s: %q", c.who, sql)
			require.Equal(t, want.Digest(), got.Digest())
			require.Equal(t, want.Fingerprint(), got.Fingerprint())
			requireSamePositions(t, want, got, v)
		}
	}
	require.Positive(t, remembers.CacheStats().ByShape)
}

// TestEndlessShapesTakeNoMoreThanTheirShare has one client say shapes that nobody says again, beside one whose statements are often said.
func TestEndlessShapesTakeNoMoreThanTheirShare(t *testing.T) {
	t.Parallel()
	const size, others = 1 << 18, 800
	v := theSample.values(t, "kim@acme")
	g := rewrite.New(theSample.snapshot, rewrite.WithMemory(rewrite.Memory{Bytes: size}))
	for i := range others {
		require.Nil(t, g.Rewrite(shapedText(i), v.Plan()).Refused)
		strange := fmt.Sprintf("SELECT id AS s%d FROM app.project WHERE id = %%d AND name <> 'x'", i)
		for n := range 2 {
			require.Nil(t, g.Rewrite(fmt.Sprintf(strange, n), v.Plan()).Refused)
		}
	}
	s := g.CacheStats()
	require.LessOrEqual(t, s.Bytes, s.Limit+size/10, "what is to be evicted may wait for a moment")
	require.Positive(t, s.Evictions)
	require.Greater(t, s.ByShape, uint64(others*9/10), "the shape that is said again and again stays")
}

func TestShapesAreLearntByManyAtOnce(t *testing.T) {
	t.Parallel()
	const sessions, texts = 8, 60
	g, forgets := rewrite.New(theSample.snapshot), rewrite.New(theSample.snapshot, rewrite.WithMemory(rewrite.Memory{Of: rewrite.RememberNothing}))
	wrong := make(chan string, sessions*texts)
	var all sync.WaitGroup
	for i := range sessions {
		v := theSample.values(t, []string{"kim@acme", "pat@initech"}[i%2])
		all.Go(func() {
			for n := range texts {
				sql := fmt.Sprintf("SELECT id AS s%d FROM app.project WHERE id = %d AND name <> 'x%d' LIMIT %d", n/6, n, n*i, n%2)
				if want, got := forgets.Rewrite(sql, v.Plan()), g.Rewrite(sql, v.Plan()); rewrite.Differ(want, got) != nil {
					wrong <- sql
				}
			}
		})
	}
	all.Wait()
	require.Empty(t, wrong)
}
