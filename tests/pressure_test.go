package tests

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ordinaryLengths are statements that programs write and that are long in flat ways: they are allowed, and answered soon.
func ordinaryLengths() map[string]string {
	numbers := func(n int, format, separator string) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(format, i+1)
		}
		return strings.Join(list, separator)
	}
	return map[string]string{
		"20,000 elements of an IN list":      "SELECT count(*) FROM project WHERE id IN (" + numbers(20000, "%d", ", ") + ")",
		"4,000 strings of an IN list":        "SELECT count(*) FROM project WHERE org_id IN ('acme', " + numbers(4000, "'x%d'", ", ") + ")",
		"10,000 rows of VALUES":              "SELECT count(*) FROM (VALUES " + numbers(10000, "(%d, 'x')", ", ") + ") v(i, s) JOIN project p ON p.id = v.i",
		"an array of 20,000":                 "SELECT count(*) FROM project WHERE id = ANY (ARRAY[" + numbers(20000, "%d", ", ") + "])",
		"1,500 ORs":                          "SELECT count(*) FROM project WHERE " + numbers(1500, "id = %d", " OR "),
		"300 UNION ALLs":                     "SELECT count(*) FROM (" + numbers(300, "SELECT %d AS i", " UNION ALL ") + ") u JOIN project p ON p.id = u.i",
		"1,000 columns":                      "SELECT " + numbers(1000, "id + %d AS c%[1]d", ", ") + " FROM project WHERE id = 1",
		"a CASE of 500 arms":                 "SELECT CASE " + numbers(500, "WHEN id = %d THEN %[1]d", " ") + " END FROM project WHERE id = 1",
		"1,000 statements":                   numbers(999, "SELECT %d", "; ") + "; SELECT count(*) FROM project",
		"a literal of 4 MB":                  "SELECT length('" + strings.Repeat("x", 4<<20) + "')",
		"100 sub-selects within one another": strings.Repeat("SELECT * FROM (", 100) + "SELECT count(*) FROM project" + strings.Repeat(") x", 100),
		"60 WITH queries":                    "WITH " + numbers(60, "w%d AS (SELECT id FROM project)", ", ") + " SELECT count(*) FROM w60",
	}
}

// hostileLengths are the worst that is known: each ends a process that gives it to the parser, or keeps it busy for long.
func hostileLengths() map[string]string {
	r := strings.Repeat
	return map[string]string{
		"48 kB of a sum":                  "SELECT 1" + r("+1", 24300),
		"600 kB of a sum":                 "SELECT 1" + r("+1", 300000),
		"casts":                           "SELECT 1" + r("::int", 24300),
		"ISNULL":                          "SELECT 1" + r(" ISNULL", 24300),
		"COLLATE":                         "SELECT 'a'" + r(` COLLATE "C"`, 24300),
		"NATURAL JOIN":                    "SELECT 1 FROM org" + r(" NATURAL JOIN org", 24300),
		"UNION":                           "SELECT 1" + r(" UNION SELECT 1", 47600),
		"brackets":                        "SELECT " + r("(", 50000) + "1" + r(")", 50000),
		"comments within comments":        "SELECT 1 " + r("/*", 50000) + r("*/", 50000),
		"100,000 statements":              r("SELECT 1;", 100000),
		"NOT":                             "SELECT " + r("NOT ", 50000) + "true",
		"sub-selects":                     r("SELECT (", 20000) + "1" + r(")", 20000),
		"arrays":                          "SELECT " + r("ARRAY[", 20000) + "1" + r("]", 20000),
		"subscripts":                      "SELECT a" + r("[1]", 50000),
		"CASE within CASE":                "SELECT " + r("CASE WHEN ", 20000) + "true" + r(" THEN 1 END", 20000),
		"a wrapped parameter":             "SELECT $4294967297",
		"a parameter beyond the protocol": "SELECT $65536",
	}
}

func TestOrdinaryLengthsAreAnsweredSoon(t *testing.T) {
	p := newSampleProxy(t, "pressure_ordinary")
	for claim, sql := range ordinaryLengths() {
		t.Run(claim, func(t *testing.T) {
			c := dial(t, p.dsn("kim@acme"))
			start := time.Now()
			o, err := c.simple(sql)
			require.NoError(t, err)
			require.Equal(t, "", o.code(), "%s", o.describe())
			require.Less(t, time.Since(start), patience/2)
		})
	}
}

func TestAsManyParametersAsTheProtocolCounts(t *testing.T) {
	p := newSampleProxy(t, "pressure_parameters")
	const many = 65535
	list, values := make([]string, many), make([]string, many)
	for i := range list {
		list[i], values[i] = fmt.Sprintf("$%d", i+1), fmt.Sprint(i+1)
	}
	a := &attack{binds: values}
	o, err := a.bound(dial(t, p.dsn("kim@acme")), "SELECT count(*) FROM project WHERE id IN ("+strings.Join(list, ", ")+")")
	require.NoError(t, err)
	require.Equal(t, "", o.code(), "%s", o.describe())
	require.Equal(t, [][]string{{`"12"`}}, o.rows)
}

// TestHostileLengthsEndNothing sends the worst by both protocols. The answer is an error, the session goes on, and what was taken for it is given back.
func TestHostileLengthsEndNothing(t *testing.T) {
	p := newSampleProxy(t, "pressure_hostile")
	c := dial(t, p.dsn("kim@acme"))
	before := heapInUse()
	for claim, sql := range hostileLengths() {
		for _, protocol := range protocols {
			t.Run(claim+" "+protocol.name, func(t *testing.T) {
				start := time.Now()
				o, err := protocol.run(c, sql)
				require.NoError(t, err)
				require.NotEqual(t, "", o.code())
				require.Equal(t, [][]string{{`"12"`}}, c.query(t, "SELECT count(*) FROM project").rows)
				require.Less(t, time.Since(start), patience/2)
			})
		}
	}
	require.Less(t, heapInUse(), before+64<<20, "memory is given back")
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}
