package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestClientsOfTheTableExist wants the generated table to name the clients that there are, and clients.md to name every tool whose statements
// are kept.
func TestClientsOfTheTableExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("clients.md")
	require.NoError(t, err)
	var named, there []string
	for _, row := range regexp.MustCompile(`(?m)^\| \[[^\]]+\]\(\.\./tests/clients/([^)]+)\)`).FindAllStringSubmatch(string(text), -1) {
		named = append(named, row[1])
	}
	manifests, err := filepath.Glob("../tests/clients/*/client.yaml")
	require.NoError(t, err)
	for _, m := range manifests {
		there = append(there, filepath.Base(filepath.Dir(m)))
	}
	slices.Sort(there)
	slices.Sort(named)
	require.Equal(t, there, named, "run: make test-clients CLIENTFLAGS=-docs")

	kept, err := filepath.Glob("../tests/clients/*/statements.txt")
	require.NoError(t, err)
	for _, file := range kept {
		if client := filepath.Base(filepath.Dir(file)); !slices.Contains(there, client) {
			require.Contains(t, string(text), "tests/clients/"+client+"/statements.txt")
		}
	}
}
