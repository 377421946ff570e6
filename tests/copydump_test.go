package tests

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestADumpOfOnesOwnRowsIsRestored dumps the data of one tenant with pg_dump, takes the tenant's rows away, and restores them through Wherewall:
// with psql, where setting sequences is refused and holds nothing up, and with pg_restore, in one transaction and without sequences.
func TestADumpOfOnesOwnRowsIsRestored(t *testing.T) {
	t.Parallel()
	psql := findTool(t, "psql")
	from := func(name string) string { return filepath.Join(filepath.Dir(psql), name) }
	if !isFile(from("pg_dump")) || !isFile(from("pg_restore")) {
		t.Skip("no pg_dump on this machine")
	}
	newSample(t, "dump_from")
	newSample(t, "dump_to")
	pg.exec(t, "dump_from", "DELETE FROM app.project WHERE org_id <> 'initech'")
	run := func(name string, args ...string) {
		out, err := exec.CommandContext(t.Context(), from(name), args...).CombinedOutput()
		if strings.Contains(string(out), "server version mismatch") {
			t.Skip("pg_dump is older than the server")
		}
		require.NoError(t, err, "%s", out)
	}
	dump := []string{"--data-only", "--enable-row-security", "-t", "app.project", "-t", "app.task"}
	script, archive := filepath.Join(t.TempDir(), "dump.sql"), filepath.Join(t.TempDir(), "dump")
	run("pg_dump", append(dump, "-f", script, pg.adminDSN("dump_from"))...)
	run("pg_dump", append(dump, "--exclude-table-data=app.*_seq", "-Fc", "-f", archive, pg.adminDSN("dump_from"))...)

	content := func() [][]string {
		return pg.rows(t, "dump_to", "SELECT p::text FROM app.project p UNION ALL SELECT t::text FROM app.task t ORDER BY 1")
	}
	before := content()
	p := startProxy(t, sampleOptions("dump_to"))
	for name, restore := range map[string]func(){
		"psql": func() {
			out := runPsql(t, psql, p.dsn("pat@initech"), script)
			require.Contains(t, out, "permission denied for function setval")
		},
		"pg_restore": func() {
			run("pg_restore", "--data-only", "--enable-row-security", "--single-transaction", "--exit-on-error", "-d", p.dsn("pat@initech"), archive)
		},
	} {
		pg.exec(t, "dump_to", "DELETE FROM app.project WHERE org_id = 'initech'")
		require.Less(t, len(content()), len(before))
		restore()
		require.Equal(t, before, content(), name)
	}
	// Somebody else's dump is refused, and leaves nothing.
	pg.exec(t, "dump_to", "DELETE FROM app.project WHERE org_id = 'initech'")
	left := content()
	out := runPsql(t, psql, p.dsn("lee@globex"), script)
	require.Contains(t, out, "for table")
	require.Equal(t, left, content())
}

// TestADumpMadeThroughTheProxyIsRestoredThroughIt dumps what one tenant sees, sequences included, takes the tenant's rows away, and restores them in
// each of pg_dump's forms. No statement of a restore fails, and no sequence moves.
func TestADumpMadeThroughTheProxyIsRestoredThroughIt(t *testing.T) {
	t.Parallel()
	from := func(name string) string { return filepath.Join(filepath.Dir(findTool(t, "psql")), name) }
	if !isFile(from("pg_dump")) || !isFile(from("pg_restore")) {
		t.Skip("no pg_dump on this machine")
	}
	const database = "dump_own"
	dsn := newSampleProxy(t, database).dsn("pat@initech")
	// Comments of a task are gone with it, so they are in no dump of tables without them.
	pg.exec(t, database, "DELETE FROM app.comment")
	content := func() [][]string {
		return pg.rows(t, database, "SELECT p::text FROM app.project p UNION ALL SELECT t::text FROM app.task t ORDER BY 1")
	}
	positions := func() [][]string {
		return pg.rows(t, database, "SELECT last_value, is_called FROM app.project_id_seq UNION ALL SELECT last_value, is_called FROM app.task_id_seq")
	}
	before, stand := content(), positions()
	run := func(name string, args ...string) string {
		out, err := exec.CommandContext(t.Context(), from(name), args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	for name, options := range map[string][]string{"script": nil, "inserts": {"--inserts"}, "archive": {"-Fc"}} {
		file := filepath.Join(t.TempDir(), "dump")
		dumped(t, dsn, append(options, "--data-only", "-t", "app.project", "-t", "app.task", "-f", file)...)
		pg.exec(t, database, "DELETE FROM app.project WHERE org_id = 'initech'")
		require.Less(t, len(content()), len(before))
		if name == "archive" {
			run("pg_restore", "--enable-row-security", "--single-transaction", "--exit-on-error", "-d", dsn, file)
		} else {
			require.Contains(t, run("psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-f", file), "setval", name)
		}
		require.Equal(t, before, content(), name)
		require.Equal(t, stand, positions(), name)
	}
}
