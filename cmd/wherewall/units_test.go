package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/unit"
	"github.com/stretchr/testify/require"
)

const unitsFolder = "../../deploy/systemd"

// option is the value of an option of a unit file.
func option(t *testing.T, file, section, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join(unitsFolder, file))
	require.NoError(t, err)
	defer f.Close()
	options, err := unit.DeserializeOptions(f)
	require.NoError(t, err)
	for _, o := range options {
		if o.Section == section && o.Name == name {
			return o.Value
		}
	}
	require.FailNow(t, "no such option", "%s: %s", file, name)
	return ""
}

func TestTheUnitsFitTheCommand(t *testing.T) {
	t.Parallel()
	start := strings.Fields(option(t, "wherewall.service", "Service", "ExecStart"))
	require.Equal(t, "wherewall", filepath.Base(start[0]))
	path := file(t, "policy: p\nupstream: u\n")
	for i, word := range start {
		if strings.HasSuffix(word, ".yaml") {
			start[i] = path
		}
	}
	r, err := read(start[1:], standardStreams())
	require.NoError(t, err, "the command line is one")
	require.Equal(t, "notify", option(t, "wherewall.service", "Service", "Type"))
	require.Equal(t, "/bin/kill -HUP $MAINPID", option(t, "wherewall.service", "Service", "ExecReload"))
	patience, err := time.ParseDuration(option(t, "wherewall.service", "Service", "TimeoutStopSec") + "s")
	require.NoError(t, err)
	require.Greater(t, patience, r.commands.Serve.Drain, "systemd kills nobody while transactions may end")
	require.Equal(t, r.commands.Serve.Listen, option(t, "wherewall.socket", "Socket", "ListenStream"))
	require.Equal(t, "wherewall.socket", option(t, "wherewall.service", "Unit", "Requires"))
}

// systemd's own judgement, where there is a systemd.
func TestTheUnitsAreWellFormed(t *testing.T) {
	t.Parallel()
	judge, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze here; TestTheUnitsFitTheCommand has parsed the units")
	}
	home := t.TempDir()
	require.NoError(t, os.CopyFS(home, os.DirFS(unitsFolder)))
	service := filepath.Join(home, "wherewall.service")
	text, err := os.ReadFile(service)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(service, []byte(strings.ReplaceAll(string(text), "/usr/local/bin/wherewall", "/bin/true")), 0o600))
	out, err := exec.CommandContext(t.Context(), judge, "verify", service, filepath.Join(home, "wherewall.socket")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NotContains(t, string(out), home, "what it finds wrong, it says and lets pass")
}
