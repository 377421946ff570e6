package tests

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/wire"
)

// newNeedsProxy is a copy of the sample with users who may listen, make temporary tables and take locks.
func newNeedsProxy(t *testing.T, database string) *proxy {
	t.Helper()
	newSample(t, database)
	pg.exec(t, database, "GRANT TEMPORARY ON DATABASE "+database+" TO wherewall_svc")
	options := sampleOptions(database)
	options.policy = append(options.policy, "testdata/needs/policy.yaml")
	return startProxy(t, options)
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func execute(t *testing.T, c *pgx.Conn, sql string, args ...any) {
	t.Helper()
	_, err := c.Exec(t.Context(), sql, args...)
	require.NoError(t, err, sql)
}

// hears waits for one notification, and returns it as channel=payload; empty where none comes for a while.
func hears(t *testing.T, c *pgx.Conn, wait time.Duration) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	n, err := c.WaitForNotification(ctx)
	if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return ""
	}
	require.NoError(t, err)
	return n.Channel + "=" + n.Payload
}

// TestTenantsHearTheirOwnChannelsOnly notifies in every way that there is, and listens in two tenants and directly.
func TestTenantsHearTheirOwnChannelsOnly(t *testing.T) {
	t.Parallel()
	p := newNeedsProxy(t, "channels")
	long := strings.Repeat("l", 60)
	nia, nat, gus := connect(t, p.dsn("nia")), connect(t, p.dsn("nat")), connect(t, p.dsn("gus"))
	direct := connect(t, pg.adminDSN("channels"))
	for _, c := range []*pgx.Conn{nia, gus, direct} {
		execute(t, c, `LISTEN news`)
		execute(t, c, `LISTEN "Mixed ""Case"""`)
		execute(t, c, `LISTEN `+long)
	}
	execute(t, nat, `LISTEN news`)
	for _, say := range []struct {
		sql  string
		args []any
		want string
	}{
		{`NOTIFY news`, nil, "news="},
		{`NOTIFY NEWS, 'it''s \ here'`, nil, `news=it's \ here`},
		{`NOTIFY "Mixed ""Case""", 'x'`, nil, `Mixed "Case"=x`},
		{`NOTIFY ` + long + `, 'far'`, nil, long + "=far"},
		{`SELECT pg_notify('news', 'a' || 'b')`, nil, "news=ab"},
		{`SELECT pg_catalog.pg_notify('` + long + `', $1)`, []any{"p"}, long + "=p"},
		{`SELECT pg_notify($1, $2)`, []any{"news", "by parameters"}, "news=by parameters"},
		{`SELECT pg_notify($1, $2)`, []any{long, "by parameters"}, long + "=by parameters"},
		{`SELECT pg_notify($1::text, 'x')`, []any{`Mixed "Case"`}, `Mixed "Case"=x`},
	} {
		execute(t, nat, say.sql, say.args...)
		require.Equal(t, say.want, hears(t, nia, patience), say.sql)
	}
	require.Empty(t, hears(t, gus, 300*time.Millisecond), "another tenant's session heard")
	require.Empty(t, hears(t, direct, 300*time.Millisecond), "the tenants' channels are not those of the database")

	execute(t, direct, `NOTIFY news, 'of the database'`)
	execute(t, direct, `SELECT pg_notify('ww:globex:news', 'of globex')`)
	require.Equal(t, "news=of globex", hears(t, gus, patience), "a trigger reaches a tenant by its channel")
	require.Empty(t, hears(t, nia, 300*time.Millisecond))

	execute(t, gus, `NOTIFY "ww:acme:news", 'forged'`)
	execute(t, gus, `SELECT pg_notify($1, 'forged')`, "ww:acme:news")
	require.Empty(t, hears(t, nia, 300*time.Millisecond), "a tenant names another's channel")
}

// TestNotificationsKeepToTransactions notifies in transactions, and hears in the midst of other statements.
func TestNotificationsKeepToTransactions(t *testing.T) {
	t.Parallel()
	p := newNeedsProxy(t, "channels_transactions")
	nia, nat := connect(t, p.dsn("nia")), connect(t, p.dsn("nat"))
	execute(t, nia, "LISTEN news")
	execute(t, nat, "BEGIN; NOTIFY news, 'lost'")
	execute(t, nat, "ROLLBACK")
	execute(t, nat, "BEGIN; NOTIFY news, 'kept'")
	require.Empty(t, hears(t, nia, 300*time.Millisecond))
	execute(t, nat, "COMMIT")
	require.Equal(t, "news=kept", hears(t, nia, patience))

	for i := range 50 {
		execute(t, nat, fmt.Sprintf("NOTIFY news, '%d'", i))
		var n int
		require.NoError(t, nia.QueryRow(t.Context(), "SELECT count(*) FROM generate_series(1, 1000)").Scan(&n))
	}
	for i := range 50 {
		require.Equal(t, fmt.Sprintf("news=%d", i), hears(t, nia, patience))
	}
	execute(t, nia, "UNLISTEN news")
	execute(t, nat, "NOTIFY news, 'unheard'")
	require.Empty(t, hears(t, nia, 300*time.Millisecond))
	execute(t, nia, "LISTEN news; LISTEN more; UNLISTEN *")
	execute(t, nat, "NOTIFY news, 'unheard'; NOTIFY more")
	require.Empty(t, hears(t, nia, 300*time.Millisecond))
}

// TestNotificationsSayWhatPostgreSQLSays compares command tags, errors and pg_listening_channels() with a direct session's.
func TestNotificationsSayWhatPostgreSQLSays(t *testing.T) {
	t.Parallel()
	p := newNeedsProxy(t, "channels_answers")
	c, direct := dial(t, p.dsn("nia")), dial(t, pg.adminDSN("channels_answers"))
	for _, sql := range []string{
		"LISTEN news", `LISTEN "Other"`, "SELECT * FROM pg_listening_channels() ORDER BY 1", "SELECT pg_listening_channels() ORDER BY 1",
		"SELECT count(*) FROM pg_listening_channels() c WHERE c = 'news'", "UNLISTEN news", "UNLISTEN never", "SELECT pg_listening_channels()",
		"SELECT pg_notify('', 'x')", "SELECT pg_notify('" + strings.Repeat("x", 64) + "', 'x')", "SELECT pg_notify('nobody', repeat('x', 8000))",
		"SELECT pg_notify('nobody', NULL)", "NOTIFY nobody, 'x'", "PREPARE n(text, text) AS SELECT pg_notify($1, $2)", "EXECUTE n('nobody', 'x')",
		"EXECUTE n('', 'x')", "EXECUTE n(NULL, 'x')", "LISTEN", "NOTIFY a.b", "BEGIN; LISTEN a; ROLLBACK; SELECT pg_listening_channels()", "DISCARD ALL",
		"SELECT pg_listening_channels()",
	} {
		want, got := direct.query(t, sql), c.query(t, sql)
		require.Equal(t, want.code(), got.code(), sql)
		require.Equal(t, want.tags, got.tags, sql)
		require.Equal(t, want.rows, got.rows, sql)
		if want.err == nil {
			require.Equal(t, want.fields, got.fields, sql)
		}
	}
	require.Empty(t, c.query(t, "LISTEN own").code())
	c.Send(&pgproto3.Query{String: "NOTIFY own, 'x'"})
	require.NoError(t, c.Flush())
	for {
		m, err := c.next()
		require.NoError(t, err)
		if n, ok := m.(*pgproto3.NotificationResponse); ok {
			require.Equal(t, c.pid, n.PID, "the client's own notifications name its own process")
			break
		}
	}
}

// TestNobodyListensWithoutPermission says it as users who may not, and as one without a tenant.
func TestNobodyListensWithoutPermission(t *testing.T) {
	t.Parallel()
	p := newNeedsProxy(t, "channels_denied")
	for _, login := range []string{"kim", "opal"} {
		c := dial(t, p.dsn(login))
		for _, sql := range []string{"LISTEN news", "NOTIFY news", "SELECT pg_notify('news', 'x')", "SELECT pg_listening_channels()", `LISTEN "ww:acme:news"`} {
			require.Equal(t, "42501", c.query(t, sql).code(), "%s: %s", login, sql)
		}
		require.Empty(t, c.query(t, "UNLISTEN news").code())
		require.Empty(t, c.query(t, "UNLISTEN *").code())
	}
}

// TestNoHiddenRowIsNotifiedOf sends what a condition over a filtered table looks at.
func TestNoHiddenRowIsNotifiedOf(t *testing.T) {
	t.Parallel()
	p := newNeedsProxy(t, "channels_rows")
	nia := connect(t, p.dsn("nia"))
	execute(t, nia, "LISTEN rows")
	visible := map[string]bool{}
	rows, err := nia.Query(t.Context(), "SELECT id::text FROM project")
	require.NoError(t, err)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, id := range ids {
		visible["rows="+id] = true
	}
	for _, sql := range []string{
		"SELECT count(*) FROM project WHERE pg_notify('rows', id::text) IS NOT NULL", "SELECT pg_notify('rows', id::text) FROM project",
		"SELECT count(*) FROM project p JOIN task t ON t.project_id = p.id AND pg_notify('rows', p.id::text)::text = ''",
	} {
		execute(t, nia, sql)
		heard := 0
		for n := hears(t, nia, time.Second); n != ""; n = hears(t, nia, 100*time.Millisecond) {
			require.True(t, visible[n], "%s told of %s", sql, n)
			heard++
		}
		require.Positive(t, heard, sql)
	}
}

// TestPsqlHearsNotifications listens with psql, which prints what it has heard after each statement, with the process that said it.
func TestPsqlHearsNotifications(t *testing.T) {
	t.Parallel()
	psql := findTool(t, "psql")
	p := newNeedsProxy(t, "channels_psql")
	script := filepath.Join(t.TempDir(), "listen.sql")
	lines := "LISTEN news;\nNOTIFY news, 'said here';\nSELECT pg_notify('news', 'as a function');\nSELECT pg_backend_pid() AS pid \\gset\n\\echo pid :pid\nUNLISTEN news;\nNOTIFY news, 'unheard';\nSELECT 1;\n"
	require.NoError(t, os.WriteFile(script, []byte(lines), 0o600))
	out := runPsql(t, psql, p.dsn("nia"), script)
	m := regexp.MustCompile(`(?m)^pid (\d+)$`).FindStringSubmatch(out)
	require.NotNil(t, m, out)
	for _, said := range []string{"said here", "as a function"} {
		require.Contains(t, out, `Asynchronous notification "news" with payload "`+said+`" received from server process with PID `+m[1]+`.`)
	}
	require.NotContains(t, out, `payload "unheard"`)
}

// TestNobodyHearsAfterTheRightIsWithdrawn changes the policy while a session listens and says nothing. What was said before is heard, and nothing after;
// and when the right is back, the session that has gone on listening hears again.
func TestNobodyHearsAfterTheRightIsWithdrawn(t *testing.T) {
	t.Parallel()
	const database = "channels_withdrawn"
	newSample(t, database)
	options := sampleOptions(database)
	text, err := os.ReadFile("testdata/needs/policy.yaml")
	require.NoError(t, err)
	mute := filepath.Join(t.TempDir(), "policy.yaml")
	require.NoError(t, os.WriteFile(mute, []byte(strings.ReplaceAll(string(text), "listen, ", "")), 0o600))
	listening, silent := options, options
	listening.policy = append(slices.Clone(options.policy), "testdata/needs/policy.yaml")
	silent.policy = append(slices.Clone(options.policy), mute)
	with, without := readWorld(t, listening), readWorld(t, silent)
	var world atomic.Pointer[wire.World]
	world.Store(with)
	listening.configure = func(c *wire.Config) { c.World = world.Load }
	p := startProxy(t, listening)
	nia, direct := connect(t, p.dsn("nia")), connect(t, pg.adminDSN(database))
	long := strings.Repeat("l", 60)
	execute(t, nia, "LISTEN news")
	execute(t, nia, "LISTEN "+long)
	say := func(text string) {
		execute(t, direct, "SELECT pg_notify('ww:acme:news', $1)", text)
	}
	say("before")
	require.Equal(t, "news=before", hears(t, nia, patience))

	world.Store(without)
	say("withdrawn")
	// The answer to a statement comes behind the notifications that came before it.
	var one int
	require.NoError(t, nia.QueryRow(t.Context(), "SELECT 1").Scan(&one))
	require.Empty(t, hears(t, nia, 300*time.Millisecond))
	_, err = nia.Exec(t.Context(), "LISTEN more")
	require.ErrorContains(t, err, "42501")
	_, err = nia.Exec(t.Context(), "SELECT pg_listening_channels()")
	require.ErrorContains(t, err, "42501")
	execute(t, nia, "UNLISTEN "+long)

	world.Store(nil)
	say("without a policy")
	require.Empty(t, hears(t, nia, 300*time.Millisecond))
	world.Store(with)
	say("again")
	require.Equal(t, "news=again", hears(t, nia, patience))
}
