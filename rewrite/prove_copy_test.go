package rewrite_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

// change is a replacement in a text that the proof must not accept.
type change struct{ name, from, to string }

func TestTheProofRefusesACopyWithoutItsCheck(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "pat@initech")
	template := theSample.rewriter.Rewrite("COPY app.project (id, org_id, name) FROM STDIN WHERE id > 1", v.Plan())
	require.Equal(t, rewrite.CopyIn, template.Statements[0].Kind)
	text := template.Unfilled()
	require.NoError(t, theSample.rewriter.Prove(text, v.Plan()))
	refuseChanges(t, text, func(sql string) error { return theSample.rewriter.Prove(sql, v.Plan()) }, []change{
		{"another tenant", "'ww_slot_tenant'", "'globex'"},
		{"another column", "project.org_id = ", "project.name = "},
		{"another table", "COPY app.project(", "COPY app.org("},
		{"a table that is not mapped", "COPY app.project(", "COPY app.audit_log("},
		{"no columns", "(id, org_id, name)", ""},
		{"no schema", "COPY app.project", "COPY project"},
		{"a file", "FROM STDIN", "FROM '/etc/passwd'"},
		{"a program", "FROM STDIN", "FROM PROGRAM 'cat'"},
		{"an option", "FROM STDIN", "FROM STDIN (FREEZE)"},
		{"an encoding", "FROM STDIN", "FROM STDIN (ENCODING 'LATIN1')"},
		{"what does not fail", "ELSE (", "ELSE NOT ("},
		{"what lets others pass", "ELSE false END", "ELSE true END"},
		{"a check that is not reached", "WHEN id > 1 THEN CASE", "WHEN id > 1 THEN true WHEN id > 0 THEN CASE"},
		{"a check that is one of two", "WHERE CASE", "WHERE id = 1 OR CASE"},
	})
}

func TestTheProofRefusesAStagedCopyThatIsAnotherOne(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "pat@initech")
	text := staged(t, v, "COPY app.task (project_id, title) FROM STDIN WHERE title <> 'x'")
	refuseChanges(t, text, func(sql string) error { return theSample.rewriter.ProveStaged(sql, v.Plan()) }, []change{
		{"another tenant", "'ww_slot_tenant'", "'globex'"},
		{"another path", "ww_p1.id = ww_s.ww_c1", "ww_p1.id = ww_p1.id AND 1 = ww_s.ww_c1"},
		{"a lasting table", "CREATE TEMPORARY TABLE pg_temp.", "CREATE TABLE app."},
		{"a table that is there already", "CREATE TEMPORARY TABLE ", "CREATE TEMPORARY TABLE IF NOT EXISTS "},
		{"a table that outlives the transaction", " ON COMMIT DROP", ""},
		{"a default", "project_id bigint", "project_id bigint DEFAULT 1"},
		{"a constraint", "project_id bigint", "project_id bigint CHECK (pg_catalog.pg_sleep(1) IS NULL)"},
		{"a column more", "project_id bigint", "project_id bigint, id bigint"},
		{"another type", "project_id bigint", "project_id integer"},
		{"another table is filled", "COPY pg_temp.ww_copy", "COPY app.task"},
		{"a file", "FROM STDIN", "FROM '/etc/passwd'"},
		{"an option", "FROM STDIN", "FROM STDIN (FREEZE)"},
		{"a filter where the table is filled", "FROM STDIN", "FROM STDIN WHERE true"},
		{"another target", "INSERT INTO app.task", "INSERT INTO app.comment"},
		{"a target that is not mapped", "INSERT INTO app.task", "INSERT INTO app.audit_log"},
		{"columns in another order", "app.task (project_id, title)", "app.task (title, project_id)"},
		{"another column", "app.task (project_id, title)", "app.task (id, title)"},
		{"another source", "FROM pg_temp.ww_copy task", "FROM app.project task"},
		{"a constant", "SELECT task.project_id, task.title", "SELECT 1, task.title"},
		{"a relation in the client's condition", "title <> 'x'", "title <> (SELECT max(name) FROM app.project)"},
		{"a function in the client's condition", "title <> 'x'", "title <> pg_catalog.pg_read_file('x')"},
		{"no fence", " OFFSET 0)", ")"},
		{"the columns of another query", "SELECT ww_s.ww_c1, ww_s.ww_c2", "SELECT ww_s.ww_c1, 'x'"},
		{"rows counted elsewhere", "FROM pg_temp.ww_copy ww_l", "FROM app.project ww_l"},
		{"what does not fail", "ELSE (", "ELSE NOT ("},
		{"no check", "WHERE CASE", "WHERE true OR CASE"},
		{"a conflict", "; DROP", " ON CONFLICT DO NOTHING; DROP"},
		{"rows that come back", "; DROP", " RETURNING title; DROP"},
		{"another end", "DROP TABLE pg_temp.ww_copy", "DROP TABLE app.task"},
		{"no end", "; DROP TABLE pg_temp.ww_copy", ""},
		{"one more statement", "; DROP", "; DELETE FROM app.task; DROP"},
	})
}

func TestTheProofRefusesAStagedCopyWithOtherPresets(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "pam@acme")
	text := staged(t, v, "COPY lab.person (id, org_id, name) FROM STDIN")
	refuseChanges(t, text, func(sql string) error { return theSample.rewriter.ProveStaged(sql, v.Plan()) }, []change{
		{"somebody else", "'ww_slot_id'", "'somebody'"},
		{"the client's", "'ww_slot_id'::pg_catalog.text", "person.name"},
		{"none", ", created_by)", ")"},
	})
	direct := "COPY lab.person(id, org_id, name) FROM STDIN WHERE CASE WHEN person.org_id = 'ww_slot_tenant'::pg_catalog.text THEN true ELSE " + failing + " END"
	require.ErrorContains(t, theSample.rewriter.Prove(direct, v.Plan()), "created_by")
}

// staged is the text of a COPY that goes through a table of ours, which the proof accepts.
func staged(t *testing.T, v *rewrite.Values, sql string) string {
	t.Helper()
	template := theSample.rewriter.Rewrite(sql, v.Plan())
	require.Nil(t, template.Refused, "%v", template.Cause)
	require.Len(t, template.Statements, 4)
	text := template.Unfilled()
	require.NoError(t, theSample.rewriter.ProveStaged(text, v.Plan()))
	return text
}

func refuseChanges(t *testing.T, text string, prove func(string) error, changes []change) {
	t.Helper()
	for _, c := range changes {
		changed := strings.Replace(text, c.from, c.to, 1)
		require.NotEqual(t, text, changed, c.name)
		require.Error(t, prove(changed), c.name)
	}
}
