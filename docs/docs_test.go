// Package docs_test keeps the documents true where a machine can tell.
package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// documents are all Markdown files of the repository.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"../*.md", "*.md", "*/*.md", "../examples/*/*.md"} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, name := range names {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			texts[name] = string(text)
		}
	}
	return texts
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	for name, text := range documents(t) {
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			_, err := os.Stat(filepath.Join(filepath.Dir(name), found[1]))
			require.NoError(t, err, "%s links to %s", name, found[1])
		}
	}
}

func TestMakeTargetsExist(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("../Makefile")
	require.NoError(t, err)
	command := regexp.MustCompile("(?m)(?:^ *|`)make ([a-z-]+)")
	for name, text := range documents(t) {
		for _, found := range command.FindAllStringSubmatch(text, -1) {
			require.Contains(t, "\n"+string(makefile), "\n"+found[1]+":", "%s names `make %s`", name, found[1])
		}
	}
}

func TestContributingStaysShort(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../CONTRIBUTING.md")
	require.NoError(t, err)
	require.Less(t, strings.Count(string(text), "\n"), 90)
}

func TestEveryDecisionIsListed(t *testing.T) {
	t.Parallel()
	list, err := os.ReadFile("adr/README.md")
	require.NoError(t, err)
	decisions, err := filepath.Glob("adr/[0-9]*.md")
	require.NoError(t, err)
	require.NotEmpty(t, decisions)
	for _, path := range decisions {
		require.Contains(t, string(list), "("+filepath.Base(path)+")")
	}
}
