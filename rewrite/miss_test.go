package rewrite_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/pganalyze/pg_query_go/v6/parser"
	"github.com/stretchr/testify/require"
)

// firstSights are texts as applications send them, by what they are.
func firstSights() map[string]string {
	report := "SELECT p.name, count(*) AS tasks, max(t.created_at) AS latest FROM app.project p JOIN app.task t ON t.project_id = p.id " +
		"LEFT JOIN app.comment c ON c.task_id = t.id AND c.created_at > '2026-01-01' WHERE t.status IN ('open', 'blocked') AND t.title ILIKE '%invoice%' " +
		"GROUP BY p.name HAVING count(*) > 2 ORDER BY latest DESC LIMIT 20"
	branch := "SELECT t.id, t.title, t.status, coalesce(c.body, '') AS body, row_number() OVER (PARTITION BY t.project_id ORDER BY t.id) AS n " +
		"FROM app.task t LEFT JOIN app.comment c ON c.task_id = t.id WHERE t.project_id IN (1, 2, 3, 4) AND t.created_at BETWEEN '2026-01-01' AND '2026-06-30' " +
		"AND (t.title LIKE 'a%' OR t.status = 'open' AND t.id % 7 = 3) AND EXISTS (SELECT 1 FROM app.project p WHERE p.id = t.project_id AND p.name <> 'old')"
	return map[string]string{
		"point select":  "SELECT id, name, status FROM app.project WHERE id = 4711",
		"over a path":   "SELECT id, title, status FROM app.task WHERE id = 4711",
		"join of three": "SELECT t.id, t.title, p.name, c.body FROM app.task t JOIN app.project p ON p.id = t.project_id LEFT JOIN app.comment c ON c.task_id = t.id WHERE t.status = 'open' AND p.name = 'x' ORDER BY t.id LIMIT 50",
		"insert":        "INSERT INTO app.comment (task_id, author_id, body) VALUES (17, 'kim', 'looks good to me')",
		"update by key": "UPDATE app.task SET title = 'a new title' WHERE id = 4711",
		"300 bytes":     report,
		"2 kB":          strings.Join([]string{branch, branch, branch, branch}, " UNION ALL "),
	}
}

// BenchmarkMiss prints what a first sight costs in parses of the same text, and how much of that is the parser's own code, in C: it reads the client's
// text, prints the new tree, and reads the print. All are measured in turns; the figures are medians.
func BenchmarkMiss(b *testing.B) {
	v := theSample.values(b, "kim@acme")
	for name, sql := range firstSights() {
		b.Run(name, func(b *testing.B) {
			template, err := theSample.rewriter.Anew(sql, v.Plan())
			require.NoError(b, err)
			sent := string(template.AppendSQL(nil, v))
			tree, err := parser.ParseToProtobuf(sent)
			require.NoError(b, err)
			b.ReportAllocs()
			var parse, foreign, miss []time.Duration
			for b.Loop() {
				start := time.Now()
				_, err := pg.Parse(sql)
				parse = append(parse, time.Since(start))
				require.NoError(b, err)
				start = time.Now()
				_, err = theSample.rewriter.Anew(sql, v.Plan())
				miss = append(miss, time.Since(start))
				require.NoError(b, err)
				start = time.Now()
				_, _ = parser.ParseToProtobuf(sql)
				_, _ = parser.DeparseFromProtobuf(tree)
				_, _ = parser.ParseToProtobuf(sent)
				foreign = append(foreign, time.Since(start))
			}
			unit := median(parse)
			b.ReportMetric(unit, "µs/parse")
			b.ReportMetric(median(miss), "µs/miss")
			b.ReportMetric(median(miss)/unit, "parses/miss")
			b.ReportMetric(median(foreign)/unit, "parses/miss-in-C")
			b.ReportMetric(float64(len(sent))/float64(len(sql)), "growth")
		})
	}
}

// median is in microseconds. A mean would be of the machine's other work.
func median(of []time.Duration) float64 {
	slices.Sort(of)
	return float64(of[len(of)/2].Nanoseconds()) / 1000
}
