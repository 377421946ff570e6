package tests

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgtemp"
)

// TestPsql runs psql's own scripts directly and through Wherewall as a user with full access: the output must be the same to
// the byte, carets of errors included.
func TestPsql(t *testing.T) {
	psql := findTool(t, "psql")
	db := newWireDatabase(t, "psql")
	scripts, err := filepath.Glob("testdata/psql/*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, script := range scripts {
		t.Run(filepath.Base(script), func(t *testing.T) {
			db.reset(t)
			direct := runPsql(t, psql, db.direct, script)
			db.reset(t)
			require.Equal(t, direct, runPsql(t, psql, db.through, script))
		})
	}
}

// findTool finds a program of PostgreSQL's, preferably the server's own.
func findTool(t *testing.T, name string) string {
	t.Helper()
	if bin, err := pgtemp.Find(t.Context(), os.Stderr); err == nil {
		if path := filepath.Join(bin, name); isFile(path) {
			return path
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s on this machine", name)
	}
	return path
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// runPsql gives everything that psql prints, errors among the results.
func runPsql(t *testing.T, psql, dsn, script string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, psql, "-X", "-q", "-e", "-d", dsn, "-f", script)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "PGAPPNAME=script", "PAGER=")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	require.NotEmpty(t, out.String())
	return out.String()
}

// TestPgx drives a session as applications do: prepared statements from a cache, typed values, batches, transactions.
func TestPgx(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "driver")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec,
		pgx.QueryExecModeSimpleProtocol,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			config, err := pgx.ParseConfig(p.dsn("kim"))
			require.NoError(t, err)
			config.DefaultQueryExecMode = mode
			conn, err := pgx.ConnectConfig(ctx, config)
			require.NoError(t, err)
			defer conn.Close(ctx)
			for range 3 { // the second time round, everything is prepared
				driveSession(t, ctx, conn)
			}
		})
	}
}

func driveSession(t *testing.T, ctx context.Context, conn *pgx.Conn) {
	t.Helper()
	var n int
	for id, want := range map[int]int{1: 1, 13: 0} {
		require.NoError(t, conn.QueryRow(ctx, "SELECT count(*) FROM project WHERE id = $1", id).Scan(&n))
		require.Equal(t, want, n)
	}
	var tags []string
	require.NoError(t, conn.QueryRow(ctx, "SELECT tags FROM project WHERE id = $1 AND name = $2", 1, "Website relaunch").Scan(&tags))
	require.Equal(t, []string{"web", "design"}, tags)

	tx, err := conn.Begin(ctx)
	require.NoError(t, err)
	var id int64
	require.NoError(t, tx.QueryRow(ctx, "INSERT INTO task (project_id, title, due_on) VALUES ($1, $2, $3) RETURNING id", 1, "driven", time.Now()).Scan(&id))
	require.Positive(t, id)
	nested, err := tx.Begin(ctx) // a savepoint
	require.NoError(t, err)
	_, err = nested.Exec(ctx, "INSERT INTO task (project_id, title) VALUES ($1, $2)", 13, "foreign")
	require.Equal(t, "42501", sqlState(err))
	require.NoError(t, nested.Rollback(ctx))
	tag, err := tx.Exec(ctx, "UPDATE task SET title = $1 WHERE assignee_id = $2", "driven", "kim")
	require.NoError(t, err)
	require.Positive(t, tag.RowsAffected())
	require.NoError(t, tx.Rollback(ctx))

	batch := &pgx.Batch{}
	batch.Queue("SELECT count(*) FROM org WHERE id = $1", "acme")
	batch.Queue("SELECT count(*) FROM org WHERE id = $1", "globex")
	batch.Queue("SELECT count(*) FROM app.audit_log")
	results := conn.SendBatch(ctx, batch)
	err = results.QueryRow().Scan(&n)
	if err == nil {
		require.Equal(t, 1, n)
		require.NoError(t, results.QueryRow().Scan(&n))
		require.Equal(t, 0, n)
		err = results.QueryRow().Scan(&n)
	}
	require.Equal(t, "42P01", sqlState(err))
	require.Equal(t, "42P01", sqlState(results.Close()))
}
