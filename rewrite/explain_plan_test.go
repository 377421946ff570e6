package rewrite_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

func TestAPlanTellsNodesAndTheStatementsOwnRelations(t *testing.T) {
	t.Parallel()
	s := &rewrite.Statement{Uses: []rewrite.Use{{Relation: "task"}, {Relation: "Order Line"}}}
	for line, told := range map[string]string{
		"Seq Scan on task":                                           "Seq Scan on task",
		"Seq Scan on task t":                                         "Seq Scan on task t",
		"Seq Scan on task ww_1":                                      "Seq Scan on task",
		`  ->  Parallel Seq Scan on "Order Line" "O"`:                `  ->  Parallel Seq Scan on "Order Line" "O"`,
		"Seq Scan on project":                                        "Seq Scan",
		`Seq Scan on "task on project" p`:                            "Seq Scan",
		"Index Scan using task_pkey on task":                         "Index Scan on task",
		"Index Scan Backward using secret_idx on audit_log task":     "Index Scan Backward",
		`Index Only Scan using "on task" on audit_log`:               "Index Only Scan",
		"        ->  Bitmap Index Scan on task":                      "        ->  Bitmap Index Scan",
		"  ->  Bitmap Heap Scan on task":                             "  ->  Bitmap Heap Scan on task",
		"Update on task":                                             "Update on task",
		"Insert on audit_log":                                        "Insert",
		"Hash Right Anti Join":                                       "Hash Right Anti Join",
		"Nested Loop Left Join":                                      "Nested Loop Left Join",
		"Merge Join":                                                 "Merge Join",
		"Finalize GroupAggregate":                                    "Finalize GroupAggregate",
		"HashSetOp Except All":                                       "HashSetOp Except All",
		"CTE Scan on secret":                                         "CTE Scan",
		"CTE secret":                                                 "CTE",
		"  InitPlan 1 (returns $0)":                                  "  InitPlan 1",
		"  SubPlan 2":                                                "  SubPlan 2",
		"Function Scan on generate_series task":                      "Function Scan",
		"Seq Scan on task  (cost=0.00..1.00 rows=240 width=4)":       "Seq Scan",
		"Seq Scan on task (actual time=0.01..0.02 rows=240 loops=1)": "Seq Scan",
	} {
		got, ok := s.PlanLine(line)
		require.True(t, ok, line)
		require.Equal(t, told, got)
	}
}

func TestAPlanTellsNothingElse(t *testing.T) {
	t.Parallel()
	s := &rewrite.Statement{Uses: []rewrite.Use{{Relation: "task"}}}
	for _, line := range []string{
		"", "  Filter: (org_id = 'acme'::text)", "  Index Cond: (id = 1)", "  One-Time Filter: false", "  Sort Key: secret", "Rows Removed by Filter: 240",
		"  Group Key: org_id", "  Recheck Cond: (id = 1)", "  Output: id, secret", "  Conflict Arbiter Indexes: task_pkey", "Planning Time: 0.1 ms",
		"Settings: search_path = 'app'", "Query Identifier: 1", "  Workers Planned: 2", "Custom Scan (Secret) on task", "Foreign Scan on task",
		"SubPlan org_id", "InitPlan", "Result  (cost=0.00..0.01 rows=1 width=4)", "seq scan on task", "Join", "Hash Secret Join",
	} {
		got, ok := s.PlanLine(line)
		require.False(t, ok, "%q is told as %q", line, got)
	}
}

func TestAPlanIsForThoseWhoMaySeeExplanations(t *testing.T) {
	t.Parallel()
	kim, sam := theSample.values(t, "kim@acme"), theSample.values(t, "sam")
	require.True(t, kim.Plan().Explain)
	require.False(t, sam.Plan().Explain)
	const sql = "EXPLAIN SELECT id FROM app.project"
	template := theSample.rewriter.Rewrite(sql, kim.Plan())
	require.Nil(t, template.Refused)
	require.Contains(t, template.Unfilled(), "EXPLAIN (COSTS OFF) SELECT")
	require.Equal(t, rewrite.HiddenPlan, template.Statements[0].Hidden)
	refused := theSample.rewriter.Rewrite(sql, sam.Plan()).Refused
	require.NotNil(t, refused)
	require.Equal(t, "42501", refused.SQLState)
	require.Contains(t, refused.Hint, "allow: [explain]")
}
