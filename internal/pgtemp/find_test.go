package pgtemp

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func programs(t *testing.T, dir string, names ...string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for _, name := range names {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o755))
	}
	return dir
}

func TestPGBINIsTakenAtItsWord(t *testing.T) {
	dir := programs(t, t.TempDir(), "initdb", "postgres")
	t.Setenv("PGBIN", dir)
	t.Setenv("PGVERSION", "")
	found, err := Find(t.Context(), t.Output())
	require.NoError(t, err)
	require.Equal(t, dir, found)

	t.Setenv("PGBIN", programs(t, t.TempDir(), "initdb"))
	_, err = Find(t.Context(), t.Output())
	require.ErrorIs(t, err, ErrNoServer)
	require.ErrorContains(t, err, "PGBIN")
}

func TestPGVERSIONIsTheVersionThatRuns(t *testing.T) {
	named := func(version string) string {
		dir := programs(t, t.TempDir(), "initdb")
		says := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + " (Debian " + version + "-0)'\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, "postgres"), []byte(says), 0o755))
		return dir
	}
	older, newer := named("16.14"), named("18.4")
	t.Setenv("PGBIN", "")
	t.Setenv("PATH", older+":"+newer)
	for version, want := range map[string]string{"16": older, "18": newer} {
		t.Setenv("PGVERSION", version)
		found, err := Find(t.Context(), t.Output())
		require.NoError(t, err)
		require.Equal(t, want, found)
	}

	t.Setenv("PGVERSION", "sixteen")
	_, err := Find(t.Context(), t.Output())
	require.ErrorContains(t, err, "not a major version")

	t.Setenv("PGBIN", older)
	t.Setenv("PGVERSION", "18")
	_, err = Find(t.Context(), t.Output())
	require.ErrorIs(t, err, ErrNoServer, "a run that names two versions would test the wrong one")
}

func TestPATHIsSearchedAndLinksAreFollowed(t *testing.T) {
	real := programs(t, t.TempDir(), "initdb", "postgres")
	links := t.TempDir()
	for _, name := range []string{"initdb", "postgres"} {
		require.NoError(t, os.Symlink(filepath.Join(real, name), filepath.Join(links, name)))
	}
	t.Setenv("PGBIN", "")
	t.Setenv("PGVERSION", "")
	t.Setenv("PATH", t.TempDir()+":"+links)
	found, err := Find(t.Context(), t.Output())
	require.NoError(t, err)
	require.Equal(t, real, found)
}

func TestTheVersionIsReadFromTheDirectory(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]int{
		"/usr/lib/postgresql/15/bin": 15, "/usr/pgsql-9/bin": 9, "/usr/local/bin": 0,
		"/opt/homebrew/opt/postgresql@17/bin": 17,
	} {
		require.Equal(t, want, version(dir), dir)
	}
}
