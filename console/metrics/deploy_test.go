package metrics_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

// parsed reads a YAML file.
func parsed(t *testing.T, path string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var found map[string]any
	require.NoError(t, yaml.Unmarshal(text, &found), path)
	return found
}

func TestTheDashboardIsOneThatGrafanaReads(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/grafana/wherewall.json")
	require.NoError(t, err)
	var dashboard struct {
		UID    string
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &dashboard))
	require.Equal(t, "wherewall", dashboard.UID)
	ids := map[int]bool{}
	for _, p := range dashboard.Panels {
		require.False(t, ids[p.ID], p.Title)
		ids[p.ID] = true
		for _, target := range p.Targets {
			require.NotEmpty(t, target.Expr, p.Title)
		}
	}
	require.NotEmpty(t, ids)
}

func TestEveryAlertSaysWhatToDo(t *testing.T) {
	t.Parallel()
	groups := parsed(t, "../../deploy/prometheus/alerts.yml")["groups"].([]any)
	for _, group := range groups {
		for _, rule := range group.(map[string]any)["rules"].([]any) {
			r := rule.(map[string]any)
			require.NotEmpty(t, r["expr"], r["alert"])
			require.NotEmpty(t, r["labels"].(map[string]any)["severity"], r["alert"])
			require.NotEmpty(t, r["annotations"].(map[string]any)["summary"], r["alert"])
			require.NotEmpty(t, r["annotations"].(map[string]any)["description"], r["alert"])
		}
	}
	require.NotEmpty(t, groups)
}

func TestPrometheusTakesConfigurationAndAlerts(t *testing.T) {
	t.Parallel()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed; Debian's package prometheus has it")
	}
	out, err := exec.CommandContext(t.Context(), promtool, "check", "config", "../../deploy/prometheus/prometheus.yml").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestComposeMountsFilesThatThereAre(t *testing.T) {
	t.Parallel()
	services := parsed(t, "../../docker-compose.yml")["services"].(map[string]any)
	for _, name := range []string{"prometheus", "grafana"} {
		for _, volume := range services[name].(map[string]any)["volumes"].([]any) {
			from, _, _ := strings.Cut(volume.(string), ":")
			_, err := os.Stat(filepath.Join("../..", from))
			require.NoError(t, err)
		}
	}
	require.Equal(t, "service:wherewall", services["prometheus"].(map[string]any)["network_mode"], "the console is on loopback alone")
}
