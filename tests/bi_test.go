package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var biRow = regexp.MustCompile("(?m)^\\| ([a-z_]+) \\| `([^`]+)` \\| (.*) \\|$")

// TestBIAnswersAsDocumented asks what docs/bi.md asks, each question as the login of its row.
func TestBIAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	const database, home = "bi", "../examples/bi"
	pg.createDatabase(t, database, "template0")
	for _, f := range []string{"schema.sql", "grants.sql", "seed.sql"} {
		pg.execFile(t, database, filepath.Join(home, f))
	}
	pg.exec(t, database, "ALTER ROLE wherewall_svc PASSWORD '"+servicePassword+"'")
	p := startProxy(t, proxyOptions{database: database, role: "wherewall_svc", policy: []string{filepath.Join(home, "policy")}})
	text, err := os.ReadFile("../docs/bi.md")
	require.NoError(t, err)
	rows := biRow.FindAllStringSubmatch(string(text), -1)
	require.Equal(t, strings.Count(string(text), "\n| ")-1, len(rows), "every row of the table is a question")
	for _, row := range rows {
		login, question, answer := row[1], row[2], row[3]
		o := dial(t, p.dsn(login)).query(t, question)
		if o.err != nil {
			require.Equal(t, answer, o.code(), "%s: %s\n%s", login, question, describeIf(o))
			continue
		}
		require.Equal(t, [][]string{{strconv.Quote(answer)}}, o.rows, "%s: %s", login, question)
	}
}
