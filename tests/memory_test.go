package tests

import (
	"cmp"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

// memory is what the environment asks for, as it does of the binary: WHEREWALL_STATEMENT_CACHE=off or verify runs the tests without the cache, or with one
// that is proven again at every hit.
func memory(t testing.TB) rewrite.Option {
	t.Helper()
	of, err := rewrite.ParseRemembering(cmp.Or(os.Getenv("WHEREWALL_STATEMENT_CACHE"), "shapes"))
	require.NoError(t, err)
	return rewrite.WithMemory(rewrite.Memory{Of: of})
}
