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
)

// TestPoliciesInDocumentsAreValid binds each policy that a document shows whole to the sample's database.
func TestPoliciesInDocumentsAreValid(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	admin := pgtest.Connect(t, server.AdminDSN("postgres"))
	require.NoError(t, examples.Load(t.Context(), admin, "secret"))
	schema, err := catalog.LoadSchema(t.Context(), pgtest.Connect(t, server.DSN(examples.ServiceLogin, "secret", "postgres")))
	require.NoError(t, err)

	block := regexp.MustCompile("(?s)```yaml\n(wherewall:.*?)```")
	seen := 0
	for name, text := range documents(t) {
		for _, found := range block.FindAllStringSubmatch(text, -1) {
			path := filepath.Join(t.TempDir(), strings.ReplaceAll(name, "/", "_"))
			require.NoError(t, os.WriteFile(path, []byte(found[1]), 0o600))
			policy, err := catalog.ReadPolicy(path)
			require.NoError(t, err)
			_, problems := catalog.Bind(policy, schema)
			require.NoError(t, problems.Err())
			seen++
		}
	}
	require.GreaterOrEqual(t, seen, 2)
}
