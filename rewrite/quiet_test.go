package rewrite_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is quiet by our own word, and not by PostgreSQL's, is tried here with every kind of value that its types have.

// TestQuietComparisonsFailOnNoValue looks at all operators that the default trusts beside the server's leakproof ones.
func TestQuietComparisonsFailOnNoValue(t *testing.T) {
	theSample.lock.Lock()
	defer theSample.lock.Unlock()
	for _, sql := range []string{
		"CREATE SCHEMA audit", "CREATE TYPE audit.step AS ENUM ('a', 'b')",
		"ALTER TYPE audit.step ADD VALUE 'before' BEFORE 'a'", "ALTER TYPE audit.step ADD VALUE 'between' AFTER 'a'", "ALTER TYPE audit.step ADD VALUE 'after'",
		"ALTER TYPE audit.step RENAME VALUE 'b' TO 'renamed'",
	} {
		_, err := theSample.conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	defer func() { _, _ = theSample.conn.Exec(t.Context(), "DROP SCHEMA audit CASCADE") }()
	values := map[string]string{
		"numeric": `SELECT v::numeric FROM unnest(ARRAY['NaN', 'Infinity', '-Infinity', '0', '-0.000', '1', '-1', '1e131071', '-1e131071', '1e-16383', '-1e-16383',
			'99999999999999999999.99999999999999999999', '0.1', '0.10', NULL]) v`,
		"anyenum": "SELECT v FROM unnest(enum_range(NULL::audit.step) || NULL::audit.step) v",
	}
	tried := 0
	for _, o := range theSample.rewriter.Quiet() {
		var left, name, right string
		_, err := fmt.Sscan(o, &left, &name, &right)
		require.NoError(t, err)
		require.Equal(t, left, right, o)
		require.NotEmpty(t, values[left], "nobody tried the values of %s", o)
		_, err = theSample.conn.Exec(t.Context(), fmt.Sprintf("SELECT count(a.v %s b.v) FROM (%s) a(v), (%s) b(v)", name, values[left], values[right]))
		require.NoError(t, err, o)
		tried++
	}
	require.Equal(t, 12, tried, "six comparisons of numerics and of enums")
}

func TestQuietPatternsFailOnNoText(t *testing.T) {
	v := theSample.values(t, "kim@acme")
	patterns := []string{"", "%", "_", "a%", "%a", "%a%b%", "___", `\%`, `\_`, `\\`, `a\\`, `%\\%`, "ä%", "%\U0001f600", strings.Repeat("%a", 50)}
	quoted := func(p string) string { return "'" + p + "'" }
	theSample.lock.Lock()
	defer theSample.lock.Unlock()
	for _, p := range patterns {
		for _, operator := range []string{"LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE"} {
			condition := operator + " " + quoted(p)
			template := theSample.rewriter.Rewrite("SELECT p.id FROM app.project p WHERE p.name "+condition, v.Plan())
			require.NotContains(t, string(template.AppendSQL(nil, v)), "CASE", condition)
			for _, typ := range []string{"text", "varchar", "bpchar", "name"} {
				_, err := theSample.conn.Exec(t.Context(), `SELECT count(v::`+typ+` `+condition+`) FROM unnest(ARRAY['', 'a', '\', 'a\', '\\', '%', '_', 'ä', 'Ä', U&'\+01F600', E'a\nb',
					repeat('a', 1000), repeat('ä', 1000), 'ǆ', 'İ', 'ß', U&'\FFFF', NULL]) v`)
				require.NoError(t, err, "%s %s", typ, condition)
			}
		}
	}
}

func TestPatternsThatMayFailWait(t *testing.T) {
	v := theSample.values(t, "kim@acme")
	for _, condition := range []string{
		`p.name LIKE 'a\'`, `p.name LIKE '\\\'`, `p.name LIKE p.name`, `p.name LIKE $1`, `p.name LIKE 'a' ESCAPE 'bc'`, `p.name ~ 'a'`, `p.name SIMILAR TO 'a'`,
		`p.name COLLATE "C" LIKE 'a'`, `(p.name || 'x') LIKE 'a'`, `p.name LIKE ANY (ARRAY['a'])`,
	} {
		template := theSample.rewriter.Rewrite("SELECT p.id FROM app.project p WHERE "+condition, v.Plan())
		require.Nil(t, template.Refused, "%s: %v", condition, template.Cause)
		require.Contains(t, string(template.AppendSQL(nil, v)), "CASE", condition)
	}
}
