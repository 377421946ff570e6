package examples_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/cmd/wherewall/casebook"
)

// TestPoliciesHold runs the policy tests of every sample. They touch every entity, permission and role.
func TestPoliciesHold(t *testing.T) {
	t.Parallel()
	policies, err := filepath.Glob("*/policy")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(policies), 3)
	for _, path := range policies {
		t.Run(filepath.Dir(path), func(t *testing.T) {
			t.Parallel()
			policy, err := catalog.ReadPolicy(path)
			require.NoError(t, err)
			names, err := filepath.Glob(filepath.Join(filepath.Dir(path), "tests", "*.yaml"))
			require.NoError(t, err)
			require.NotEmpty(t, names)
			files, err := casebook.Read(names...)
			require.NoError(t, err)

			runner := &casebook.Runner{Policy: policy, Log: t.Output()}
			report, err := runner.Run(t.Context(), files)
			require.NoError(t, err)
			var text strings.Builder
			report.Print(&text, false)
			require.Zero(t, report.Failed(), "%s", &text)
			require.Empty(t, report.Untouched())
		})
	}
}
