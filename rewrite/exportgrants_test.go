package rewrite_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

func TestTheExportedGrantsAreEnoughForDefaultsThatChecksLookAt(t *testing.T) {
	script, err := rewrite.ExportGrants(theSample.snapshot, "grantee", nil)
	require.NoError(t, err)
	grants := regexp.MustCompile(`(?m)^GRANT .* ON (SCHEMA "lab"|lab\.person) TO "grantee";$`).FindAllString(script, -1)
	require.Len(t, grants, 2)

	values := theSample.values(t, "cle@acme")
	template := theSample.rewriter.Rewrite("INSERT INTO lab.person (id, org_id, name) VALUES (11, 'acme', 'x')", values.Plan())
	require.NoError(t, template.Cause)
	sql := template.AppendSQL(nil, values)

	theSample.lock.Lock()
	defer theSample.lock.Unlock()
	tx, err := theSample.conn.Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
	for _, statement := range append([]string{"CREATE ROLE grantee"}, append(grants, "SET LOCAL ROLE grantee", string(sql))...) {
		_, err := tx.Exec(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	_, err = tx.Exec(t.Context(), "INSERT INTO lab.person (id, org_id, name, boss) VALUES (12, 'acme', 'x', 'y')")
	require.ErrorContains(t, err, "permission denied", "what nobody may set and no check looks at stays closed")
}
