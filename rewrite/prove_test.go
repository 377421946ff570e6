package rewrite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

const (
	guard   = "org_id = 'ww_slot_tenant'::pg_catalog.text"
	project = "(SELECT ww_1.id FROM app.project ww_1 WHERE ww_1." + guard + ") p"
	failing = "('ww_slot_mark:0'::pg_catalog.text OPERATOR(pg_catalog.||) pg_catalog.left(pg_catalog.random()::pg_catalog.text, 0))::boolean"
)

func TestTheProofAcceptsGuardedRelations(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "pat")
	for name, sql := range map[string]string{
		"in a sub-select":               "SELECT * FROM " + project,
		"beside the relation":           "SELECT * FROM app.project WHERE id = 1 AND project." + guard,
		"in the ON of an inner join":    "SELECT * FROM app.country c JOIN app.project p ON true AND p." + guard,
		"on the nullable side":          "SELECT * FROM app.country c LEFT JOIN app.project p ON true AND p." + guard,
		"on a target":                   "DELETE FROM app.project p WHERE p." + guard,
		"none for what everybody reads": "SELECT * FROM app.country",
		"a WITH query":                  "WITH x AS (SELECT 1) SELECT * FROM x",
	} {
		require.NoError(t, theSample.rewriter.Prove(sql, v.Plan()), name)
	}
}

func TestTheProofRefusesWhatStandsWithoutItsGuard(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "pat")
	for name, sql := range map[string]string{
		"no guard":                              "SELECT * FROM app.project",
		"a guard that is only one way to pass":  "SELECT * FROM app.project p WHERE p." + guard + " OR true",
		"a guard of another alias":              "SELECT * FROM app.project p, " + strings.ReplaceAll(project, ") p", ") q") + " WHERE q." + guard,
		"a guard with a constant for its slot":  "SELECT * FROM app.project p WHERE p.org_id = 'initech'::pg_catalog.text",
		"a guard with another slot":             "SELECT * FROM app.project p WHERE p.org_id = 'ww_slot_id'::pg_catalog.text",
		"a guard one level further out":         "SELECT * FROM (SELECT * FROM app.project p) x WHERE x." + guard,
		"a guard in the select list":            "SELECT p." + guard + " FROM app.project p",
		"a guard in HAVING":                     "SELECT p.id FROM app.project p GROUP BY p.id HAVING p." + guard,
		"a guard in ON of the preserved side":   "SELECT * FROM app.project p LEFT JOIN app.country c ON p." + guard,
		"a guard in ON of a right join's right": "SELECT * FROM app.country c RIGHT JOIN app.project p ON p." + guard,
		"a guard in ON of a full join":          "SELECT * FROM app.country c FULL JOIN app.project p ON p." + guard,
		"one arm of a union":                    "SELECT id FROM " + project + " UNION SELECT id FROM app.project",
		"a sub-select in an expression":         "SELECT (SELECT max(1) FROM app.project)",
		"a sub-select in ORDER BY":              "SELECT 1 ORDER BY (SELECT 1 FROM app.project)",
		"a sub-select in LIMIT":                 "SELECT 1 LIMIT (SELECT 1 FROM app.project)",
		"a path's relation in FROM":             "SELECT * FROM app.project ww_p1",
		"a path's relation in an own EXISTS":    "SELECT * FROM app.country c WHERE EXISTS (SELECT 1 FROM app.project ww_p1)",
		"a relation without a schema":           "SELECT * FROM project",
		"a WITH query out of its scope":         "SELECT * FROM (WITH x AS (SELECT 1) SELECT 1) y, x",
		"a WITH query before its turn":          "WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT 1",
		"a WITH query in itself":                "WITH a AS (SELECT * FROM a) SELECT 1",
		"a relation that is not mapped":         "SELECT * FROM app.audit_log",
		"a catalog":                             "SELECT * FROM pg_catalog.pg_class",
		"a locked row that may not be updated":  "SELECT * FROM app.country FOR UPDATE",
		"a locked row below that may not be":    "SELECT * FROM (SELECT * FROM app.country) x FOR UPDATE OF x",
		"a target without a guard":              "DELETE FROM app.project WHERE id = 1",
		"an update without a guard":             "UPDATE app.project SET name = 'x'",
		"an update of the tenant without check": "UPDATE app.project p SET org_id = 'x' WHERE p." + guard,
		"an update behind a trigger":            "UPDATE app.task SET title = 'x' WHERE EXISTS (SELECT 1 FROM app.project ww_p1 WHERE ww_p1.id = task.project_id AND ww_p1." + guard + ")",
		"an insert without a check":             "INSERT INTO app.project (org_id) VALUES ('x')",
		"an insert whose check cannot fail":     "INSERT INTO app.project (org_id) SELECT 'x' WHERE CASE WHEN true THEN true ELSE false END",
		"a conflict without a check":            "INSERT INTO billing.invoice (org_id) SELECT 'x' WHERE CASE WHEN true THEN true ELSE " + failing + " END ON CONFLICT (id) DO UPDATE SET amount = 1",
		"a function without a schema":           "SELECT lower('x')",
		"a function that is not on the list":    "SELECT pg_catalog.pg_sleep(1)",
		"a function of another schema":          "SELECT lab.peek()",
		"a new table":                           "SELECT 1 INTO x",
		"another kind of statement":             "TRUNCATE app.project",
		"a merge":                               "MERGE INTO app.project p USING app.country c ON true WHEN MATCHED THEN DELETE",
	} {
		require.Error(t, theSample.rewriter.Prove(sql, v.Plan()), name)
	}
}

func TestTheProofRefusesColumnsThatAreNotOpen(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "pam@acme")
	const where = " WHERE person.org_id = 'ww_slot_tenant'::pg_catalog.text"
	const pay = "CASE WHEN person.boss = 'ww_slot_id'::pg_catalog.text THEN person.salary END"
	for name, sql := range map[string]string{
		"open columns":                  "DELETE FROM lab.person" + where + " AND person.name = 'x' RETURNING id",
		"a column seen in part":         "DELETE FROM lab.person" + where + " AND " + pay + " > 1",
		"another relation's own column": "DELETE FROM lab.person" + where + " AND id = (SELECT o.id FROM (SELECT 1 AS id, 2 AS email) o WHERE email = 2)",
	} {
		require.NoError(t, theSample.rewriter.Prove(sql, v.Plan()), name)
	}
	for name, sql := range map[string]string{
		"a relation with everything":        "SELECT * FROM lab.person" + where,
		"a sub-select with a closed column": "SELECT * FROM (SELECT ww_1.id, ww_1.email FROM lab.person ww_1 WHERE ww_1.org_id = 'ww_slot_tenant'::pg_catalog.text) p",
		"a closed column":                   "DELETE FROM lab.person" + where + " AND email = 'x'",
		"a closed column, qualified":        "DELETE FROM lab.person" + where + " RETURNING person.email",
		"a column seen in part, as it is":   "DELETE FROM lab.person" + where + " AND salary > 1",
		"another condition on it":           "DELETE FROM lab.person" + where + " AND CASE WHEN true THEN person.salary END > 1",
		"everything":                        "DELETE FROM lab.person" + where + " RETURNING *",
		"everything, qualified":             "DELETE FROM lab.person" + where + " RETURNING person.*",
		"the row":                           "DELETE FROM lab.person" + where + " RETURNING person",
		"a closed column, further in":       "DELETE FROM lab.person" + where + " AND id = (SELECT person.id FROM (SELECT 1) x WHERE person.email = 'x')",
		"setting a closed column":           "UPDATE lab.person SET boss = 'x'" + where,
		"setting one open in other rows":    "UPDATE lab.person SET salary = 1" + where,
	} {
		require.Error(t, theSample.rewriter.Prove(sql, v.Plan()), name)
	}
}

// Every guard of every golden statement is taken out, one at a time. The proof must miss each.
func TestTheProofMissesEveryGuardThatIsTakenOut(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	taken := 0
	for _, file := range files {
		if strings.HasSuffix(file, "views.txt") {
			continue // what an expanded view gives is filtered once more, behind the guards that the proof demands
		}
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, c := range strings.Split(string(content), "\n\n") {
			who, rest, _ := strings.Cut(c, "\n")
			sql, _, ok := strings.Cut(rest, "\n----")
			if !ok || who == "" || who == "----" {
				continue
			}
			v := theSample.values(t, who)
			template := theSample.rewriter.Rewrite(sql, v.Plan())
			if template.Refused != nil || len(template.Statements) != 1 || template.Statements[0].Kind == rewrite.Empty {
				continue
			}
			text := template.Unfilled()
			require.NoError(t, theSample.rewriter.Prove(text, v.Plan()), text)
			for _, word := range []string{"'ww_slot_tenant'::pg_catalog.text", "'ww_slot_id'::pg_catalog.text"} {
				for at := 0; ; {
					i := strings.Index(text[at:], word)
					if i < 0 {
						break
					}
					at += i
					weakened := text[:at] + "'x'::pg_catalog.text" + text[at+len(word):]
					// A check ahead of one in RETURNING only keeps unique indexes from telling.
					ahead := strings.Contains(text[:at], "CASE WHEN") && strings.Contains(text[at:], "AS ww_check")
					if preset := strings.HasPrefix(text, "INSERT") && !strings.Contains(text[:at], " WHERE "); !preset && (!ahead || strings.Contains(text[:at], " RETURNING ")) {
						require.Error(t, theSample.rewriter.Prove(weakened, v.Plan()), weakened)
						taken++
					}
					at += len(word)
				}
			}
		}
	}
	require.Greater(t, taken, 60)
}
