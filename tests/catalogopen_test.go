package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryOpenCatalogAnswers reads every catalog in every role of the sample. What is not to be read is missing, and nothing else goes wrong.
func TestEveryOpenCatalogAnswers(t *testing.T) {
	t.Parallel()
	newSample(t, "catalogsopen")
	p := startProxy(t, sampleOptions("catalogsopen"))
	catalogs := pg.rows(t, "catalogsopen", `SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v') ORDER BY 1`)
	require.Greater(t, len(catalogs), 150)
	for _, user := range []string{"kim", "lee@acme", "lee@globex", "bea", "pat", "sam", "max@acme"} {
		c := dial(t, p.dsn(user))
		open := 0
		for _, row := range catalogs {
			o := c.query(t, "SELECT * FROM "+row[0])
			if o.err != nil {
				require.Equal(t, "42P01", o.code(), "%s\n%s", row[0], describeIf(o))
				continue
			}
			open++
			for _, r := range o.rows {
				require.NotContains(t, strings.Join(r, " "), "audit_log", row[0])
			}
		}
		require.Greater(t, open, 100)
	}
}
