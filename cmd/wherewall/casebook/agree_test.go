package casebook

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
)

func TestACheckThatDisagreesWithPostgreSQLFailsTheCase(t *testing.T) {
	t.Parallel()
	policy, err := catalog.ReadPolicy("testdata/policy.yaml")
	require.NoError(t, err)
	files, err := Read("testdata/cases.yaml")
	require.NoError(t, err)
	r := &Runner{Policy: policy, Log: t.Output(), Now: time.Now}
	d, err := r.open(t.Context(), files[0])
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.close(t.Context())) })
	tx, err := d.conn.Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(t.Context())) }()

	c := &trial{database: d, test: files[0].Cases[0], coverage: newCoverage()}
	require.NoError(t, r.session(c))
	doc := d.snapshot.Entities["doc"]
	got, err := c.reached(t.Context(), doc, RowsClaim{Entity: "doc", Action: "read"})
	require.NoError(t, err)
	require.NoError(t, c.agree(t.Context(), doc, "read", got.rows))
	require.Empty(t, c.failures)

	require.NoError(t, c.agree(t.Context(), doc, "read", nil))
	require.Equal(t, []string{"the local check says allowed of doc 1\nPostgreSQL says denied"}, c.failures)
	two := "2"
	c.failures = nil
	require.NoError(t, c.agree(t.Context(), doc, "read", append(got.rows, []*string{&two})))
	require.Equal(t, []string{"the local check says denied of doc 2\nPostgreSQL says allowed"}, c.failures)
}
