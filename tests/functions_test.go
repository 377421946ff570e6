package tests

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/rewrite"
)

// functionClasses is how many functions each class has in each release, in the order of the classes: none is unknown. A minor release does not
// change it; a new major one does, and then somebody has to look at each of its functions.
func functionClasses() map[int][]int {
	return map[int][]int{
		15: {0, 558, 202, 18, 35, 20, 8, 47, 126, 7, 28, 69, 205, 1585, 336},
		16: {0, 578, 202, 18, 37, 20, 8, 48, 132, 7, 28, 71, 207, 1605, 336},
		17: {0, 589, 202, 18, 36, 20, 8, 48, 136, 7, 28, 74, 209, 1617, 338},
		18: {0, 605, 202, 18, 38, 20, 8, 48, 153, 8, 28, 75, 214, 1651, 345},
	}
}

// TestEveryFunctionOfTheServerHasItsClass holds the list of functions against the server at hand.
func TestEveryFunctionOfTheServerHasItsClass(t *testing.T) {
	pg.exec(t, "postgres", "CREATE DATABASE functions_classes")
	requireFunctionClasses(t, pg.adminDSN("functions_classes"))
}

func requireFunctionClasses(t *testing.T, dsn string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(t.Context())) })
	schema, err := catalog.LoadSchema(t.Context(), conn)
	require.NoError(t, err)
	want, known := functionClasses()[schema.ServerVersion/10000]
	require.True(t, known, "nobody has counted the functions of %d", schema.ServerVersion)
	var got []int
	for _, c := range rewrite.FunctionClasses(schema) {
		require.Empty(t, c.Names, "nobody has looked at these")
		got = append(got, c.Functions)
	}
	require.Equal(t, want, got)
}
