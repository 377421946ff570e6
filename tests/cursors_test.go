package tests

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// TestPgxCursors drives prepared statements and cursors of SQL by every mode of a driver.
func TestPgxCursors(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "driver_cursors")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			config, err := pgx.ParseConfig(p.dsn("kim"))
			require.NoError(t, err)
			config.DefaultQueryExecMode = mode
			conn, err := pgx.ConnectConfig(ctx, config)
			require.NoError(t, err)
			defer conn.Close(ctx)
			for range 3 { // the second time round, everything is prepared
				driveCursor(t, ctx, conn)
				drivePrepared(t, ctx, conn)
			}
			tag, err := conn.Exec(ctx, "DISCARD ALL")
			require.NoError(t, err)
			require.Equal(t, "DISCARD ALL", tag.String())
		})
	}
}

func driveCursor(t *testing.T, ctx context.Context, conn *pgx.Conn) {
	t.Helper()
	tx, err := conn.Begin(ctx)
	require.NoError(t, err)
	_, err = tx.Exec(ctx, "DECLARE c SCROLL CURSOR FOR SELECT org_id FROM project ORDER BY id")
	require.NoError(t, err)
	var seen []string
	for {
		rows, err := tx.Query(ctx, "FETCH FORWARD 3 FROM c")
		require.NoError(t, err)
		some, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		if len(some) == 0 {
			break
		}
		seen = append(seen, some...)
	}
	require.NotEmpty(t, seen)
	for _, org := range seen {
		require.Equal(t, "acme", org)
	}
	_, err = tx.Exec(ctx, "CLOSE c")
	require.NoError(t, err)
	require.NoError(t, tx.Commit(ctx))
}

// drivePrepared prepares a write whose new rows are checked, and runs it both ways.
func drivePrepared(t *testing.T, ctx context.Context, conn *pgx.Conn) {
	t.Helper()
	tx, err := conn.Begin(ctx)
	require.NoError(t, err)
	_, err = tx.Exec(ctx, "PREPARE w(int) AS INSERT INTO task (project_id, title) VALUES ($1, 'driven') RETURNING title")
	require.NoError(t, err)
	var title string
	require.NoError(t, tx.QueryRow(ctx, "EXECUTE w(1)").Scan(&title))
	require.Equal(t, "driven", title)
	_, err = tx.Exec(ctx, "SAVEPOINT s")
	require.NoError(t, err)
	_, err = tx.Exec(ctx, "EXECUTE w(13)")
	require.Equal(t, "42501", sqlState(err))
	_, err = tx.Exec(ctx, "ROLLBACK TO s")
	require.NoError(t, err)
	_, err = tx.Exec(ctx, "DEALLOCATE w")
	require.NoError(t, err)
	require.NoError(t, tx.Rollback(ctx))
}

// TestPlansThroughTheProxyTellNoSecrets asks for plans as somebody who may.
func TestPlansThroughTheProxyTellNoSecrets(t *testing.T) {
	t.Parallel()
	kim := dial(t, newSampleProxy(t, "plans").dsn("kim"))
	require.Equal(t, "", kim.query(t, "PREPARE p(int) AS SELECT * FROM task WHERE id = $1").code())
	for _, sql := range []string{
		"EXPLAIN SELECT * FROM task t WHERE id = 1", "EXPLAIN UPDATE task SET title = 'x' WHERE assignee_id = 'kim'",
		"EXPLAIN INSERT INTO task (project_id, title) VALUES (1, 'x')", "EXPLAIN (COSTS OFF) DECLARE c CURSOR FOR SELECT * FROM task",
		"EXPLAIN EXECUTE p(1)",
	} {
		for _, protocol := range protocols {
			o, err := protocol.run(kim, sql)
			require.NoError(t, err)
			require.Equal(t, "", o.code(), sql)
			told := fmt.Sprint(o.rows)
			require.Contains(t, told, "task", sql)
			require.NotRegexp(t, `ww_|acme|org_id|Filter|Cond|cost=|rows=|project|pkey`, told, sql)
		}
	}
}
