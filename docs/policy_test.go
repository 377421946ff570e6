package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/examples"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// sample starts a database with the sample and returns its schema.
func sample(t *testing.T) *catalog.Schema {
	t.Helper()
	server := pgtest.Start(t)
	admin := pgtest.Connect(t, server.AdminDSN("postgres"))
	require.NoError(t, examples.Load(t.Context(), admin, "secret"))
	schema, err := catalog.LoadSchema(t.Context(), pgtest.Connect(t, server.DSN(examples.ServiceLogin, "secret", "postgres")))
	require.NoError(t, err)
	return schema
}

// bind reads a policy and binds it to a schema.
func bind(t *testing.T, path string, schema *catalog.Schema) *catalog.Snapshot {
	t.Helper()
	policy, err := catalog.ReadPolicy(path)
	require.NoError(t, err)
	snapshot, problems := catalog.Bind(policy, schema)
	require.NoError(t, problems.Err())
	return snapshot
}

// TestPoliciesInDocumentsAreValid binds each policy that a document shows whole to the sample's database.
func TestPoliciesInDocumentsAreValid(t *testing.T) {
	t.Parallel()
	schema := sample(t)
	block := regexp.MustCompile("(?s)```yaml\n(wherewall:.*?)```")
	seen := 0
	for name, text := range documents(t) {
		for _, found := range block.FindAllStringSubmatch(text, -1) {
			path := filepath.Join(t.TempDir(), strings.ReplaceAll(name, "/", "_"))
			require.NoError(t, os.WriteFile(path, []byte(found[1]), 0o600))
			bind(t, path, schema)
			seen++
		}
	}
	require.GreaterOrEqual(t, seen, 2)
}

// TestStatementsInReadmeAreRewrittenAsShown reads pairs of what kim sends and what PostgreSQL gets. White space is the
// README's own.
func TestStatementsInReadmeAreRewrittenAsShown(t *testing.T) {
	t.Parallel()
	snapshot := bind(t, "../examples/saas/policy", sample(t))
	subject, err := plan.Resolve(snapshot, "kim", "")
	require.NoError(t, err)
	kim, err := plan.Build(snapshot, subject)
	require.NoError(t, err)

	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	pair := regexp.MustCompile(`(?s)-- kim[^\n]* sends:\n(.*?);\n\n-- PostgreSQL gets:\n(.*?);\n`)
	found := pair.FindAllStringSubmatch(string(readme), -1)
	require.NotEmpty(t, found)
	for _, p := range found {
		template := rewrite.New(snapshot).Rewrite(p[1], kim)
		require.Nil(t, template.Refused)
		got := template.AppendSQL(nil, rewrite.NewValues(kim, strings.Repeat("0", 32)))
		require.Equal(t, strings.Join(strings.Fields(p[2]), " "), string(got))
	}
}
