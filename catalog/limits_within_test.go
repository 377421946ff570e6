package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheLowerOfTwoLimitsCounts(t *testing.T) {
	t.Parallel()
	server := Limits{ReadOnly: true, Timeouts: map[string]int64{"statement_timeout": 30000, "lock_timeout": 0, "idle_session_timeout": 5}}
	got, err := server.Within(map[string]int64{"statement_timeout": 60000, "lock_timeout": 700, "idle_session_timeout": 4})
	require.NoError(t, err)
	require.Equal(t, Limits{ReadOnly: true, Timeouts: map[string]int64{"statement_timeout": 30000, "lock_timeout": 700, "idle_session_timeout": 4}}, got)
	require.Equal(t, int64(0), server.Timeouts["lock_timeout"], "the schema that others look at is not changed")
}

func TestALimitThatTheServerDoesNotKnowIsAnError(t *testing.T) {
	t.Parallel()
	_, err := Limits{Timeouts: map[string]int64{}}.Within(map[string]int64{"transaction_timeout": 1000})
	require.ErrorContains(t, err, "the server has no transaction_timeout")
}
