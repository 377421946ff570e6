package rewrite_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// bait makes every row of task (whose tenant a path tells) and project (which has a column for it) fail the conditions below, but for acme's.
const bait = `
SET LOCAL session_replication_role = replica;
ALTER TABLE app.task DROP CONSTRAINT task_priority_check;
UPDATE app.project SET name = CASE WHEN org_id = 'acme' THEN '1' ELSE 'secret' END, budget = CASE WHEN org_id = 'acme' THEN 1 ELSE 0 END;
UPDATE app.task t SET title = p.name, priority = CASE WHEN p.org_id = 'acme' THEN 1 ELSE 0 END, body = CASE WHEN p.org_id = 'acme' THEN 'x' ELSE '(' END
FROM app.project p WHERE p.id = t.project_id;
CREATE INDEX ON app.task (title); CREATE INDEX ON app.project (name)`

const hide = `
DELETE FROM app.task t USING app.project p WHERE p.id = t.project_id AND p.org_id <> 'acme';
DELETE FROM app.project WHERE org_id <> 'acme'`

// plannerSettings lead the planner through its ways to join and to read.
var plannerSettings = []string{ //nolint:gochecknoglobals // a constant list
	"", "SET LOCAL enable_seqscan = off", "SET LOCAL enable_hashjoin = off", "SET LOCAL enable_mergejoin = off", "SET LOCAL enable_nestloop = off", "SET LOCAL enable_indexscan = off",
	"SET LOCAL enable_sort = off", "SET LOCAL enable_material = off", "SET LOCAL join_collapse_limit = 1", "SET LOCAL enable_hashagg = off",
	"SET LOCAL random_page_cost = 0.01", "SET LOCAL cpu_operator_cost = 10",
}

// leakPositions are statements with a place for a condition that fails on hidden rows: @p over a project p, @t over a task t.
var leakPositions = map[string]string{ //nolint:gochecknoglobals // a constant list
	"where, by a column":            "SELECT p.id FROM app.project p WHERE @p",
	"where, by a path":              "SELECT t.id FROM app.task t WHERE @t",
	"beside an index":               "SELECT t.id FROM app.task t WHERE t.title = 'secret' AND @t",
	"beside a key":                  "SELECT t.id FROM app.task t WHERE t.id > 0 AND @t",
	"join on":                       "SELECT t.id FROM app.task t JOIN app.project p ON p.id = t.project_id AND @t",
	"join on, the other":            "SELECT t.id FROM app.task t JOIN app.project p ON p.id = t.project_id AND @p",
	"left join on":                  "SELECT p.id, t.id FROM app.project p LEFT JOIN app.task t ON p.id = t.project_id AND @t",
	"left join, where":              "SELECT p.id FROM app.project p LEFT JOIN app.task t ON p.id = t.project_id WHERE @t",
	"left join, where it is null":   "SELECT p.id FROM app.project p LEFT JOIN app.task t ON p.id = t.project_id AND t.id < 0 WHERE (@t) IS NULL",
	"full join":                     "SELECT p.id, t.id FROM app.project p FULL JOIN app.task t ON p.id = t.project_id WHERE (@t) OR p.id > 0",
	"having":                        "SELECT t.title FROM app.task t GROUP BY t.title, t.priority, t.body HAVING @t",
	"derived table":                 "SELECT count(*) FROM (SELECT * FROM app.task) t WHERE @t",
	"derived output":                "SELECT s.x FROM (SELECT t.title::int AS x FROM app.task t) s WHERE s.x > 0",
	"derived output, joined":        "SELECT s.x FROM app.project p LEFT JOIN (SELECT t.title::int AS x, t.project_id FROM app.task t) s ON s.project_id = p.id",
	"distinct":                      "SELECT count(*) FROM (SELECT DISTINCT title, priority, body FROM app.task) t WHERE @t",
	"group by":                      "SELECT * FROM (SELECT title, priority, body, count(*) FROM app.task GROUP BY 1, 2, 3) t WHERE @t",
	"partition by":                  "SELECT * FROM (SELECT title, priority, body, row_number() OVER (PARTITION BY title, priority, body) FROM app.task) t WHERE @t",
	"union all":                     "SELECT * FROM (SELECT id, title, priority, body FROM app.task UNION ALL SELECT id, title, priority, body FROM app.task) t WHERE @t",
	"a WITH query":                  "WITH t AS (SELECT * FROM app.task) SELECT id FROM t WHERE @t",
	"a WITH query, not kept":        "WITH t AS NOT MATERIALIZED (SELECT * FROM app.task) SELECT t.id FROM t JOIN t u ON u.id = t.id WHERE @t",
	"lateral function":              "SELECT t.id, g FROM app.task t, LATERAL generate_series(1, t.title::int) g",
	"lateral sub-select":            "SELECT t.id, l.y FROM app.task t, LATERAL (SELECT t.title::int AS y) l WHERE l.y > 0",
	"lateral sub-select, kept":      "SELECT t.id, l.y FROM app.task t, LATERAL (SELECT t.title::int AS y OFFSET 0) l",
	"lateral condition":             "SELECT t.id FROM app.task t, LATERAL (SELECT p.id FROM app.project p WHERE @t) l",
	"exists":                        "SELECT p.id FROM app.project p WHERE EXISTS (SELECT FROM app.task t WHERE t.project_id = p.id AND @t)",
	"exists, over the outer":        "SELECT t.id FROM app.task t WHERE EXISTS (SELECT FROM app.project p WHERE p.id = t.project_id AND @t)",
	"in":                            "SELECT p.id FROM app.project p WHERE p.id IN (SELECT t.project_id FROM app.task t WHERE @t)",
	"not in":                        "SELECT t.id FROM app.task t WHERE t.title::int NOT IN (SELECT p.id FROM app.project p WHERE p.id > 9)",
	"a scalar sub-select":           "SELECT t.id FROM app.task t WHERE t.id > 0 AND (SELECT 1/(t.priority) FROM app.project p LIMIT 1) > 0",
	"beside a path, in a sub-query": "SELECT t.id FROM app.task t, (SELECT 1/(count(*) - count(*)) AS n FROM app.country) s WHERE t.title = 'secret'",
	"order by":                      "SELECT t.id FROM app.task t ORDER BY t.title::int, t.id",
	"group by a cast":               "SELECT t.title::int, count(*) FROM app.task t GROUP BY 1",
	"select list":                   "SELECT t.title::int FROM app.task t",
	"for update":                    "SELECT t.id FROM app.task t WHERE (@t) AND t.assignee_id = 'kim' FOR UPDATE",
	"update":                        "UPDATE app.task t SET status = 'done' WHERE @t RETURNING t.id",
	"update from":                   "UPDATE app.task t SET status = 'done' FROM app.project p WHERE p.id = t.project_id AND (@t) AND (@p) RETURNING t.id",
	"delete using":                  "DELETE FROM app.comment c USING app.task t WHERE t.id = c.task_id AND (@t) RETURNING c.id",
}

var leakConditions = []string{ //nolint:gochecknoglobals // a constant list
	"?.title::int > 0", "1/(?.priority) > 0", "1/?.priority >= 0 AND ?.title::int >= 0", "'x' ~ ?.body", "coalesce(?.title::int, 0) = 1",
	"to_jsonb(?.priority = 1)::bool AND 1/?.priority = 1", "?.title = '1' OR ?.title::int = 5",
}

func TestHiddenRowsCannotBeToldFromAbsentOnes(t *testing.T) {
	v := theSample.values(t, "kim@acme")
	theSample.lock.Lock()
	defer theSample.lock.Unlock()
	tx, err := theSample.conn.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), bait)
	require.NoError(t, err)
	for name, pattern := range leakPositions {
		conditions := leakConditions
		if !strings.Contains(pattern, "@") {
			conditions = conditions[:1]
		}
		for _, c := range conditions {
			ofTask := strings.ReplaceAll(c, "?", "t")
			ofProject := strings.NewReplacer("?.title", "p.name", "?.priority", "p.budget", "?.body", "p.name").Replace(c)
			sql := strings.NewReplacer("@t", ofTask, "@p", ofProject).Replace(pattern)
			template := theSample.rewriter.Rewrite(sql, v.Plan())
			require.Nil(t, template.Refused, "%s: %s\n%v", name, sql, template.Cause)
			sent := string(template.AppendSQL(nil, v))
			want := theSample.outcomeOf(t, tx, hide+hiddenFrom(sql), sql)
			for at, setting := range plannerSettings {
				if at > 0 && c != leakConditions[0] && c != leakConditions[3] {
					break
				}
				got := theSample.outcomeOf(t, tx, setting, sent)
				require.Equal(t, want, got, "%s with %q: %s\nsent: %s", name, setting, sql, sent)
			}
		}
	}
}

// hiddenFrom takes away what a statement may read and not write.
func hiddenFrom(sql string) string {
	switch {
	case strings.HasPrefix(sql, "UPDATE"):
		return "; DELETE FROM app.task WHERE assignee_id IS DISTINCT FROM 'kim'"
	case strings.HasPrefix(sql, "DELETE"):
		return "; DELETE FROM app.comment WHERE author_id IS DISTINCT FROM 'kim'"
	default:
		return ""
	}
}

// outcomeOf runs a statement after something else, and takes back what both changed. It returns its rows, sorted, or its SQLSTATE.
func (s *sample) outcomeOf(t *testing.T, outer pgx.Tx, before, sql string) []string {
	t.Helper()
	tx, err := outer.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), before)
	require.NoError(t, err)
	rows, err := tx.Query(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
	var all []string
	for err == nil && rows.Next() {
		values, _ := rows.Values()
		if n := len(values) - 1; rows.FieldDescriptions()[n].Name == "ww_check" {
			values = values[:n] // which the reply loop takes out
		}
		all = append(all, fmt.Sprint(values))
	}
	if err == nil {
		err = rows.Err()
	}
	var failed *pgconn.PgError
	if errors.As(err, &failed) {
		return []string{failed.Code}
	}
	require.NoError(t, err)
	slices.Sort(all)
	return all
}

// TestTheProofKnowsGuardsThatWaitForNothing has guards in a CASE, or names of a row that INSERT proposes, which only one of both sides needs.
func TestTheProofKnowsGuardsThatWaitForNothing(t *testing.T) {
	for sql, user := range map[string]string{
		`SELECT ARRAY(SELECT f13.x FROM (SELECT t8.org_id AS e1, t8.name AS e3 FROM app.project t8 EXCEPT ALL
			SELECT full_name AS e1, 'initech' AS e3 FROM app.membership t9
			LEFT JOIN app.member ON (app.member.id, '2026-10-05 10:00+00') IN (SELECT t9.project_id AS e1, created_at AS e2)) d11
			JOIN unnest('{web}'::text[]) f13(x) ON true) FROM app.country t2`: "kim@acme",
		`INSERT INTO app.comment AS i1 (task_id, author_id, body) VALUES (1, 'kim', 'a') ON CONFLICT (id) DO UPDATE SET body = 'b'
			WHERE EXISTS (SELECT FROM app.task t2 JOIN app.country c ON excluded.body = c.name AND t2.title = excluded.body)`: "kim@acme",
	} {
		template := theSample.rewriter.Rewrite(sql, theSample.values(t, user).Plan())
		require.Nil(t, template.Refused, "%s: %v", sql, template.Cause)
	}
}
