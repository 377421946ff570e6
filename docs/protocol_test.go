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
		if !strings.Contains(file, ".from") { // the same, as newer servers say it
			there = append(there, strings.TrimSuffix(filepath.Base(file), ".diff"))
		}
	}
	named = slices.DeleteFunc(named, func(name string) bool { return name == "script" })
	slices.Sort(named)
	require.Equal(t, there, named)
}

// TestEveryTestOfADriverIsExplained wants protocol.md to name the tests that are recorded to come out otherwise, each with a reason that it explains.
func TestEveryTestOfADriverIsExplained(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("protocol.md")
	require.NoError(t, err)
	record, err := os.ReadFile("../tests/drivers/differences.txt")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## Driver suites\n")
	require.True(t, found)
	rows := map[string]string{} // the reasons, by suite, login and test
	for _, row := range regexp.MustCompile(`(?m)^\| (\S+) \| (unfiltered|filtered) \| (\S+)(?: \(\d+ parts\))? \| ([^|]+) \|$`).FindAllStringSubmatch(section, -1) {
		rows[row[1]+" "+row[2]+" "+row[3]] = row[4]
	}
	named := map[string]bool{}
	for line := range strings.Lines(string(record)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		require.Len(t, fields, 4)
		test, _, _ := strings.Cut(strings.SplitN(fields[0], " ", 3)[2], "/")
		key := strings.Join(append(strings.SplitN(fields[0], " ", 3)[:2], test), " ")
		require.Contains(t, strings.Split(rows[key], ", "), fields[3], "run: make test-drivers DRIVERFLAGS=-record")
		require.Contains(t, section, "\n| "+fields[3]+" | ", "the reason of %s", key)
		named[key] = true
	}
	require.Len(t, named, len(rows))
}
