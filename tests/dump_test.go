package tests

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// dumped is what pg_dump makes through Wherewall of what a user may see.
func dumped(t *testing.T, dsn string, options ...string) string {
	t.Helper()
	tool := findTool(t, "pg_dump")
	out, err := exec.CommandContext(t.Context(), tool, append([]string{"--enable-row-security", "--no-owner", "-d", dsn}, options...)...).CombinedOutput()
	if strings.Contains(string(out), "server version mismatch") {
		t.Skip("pg_dump is older than the server")
	}
	require.NoError(t, err, "%s", out)
	return string(out)
}

// TestDumpsOfWhatOneMaySeeCanBeRestored dumps a user's part of the database with pg_dump, restores it into an empty one, and finds the same rows there.
func TestDumpsOfWhatOneMaySeeCanBeRestored(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "dumped")
	through := dial(t, p.dsn("kim"))
	for name, options := range map[string][]string{"whole": nil, "inserts": {"--inserts", "--no-comments"}, "custom": {"-Fc"}} {
		t.Run(name, func(t *testing.T) {
			database := "restored_" + name
			pg.createDatabase(t, database, "template0")
			if name == "custom" {
				file := filepath.Join(t.TempDir(), "dump")
				dumped(t, p.dsn("kim"), append(options, "-f", file)...)
				out, err := exec.CommandContext(t.Context(), findTool(t, "pg_restore"), "--exit-on-error", "--no-owner", "-d", pg.adminDSN(database), file).CombinedOutput()
				require.NoError(t, err, "%s", out)
			} else {
				restore := exec.CommandContext(t.Context(), findTool(t, "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", pg.adminDSN(database))
				restore.Stdin = strings.NewReader(dumped(t, p.dsn("kim"), options...))
				out, err := restore.CombinedOutput()
				require.NoError(t, err, "%s", out)
			}
			restored := dial(t, pg.adminDSN(database))
			tables := through.query(t, "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'p') AND n.nspname = 'app' ORDER BY 2").rows
			require.NotEmpty(t, tables)
			require.Equal(t, tables, restored.query(t, "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'app' ORDER BY 2").rows)
			for _, table := range tables {
				sql := "SELECT * FROM app." + table[1] + " ORDER BY 1, 2"
				require.Equal(t, through.query(t, sql).rows, restored.query(t, sql).rows, sql)
			}
		})
	}
}

// TestDumpsTellNothingElse looks in a dump for what its user may not see.
func TestDumpsTellNothingElse(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "dumped_secretly")
	all := dumped(t, p.dsn("kim"))
	for _, hidden := range []string{"audit_log", "invoice", "globex", "initech", "wherewall_svc", "setval('app.member_id_seq', 2"} {
		require.NotContains(t, all, hidden)
	}
	require.Contains(t, dumped(t, p.dsn("kim"), "-t", "task", "--schema-only"), "CREATE TABLE app.task")
	tool := findTool(t, "pg_dump")
	out, err := exec.CommandContext(t.Context(), tool, "--enable-row-security", "-d", p.dsn("kim"), "-t", "app.audit_log").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "no matching tables were found")
}
