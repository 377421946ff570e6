package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// operations is a section of docs/operations.md.
func operations(t *testing.T, section string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), "\n## "+section+"\n")
	require.True(t, found, section)
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

func flagsIn(text string) []string {
	var names []string
	for _, found := range regexp.MustCompile("`--([a-z-]+)`").FindAllStringSubmatch(text, -1) {
		names = append(names, found[1])
	}
	return names
}

func TestTheDocumentKnowsWhatAReloadTakesOver(t *testing.T) {
	t.Parallel()
	r, err := read([]string{"serve", "--policy", "p", "--upstream", "u"}, standardStreams())
	require.NoError(t, err)
	var tagged []string
	defaults := map[string]string{}
	for _, f := range r.flags() {
		defaults[f.Name] = f.Default
		if f.Tag.Has(reloadable) {
			tagged = append(tagged, f.Name)
		}
	}
	require.NotEmpty(t, tagged)
	require.ElementsMatch(t, tagged, flagsIn(operations(t, "Reloading")))

	for _, section := range []string{"Limits", "Time limits", "Ending", "The log"} {
		for _, name := range flagsIn(operations(t, section)) {
			require.Contains(t, defaults, name, "%s names --%s", section, name)
		}
	}
	rows := regexp.MustCompile("(?m)^\\| (`--[^|]*`) \\| ([^|`]+) \\|").FindAllStringSubmatch(operations(t, "Limits")+operations(t, "Time limits"), -1)
	require.NotEmpty(t, rows)
	for _, row := range rows {
		told := strings.Split(row[2], ", ")
		for i, name := range flagsIn(row[1]) {
			require.Equal(t, defaults[name], told[min(i, len(told)-1)], "the default of --%s", name)
		}
	}
}

func TestTheLinesOfTheLogAreWhatTheDocumentSays(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	for _, pattern := range []string{"*.go", "../../wire/*.go"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			code.Write(text)
		}
	}
	lines := 0
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \| (?:info|warn|error) \|`).FindAllStringSubmatch(operations(t, "The log"), -1) {
		for _, message := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			lines++
			require.Contains(t, code.String(), `Msg("`+message[1]+`")`)
		}
	}
	require.Greater(t, lines, 15)
}
