package tests

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// TestManyRowsAreLoadedWithBoundedMemory loads a million rows, straight into a table and through a table of the proxy's own.
func TestManyRowsAreLoadedWithBoundedMemory(t *testing.T) {
	const rows = 1_000_000
	p := newSampleProxy(t, "load_volume")
	pg.exec(t, "load_volume", "DROP INDEX app.task_assignee_id_idx; DROP INDEX app.task_project_id_idx; ALTER TABLE app.task DROP CONSTRAINT task_project_id_fkey; ALTER TABLE app.project DROP CONSTRAINT project_org_id_fkey")
	for _, l := range []struct{ sql, row string }{
		{"COPY app.project (org_id, owner_id, name) FROM STDIN", "initech\tpat\tnumber %d\n"},
		{"COPY app.task (project_id, title) FROM STDIN", "21\tnumber %d\n"},
	} {
		c := dial(t, p.dsn("pat"))
		before, peak := memoryInUse(), uint64(0)
		c.Send(&pgproto3.Query{String: l.sql})
		require.NoError(t, c.Flush())
		for {
			m, err := c.next()
			require.NoError(t, err)
			if _, ok := m.(*pgproto3.CopyInResponse); ok {
				break
			}
		}
		var piece []byte
		for i := range rows {
			piece = fmt.Appendf(piece, l.row, i)
			if len(piece) > 64<<10 {
				c.Send(&pgproto3.CopyData{Data: piece})
				require.NoError(t, c.Flush())
				piece = piece[:0]
			}
			if i%100_000 == 0 {
				peak = max(peak, memoryInUse())
			}
		}
		c.Send(&pgproto3.CopyData{Data: piece})
		c.Send(&pgproto3.CopyDone{})
		o, err := c.outcome()
		require.NoError(t, err)
		require.Nil(t, o.err, "%v", o.err)
		require.Equal(t, []string{fmt.Sprintf("COPY %d", rows)}, o.tags)
		require.Less(t, int64(peak)-int64(before), int64(16<<20))
	}
}

// TestAClientThatVanishesWhileItLoadsLeavesNothing closes connections in the middle of a COPY, in four ways.
func TestAClientThatVanishesWhileItLoadsLeavesNothing(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "load_vanish")
	for _, l := range []struct{ sql, row string }{
		{"COPY app.project (org_id, owner_id, name) FROM STDIN", "initech\tpat\tgone\n"},
		{"COPY app.task (project_id, title) FROM STDIN", "21\tgone\n"},
	} {
		for how, leave := range map[string]func(*client){
			"close": func(c *client) { _ = c.conn.Close() },
			"reset": func(c *client) { _ = c.conn.(*net.TCPConn).SetLinger(0); _ = c.conn.Close() },
			"terminate": func(c *client) {
				c.Send(&pgproto3.Terminate{})
				_ = c.Flush()
				_ = c.conn.Close()
			},
			"half a message": func(c *client) {
				_, _ = c.conn.Write([]byte{'d', 0, 0, 1, 0, 'x'})
				_ = c.conn.Close()
			},
			"another message": func(c *client) {
				c.Send(&pgproto3.Query{String: "COMMIT"})
				_ = c.Flush()
				for {
					if _, err := c.next(); err != nil {
						return
					}
				}
			},
		} {
			c := dial(t, p.dsn("pat"))
			c.Send(&pgproto3.Query{String: l.sql})
			c.Send(&pgproto3.CopyData{Data: []byte(strings.Repeat(l.row, 1000))})
			require.NoError(t, c.Flush())
			_, err := c.next()
			require.NoError(t, err)
			leave(c)
			awaitSessions(t, "load_vanish", 0)
			left := pg.rows(t, "load_vanish", "SELECT (SELECT count(*) FROM app.project WHERE name = 'gone') + (SELECT count(*) FROM app.task WHERE title = 'gone')")
			require.Equal(t, "0", left[0][0], how)
		}
	}
}

// TestALoadIsCancelled cancels a COPY that waits for rows: as with PostgreSQL itself, it ends when the next ones come.
func TestALoadIsCancelled(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "load_cancel")
	for sql, row := range map[string]string{
		"COPY app.project (org_id, owner_id, name) FROM STDIN": "initech\tpat\tone\n", "COPY app.task (project_id, title) FROM STDIN": "21\tone\n",
	} {
		c := dial(t, p.dsn("pat"))
		c.Send(&pgproto3.Query{String: sql})
		require.NoError(t, c.Flush())
		_, err := c.next()
		require.NoError(t, err)
		other, err := net.Dial("tcp", c.conn.RemoteAddr().String())
		require.NoError(t, err)
		request, err := (&pgproto3.CancelRequest{ProcessID: c.pid, SecretKey: c.key}).Encode(nil)
		require.NoError(t, err)
		_, err = other.Write(request)
		require.NoError(t, err)
		_, err = other.Read(make([]byte, 1))
		require.Error(t, err, "it is closed when it has been passed on")
		require.NoError(t, other.Close())
		time.Sleep(300 * time.Millisecond)
		c.Send(&pgproto3.CopyData{Data: []byte(row)})
		c.Send(&pgproto3.CopyData{Data: []byte(row)})
		o, err := c.outcome()
		require.NoError(t, err)
		require.Equal(t, "57014", o.code())
		require.Equal(t, byte('I'), o.status)
		require.Empty(t, c.query(t, "SELECT 1").code())
	}
}

// TestDriversLoadRows uses pgx's CopyFrom, which is binary and asks for the columns first.
func TestDriversLoadRows(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "load_pgx")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	conn, err := pgx.Connect(ctx, p.dsn("pat"))
	require.NoError(t, err)
	defer conn.Close(ctx)
	rows := [][]any{{int64(21), "one", []string{"a"}, int16(1)}, {int64(22), "two", []string{}, int16(2)}}
	columns := []string{"project_id", "title", "labels", "priority"}
	n, err := conn.CopyFrom(ctx, pgx.Identifier{"app", "task"}, columns, pgx.CopyFromRows(rows))
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	rows[1][0] = int64(1)
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"app", "task"}, columns, pgx.CopyFromRows(rows))
	require.ErrorContains(t, err, `new row violates row-level security policy for table "task"`)
	var count int
	require.NoError(t, conn.QueryRow(ctx, "SELECT count(*) FROM task WHERE title IN ('one', 'two')").Scan(&count))
	require.Equal(t, 2, count)
}

// TestAStagedLoadNeedsTemporaryTables takes TEMPORARY from the service login. What needs no table of the proxy's own goes on.
func TestAStagedLoadNeedsTemporaryTables(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "load_rights")
	pg.exec(t, "load_rights", "REVOKE TEMPORARY ON DATABASE load_rights FROM PUBLIC")
	c := dial(t, p.dsn("pat"))
	require.Empty(t, c.load(t, "COPY app.project (org_id, owner_id, name) FROM STDIN", "initech\tpat\tone\n").code())
	o := c.load(t, "COPY app.task (project_id, title) FROM STDIN", "21\tone\n")
	require.Equal(t, "42501", o.code())
	require.Contains(t, o.err.Message, `"task"`)
	require.Contains(t, o.err.Hint, "GRANT TEMPORARY")
	require.Equal(t, byte('I'), o.status)
}

// TestNothingStaysOfAStagedLoad looks at the session's temporary schema between loads, after failures and inside transactions.
func TestNothingStaysOfAStagedLoad(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "load_traces")
	c := dial(t, p.dsn("pat"))
	for _, load := range []func(testing.TB, string, string) *outcome{c.load, c.loadExtended, c.load, c.loadExtended} {
		for _, sql := range []string{"", "BEGIN", "COMMIT", "BEGIN", "SAVEPOINT s", "!", "ROLLBACK TO s", "ROLLBACK", "!"} {
			bad := sql == "!"
			if sql != "" && !bad {
				require.Empty(t, c.query(t, sql).code(), sql)
			}
			rows := "21\tone\n"
			if bad {
				rows = "1\tone\n"
			}
			require.Equal(t, bad, load(t, "COPY task (project_id, title) FROM STDIN", rows).err != nil)
		}
	}
	require.Equal(t, "0", pg.rows(t, "load_traces", "SELECT count(*) FROM pg_class WHERE relname LIKE 'ww%'")[0][0])
}

// TestAStagedLoadKeepsToItsBatch prepares a COPY that takes four statements under a name, and runs it among others in one batch.
func TestAStagedLoadKeepsToItsBatch(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "load_batch")
	c := dial(t, p.dsn("pat"))
	c.Send(&pgproto3.Parse{Name: "load", Query: "COPY task (project_id, title) FROM STDIN"})
	c.Send(&pgproto3.Parse{Query: "SELECT count(*) FROM task WHERE title LIKE 'batch %'"})
	run := func(row string) {
		c.Send(&pgproto3.Bind{DestinationPortal: "p", PreparedStatement: "load"})
		c.Send(&pgproto3.Execute{Portal: "p"})
		c.Send(&pgproto3.Flush{})
		c.Send(&pgproto3.CopyData{Data: []byte(row)})
		c.Send(&pgproto3.CopyDone{})
		c.Send(&pgproto3.Close{ObjectType: 'P', Name: "p"})
		c.Send(&pgproto3.Bind{})
		c.Send(&pgproto3.Execute{})
	}
	said := func(status string) string {
		t.Helper()
		c.Send(&pgproto3.Sync{})
		var b strings.Builder
		require.NoError(t, c.await([]expectation{{"ReadyForQuery", status}}, scribe{}, &b))
		return b.String()
	}
	once := "BindComplete\nCopyInResponse 0 [0 0]\nCommandComplete COPY 1\nCloseComplete\nBindComplete\nDataRow %q\nCommandComplete SELECT 1\n"
	run("21\tbatch 1\n")
	run("22\tbatch 2\n")
	require.Equal(t, "ParseComplete\nParseComplete\n"+fmt.Sprintf(once, "1")+fmt.Sprintf(once, "2")+"ReadyForQuery I\n", said("I"))

	run("21\tbatch 3\n")
	run("1\tbatch 4\n") // of another tenant
	run("21\tbatch 5\n")
	failed := said("I")
	require.True(t, strings.HasPrefix(failed, fmt.Sprintf(once, "3")+"BindComplete\nCopyInResponse 0 [0 0]\nErrorResponse ERROR/ERROR 42501 "), failed)
	require.Contains(t, failed, `where="COPY task, line 1"`)
	require.NotContains(t, failed[strings.Index(failed, "ErrorResponse"):], "CommandComplete")

	run("21\tbatch 6\n")
	require.Equal(t, fmt.Sprintf(once, "3")+"ReadyForQuery I\n", said("I"), "the failed batch has left nothing")

	o := c.query(t, "EXECUTE load")
	require.Equal(t, "0A000", o.code(), "the rows would go nowhere")
	require.Equal(t, "3", pg.rows(t, "load_batch", "SELECT count(*) FROM app.task WHERE title LIKE 'batch %'")[0][0])
	require.Equal(t, "0", pg.rows(t, "load_batch", "SELECT count(*) FROM pg_class WHERE relname LIKE 'ww%'")[0][0])
}
