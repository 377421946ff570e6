package rewrite_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// costly are texts that the parser takes without effort and that a rewriter could be slow at.
func costly() map[string]string {
	joins := "SELECT 1 FROM app.task t0"
	for i := range 300 {
		joins += fmt.Sprintf(" JOIN app.task t%d ON t%d.id = t0.id", i+1, i+1)
	}
	return map[string]string{
		"joins beside guards": joins + " FOR UPDATE",
		"a list of tables":    "SELECT 1 FROM " + strings.Repeat("app.task, ", 20000) + "app.task",
		"columns":             "SELECT " + strings.Repeat("id, ", 20000) + "id FROM app.task",
		"conjuncts":           "SELECT 1 FROM app.task WHERE id = 1" + strings.Repeat(" AND id = 1", 20000),
		"a list of values":    "SELECT 1 FROM app.task WHERE id IN (1" + strings.Repeat(", 1", 20000) + ")",
		"rows":                "INSERT INTO app.comment (task_id, author_id, body) VALUES (1, 'kim', 'x')" + strings.Repeat(", (1, 'kim', 'x')", 5000),
	}
}

func TestTooManyRelationsAreRefused(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "kim@acme")
	template := theSample.rewriter.Rewrite(costly()["a list of tables"], v.Plan())
	require.NotNil(t, template.Refused)
	require.Equal(t, "54001", template.Refused.SQLState)
}

func BenchmarkFirstSight(b *testing.B) {
	v := theSample.values(b, "kim@acme")
	texts := costly()
	texts["a point select"] = "SELECT id, title FROM app.task WHERE id = 1"
	texts["an update by key"] = "UPDATE app.task SET title = 'x' WHERE id = 1"
	for name, sql := range texts {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				_ = theSample.rewriter.Rewrite(fmt.Sprintf("%s -- %d", sql, i), v.Plan())
			}
		})
	}
}

func BenchmarkSeenBefore(b *testing.B) {
	v := theSample.values(b, "kim@acme")
	const sql = "SELECT id, title FROM app.task WHERE id = 1"
	var text []byte
	b.ReportAllocs()
	for b.Loop() {
		text = theSample.rewriter.Rewrite(sql, v.Plan()).AppendSQL(text[:0], v)
	}
}
