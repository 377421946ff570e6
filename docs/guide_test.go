package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

// guide is a folder in which a document's files are written and its commands are run.
type guide struct {
	dir, bin, dsn string
}

// TestTheGuideIsTrue goes through docs/policy.md from top to bottom: a block whose first line names a file becomes that file, SQL files
// are loaded, and each console block is run and compared with what it shows.
func TestTheGuideIsTrue(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("policy.md")
	require.NoError(t, err)
	server := pgtest.Start(t)
	admin := pgtest.Connect(t, server.AdminDSN("postgres"))
	_, err = admin.Exec(t.Context(), "CREATE DATABASE desk")
	require.NoError(t, err)
	g := &guide{dir: t.TempDir(), bin: t.TempDir(), dsn: server.AdminDSN("desk")}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(g.bin, "wherewall"), "../cmd/wherewall")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	commands := 0
	for _, block := range regexp.MustCompile("(?s)```(\\w+)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		switch block[1] {
		case "console":
			commands += g.console(t, block[2])
		case "yaml", "sql":
			g.file(t, block[2])
		default:
			require.Fail(t, "a block that nobody runs", block[0])
		}
	}
	require.GreaterOrEqual(t, commands, 6)
}

// file writes a block under the name in its first line, and loads SQL.
func (g *guide) file(t *testing.T, block string) {
	t.Helper()
	name := regexp.MustCompile(`^(?:#|--) ([a-z]+\.(?:yaml|sql))\n`).FindStringSubmatch(block)
	require.NotNil(t, name, "a block names its file in the first line:\n%s", block)
	require.NoError(t, os.WriteFile(filepath.Join(g.dir, name[1]), []byte(block), 0o600))
	if filepath.Ext(name[1]) == ".sql" {
		_, err := pgtest.Connect(t, g.dsn).Exec(t.Context(), block)
		require.NoError(t, err)
	}
}

// console runs the lines that begin with $. A line of three dots in what they print stands for anything.
func (g *guide) console(t *testing.T, block string) int {
	t.Helper()
	commands := strings.Split("\n"+block, "\n$ ")[1:]
	for _, c := range commands {
		line, want, _ := strings.Cut(c, "\n")
		run := exec.CommandContext(t.Context(), "sh", "-c", line)
		run.Dir = g.dir
		run.Env = append(os.Environ(), "PATH="+g.bin+":"+os.Getenv("PATH"), "DSN="+g.dsn, "NO_COLOR=1")
		got, err := run.CombinedOutput()
		var failed *exec.ExitError
		if err != nil {
			require.ErrorAs(t, err, &failed, line)
		}
		pattern := regexp.QuoteMeta(strings.TrimSpace(want))
		pattern = strings.ReplaceAll(pattern, "\n"+regexp.QuoteMeta("..."), "(?s:.*)")
		require.Regexp(t, "^"+pattern+"\\s*$", ofThePolicy(got), "$ %s", line)
	}
	return len(commands)
}

// ofThePolicy leaves out what a command says of this server and its superuser, whom the guide stands for the service login.
func ofThePolicy(said []byte) string {
	return regexp.MustCompile(`(?m)^warning (?:login|server)_.*\n`).ReplaceAllString(string(said), "")
}
