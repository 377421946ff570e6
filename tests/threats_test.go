package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryThreatIsTried wants an attack for every claim of threats.list, or a Go test that exists, and no attack against a claim that is not there.
func TestEveryThreatIsTried(t *testing.T) {
	t.Parallel()
	threats := readThreats(t)
	tried := map[string]int{}
	for _, a := range readAttacks(t) {
		require.NotEmpty(t, a.against, "%s: %s tries to break nothing", a.file, a.name)
		for _, id := range a.against {
			require.Contains(t, threats, id, "%s: %s is against a claim that nobody makes", a.file, a.name)
			tried[id]++
			section, _, _ := strings.Cut(id, ".")
			tried[section]++
		}
	}
	var untried []string
	for id, tests := range threats {
		if tried[id] == 0 && len(tests) == 0 {
			untried = append(untried, id)
		}
		for _, name := range tests {
			requireGoTest(t, name)
		}
	}
	require.Empty(t, untried, "nobody tries to break these claims")
	t.Logf("attacks by section, each counted once for every claim: %v", tried)
}

// readThreats is the claims by ID, with the Go tests that each names.
func readThreats(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/attacks/threats.list")
	require.NoError(t, err)
	threats := map[string][]string{}
	for _, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		claim, tests, _ := strings.Cut(line, " = ")
		words := strings.Fields(claim)
		require.Greater(t, len(words), 1, line)
		require.NotContains(t, threats, words[0])
		threats[words[0]] = strings.Fields(tests)
	}
	return threats
}

// requireGoTest wants that a test like rewrite.TestGolden is there.
func requireGoTest(t *testing.T, name string) {
	t.Helper()
	folder, function, _ := strings.Cut(name, ".")
	if folder == "sqltree" {
		folder = "internal/sqltree"
	}
	paths, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	require.NoError(t, err)
	declared := regexp.MustCompile(`(?m)^func ` + function + `\(t \*testing\.T\)`)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if declared.Match(text) {
			return
		}
	}
	require.Fail(t, "there is no "+name)
}
