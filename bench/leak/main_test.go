package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAGuardByHandAloneLeaksAndAnOffsetLocksTheTenant(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), size{wide: 3000, big: 1000, rounds: 1, policy: "policy.yaml"}, &out, io.Discard))
	require.Contains(t, out.String(), "| `id = K FOR UPDATE` | 1 | 1 | 1000 | 1 | 1 |\n| the same, and one that may fail | 1 | 1 | 1000 | 1 | 1 |\n")

	var leaks []string
	for line := range strings.Lines(out.String()) {
		cells := strings.Split(line, "|")
		for i, text := range cells {
			if strings.Contains(text, "leaks") {
				require.Equal(t, 2, i, line)
				leaks = append(leaks, strings.TrimSpace(cells[1]))
			}
		}
	}
	require.Equal(t, []string{"may fail, path to the tenant"}, leaks)
}
