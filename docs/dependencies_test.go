package docs_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryDependencyIsADecision compares the table of the decision with what the module imports.
func TestEveryDependencyIsADecision(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("adr/0006-dependencies.md")
	require.NoError(t, err)
	var decided []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(string(text), -1) {
		decided = append(decided, row[1])
	}

	imports := "{{range .Imports}}{{println .}}{{end}}{{range .TestImports}}{{println .}}{{end}}{{range .XTestImports}}{{println .}}{{end}}"
	command := exec.CommandContext(t.Context(), "go", "list", "-f", imports, "./...")
	command.Dir = ".."
	out, err := command.Output()
	require.NoError(t, err)
	used := strings.Fields(string(out))

	const ours = "github.com/wherewall/wherewall"
	for _, path := range used {
		host, _, _ := strings.Cut(path, "/")
		if !strings.Contains(host, ".") || path == ours || strings.HasPrefix(path, ours+"/") {
			continue // the standard library's paths have no dot there
		}
		isDecided := slices.ContainsFunc(decided, func(module string) bool { return strings.HasPrefix(path+"/", module+"/") })
		require.True(t, isDecided, "%s is imported, and docs/adr/0006-dependencies.md does not say why", path)
	}
	for _, module := range decided {
		isUsed := slices.ContainsFunc(used, func(path string) bool { return strings.HasPrefix(path+"/", module+"/") })
		require.True(t, isUsed, "docs/adr/0006-dependencies.md lists %s, which nothing imports", module)
	}
}
