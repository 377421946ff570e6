package rewrite_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The conditions that wait for a guard stand in a CASE.
func TestAParameterIsCastAheadOnlyWhereItsTypeIsCertain(t *testing.T) {
	const intOID, textOID, varcharOID, bigintOID = 23, 25, 1043, 20
	v := theSample.values(t, "kim@acme")
	for _, c := range []struct {
		condition string
		declared  []uint32
		waits     bool
	}{
		{"p.id = $1", nil, false},
		{"p.id = $1", []uint32{intOID}, false},
		{"p.id = $1", []uint32{bigintOID}, false},
		{"p.name = $1", []uint32{varcharOID}, false},
		{"p.name = $1", []uint32{705}, false},
		{"p.id = $1::int", nil, false},
		{"p.id = $1::int", []uint32{0}, false},
		{"p.id = $1::int", []uint32{intOID}, false},
		{"p.id = $1::int AND p.budget > $1::int", nil, false},
		{"p.id = ANY ($1)", nil, false},
		{"p.id = ANY ($1::int[])", nil, false},
		{"p.id = ANY ($1)", []uint32{1007}, false},
		{"p.name = ANY ($1)", []uint32{1009}, false},
		{"p.id = $1::int", []uint32{textOID}, true},
		{"p.id = $1::int", []uint32{varcharOID}, true},
		{"p.id = $1::int", []uint32{4294967295}, true},
		{"p.id = ANY ($1::int[])", []uint32{textOID}, true},
		{"p.name = $1 OR p.id = $1::int", nil, true},
		{"$1::text <> '' AND p.id = $1::int", nil, true},
		{"p.id = $1::int AND p.budget = $1::numeric(5, 2)", nil, true},
		{"p.budget = $1::numeric(5, 2)", nil, true},
		{"p.budget = '1'::numeric(5, 2)", nil, false},
	} {
		sql := "SELECT p.name FROM app.project p WHERE " + c.condition
		template := theSample.rewriter.Rewrite(sql, v.Plan(), c.declared...)
		require.Nil(t, template.Refused, "%s: %v", sql, template.Cause)
		require.Equal(t, c.waits, strings.Contains(string(template.AppendSQL(nil, v)), "CASE"), "%s with %v", c.condition, c.declared)
	}
}

func TestPrepareDeclaresTheTypesOfItsParameters(t *testing.T) {
	v := theSample.values(t, "kim@acme")
	for types, waits := range map[string]bool{"": false, "(int)": false, "(pg_catalog.int4)": false, "(text)": true, "(varchar)": true} {
		template := theSample.rewriter.Rewrite("PREPARE q"+types+" AS SELECT p.name FROM app.project p WHERE p.id = $1::int", v.Plan())
		require.Nil(t, template.Refused, "%s: %v", types, template.Cause)
		require.Equal(t, waits, strings.Contains(string(template.AppendSQL(nil, v)), "CASE"), "%s", types)
	}
}

func TestTheProofAsksForTheTypesOfParametersToo(t *testing.T) {
	p := theSample.values(t, "kim@acme").Plan()
	template := theSample.rewriter.Rewrite("SELECT p.name FROM app.project p WHERE p.id = $1::int", p)
	require.NoError(t, theSample.rewriter.Prove(template.Unfilled(), p))
	require.NoError(t, theSample.rewriter.Prove("PREPARE q(int) AS "+template.Unfilled(), p))
	require.ErrorContains(t, theSample.rewriter.Prove("PREPARE q(text) AS "+template.Unfilled(), p), "does not wait")
}
