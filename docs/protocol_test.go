package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryDifferenceIsExplained wants protocol.md to name the wire scripts whose transcripts differ, and no others.
func TestEveryDifferenceIsExplained(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("protocol.md")
	require.NoError(t, err)
	_, text2, found := strings.Cut(string(text), "\n## Differences\n")
	require.True(t, found)
	section, _, _ := strings.Cut(text2, "\n## ")
	var named, there []string
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-z_]+(?:, [a-z_]+)*) \|`).FindAllStringSubmatch(section, -1) {
		named = append(named, strings.Split(row[1], ", ")...)
	}
	files, err := filepath.Glob("../tests/testdata/wire/*.diff")
	require.NoError(t, err)
	for _, file := range files {
		there = append(there, strings.TrimSuffix(filepath.Base(file), ".diff"))
	}
	named = slices.DeleteFunc(named, func(name string) bool { return name == "script" })
	slices.Sort(named)
	require.Equal(t, there, named)
}
