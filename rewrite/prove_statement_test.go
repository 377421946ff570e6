package rewrite_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheProofSeesThroughStatementsAroundOthers(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "kim@acme")
	guarded := "SELECT * FROM " + project
	for name, sql := range map[string]string{
		"what PREPARE keeps":       "PREPARE p AS " + guarded,
		"what DECLARE opens":       "DECLARE c CURSOR FOR " + guarded,
		"what EXPLAIN explains":    "EXPLAIN (COSTS OFF) " + guarded,
		"a cursor in EXPLAIN":      "EXPLAIN (COSTS OFF) DECLARE c CURSOR FOR " + guarded,
		"EXECUTE in EXPLAIN":       "EXPLAIN (COSTS OFF) EXECUTE p(1)",
		"EXECUTE and its argument": "EXECUTE p(pg_catalog.lower('x'))",
		"FETCH":                    "FETCH ALL FROM c",
		"letting go of locks":      "SELECT pg_catalog.pg_advisory_unlock_all()",
	} {
		require.NoError(t, theSample.rewriter.Prove(sql, v.Plan()), name)
	}
	for name, sql := range map[string]string{
		"what PREPARE keeps":           "PREPARE p AS SELECT * FROM app.project",
		"what DECLARE opens":           "DECLARE c CURSOR FOR SELECT * FROM app.project",
		"what EXPLAIN explains":        "EXPLAIN (COSTS OFF) SELECT * FROM app.project",
		"a cursor in EXPLAIN":          "EXPLAIN (COSTS OFF) DECLARE c CURSOR FOR SELECT * FROM app.project",
		"a new table in EXPLAIN":       "EXPLAIN (COSTS OFF) CREATE TABLE x AS SELECT 1",
		"a plan with estimates":        "EXPLAIN " + guarded,
		"a plan that is run":           "EXPLAIN (COSTS OFF, ANALYZE) " + guarded,
		"a function in an argument":    "EXECUTE p(pg_catalog.pg_sleep(1))",
		"a relation in an argument":    "EXECUTE p((SELECT count(*) FROM app.project))",
		"a type that looks names up":   "PREPARE p AS SELECT pg_catalog.to_regclass('x')",
		"letting go of one lock":       "SELECT pg_catalog.pg_advisory_unlock(1)",
		"letting go with an argument":  "SELECT pg_catalog.pg_advisory_unlock_all(1)",
		"letting go in another schema": "SELECT app.pg_advisory_unlock_all()",
	} {
		require.Error(t, theSample.rewriter.Prove(sql, v.Plan()), name)
	}
	sam := theSample.values(t, "sam")
	require.Error(t, theSample.rewriter.Prove("EXPLAIN (COSTS OFF) SELECT 1", sam.Plan()), "nobody allowed it")
}
