package rewrite_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever reads the arguments of a call by place must count them first: a text may call any function with any number.
func TestCallsOfAnyArityAreRewrittenOrRefused(t *testing.T) {
	values := theSample.values(t, "kim@acme")
	for _, name := range slices.Sorted(maps.Keys(theSample.snapshot.Schema.Functions)) {
		f := `pg_catalog."` + name + `"`
		for _, sql := range []string{
			"SELECT 1 FROM app.project WHERE " + f + "() IS NULL",
			"SELECT 1 FROM (SELECT " + f + "(*) AS m FROM app.project) s HAVING " + f + "(*) = 1",
			"SELECT x FROM " + f + "() AS x, app.project WHERE x = 1 AND " + f + "(name) > name",
			"SELECT " + name + "(), " + f + "(1, 2, 3) FROM app.project ORDER BY " + f + "(id, name)",
		} {
			require.NotPanics(t, func() { theSample.rewriter.Rewrite(sql, values.Plan()) }, sql)
		}
	}
}
