//go:build allversions

package tests

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgtemp"
)

// TestEveryFunctionOfEveryVersionHasItsClass holds the list of functions against each PostgreSQL that is supported.
func TestEveryFunctionOfEveryVersionHasItsClass(t *testing.T) {
	for _, release := range []string{"15", "16.14.0-beta.17", "17.10.0-beta.17", "18.4.0-beta.17"} {
		t.Run(release, func(t *testing.T) {
			server, err := pgtemp.Start(t.Context(), pgtemp.Options{BinDir: programsOf(t, release), Log: t.Output()})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, server.Stop()) })
			requireFunctionClasses(t, server.AdminDSN("postgres"))
		})
	}
}
