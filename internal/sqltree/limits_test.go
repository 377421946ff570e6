package sqltree

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckRefusesWhatTheParserWouldMisreadOrChokeOn(t *testing.T) {
	t.Parallel()
	r := strings.Repeat
	for _, c := range []struct {
		claim, text, code, state string
		position                 int
	}{
		{"a NUL byte, at which the parser would stop", "select 'é'\x00; drop table a", "unparsable", "22021", 0},
		{"invalid UTF-8", "select 'é\xff'", "unparsable", "22021", 0},
		{"a surrogate", "select '\xed\xa0\x80'", "unparsable", "22021", 0},
		{"an overlong encoding of a quote", "select '\xc0\xa7'", "unparsable", "22021", 0},
		{"a cut character", "select 'a\xc3", "unparsable", "22021", 0},
		{"a parameter number that the protocol cannot bind", "select $1, $65536", "unparsable", "54023", 12},
		{"a parameter number that wraps around to 1", "select $4294967297", "unparsable", "54023", 8},
		{"an unterminated literal", "select 'abc", "unparsable", "42601", 8},
		{"comments nested 33 deep", r("/*", 33) + r("*/", 33), "too_complex", "54001", 1},
		{"a text over the maximum", "select '" + r("a", MaxLength) + "'", "too_complex", "54000", 0},
		{"too many tokens", "select 1" + r(",1", MaxTokens), "too_complex", "54001", MaxTokens + 7},
		{"1001 statements", r("select 1;", 1001), "too_complex", "54001", 9009},
		{"empty statements without end", r(";", 1001), "too_complex", "54001", 1001},
		{"401 brackets", r("(", 401) + "1" + r(")", 401), "too_complex", "54001", 401},
		{"401 CASEs", "select " + r("case when a then ", 401) + "1" + r(" end", 401), "too_complex", "54001", 6808},
	} {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel()
			var limit *LimitError
			require.ErrorAs(t, Check(c.text), &limit)
			require.Equal(t, c.code, limit.Code)
			require.Equal(t, c.state, limit.SQLState)
			require.Equal(t, c.position, limit.Position)
		})
	}
}

func TestCheckRefusesLongChainsWhateverSeparatesThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ claim, head, link, tail string }{
		{"operators", "select 1", "+1", ""},
		{"operators over comments", "select 1", "+/*,*/1", ""},
		{"operators over strings with commas", "select 1", "||','", ""},
		{"operators over columns named and", "select 1", "+x.and", ""},
		{"operators over columns named or, in any case", "select 1", "+x. OR", ""},
		{"operators over columns named case and end", "select 1", "+x.case+x.end", ""},
		{"operators over CASEs with AND in them", "select 1", "+case when a and b then 1 end", ""},
		{"operators over CASEs with columns named json", "select 1", "+case when json then 1 else 2 end", ""},
		{"operators over calls of join()", "select 1", "+case when join(a) then 1 else 2 end", ""},
		{"operators over BETWEEN's AND", "select a", " isnull + 1 between 1 and 2", ""},
		{"operators over BETWEEN's AND with columns named between", "select a", " isnull + 1 between between and 2", ""},
		{"operators left of brackets", "select " + strings.Repeat("(", 300) + "1", "+1+1+1+1)", ""},
		{"casts", "select 1", "::a", ""},
		{"casts with modifiers", "select 1", "::a(1,2)", ""},
		{"ISNULL", "select 1", " isnull", ""},
		{"IS NOT NULL", "select 1", " Is NoT nUlL", ""},
		{"COLLATE", "select a", " collate b", ""},
		{"AT LOCAL", "select a", " at local", ""},
		{"OPERATOR()", "select 1", " operator(a.+) 1", ""},
		{"IN", "select 1", " in (1, 2)", ""},
		{"NOT", "select", " not", " true"},
		{"signs", "select", " -", " 1"},
		{"joins", "select 1 from a", " natural join b", ""},
		{"joins with AND in ON", "select 1 from a", " join b on c and d", ""},
		{"joins nested to the right", "select 1 from a", " join b", " on true on true"},
		{"UNION", "select 1", " union select 1", ""},
		{"UNION over commas", "select 1, 2", " union select 1, 2", ""},
		{"UNION over aliases named case and end", "select 1 case", " union select 1 end union select 1 case", ""},
		{"EXCEPT over parameters", "select $1", " except select $1", ""},
	} {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, Check(c.head+strings.Repeat(c.link, 20)+c.tail))
			var limit *LimitError
			require.ErrorAs(t, Check(c.head+strings.Repeat(c.link, 3000)+c.tail), &limit)
			require.Equal(t, CodeTooComplex, limit.Code)
		})
	}
}

// ordinary statements are long in ways that cost the parser no stack.
func ordinary() map[string]string {
	r := strings.Repeat
	rows := make([]string, 1500)
	columns := make([]string, 500)
	terms := make([]string, 3000)
	for i := range rows {
		rows[i] = fmt.Sprintf("(%d, now()::date, -%d, 'name %d', $%d, null, case when %d > 1 then 'a' else 'b' end)", i, i, i, i+1, i)
	}
	for i := range columns {
		columns[i] = fmt.Sprintf(`t.c%d::text AS "column %d", t.a%d + t.b%d * 2 IS NOT NULL`, i, i, i, i)
	}
	for i := range terms {
		terms[i] = fmt.Sprintf("(t.a = %d AND t.b IS NOT NULL AND t.c BETWEEN %d AND %d)", i, i, i+1)
	}
	return map[string]string{
		"4000 elements of an IN list":       "select 1 where a in (" + r("'0c9e1f66-0000-4000-8000-000000000000', ", 3999) + "'x')",
		"1500 rows of VALUES":               "insert into t values " + strings.Join(rows, ", "),
		"3000 ORs":                          "select * from t where " + strings.Join(terms, " or "),
		"3000 ORs without brackets":         "select * from t where t.a = 1" + r(" or t.a = -1", 3000),
		"500 columns":                       "select " + strings.Join(columns, ", ") + " from t",
		"100 joins":                         "select * from a t0" + r(" left join b t1 on t1.a = t0.a and t1.b is not null", 100),
		"500 UNION ALLs":                    "select a, b::text from t where a = 1" + r(" union all select a, b::text from t where a = 1", 500),
		"200 concatenations":                "select a" + r(" || ', ' || b", 200),
		"a CASE of 800 arms":                "select case" + r(" when a = 1 and b = 2 then 'x'", 800) + " end",
		"100 brackets":                      r("select (", 100) + "select 1" + r(")", 100),
		"250 brackets around conditions":    "select * from t where " + r("(", 250) + "a = 1" + r(" or b = 2)", 250),
		"1000 statements":                   r("select 1;", 999) + "select 1",
		"a literal of 10 MB":                "select '" + r("a", 10<<20) + "'",
		"a long comment of dashes":          "select 1 " + r("-", 500) + "\n+ 2",
		"a long comment behind an asterisk": "select */" + r("*", 500) + "/ from t",
		"65535 parameters":                  "select $65535",
	}
}

func TestOrdinaryLongStatementsPass(t *testing.T) {
	t.Parallel()
	for claim, text := range ordinary() {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, Check(text))
			_, err := Parse(text)
			require.NoError(t, err)
		})
	}
}

func TestCheckAllocatesNothing(t *testing.T) {
	for claim, text := range ordinary() {
		require.Zero(t, testing.AllocsPerRun(3, func() { _ = Check(text) }), claim)
	}
}

func BenchmarkCheck(b *testing.B) {
	text := "select p.id, p.name from projects p join tasks t on t.project_id = p.id where p.id = $1 and t.state in ('open', 'done') order by 1"
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		_ = Check(text)
	}
}
