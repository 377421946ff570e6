package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/cmd/wherewall/casebook"
	"github.com/wherewall/wherewall/examples"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

// fault is a slip of the pen in a sample's policy: what is replaced, and by what.
type fault struct{ is, becomes string }

func faults() map[string][]fault {
	return map[string][]fault{
		"saas": {
			{"edit_tasks: own", "edit_tasks"},
			{"- write_comments: own", "- write_comments"},
			{"view_invoices: own", "view_invoices"},
			{"amount <= me.max_amount", "amount <= 5000"},
			{"status = 'draft'\"}\n      - edit", "status <> 'paid'\"}\n      - edit"},
		},
		"bi": {
			{" AND store.manager_id = me.id", ""},
			{"view_sales:   {where: store.region = ANY(me.regions)}", "view_sales"},
			{"view_monthly: {where: region = ANY(me.regions)}", "view_monthly"},
		},
		"hospital": {
			{`always: "deleted_at IS NULL"`, ""},
			{" AND team.ends_on >= current_date", ""},
			{"patient.update(ward, allergies)", "patient.update"},
			{"24 hours", "24 days"},
			{"view_notes:    {where: patient.team.user_id = me.id}", "view_notes"},
			{"write_notes:   {where: patient.team.user_id = me.id}", "write_notes"},
			{"date_trunc('year', birth_date)::date", "birth_date"},
			{"until: 2028-01-01", "until: 2029-01-01"},
		},
	}
}

// TestPolicyTestsCatchFaults puts one fault at a time into a sample's policy: each must make a case fail.
func TestPolicyTestsCatchFaults(t *testing.T) {
	t.Parallel()
	for sample, list := range faults() {
		t.Run(sample, func(t *testing.T) {
			t.Parallel()
			files, err := casebook.Read(filepath.Join(sample, "tests", "policy.yaml"))
			require.NoError(t, err)
			upstream := loaded(t, files[0])
			for _, f := range list {
				policy, err := catalog.ReadPolicy(withFault(t, sample, f))
				require.NoError(t, err, "%q", f.becomes)
				report, err := (&casebook.Runner{Policy: policy, Upstream: upstream}).Run(t.Context(), files)
				require.NoError(t, err, "%q", f.becomes)
				require.NotZero(t, report.Failed(), "nothing catches %q in the place of %q", f.becomes, f.is)
			}
		})
	}
}

// loaded is a database with a file's dataset, as its login sees it.
func loaded(t *testing.T, f *casebook.File) *pgx.ConnConfig {
	t.Helper()
	server := pgtest.Start(t)
	admin := pgtest.Connect(t, server.AdminDSN("postgres"))
	for _, source := range f.Dataset {
		_, err := admin.Exec(t.Context(), source.SQL)
		require.NoError(t, err, source.Path)
	}
	require.Equal(t, examples.ServiceLogin, f.Login)
	_, err := admin.Exec(t.Context(), "ALTER ROLE "+examples.ServiceLogin+" LOGIN PASSWORD 'secret'")
	require.NoError(t, err)
	config, err := pgx.ParseConfig(server.DSN(examples.ServiceLogin, "secret", "postgres"))
	require.NoError(t, err)
	return config
}

// withFault copies a sample's policy with one fault in it.
func withFault(t *testing.T, sample string, f fault) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(sample, "policy", "*.yaml"))
	require.NoError(t, err)
	dir, found := t.TempDir(), 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		found += strings.Count(string(text), f.is)
		changed := strings.ReplaceAll(string(text), f.is, f.becomes)
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(changed), 0o600))
	}
	require.Equal(t, 1, found, "%q stands once in the policy of %s", f.is, sample)
	return dir
}
