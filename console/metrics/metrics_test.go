package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/console/audit"
	"github.com/wherewall/wherewall/console/metrics"
	"github.com/wherewall/wherewall/rewrite"
	"github.com/wherewall/wherewall/wire"
)

// everything is a registry in which each metric has a value.
func everything(t *testing.T) *prometheus.Registry {
	t.Helper()
	counts := make([]uint64, len(wire.WaitBuckets())+1)
	counts[0], counts[len(counts)-1] = 3, 1
	stages := metrics.NewStages()
	stages.Took(rewrite.StageParse, stages.Now())
	registry := prometheus.NewRegistry()
	require.NoError(t, metrics.Register(registry, metrics.Sources{
		Version: "1", Stages: stages,
		Server: func() wire.Stats {
			return wire.Stats{
				Logins: map[wire.LoginResult]uint64{{Method: "scram", SQLState: "28P01"}: 2}, Refusals: map[string]uint64{"table_denied": 4},
				Failures: map[wire.Failure]uint64{{Side: "client", Op: "read"}: 1}, ByTenant: map[string]uint64{"acme": 5, wire.OtherTenants: 6, "\xff": 1},
				Statements: map[wire.Ending]uint64{wire.Completed: 7}, ServerWait: wire.Waits{Counts: counts, Sum: time.Second},
			}
		},
		Pool:  func() wire.PoolCounts { return wire.PoolCounts{Idle: 3, Opened: 8} },
		Cache: func() rewrite.CacheStats { return rewrite.CacheStats{ByShape: 12} },
		Policy: func() metrics.Policy {
			return metrics.Policy{Version: "abc", Since: time.Unix(5, 0), Checked: time.Unix(6, 0)}
		},
		Audit: func() audit.Stats { return audit.Stats{Records: 9, Failing: true} },
	}))
	return registry
}

func scrape(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	metrics.Handler(registry).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, w.Code)
	return w.Body.String()
}

func TestNamesAreAsPrometheusWantsThem(t *testing.T) {
	t.Parallel()
	problems, err := promlint.New(strings.NewReader(scrape(t, everything(t)))).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestWhatIsCountedIsTold(t *testing.T) {
	t.Parallel()
	text := scrape(t, everything(t))
	for _, line := range []string{
		`wherewall_logins_total{method="scram",sqlstate="28P01"} 2`, `wherewall_refusals_total{code="table_denied"} 4`,
		`wherewall_tenant_statements_total{tenant="acme"} 5`, `wherewall_tenant_statements_total{tenant=""} 6`,
		`wherewall_statements_total{outcome="completed"} 7`, `wherewall_statement_seconds_bucket{le="0.0001"} 3`,
		`wherewall_statement_seconds_count 4`, `wherewall_statement_seconds_sum 1`, `wherewall_rewrite_stage_seconds_count{stage="parse"} 1`,
		`wherewall_policy_loaded_timestamp_seconds 5`, `wherewall_audit_records_total 9`, `wherewall_audit_failing 1`, `wherewall_sessions{state="idle"} 0`,
		`wherewall_policy_reloads_total{result="rejected"} 0`, `wherewall_tenant_statements_total{tenant="?"} 1`,
		`wherewall_server_connections_idle 3`, `wherewall_server_connections_dropped_total{reason="unclean"} 0`,
		`wherewall_statement_cache_lookups_total{result="shape"} 12`,
	} {
		require.Contains(t, text, "\n"+line+"\n")
	}
}

// ours are the names of our metrics, as a scrape has them.
func ours(t *testing.T) []string {
	t.Helper()
	found, err := everything(t).Gather()
	require.NoError(t, err)
	var names []string
	for _, f := range found {
		if strings.HasPrefix(f.GetName(), "wherewall_") {
			names = append(names, f.GetName())
		}
	}
	return names
}

// named are the metrics that a text names.
func named(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var names []string
	for _, name := range regexp.MustCompile(`wherewall_[a-z_]+`).FindAllString(string(text), -1) {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if stem := strings.TrimSuffix(name, suffix); slices.Contains(ours(t), stem) {
				name = stem
			}
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func TestTheDocumentHasEveryMetric(t *testing.T) {
	t.Parallel()
	rows, err := os.ReadFile("../../docs/metrics.md")
	require.NoError(t, err)
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(wherewall_[a-z_]+)").FindAllStringSubmatch(string(rows), -1) {
		documented = append(documented, row[1])
	}
	require.ElementsMatch(t, ours(t), documented)
}

func TestDashboardAndAlertsNameMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../deploy/*/*.*")
	require.NoError(t, err)
	found := 0
	for _, path := range files {
		if filepath.Ext(path) == ".service" || filepath.Ext(path) == ".socket" {
			continue
		}
		for _, name := range named(t, path) {
			found++
			require.Contains(t, ours(t), name, path)
		}
	}
	require.Positive(t, found)
}
