package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/console/audit"
	"github.com/wherewall/wherewall/internal/ledger"
	"github.com/wherewall/wherewall/rewrite"
	"github.com/wherewall/wherewall/wire"
)

// audited is a proxy before the sample, and the file that its trail goes to.
type audited struct {
	*proxy
	path   string
	trail  *audit.Trail
	finish func()
}

// record is a line of a trail.
type record map[string]any

func (r record) text(name string) string {
	text, _ := r[name].(string)
	return text
}

func newAudited(t *testing.T, database string, change func(*proxyOptions, *audit.Options)) *audited {
	t.Helper()
	newSample(t, database)
	a := &audited{path: filepath.Join(t.TempDir(), "audit.jsonl")}
	stamp := audit.NewStamp("tests")
	kept, err := ledger.Open(ledger.Options{Path: a.path, Stamp: stamp.Append})
	require.NoError(t, err)
	o := sampleOptions(database)
	of := audit.Options{Ledger: kept, Stamp: stamp, Sync: audit.SyncNever, Log: zerolog.Nop()}
	if change != nil {
		change(&o, &of)
	}
	a.trail = audit.NewTrail(of)
	world := wire.NewWorld(readWorld(t, o).Snapshot, rewrite.WithFingerprints())
	configure := o.configure
	o.configure = func(c *wire.Config) {
		c.Trail, c.TenantNames = a.trail, 10
		c.World = func() *wire.World { return world }
		if configure != nil {
			configure(c)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.trail.Run(ctx) })
	a.finish = sync.OnceFunc(func() {
		stop()
		running.Wait()
	})
	t.Cleanup(a.finish) // after the sessions, as the proxy's own cleanup comes first
	a.proxy = startProxy(t, o)
	return a
}

// records ends the proxy, holds the chain to its hashes, and returns the trail.
func (a *audited) records(t *testing.T) []record {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, a.server.Shutdown(ctx))
	a.finish()
	_, err := ledger.Check{}.Verify([]string{a.path})
	require.NoError(t, err)
	text, err := os.ReadFile(a.path)
	require.NoError(t, err)
	var all []record
	for line := range bytes.Lines(text) {
		var r record
		require.NoError(t, json.Unmarshal(line, &r))
		all = append(all, r)
	}
	return all
}

// only are the records of one kind.
func only(all []record, kind string) []record {
	var some []record
	for _, r := range all {
		if r.text("kind") == kind {
			some = append(some, r)
		}
	}
	return some
}

func TestEveryStatementHasOneAuditRecord(t *testing.T) {
	t.Parallel()
	a := newAudited(t, "audit_statements", nil)
	c := dial(t, a.dsn("kim")+"&application_name=report")
	secret := "hush4711"
	c.query(t, "SELECT id FROM app.task WHERE title <> '"+secret+"'")
	c.query(t, "SELECT 1; UPDATE app.task SET title = title WHERE assignee_id = 'kim'; SELECT code FROM app.country")
	c.query(t, "SELECT * FROM billing.invoice")
	c.query(t, "SELECT 1/0 FROM app.task; SELECT 2")
	c.query(t, "SELEC "+secret)
	c.query(t, "")
	c.query(t, "BEGIN")
	c.query(t, "COPY (SELECT id FROM app.task) TO STDOUT")
	c.query(t, "COMMIT")
	c.query(t, "PREPARE p AS SELECT id FROM app.task WHERE id = $1")
	c.query(t, "EXECUTE p(1)")
	c.close()

	conn, err := pgx.Connect(t.Context(), a.dsn("lee@acme"))
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "SELECT id FROM billing.invoice WHERE number <> $1", secret)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "SELECT id FROM app.task WHERE title <> $1", secret)
	require.Error(t, err)
	require.NoError(t, conn.Close(t.Context()))

	all := a.records(t)
	type summary struct{ user, decision, code, sqlstate, statement, tag, message string }
	var got []summary
	for _, r := range only(all, "statement") {
		got = append(got, summary{r.text("user"), r.text("decision"), r.text("code"), r.text("sqlstate"), r.text("statement"), r.text("tag"), r.text("message")})
	}
	require.Equal(t, []summary{
		{"kim", "filter", "", "", "SELECT", "SELECT", "query"},
		{"kim", "allow", "", "", "SELECT", "SELECT", "query"},
		{"kim", "filter", "", "", "UPDATE", "UPDATE", "query"},
		{"kim", "allow", "", "", "SELECT", "SELECT", "query"},
		{"kim", "deny", "table_denied", "42P01", "", "", "query"},
		{"kim", "error", "", "22012", "SELECT", "", "query"},
		{"kim", "deny", "unparsable", "42601", "", "", "query"},
		{"kim", "allow", "", "", "TRANSACTION", "BEGIN", "query"},
		{"kim", "filter", "", "", "COPY TO", "COPY", "query"},
		{"kim", "allow", "", "", "TRANSACTION", "COMMIT", "query"},
		{"kim", "filter", "", "", "PREPARE", "PREPARE", "query"},
		{"kim", "filter", "", "", "EXECUTE", "SELECT", "query"},
		{"lee", "filter", "", "", "SELECT", "SELECT", "execute"},
		{"lee", "deny", "table_denied", "42P01", "", "", "parse"},
	}, got)

	first := only(all, "statement")[0]
	require.Equal(t, "acme", first.text("tenant"))
	require.Equal(t, "membership", first.text("tenant_source"))
	require.Equal(t, "report", first.text("app"))
	require.Equal(t, []any{"everyone", "member"}, first["roles"])
	require.Equal(t, []any{map[string]any{
		"table": "app.task", "entity": "task", "action": "read", "kind": "restricted", "permissions": []any{"view_work"},
	}}, first["tables"])
	require.Len(t, first.text("fingerprint"), 16)
	require.Len(t, first.text("sent"), 64)
	require.Positive(t, first["rows"])
	require.Positive(t, first["bytes"])
	require.Equal(t, "trust", first.text("auth"))
	require.Equal(t, "wherewall_svc", first.text("db_user"))

	require.Len(t, only(all, "login"), 2)
	require.Len(t, only(all, "session_end"), 2)
	text, err := os.ReadFile(a.path)
	require.NoError(t, err)
	require.NotContains(t, string(text), secret, "literals and parameters are data")
}

func TestAPortalFetchedInPartsHasOneAuditRecord(t *testing.T) {
	t.Parallel()
	a := newAudited(t, "audit_portals", nil)
	var direct int64
	admin, err := pgx.Connect(t.Context(), pg.dsn("wherewall_svc", servicePassword, "audit_portals"))
	require.NoError(t, err)
	require.NoError(t, admin.QueryRow(t.Context(), "SELECT count(*) FROM app.country").Scan(&direct))
	require.NoError(t, admin.Close(t.Context()))

	c := dial(t, a.dsn("kim"))
	send := func(messages ...pgproto3.FrontendMessage) {
		for _, m := range messages {
			c.Send(m)
		}
		_, err := c.outcome()
		require.NoError(t, err)
	}
	send(
		&pgproto3.Parse{Name: "s", Query: "SELECT code FROM app.country"},
		&pgproto3.Bind{DestinationPortal: "whole", PreparedStatement: "s"},
		&pgproto3.Execute{Portal: "whole", MaxRows: 2}, &pgproto3.Execute{Portal: "whole", MaxRows: 1}, &pgproto3.Execute{Portal: "whole"},
		&pgproto3.Bind{DestinationPortal: "part", PreparedStatement: "s"},
		&pgproto3.Execute{Portal: "part", MaxRows: 2}, &pgproto3.Execute{Portal: "part", MaxRows: 1},
		&pgproto3.Close{ObjectType: 'P', Name: "part"},
		&pgproto3.Bind{DestinationPortal: "", PreparedStatement: "s"}, &pgproto3.Execute{MaxRows: 1},
		&pgproto3.Sync{},
	)
	// What the server skips after an error is not recorded, and has no room reserved any more.
	send(
		&pgproto3.Bind{DestinationPortal: "x", PreparedStatement: "no such statement"},
		&pgproto3.Execute{Portal: "x"}, &pgproto3.Execute{Portal: "y"}, &pgproto3.Sync{},
	)
	c.close()
	all := only(a.records(t), "statement")
	require.Len(t, all, 4)
	require.InDelta(t, direct, all[0]["rows"], 0)
	require.Equal(t, "", all[0].text("end"))
	require.InDelta(t, 3, all[1]["rows"], 0)
	require.Equal(t, "suspended", all[1].text("end"))
	require.InDelta(t, 1, all[2]["rows"], 0)
	require.Equal(t, "suspended", all[2].text("end"))
	require.Equal(t, "bind", all[3].text("message"))
	require.Equal(t, "26000", all[3].text("sqlstate"))
	require.Zero(t, a.trail.Stats().Queue)
}

func TestAStatementThatTheSessionsEndCutsShortIsRecorded(t *testing.T) {
	t.Parallel()
	a := newAudited(t, "audit_aborted", func(o *proxyOptions, _ *audit.Options) {
		o.configure = func(c *wire.Config) { c.LoginDelay = -1 }
	})
	c := dial(t, a.dsn("kim"))
	c.Send(&pgproto3.Query{String: "SELECT count(*) FROM app.task a, app.task b, app.task c, app.task d, app.task e, app.task f, app.task g, app.task h"})
	require.NoError(t, c.Flush())
	require.Eventually(t, func() bool { return a.server.Stats().Sessions[wire.StateActive] == 1 }, patience, 5*time.Millisecond)
	require.NoError(t, c.conn.Close())
	require.Eventually(t, func() bool { return a.server.Sessions() == 0 }, patience, 5*time.Millisecond)
	all := only(a.records(t), "statement")
	require.Len(t, all, 1)
	require.Equal(t, "error", all[0].text("decision"))
	require.Contains(t, []string{"aborted", ""}, all[0].text("end"))
	require.Equal(t, "SELECT", all[0].text("statement"))
}

func TestLoginsThatFailAreRecorded(t *testing.T) {
	t.Parallel()
	a := newAudited(t, "audit_logins", func(o *proxyOptions, _ *audit.Options) {
		o.asked = true
		o.configure = func(c *wire.Config) { c.LoginDelay = -1 }
	})
	for _, login := range []string{"nobody", "kim@globex"} {
		_, err := tryDial(a.dsn(login))
		require.Error(t, err)
	}
	dial(t, a.dsn("kim")).close()
	all := a.records(t)
	failed := only(all, "login_failed")
	require.Len(t, failed, 2)
	require.Equal(t, "nobody", failed[0].text("login"))
	require.Equal(t, "28P01", failed[0].text("sqlstate"))
	require.Equal(t, "kim@globex", failed[1].text("login"))
	require.Empty(t, failed[0].text("user"))
	require.Len(t, only(all, "login"), 1)
	require.Equal(t, "scram", only(all, "login")[0].text("auth"))
}

func TestUseInAllTenantsIsRecordedAsSuch(t *testing.T) {
	t.Parallel()
	a := newAudited(t, "audit_all", nil)
	c := dial(t, a.dsn("sam"))
	c.query(t, "SELECT id FROM app.task")
	c.close()
	all := only(a.records(t), "statement")
	require.Len(t, all, 1)
	require.Equal(t, "all_scope", all[0].text("code"))
	require.Equal(t, "allow", all[0].text("decision"))
}

func TestStatementsAreRefusedThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	a := newAudited(t, "audit_required", func(_ *proxyOptions, o *audit.Options) {
		o.Queue, o.Patience = 16, 20*time.Millisecond // one record a lane
	})
	c := dial(t, a.dsn("kim"))
	require.Eventually(t, func() bool { return a.trail.Stats().Queue == 0 }, patience, time.Millisecond) // the login is written
	held := a.trail.Enter(1)                                                                             // the lane of the first connection
	require.NotNil(t, held)
	o := c.query(t, "INSERT INTO app.comment (id, task_id, author_id, body) VALUES (990, 1, 'kim', 'x')")
	require.Equal(t, "58030", o.code())
	require.Equal(t, byte('I'), c.status)
	a.trail.Drop(held)
	c.query(t, "SELECT 1")
	c.close()
	all := only(a.records(t), "statement")
	require.Len(t, all, 2, "the refusal is recorded when there is room")
}
