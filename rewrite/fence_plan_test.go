package rewrite_test

import (
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// planPairs are statements and what somebody would write who adds the guards by hand, under our names.
var planPairs = map[string][2]string{ //nolint:gochecknoglobals // a constant list
	"a key": {
		"SELECT p.name FROM app.project p WHERE p.id = 3",
		"SELECT ww_1.name FROM app.project ww_1 WHERE ww_1.id = 3 AND ww_1.org_id = 'acme'",
	},
	"a range and an order": {
		"SELECT p.name FROM app.project p WHERE p.id > 1 AND p.name LIKE 'a%' AND p.budget > 1.5 ORDER BY p.id LIMIT 2",
		"SELECT ww_1.name FROM app.project ww_1 WHERE ww_1.id > 1 AND ww_1.name LIKE 'a%' AND ww_1.budget > 1.5 AND ww_1.org_id = 'acme' ORDER BY ww_1.id LIMIT 2",
	},
	"a path": {
		"SELECT t.title FROM app.task t WHERE t.id = 3",
		"SELECT ww_1.title FROM app.task ww_1 WHERE ww_1.id = 3 AND EXISTS (SELECT 1 FROM app.project ww_p1 WHERE ww_p1.id = ww_1.project_id AND ww_p1.org_id = 'acme')",
	},
	"a join": {
		"SELECT q.name FROM app.project p JOIN app.project q ON q.id = p.id WHERE p.status = 'active' AND q.starts_on >= '2026-01-01'",
		`SELECT ww_2.name FROM app.project ww_1 JOIN app.project ww_2 ON ww_2.id = ww_1.id
			WHERE ww_1.status = 'active' AND ww_2.starts_on >= '2026-01-01' AND ww_1.org_id = 'acme' AND ww_2.org_id = 'acme'`,
	},
	"an outer join": {
		"SELECT c.code, p.name FROM app.country c LEFT JOIN app.project p ON p.name = c.name",
		"SELECT c.code, ww_1.name FROM app.country c LEFT JOIN app.project ww_1 ON ww_1.org_id = 'acme' AND ww_1.name = c.name",
	},
	"groups": {
		"SELECT p.status, count(*), max(p.budget) FROM app.project p WHERE p.budget IS NOT NULL GROUP BY p.status HAVING count(*) > 1",
		"SELECT p.status, count(*), max(p.budget) FROM app.project p WHERE p.org_id = 'acme' AND p.budget IS NOT NULL GROUP BY p.status HAVING count(*) > 1",
	},
	"a sub-select": {
		"SELECT p.name FROM app.project p WHERE EXISTS (SELECT FROM app.country c WHERE c.name = p.name) AND p.id IN (1, 2, 3)",
		"SELECT ww_1.name FROM app.project ww_1 WHERE EXISTS (SELECT FROM app.country c WHERE c.name = ww_1.name) AND ww_1.id IN (1, 2, 3) AND ww_1.org_id = 'acme'",
	},
	"what fails in the select list": {
		"SELECT p.name::int, 1/p.budget FROM app.project p WHERE p.id = 3",
		"SELECT ww_1.name::int, 1/ww_1.budget FROM app.project ww_1 WHERE ww_1.id = 3 AND ww_1.org_id = 'acme'",
	},
}

// ownRelation stands before a column wherever a statement has more than one name in FROM, in sub-selects that were pulled up too.
var ownRelation = regexp.MustCompile(`\b(ww_p?[0-9]+|[a-z])\.`)

// scanned is the end of a line of a plan that names a relation and its alias.
var scanned = regexp.MustCompile(` on (\w+) \w+$`)

// planOf is the plan of a statement under settings that show what indexes it can use.
func planOf(t *testing.T, tx pgx.Tx, sql string) []string {
	t.Helper()
	rows, err := tx.Query(t.Context(), "EXPLAIN (COSTS OFF) "+sql, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err, sql)
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err, sql)
	for i, line := range plan {
		plan[i] = scanned.ReplaceAllString(ownRelation.ReplaceAllString(line, ""), " on $1")
	}
	return plan
}

func withPlans(t *testing.T, judge func(tx pgx.Tx)) {
	t.Helper()
	theSample.lock.Lock()
	defer theSample.lock.Unlock()
	tx, err := theSample.conn.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	for _, settings := range []string{"SET LOCAL enable_seqscan = on", "SET LOCAL enable_seqscan = off"} {
		_, err = tx.Exec(t.Context(), settings)
		require.NoError(t, err)
		judge(tx)
	}
}

func TestWithoutWhatMayFailThePlanIsThatOfAnAND(t *testing.T) {
	v := theSample.values(t, "kim@acme")
	withPlans(t, func(tx pgx.Tx) {
		for name, pair := range planPairs {
			template := theSample.rewriter.Rewrite(pair[0], v.Plan())
			require.Nil(t, template.Refused, name)
			require.Equal(t, planOf(t, tx, pair[1]), planOf(t, tx, string(template.AppendSQL(nil, v))), name)
		}
	})
}

func TestOtherConditionsKeepTheirIndexBesideOneThatMayFail(t *testing.T) {
	v := theSample.values(t, "kim@acme")
	withPlans(t, func(tx pgx.Tx) {
		_, err := tx.Exec(t.Context(), "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
		require.NoError(t, err)
		for sql, index := range map[string]string{
			"SELECT p.name FROM app.project p WHERE p.id = 3 AND p.name::int > 0":                                                         "Index Cond: (id = 3)",
			"SELECT t.title FROM app.task t WHERE t.id = 3 AND t.title::int > 0":                                                          "Index Cond: (id = 3)",
			"SELECT t.title FROM app.task t WHERE t.id = 3 AND 1/t.priority > 0 ORDER BY t.id FOR UPDATE":                                 "Index Cond: (id = 3)",
			"SELECT t.title FROM app.project p JOIN app.task t ON t.id = p.id WHERE p.id = 3 AND 1/t.priority > 0":                        "Index Cond: (id = 3)",
			"UPDATE app.task t SET status = 'done' WHERE t.id = 3 AND t.title::int > 0":                                                   "Index Cond: (id = 3)",
			"SELECT t.title FROM app.task t WHERE t.id = 3 AND t.assignee_id = 'kim' AND (t.title::int > 0 OR t.priority = 1/t.priority)": "Index Cond: (id = 3)",
		} {
			template := theSample.rewriter.Rewrite(sql, v.Plan())
			require.Nil(t, template.Refused, "%s: %v", sql, template.Cause)
			sent := string(template.AppendSQL(nil, v))
			require.Contains(t, sent, "CASE", sql)
			plan := planOf(t, tx, sent)
			found := false
			for _, line := range plan {
				found = found || len(line) >= len(index) && line[len(line)-len(index):] == index
			}
			require.True(t, found, "%s\nsent: %s\n%v", sql, sent, plan)
		}
	})
}
