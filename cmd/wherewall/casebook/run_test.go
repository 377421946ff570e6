package casebook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/cmd/wherewall/casebook"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

// library is a database with testdata/schema.sql, and a runner for cases in it.
func library(t *testing.T) *casebook.Runner {
	t.Helper()
	server := pgtest.Start(t)
	policy, err := catalog.ReadPolicy("testdata/policy.yaml")
	require.NoError(t, err)
	files, err := casebook.Read(write(t, "setup.yaml", "wherewall_tests: 1\ndataset: "+absolute(t, "testdata/schema.sql")+"\ncases: {a: {user: u, session: unknown_user}}\n"))
	require.NoError(t, err)
	admin := pgtest.Connect(t, server.AdminDSN("postgres"))
	_, err = admin.Exec(t.Context(), files[0].Dataset[0].SQL)
	require.NoError(t, err)
	upstream, err := pgx.ParseConfig(server.AdminDSN("postgres"))
	require.NoError(t, err)
	return &casebook.Runner{
		Policy: policy, Upstream: upstream,
		Now: func() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) },
	}
}

// run tries one case, and returns what it found: empty where the case holds.
func run(t *testing.T, r *casebook.Runner, test string) string {
	t.Helper()
	files, err := casebook.Read(write(t, "cases.yaml", "wherewall_tests: 1\ncases:\n  it: "+test+"\n"))
	require.NoError(t, err)
	report, err := r.Run(t.Context(), files)
	require.NoError(t, err)
	return strings.Join(report.Results[0].Failures, "\n")
}

func TestCasesThatHold(t *testing.T) {
	t.Parallel()
	r := library(t)
	for name, test := range map[string]string{
		"exactly these rows":                      "{user: ria, entity: doc, visible: [1]}",
		"a number of rows":                        "{user: wim, tenant: a, entity: doc, count: 3}",
		"rows that are hidden":                    "{user: ria, entity: doc, hidden: [2, 3, 4]}",
		"rows of the user's own condition":        "{user: wim, tenant: a, entity: doc, where: author = 'ria', visible: [2, 3]}",
		"a key of two columns":                    "{user: ria, entity: link, visible: [[1, 2], [1, 3]]}",
		"rows that can be updated":                "{user: wim, tenant: a, entity: doc, action: update, visible: [1]}",
		"rows that cannot be deleted":             "{user: wim, tenant: a, entity: doc, action: delete, count: 0}",
		"an action of one's own":                  "{user: wim, tenant: a, entity: doc, action: export, visible: [1]}",
		"the columns of SELECT *":                 "{user: ria, entity: doc, columns: [title, id]}",
		"the cells of a row":                      "{user: wim, tenant: a, entity: doc, row: 1, cells: {pay: 5.0, title: one, tags: [x, y]}}",
		"an array whose elements need quotes":     "{user: ria, select: \"SELECT ARRAY['a,b', '', NULL, 'x\\\"y', 'NULL', 'z']\", rows: [[['a,b', '', null, 'x\"y', 'NULL', z]]]}",
		"the cells of a row that is masked":       "{user: wim, tenant: a, entity: doc, row: 2, cells: {pay: 0, tags: null}}",
		"a statement that changes something":      "{user: wim, tenant: a, update: UPDATE doc SET title = 'x', count: 1}",
		"a statement that changes nothing":        "{user: wim, tenant: a, update: UPDATE doc SET title = 'x' WHERE id = 2, expect: zero_rows}",
		"a statement that is refused":             "{user: ria, delete: DELETE FROM doc, expect: denied, code: operation_denied}",
		"a statement that fails while it runs":    "{user: wim, tenant: a, select: SELECT 1/(id - 1) FROM doc WHERE id = 1, expect: error, code: '22012'}",
		"the rows of a statement":                 "{user: wim, tenant: a, select: 'SELECT id, author = ''wim'' FROM doc ORDER BY id', rows: [[1, true], [2, false], [3, false]]}",
		"a permission that somebody could use":    "{user: wim, tenant: a, permission: export}",
		"a permission that somebody lacks":        "{user: ria, permission: export, expect: denied}",
		"a session that is refused":               "{user: wim, session: tenant_required}",
		"a session on a day after its membership": "{user: tim, day: 2026-07-01, session: membership_expired}",
		"a session on the runner's day":           "{user: tim, entity: doc, visible: [1]}",
		"data of the case alone":                  "{user: ria, given: 'UPDATE folder SET open = true', entity: doc, visible: [1, 2]}",
	} {
		require.Empty(t, run(t, r, test), name)
	}
	require.Empty(t, run(t, r, "{user: ria, entity: doc, visible: [1]}"), "no case leaves a trace")
}

func TestCasesThatFailSayWhatWasExpectedAndWhatCame(t *testing.T) {
	t.Parallel()
	r := library(t)
	for test, want := range map[string]string{
		"{user: ria, entity: doc, visible: [2]}":                                                     "expected 2\ngot 1\nmissing 2\nextra 1",
		"{user: ria, entity: doc, visible: []}":                                                      "expected nothing\ngot 1\nextra 1",
		"{user: ria, entity: doc, count: 2}":                                                         "expected 2 rows of doc\ngot 1",
		"{user: ria, entity: doc, hidden: [1]}":                                                      "expected doc 1 to be hidden\ngot it",
		"{user: ria, entity: doc, hidden: [77]}":                                                     "there is no doc 77, so the case proves nothing",
		"{user: ria, entity: void, visible: []}":                                                     "void has no rows at all, so the case proves nothing",
		"{user: ria, entity: link, visible: [1]}":                                                    "link has the key (src, dst), and 1 is no value of it",
		"{user: ria, entity: dok, count: 1}":                                                         `the policy has no entity "dok"`,
		"{user: ria, entity: doc, columns: [id]}":                                                    "expected the columns id\ngot id, title",
		"{user: wim, tenant: a, entity: doc, row: 2, cells: {pay: 6.5}}":                             "expected pay of doc 2 to be 6.5\ngot 0",
		"{user: ria, entity: doc, row: 1, cells: {pay: 5}}":                                          "expected to see doc 1\ngot denied, column_denied: ",
		"{user: ria, entity: doc, row: 2, cells: {id: 2}}":                                           "expected to see doc 2\ngot zero_rows, with 0 rows",
		"{user: ria, select: SELECT id FROM doc, count: 2}":                                          "expected 2 rows\ngot 1 row\nfor SELECT id FROM doc",
		"{user: ria, select: SELECT id FROM doc, rows: [[2], [3]]}":                                  "expected row 1 to be 2\ngot 1\nexpected row 2 to be 3\ngot none",
		"{user: ria, delete: DELETE FROM doc}":                                                       "expected allowed\ngot denied, operation_denied: permission denied for table doc\nfor DELETE FROM doc",
		"{user: ria, delete: DELETE FROM doc, expect: denied, code: table_denied}":                   "expected denied, table_denied\ngot denied, operation_denied: permission denied for table doc\nfor DELETE FROM doc",
		"{user: wim, tenant: a, update: UPDATE doc SET title = '' WHERE id = 70, expect: zero_rows}": "the statement finds no row without a policy either, so the case proves nothing\nfor UPDATE doc SET title = '' WHERE id = 70",
		"{user: ria, permission: export}":                                                            "expected the permission export to be allowed\ngot denied",
		"{user: ria, permission: exprot}":                                                            `the policy has no permission "exprot"`,
		"{user: ria, session: tenant_required}":                                                      "expected the session to be refused as tenant_required\ngot a session of ria in a",
		"{user: wim, session: user_inactive}":                                                        "expected the session to be refused as user_inactive\ngot tenant_required: ",
		"{user: wim, entity: doc, count: 1}":                                                         "there is no such session: tenant_required: ",
		"{user: ria, given: SELECT nonsense, entity: doc, count: 1}":                                 "given: ERROR: column \"nonsense\" does not exist",
	} {
		require.Contains(t, run(t, r, test), want, test)
	}
}

func TestAStatementCannotEndItsCasesTransaction(t *testing.T) {
	t.Parallel()
	r := library(t)
	files, err := casebook.Read(write(t, "cases.yaml", "wherewall_tests: 1\ncases: {it: {user: ria, select: COMMIT}}\n"))
	require.NoError(t, err)
	_, err = r.Run(t.Context(), files)
	require.ErrorContains(t, err, "no BEGIN, COMMIT or SET of its own")
}

func TestAReportPointsAtCasesAndNamesWhatNobodyTests(t *testing.T) {
	t.Parallel()
	policy, err := catalog.ReadPolicy("testdata/policy.yaml")
	require.NoError(t, err)
	path := write(t, "cases.yaml", `wherewall_tests: 1
dataset: [`+absolute(t, "testdata/schema.sql")+`, {sql: "CREATE ROLE app; GRANT SELECT ON doc, folder TO app"}]
login: app
cases:
  a reader sees open folders: {user: ria, entity: doc, visible: [1]}
  a writer sees all:          {user: wim, tenant: a, entity: doc, visible: [1, 2]}
`)
	files, err := casebook.Read(path)
	require.NoError(t, err)
	report, err := (&casebook.Runner{Policy: policy, Log: t.Output()}).Run(t.Context(), files)
	require.NoError(t, err)
	require.Equal(t, 1, report.Failed())

	var text strings.Builder
	report.Print(&text, true)
	require.Equal(t, path+`:5: ok a reader sees open folders (ria)
`+path+`:6: FAIL a writer sees all (wim@a)
    expected 1, 2
    got 1, 2, 3
    extra 3
no case touches the entities folder, link, void
no case touches the permissions export, read_links
no case touches the roles idle
2 cases, 1 failed; touched 1 of 4 entities, 3 of 5 permissions, 2 of 3 roles
`, text.String())
}

func TestADatasetThatDoesNotLoadIsToldByItsLine(t *testing.T) {
	t.Parallel()
	policy, err := catalog.ReadPolicy("testdata/policy.yaml")
	require.NoError(t, err)
	files, err := casebook.Read(write(t, "cases.yaml", "wherewall_tests: 1\ndataset: {sql: \"SELECT 1;\\nSELEC 2\"}\ncases: {a: {user: ria, entity: doc, count: 1}}\n"))
	require.NoError(t, err)
	_, err = (&casebook.Runner{Policy: policy, Log: t.Output()}).Run(t.Context(), files)
	require.ErrorContains(t, err, "line 2: ")

	files[0].Dataset = nil
	_, err = (&casebook.Runner{Policy: policy}).Run(t.Context(), files)
	require.ErrorContains(t, err, "has no dataset")
}
