package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryCopyIsMeasuredBothWays(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), size{rows: 1000, rounds: 1, policy: "policy.yaml"}, &out, io.Discard))
	require.Equal(t, 2+len(copies()), strings.Count(out.String(), "\n|"), out.String())
}
