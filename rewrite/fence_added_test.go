package rewrite_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// A relation that stands itself shows columns that it got since its schema was read, which a sub-select around it would not.
func TestAConditionOnAColumnThatWasAddedSinceWaitsForTheGuard(t *testing.T) {
	v := theSample.values(t, "kim@acme")
	theSample.lock.Lock()
	defer theSample.lock.Unlock()
	tx, err := theSample.conn.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `ALTER TABLE app.project ADD added text; UPDATE app.project SET added = CASE org_id WHEN 'acme' THEN '1' ELSE '(' END;
		SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off`)
	require.NoError(t, err)
	var own int
	require.NoError(t, tx.QueryRow(t.Context(), "SELECT count(*) FROM app.project WHERE org_id = 'acme'").Scan(&own))
	require.Positive(t, own)
	for _, sql := range []string{
		"SELECT count(*) FROM app.project WHERE '1' ~ added", // which costs PostgreSQL no more than the guard, and comes first
		"SELECT count(*) FROM app.project WHERE added::int > 0",
		"SELECT count(*) FROM app.project p WHERE p.added::int > 0",
		"SELECT count(*) FROM app.project WHERE id IN (SELECT project.id WHERE added::int > 0)",
		"SELECT count(DISTINCT p.id) FROM app.project p JOIN app.country c ON added::int > 0",
		// A column goes before what is called so, and an alias has its own names for what a query gives.
		"SELECT count(*) FROM (SELECT 1) added, app.project WHERE '1' ~ added",
		"SELECT count(*) FROM (SELECT 1 AS added) s(x), app.project WHERE '1' ~ added",
		"SELECT count(p.id) FROM (SELECT 1 AS added) s(x) LEFT JOIN app.project p ON '1' ~ added",
		"WITH added AS MATERIALIZED (SELECT 1) SELECT count(*) FROM added, app.project WHERE '1' ~ added",
		"WITH c(x) AS MATERIALIZED (SELECT 1 AS added) SELECT count(*) FROM c, app.project WHERE '1' ~ added",
		"SELECT max(n) FROM (SELECT id, count(*) OVER () AS n FROM app.project, (SELECT 1) added WHERE '1' ~ added GROUP BY id) x",
		"SELECT count(*) FROM app.project WHERE EXISTS (SELECT 1 FROM (SELECT 1) x WHERE '1' ~ added)",
		"SELECT count(*) FROM app.project, (SELECT 1) x WHERE (SELECT '1' ~ added FROM (SELECT 1 AS q) x)",
		"SELECT count(*) FROM app.project, app.org added WHERE '1' ~ added",
	} {
		template := theSample.rewriter.Rewrite(sql, v.Plan())
		require.Nil(t, template.Refused, "%s: %v", sql, template.Cause)
		var count int
		sent := string(template.AppendSQL(nil, v))
		require.NoError(t, tx.QueryRow(t.Context(), sent, pgx.QueryExecModeSimpleProtocol).Scan(&count), sent)
		require.Equal(t, own, count, sent)
	}
}
