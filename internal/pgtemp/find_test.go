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
	found, err := Find(t.Context(), t.Output())
	require.NoError(t, err)
	require.Equal(t, dir, found)

	t.Setenv("PGBIN", programs(t, t.TempDir(), "initdb"))
	_, err = Find(t.Context(), t.Output())
	require.ErrorIs(t, err, ErrNoServer)
	require.ErrorContains(t, err, "PGBIN")
}

func TestPATHIsSearchedAndLinksAreFollowed(t *testing.T) {
	real := programs(t, t.TempDir(), "initdb", "postgres")
	links := t.TempDir()
	for _, name := range []string{"initdb", "postgres"} {
		require.NoError(t, os.Symlink(filepath.Join(real, name), filepath.Join(links, name)))
	}
	t.Setenv("PGBIN", "")
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
