package wire

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/plan"
)

func TestAViewEndsWithItsMembership(t *testing.T) {
	t.Parallel()
	require.False(t, (&view{}).over())
	require.False(t, (&view{plan: &plan.Plan{}}).over())
	require.False(t, (&view{plan: &plan.Plan{Until: "9999-01-01"}}).over())
	require.True(t, (&view{plan: &plan.Plan{Until: today()}}).over())
}
