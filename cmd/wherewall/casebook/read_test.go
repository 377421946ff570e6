package casebook_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/cmd/wherewall/casebook"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestFilesOfCasesAreReadStrictly(t *testing.T) {
	t.Parallel()
	const head = "wherewall_tests: 1\ncases:\n"
	cases := map[string]struct{ text, want string }{
		"the version is required":            {"cases: {a: {user: u, session: x}}\n", "1:1: error wrong_shape: begin with"},
		"an unknown key is told in place":    {"wherewall_tests: 1\ncases: {}\nfoo: 1\n", `3:1: error unknown_key: the file has no key "foo"`},
		"an unknown key of a case":           {head + "  a: {user: u, entity: e, visibel: []}\n", `3:27: error unknown_key: a case has no key "visibel"`},
		"a case needs a user":                {head + "  a: {entity: e, count: 1}\n", "3:3: error wrong_shape: the case names no user"},
		"a case claims something":            {head + "  a: {user: u}\n", "3:3: error no_claim: the case claims nothing"},
		"an entity alone claims nothing":     {head + "  a: {user: u, entity: e}\n", "3:3: error no_claim: the case claims nothing of the entity"},
		"one case is one claim":              {head + "  a: {user: u, session: x, entity: e}\n", "3:3: error second_claim: session, entity do not go together"},
		"two statements are two cases":       {head + "  a: {user: u, select: SELECT 1, delete: DELETE FROM t}\n", "3:3: error second_claim: select, delete do not go together"},
		"a case stands there once":           {head + "  a: {user: u, session: x}\n  a: {user: u, session: x}\n", "4:3: error duplicate_key"},
		"create has no rows yet":             {head + "  a: {user: u, entity: e, action: create, count: 1}\n", "3:3: error no_claim: create is about rows"},
		"an outcome is one of four":          {head + "  a: {user: u, select: SELECT 1, expect: refused}\n", "3:42: error wrong_shape: expect is one of allowed, zero_rows, denied, error"},
		"a refusal has no rows":              {head + "  a: {user: u, select: SELECT 1, expect: denied, count: 0}\n", "3:3: error second_claim: a statement that is not executed has no rows"},
		"a code is of a refusal":             {head + "  a: {user: u, select: SELECT 1, expect: allowed, code: x}\n", "3:3: error second_claim: code goes with"},
		"no rows are not allowed":            {head + "  a: {user: u, select: SELECT 1, expect: allowed, count: 0}\n", "3:3: error second_claim: count or rows contradict `expect: allowed`"},
		"a count is a number":                {head + "  a: {user: u, entity: e, count: many}\n", "3:34: error wrong_shape: count is a number of rows"},
		"a day is a date":                    {head + "  a: {user: u, day: tomorrow, session: x}\n", "3:21: error wrong_shape: a day is written 2026-12-31"},
		"a row needs cells":                  {head + "  a: {user: u, entity: e, row: 1}\n", "3:3: error no_claim: a case about a row needs entity, row and cells"},
		"expect is for statements":           {head + "  a: {user: u, entity: e, count: 1, expect: denied}\n", "3:45: error second_claim: expect is for statements"},
		"given cannot end the transaction":   {head + "  a: {user: u, entity: e, count: 1, given: 'SELECT 1; /* ; */ COMMIT'}\n", "3:44: error wrong_shape: given runs in the case's own transaction, and cannot commit"},
		"a dataset's file is there":          {"wherewall_tests: 1\ndataset: [gone.sql]\ncases: {a: {user: u, session: x}}\n", "2:11: error unreadable: open "},
		"YAML at fault is told in its place": {"wherewall_tests: 1\ncases: [\n", "yaml_syntax"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := write(t, "cases.yaml", c.text)
			_, err := casebook.Read(path)
			var problems catalog.Problems
			require.ErrorAs(t, err, &problems)
			require.Contains(t, strings.ReplaceAll(problems[0].String(), path+":", ""), c.want)
		})
	}
}

func TestAllFaultsAreToldInOneRun(t *testing.T) {
	t.Parallel()
	_, err := casebook.Read(write(t, "a.yaml", "wherewall_tests: 1\ncases:\n  a: {user: u}\n  b: {usr: u}\n"))
	var problems catalog.Problems
	require.ErrorAs(t, err, &problems)
	require.Len(t, problems, 2)
}

func TestAFileThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	_, err := casebook.Read("nowhere.yaml")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	whole, err := filepath.Abs(path)
	require.NoError(t, err)
	return whole
}
