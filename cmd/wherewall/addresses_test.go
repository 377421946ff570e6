package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/examples"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
	"github.com/wherewall/wherewall/wire"
)

func TestAddressesAreHostsWithPortsAndSocketsThatClientsFind(t *testing.T) {
	t.Parallel()
	all, err := parseAddresses("127.0.0.1:6432, unix:/run/wherewall/.s.PGSQL.6432,[::1]:1")
	require.NoError(t, err)
	require.Equal(t, []address{{"tcp", "127.0.0.1:6432"}, {"unix", "/run/wherewall/.s.PGSQL.6432"}, {"tcp", "[::1]:1"}}, all)
	for wrong, why := range map[string]string{
		"": "host:port", "6432": "host:port", "127.0.0.1:1,": "host:port", "/run/.s.PGSQL.6432": "unix: and the path", "unix:": "has to begin with /",
		"unix:.s.PGSQL.6432": "has to begin with /", "unix:/run/wherewall": ".s.PGSQL.PORT", "unix:/run/.s.PGSQL.0": ".s.PGSQL.PORT", "unix:/run/.s.PGSQL.6432/x": ".s.PGSQL.PORT",
		"unix:/" + strings.Repeat("x", 100) + "/.s.PGSQL.6432": "107 bytes",
	} {
		_, err := parseAddresses(wrong)
		require.ErrorContains(t, err, why, wrong)
	}
	require.True(t, allHere("127.0.0.1:6432,unix:/run/.s.PGSQL.6432"))
	for _, elsewhere := range []string{"unix:/run/.s.PGSQL.6432,0.0.0.0:6432", ":6432", "nonsense"} {
		require.False(t, allHere(elsewhere), elsewhere)
		_, err := authFlag(wire.AuthTrust).ways(elsewhere)
		require.ErrorContains(t, err, "loopback address or a Unix socket", elsewhere)
	}
}

func TestASocketIsForWhomTheProofAllows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ".s.PGSQL.1")
	for auth, mode := range map[wire.Auth]fs.FileMode{wire.AuthSCRAM: everybodyHere, wire.AuthTrust: ownAccount} {
		doors, err := listen("unix:"+path, auth)
		require.NoError(t, err)
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm())
		_, err = listen("127.0.0.1:0,unix:"+path, auth)
		require.ErrorContains(t, err, "serves at "+path+" already")
		closeAll(doors)
		require.NoFileExists(t, path)
	}
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err := listen("unix:"+path, wire.AuthSCRAM)
	require.ErrorContains(t, err, "is no socket")
}

func TestClientsComeByAUnixSocket(t *testing.T) {
	t.Parallel()
	upstream, _ := sampleServer(t)
	folder, here := t.TempDir(), freeAddress(t)
	start := func() *child {
		c := startChild(t, "", nil, "--upstream", upstream, "--strict=false", "--listen", here+",unix:"+folder+"/.s.PGSQL.6432")
		c.hears("READY=1")
		return c
	}
	dsn := fmt.Sprintf("host=%s port=6432 user=kim password=%s dbname=postgres", folder, examples.Password)
	ask := func() string {
		cmd := exec.CommandContext(t.Context(), "psql", "-XAtw", "-c", "SELECT id FROM org", dsn)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "LC_ALL=C"}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return strings.TrimSpace(string(out))
	}
	c := start()
	require.Equal(t, "acme", ask())
	require.NoError(t, pgtest.Connect(t, kimAt(here)).Ping(t.Context()))
	c.signal(syscall.SIGKILL)
	<-c.ended

	c = start()
	require.Equal(t, "acme", ask(), "the socket of one that was killed is in nobody's way")
	c.signal(syscall.SIGTERM)
	require.Equal(t, 0, c.exit(), "%s", c.log)
	require.NoFileExists(t, folder+"/.s.PGSQL.6432")
}
