package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTestsThatDocumentsNameExist holds the promises to what tries to break them.
func TestTestsThatDocumentsNameExist(t *testing.T) {
	t.Parallel()
	there := goTests(t)
	name := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	for document, text := range documents(t) {
		for _, found := range name.FindAllStringSubmatch(text, -1) {
			require.True(t, there[found[1]], "%s names %s, which is not there", document, found[1])
		}
	}
}

// TestEveryPromiseIsTried wants a test or a command behind each row of the promises.
func TestEveryPromiseIsTried(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("security.md")
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^\| \*\*([^|]+)\| ([^|]+) \|$`).FindAllStringSubmatch(string(text), -1)
	require.GreaterOrEqual(t, len(rows), 12)
	for _, row := range rows {
		require.Regexp(t, "`Test", row[2], row[1])
	}
}

// TestCommandsThatDocumentsNameExist reads the subcommands from the command line's own declaration.
func TestCommandsThatDocumentsNameExist(t *testing.T) {
	t.Parallel()
	declared := map[string]bool{}
	sources, err := filepath.Glob("../cmd/wherewall/*.go")
	require.NoError(t, err)
	for _, source := range sources {
		code, err := os.ReadFile(source)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile("(?m)^\t([A-Z][A-Za-z]+) +[a-zA-Z]+ +`cmd:").FindAllStringSubmatch(string(code), -1) {
			declared[strings.ToLower(found[1])] = true
		}
	}
	require.True(t, declared["serve"])
	command := regexp.MustCompile("`wherewall ([a-z]+)(?: (rls|grants))?")
	for document, text := range documents(t) {
		for _, found := range command.FindAllStringSubmatch(text, -1) {
			require.True(t, declared[found[1]], "%s names `wherewall %s`", document, found[1])
			require.True(t, found[2] == "" || declared[found[2]], "%s names `wherewall %s %s`", document, found[1], found[2])
		}
	}
}

// goTests are the names of all tests of the module.
func goTests(t *testing.T) map[string]bool {
	t.Helper()
	declaration := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9_]+)\([tf] \*testing\.[TF]\)`)
	names := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		code, err := os.ReadFile(path)
		for _, found := range declaration.FindAllStringSubmatch(string(code), -1) {
			names[found[1]] = true
		}
		return err
	})
	require.NoError(t, err)
	return names
}
