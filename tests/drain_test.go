package tests

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// drained is a session that a shutdown finds in the middle of something: what it has said before, in the steps of a wire script, and what it
// and the server say after, up to the boundary where it ends.
type drained struct {
	name          string
	before, after string
	locked        bool // before ends with the session waiting for an item of its own, which it gets when the shutdown has begun
}

func drainedSessions() []drained {
	return []drained{
		{name: "an idle session ends at once"},
		{
			name: "a statement is answered in full", locked: true,
			before: "Query UPDATE item SET qty = qty WHERE id = 1; SELECT count(*) FROM generate_series(1, 20000) g",
			after:  "until CommandComplete(UPDATE 1) DataRow CommandComplete(SELECT 1) ReadyForQuery(I)",
		},
		{
			name: "all rows of a long result arrive", locked: true,
			before: "Query WITH u AS (UPDATE item SET qty = qty WHERE id = 2 RETURNING id) SELECT g, repeat('x', 1000) FROM u, generate_series(1, 20000) g",
			after:  "until CommandComplete(SELECT 20000) ReadyForQuery(I)",
		},
		{
			name:   "a transaction is ended by its client",
			before: "Query BEGIN; INSERT INTO part (label) VALUES ('drained')\nuntil ReadyForQuery(T)",
			after:  "Query UPDATE part SET label = 'still' WHERE label = 'drained'\nuntil CommandComplete(UPDATE 1) ReadyForQuery(T)\nQuery COMMIT\nuntil CommandComplete(COMMIT) ReadyForQuery(I)",
		},
		{
			name:   "a failed transaction, too",
			before: "Query BEGIN; SELECT 1/0\nuntil ErrorResponse(22012) ReadyForQuery(E)",
			after:  "Query SELECT 1\nuntil ErrorResponse(25P02) ReadyForQuery(E)\nQuery ROLLBACK\nuntil ReadyForQuery(I)",
		},
		{
			name:   "a transaction goes on over several batches",
			before: "Parse - () BEGIN\nBind - -\nExecute - 0\nSync\nuntil ReadyForQuery(T)",
			after:  "Parse - () SELECT name FROM item WHERE id = 1\nBind - -\nDescribe P -\nExecute - 0\nSync\nuntil DataRow CommandComplete ReadyForQuery(T)\nParse - () COMMIT\nBind - -\nExecute - 0\nSync\nuntil CommandComplete(COMMIT) ReadyForQuery(I)",
		},
		{
			name: "a pipeline is answered to its last Sync", locked: true,
			before: "Parse s () UPDATE item SET qty = qty WHERE id = 3\nBind - s\nExecute - 0\nSync\nBind - s\nExecute - 0\nSync\nParse - () SELECT 1/0\nBind - -\nExecute - 0\nSync\nBind - s\nExecute - 0\nSync",
			after:  "until CommandComplete(UPDATE 1) ReadyForQuery(I) CommandComplete(UPDATE 1) ReadyForQuery(I) ErrorResponse(22012) ReadyForQuery(I) CommandComplete(UPDATE 1) ReadyForQuery(I)",
		},
		{
			name:   "a batch without its Sync is an open one",
			before: "Parse - () INSERT INTO part (label) VALUES ('flushed')\nBind - -\nExecute - 0\nFlush\nuntil CommandComplete(INSERT 0 1)",
			after:  "Parse - () SELECT count(*) FROM part WHERE label = 'flushed'\nBind - -\nExecute - 0\nFlush\nuntil DataRow CommandComplete(SELECT 1)\nSync\nuntil ReadyForQuery(I)",
		},
		{
			name:   "a suspended portal is read to its end",
			before: "Parse - () SELECT id FROM item ORDER BY id\nBind p -\nExecute p 1\nFlush\nuntil DataRow PortalSuspended",
			after:  "Execute p 2\nFlush\nuntil DataRow DataRow PortalSuspended\nExecute p 0\nSync\nuntil DataRow CommandComplete ReadyForQuery(I)",
		},
		{
			name:   "a cursor is read to the end of its transaction",
			before: "Query BEGIN; DECLARE c CURSOR FOR SELECT id FROM item\nuntil ReadyForQuery(T)",
			after:  "Query FETCH 2 FROM c\nuntil CommandComplete(FETCH 2) ReadyForQuery(T)\nQuery COMMIT\nuntil ReadyForQuery(I)",
		},
		{
			name:   "a COPY from the client is taken in",
			before: "Query COPY part (label) FROM STDIN\nuntil CopyInResponse\nCopyData one\\n",
			after:  "CopyData two\\n\nCopyDone\nuntil CommandComplete(COPY 2) ReadyForQuery(I)",
		},
		{
			name: "a COPY to the client is sent", locked: true,
			before: "Query UPDATE item SET qty = qty WHERE id = 4; COPY (SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g) TO STDOUT",
			after:  "until CopyOutResponse CopyDone CommandComplete(COPY 20000) ReadyForQuery(I)",
		},
		{
			name:   "a batch that has failed waits for its Sync",
			before: "Parse - () SELECT 1/0\nBind - -\nExecute - 0\nFlush\nuntil ErrorResponse(22012)",
			after:  "Parse - () SELECT 1\nBind - -\nSync\nuntil ReadyForQuery(I)",
		},
	}
}

// TestDrain shuts a proxy down while its sessions are in the middle of everything that there is. Each gets to its boundary, all that it was
// promised, then one error, and the end.
func TestDrain(t *testing.T) {
	db := newWireDatabase(t, "drain")
	p := startProxy(t, wireOptions("drain"))
	db.reset(t)
	lock := holdRows(t, "drain")
	waiting := 0
	clients := map[string]*client{}
	for _, s := range drainedSessions() {
		c := dial(t, p.dsn("app"))
		steps(t, s.before).follow(t, c)
		require.NoError(t, c.Flush())
		clients[s.name] = c
		if s.locked {
			waiting++
		}
	}
	requireCount(t, "drain", "SELECT count(*) FROM pg_stat_activity WHERE datname = 'drain' AND wait_event_type = 'Lock'", waiting)
	down := make(chan error, 1)
	go func() {
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		down <- p.server.Shutdown(ctx)
	}()
	requireLastWords(t, clients[drainedSessions()[0].name]) // now the shutdown has begun
	lock()
	for _, s := range drainedSessions()[1:] {
		t.Run(s.name, func(t *testing.T) {
			steps(t, s.after).follow(t, clients[s.name])
			requireLastWords(t, clients[s.name])
		})
	}
	require.NoError(t, <-down)
	require.Equal(t, [][]string{{"1"}}, pg.rows(t, "drain", "SELECT count(*) FROM part WHERE label = 'still'"))
}

// TestDrainThatLosesPatience ends what does not end by itself: with one error, and nothing of it is kept.
func TestDrainThatLosesPatience(t *testing.T) {
	db := newWireDatabase(t, "drain_hard")
	p := startProxy(t, wireOptions("drain_hard"))
	db.reset(t)
	open := dial(t, p.dsn("app"))
	require.Equal(t, "", open.query(t, "BEGIN; INSERT INTO part (label) VALUES ('lost')").code())
	busy := dial(t, p.dsn("app"))
	busy.Send(&pgproto3.Query{String: endless})
	require.NoError(t, busy.Flush())
	requireCount(t, "drain_hard", "SELECT count(*) FROM pg_stat_activity WHERE datname = 'drain_hard' AND usename = 'svc' AND state = 'active'", 1)
	ctx, second := context.WithCancel(t.Context())
	down := make(chan error, 1)
	go func() { down <- p.server.Shutdown(ctx) }()
	idle, err := tryDial(p.dsn("app"))
	for err == nil { // until the shutdown has begun
		idle.close()
		idle, err = tryDial(p.dsn("app"))
	}
	second()
	requireLastWords(t, open)
	requireLastWords(t, busy)
	require.ErrorIs(t, <-down, context.Canceled)
	requireCount(t, "drain_hard", "SELECT count(*) FROM pg_stat_activity WHERE datname = 'drain_hard' AND usename = 'svc'", 0)
	require.Equal(t, [][]string{{"0"}}, pg.rows(t, "drain_hard", "SELECT count(*) FROM part WHERE label = 'lost'"))
}

// requireLastWords wants a FATAL error of an administrator's shutdown, and then the end, and nothing else.
func requireLastWords(t *testing.T, c *client) {
	t.Helper()
	var said []string
	for {
		m, err := c.next()
		if err != nil {
			break
		}
		word := messageName(m)
		if e, ok := m.(*pgproto3.ErrorResponse); ok {
			word = e.SeverityUnlocalized + " " + e.Code + " " + e.Message
		}
		said = append(said, word)
	}
	require.Equal(t, []string{"FATAL 57P01 terminating connection due to administrator command"}, said)
}

// follow plays the steps on a connection that there is. Their transcript can be long: of a failure, the end is told.
func (s *wireScript) follow(t *testing.T, c *client) {
	t.Helper()
	for _, step := range s.steps {
		if step.send != nil {
			c.Send(step.send)
			continue
		}
		var b strings.Builder
		require.NoError(t, c.await(step.until, scribe{}, &b), "line %d", step.line)
		if at := strings.LastIndex(b.String(), failedStep); at >= 0 {
			require.FailNow(t, b.String()[at:], "line %d", step.line)
		}
	}
}

func steps(t *testing.T, text string) *wireScript {
	t.Helper()
	s := &wireScript{}
	for n, line := range strings.Split(text, "\n") {
		if line == "" {
			continue
		}
		step, err := parseWireStep(line)
		require.NoError(t, err)
		step.line = n + 1
		s.steps = append(s.steps, step)
	}
	return s
}

// holdRowss locks the items, until the function that it returns is called.
func holdRows(t *testing.T, database string) (release func()) {
	t.Helper()
	admin := dial(t, pg.adminDSN(database))
	require.Equal(t, "", admin.query(t, "BEGIN; SELECT FROM item FOR UPDATE").code())
	return func() { require.Equal(t, "", admin.query(t, "COMMIT").code()) }
}

// requireCount waits until a query of the superuser counts so many.
func requireCount(t *testing.T, database, query string, n int) {
	t.Helper()
	admin := dial(t, pg.adminDSN(database))
	defer admin.close()
	require.Eventually(t, func() bool { return unquoted(admin.query(t, query).rows[0][0]) == strconv.Itoa(n) }, patience, 20*time.Millisecond, "%s", query)
}
