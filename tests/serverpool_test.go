package tests

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/wire"
)

// poolPolicy has two tenants whose users may do all that a filtered session can do, and functions by which they look at the whole of it.
const poolPolicy = `wherewall: 1
entities:
  note: {table: public.note, key: id, tenant: org}
functions: {public.spy: {}, public.havoc: {}}
permissions:
  notes: [note.read, note.create, note.update, note.delete]
roles:
  member: {can: [notes], allow: [advisory_locks, listen%s]}
tenants: {acme: {}, globex: {}}
users:
  hub: {tenants: {globex: [member]}, may_impersonate: name}
  lee: {tenants: {acme: [member]}}
  kim: {tenants: {globex: [member]}}
`

// poolTables are their tables and functions: spy() tells all that a session has of its own, havoc() leaves behind what SQL alone could not.
const poolTables = `
CREATE TABLE note (id serial PRIMARY KEY, org text NOT NULL, body text);
INSERT INTO note (org, body) SELECT (ARRAY['acme', 'globex'])[1 + n % 2], 'note ' || n FROM generate_series(1, 10) n;
GRANT ALL ON note TO svc; GRANT USAGE ON SEQUENCE note_id_seq TO svc;
CREATE FUNCTION spy() RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN
	RETURN QUERY SELECT concat_ws(' ', name, setting, reset_val, source, sourcefile) FROM pg_settings WHERE name !~ '^plpgsql' ORDER BY name;
	RETURN QUERY SELECT 'prepared ' || name FROM pg_prepared_statements WHERE name !~ '^ww';
	RETURN QUERY SELECT 'cursor ' || name FROM pg_cursors WHERE name <> '' AND name !~ '^<unnamed';
	RETURN QUERY SELECT 'channel ' || c FROM pg_listening_channels() c;
	RETURN QUERY SELECT 'lock ' || objid FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory';
	RETURN QUERY SELECT 'temporary ' || relname FROM pg_class WHERE relnamespace = pg_my_temp_schema();
	RETURN NEXT concat_ws(' ', current_user, session_user, current_setting('role'), current_schemas(true), pg_my_temp_schema());
	BEGIN RETURN NEXT 'last number ' || lastval(); EXCEPTION WHEN OTHERS THEN RETURN NEXT 'no last number ' || SQLSTATE; END;
	BEGIN RETURN NEXT 'number ' || currval('note_id_seq'); EXCEPTION WHEN OTHERS THEN RETURN NEXT 'no number ' || SQLSTATE; END;
END $$;
CREATE FUNCTION havoc() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
	SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;
	SET work_mem = '128kB'; SET enable_seqscan = off; SET extra_float_digits = 0; SET statement_timeout = '17s'; SET search_path = pg_catalog;
	PERFORM pg_advisory_lock(4711), pg_advisory_lock_shared(4712), setseed(0.5), nextval('public.note_id_seq');
	EXECUTE 'LISTEN havoc'; EXECUTE 'PREPARE havoc AS SELECT 1'; EXECUTE 'DECLARE havoc CURSOR WITH HOLD FOR SELECT 1';
	RETURN 'done';
END $$`

// poolSite is a database with two tenants, and a proxy before it that keeps server connections.
type poolSite struct {
	*changing
	database string
}

func newPoolSite(t *testing.T, database string, pool wire.ServerPool, allow string) *poolSite {
	t.Helper()
	pg.createDatabase(t, database, "template0")
	pg.exec(t, database, poolTables)
	p := startChanging(t, database, "", fmt.Sprintf(poolPolicy, allow), func(c *wire.Config) { c.ServerPool = pool })
	return &poolSite{p, database}
}

// keeping is a pool for as many as a test needs.
func keeping() wire.ServerPool { return wire.ServerPool{Size: 10} }

// servers are the processes that the server has for the service login, by its own word.
func (s *poolSite) servers(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, row := range pg.rows(t, s.database, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = '"+serviceRole+"' ORDER BY backend_start") {
		all = append(all, row[0])
	}
	return all
}

// settled waits until so many connections wait for a session, after a session has ended.
func (s *poolSite) settled(t *testing.T, parked uint64) {
	t.Helper()
	require.Eventually(t, func() bool { return s.server.Sessions() == 0 && s.server.PoolCounts().Parked == parked }, patience, time.Millisecond)
}

// gone waits until the server has no process for the service login any more.
func (s *poolSite) gone(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return len(s.servers(t)) == 0 }, patience, 5*time.Millisecond)
}

func TestAServerConnectionServesTheNextSession(t *testing.T) {
	t.Parallel()
	s := newPoolSite(t, "pool_serves", keeping(), "")
	kim := dial(t, s.dsn("kim"))
	require.Len(t, kim.query(t, "SELECT id FROM note").rows, 5)
	first := s.servers(t)
	require.Len(t, first, 1)
	kim.close()
	s.settled(t, 1)
	lee := dial(t, s.dsn("lee"))
	require.Equal(t, first, s.servers(t), "the same process of the server, for another tenant")
	require.Equal(t, [][]string{{`"acme"`}}, lee.query(t, "SELECT DISTINCT org FROM note").rows)
	require.NotEqual(t, kim.pid, lee.pid)
	second := dial(t, s.dsn("kim"))
	require.Len(t, s.servers(t), 2, "a session has its connection for itself")
	second.close()
	lee.close()
	s.settled(t, 3)
	require.Equal(t, wire.PoolCounts{Idle: 2, Opened: 2, Reused: 1, Parked: 3}, s.server.PoolCounts())
}

// TestNothingOfASessionIsFoundByTheNext lets one tenant do all that it can in a session, and holds what another one finds on the same connection of the server
// against what it finds on a new one.
func TestNothingOfASessionIsFoundByTheNext(t *testing.T) {
	t.Parallel()
	s := newPoolSite(t, "pool_nothing", keeping(), "")
	fresh := newPoolObserver(t, "pool_nothing")
	for name, deeds := range map[string][]string{
		"nothing at all":      {},
		"code of the server":  {"SELECT havoc()"},
		"settings":            {"SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'; SET extra_float_digits = -5; SET application_name = 'globex'", "SET bytea_output = escape; SET client_min_messages = error; SET intervalstyle = iso_8601", "SET search_path = ''", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY, ISOLATION LEVEL SERIALIZABLE"},
		"settings in a batch": {"SELECT set_config('timezone', 'Asia/Tokyo', false), set_config('statement_timeout', '17s', false)"},
		"statements":          {"PREPARE kept AS SELECT body FROM note", "EXECUTE kept", "PREPARE other AS DELETE FROM note WHERE id < 0"},
		"cursors":             {"DECLARE held CURSOR WITH HOLD FOR SELECT body FROM note", "FETCH 1 FROM held"},
		"locks and channels":  {"SELECT pg_advisory_lock(42), pg_try_advisory_lock_shared(43)", "LISTEN news", "NOTIFY news, 'x'"},
		"numbers":             {"INSERT INTO note (org, body) VALUES ('globex', 'x')", "SELECT currval('note_id_seq')", "DELETE FROM note WHERE body = 'x'"},
		"failed transactions": {"BEGIN; SET LOCAL timezone = 'UTC'; SELECT 1/0", "ROLLBACK", "SELECT nothing FROM note", "BEGIN; SAVEPOINT s; SET datestyle = 'SQL'; ROLLBACK TO s; COMMIT"},
		"two-phase words":     {"BEGIN; DECLARE c CURSOR FOR SELECT 1; FETCH c; COMMIT AND CHAIN; COMMIT"},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.server.PoolCounts()
			kim := dial(t, s.dsn("kim"))
			for _, deed := range deeds {
				kim.query(t, deed)
			}
			kim.Send(&pgproto3.Parse{Name: "s", Query: "SELECT body FROM note WHERE id = $1"})
			kim.Send(&pgproto3.Bind{PreparedStatement: "s", DestinationPortal: "p", Parameters: [][]byte{[]byte("1")}})
			kim.Send(&pgproto3.Execute{Portal: "p"})
			kim.Send(&pgproto3.Sync{})
			_, err := kim.outcome()
			require.NoError(t, err)
			processes := s.servers(t)
			kim.close()
			s.settled(t, before.Parked+1)
			lee := dial(t, s.dsn("lee"))
			require.Equal(t, processes, s.servers(t), "the same process")
			require.Equal(t, fresh.look(t), observe(t, lee))
			lee.close()
			s.settled(t, before.Parked+2)
			require.Equal(t, before.Opened+boolToCount(before.Parked == 0), s.server.PoolCounts().Opened)
		})
	}
}

func boolToCount(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// poolObserver is a proxy that keeps no connections, before the same database.
type poolObserver struct{ *changing }

func newPoolObserver(t *testing.T, database string) poolObserver {
	t.Helper()
	return poolObserver{startChanging(t, database, "", fmt.Sprintf(poolPolicy, ""))}
}

func (o poolObserver) look(t *testing.T) []string {
	t.Helper()
	c := dial(t, o.dsn("lee"))
	defer c.close()
	return observe(t, c)
}

// observe is what a session can find out of itself: what it was told when it began, and answers to questions, errors included.
func observe(t *testing.T, c *client) []string {
	t.Helper()
	told := []string{string(c.status)}
	for _, name := range []string{"application_name", "client_encoding", "DateStyle", "default_transaction_read_only", "in_hot_standby", "IntervalStyle", "search_path", "TimeZone"} {
		told = append(told, name+"="+c.settings[name])
	}
	for _, sql := range []string{
		"SELECT spy()", "SHOW timezone", "SHOW search_path", "SHOW default_transaction_isolation", "SHOW transaction_read_only", "SHOW statement_timeout",
		"EXECUTE kept", "EXECUTE havoc", "FETCH held", "FETCH havoc", "DEALLOCATE s", "DEALLOCATE other", "CLOSE p",
		"SELECT pg_advisory_unlock(42)", "SELECT currval('note_id_seq')", "SELECT lastval()", "SELECT current_schemas(true)", "SELECT body FROM note ORDER BY id",
		"SELECT * FROM pg_prepared_statements", "SELECT name FROM pg_cursors", "SELECT name, setting, reset_val FROM pg_settings ORDER BY name",
		"SELECT relname FROM pg_class ORDER BY oid", "SELECT nspname FROM pg_namespace ORDER BY oid", "COMMIT",
	} {
		o := c.query(t, sql)
		told = append(told, fmt.Sprintf("%s: %s %v %v %v %c", sql, o.code(), o.rows, o.tags, o.notices, o.status))
	}
	return told
}

func TestRandomNumbersOfTheNextSessionCannotBeForetold(t *testing.T) {
	t.Parallel()
	s := newPoolSite(t, "pool_random", keeping(), "")
	draws := func(login string) string {
		c := dial(t, s.dsn(login))
		defer c.close()
		c.query(t, "SELECT havoc()") // which sets the seed
		return fmt.Sprint(c.query(t, "SELECT random() FROM generate_series(1, 3)").rows)
	}
	first := draws("kim")
	s.settled(t, 1)
	require.Equal(t, first, draws("kim"), "the seed makes the numbers")
	s.settled(t, 2)
	lee := dial(t, s.dsn("lee"))
	following := pg.rows(t, s.database, "SELECT setseed(0.5)::text UNION ALL SELECT random()::text FROM generate_series(1, 20)")
	for _, row := range lee.query(t, "SELECT random() FROM generate_series(1, 20)").rows {
		for _, foretold := range following {
			require.NotEqual(t, foretold[0], strings.Trim(row[0], `"`))
		}
	}
}

// TestSessionsThatLeaveAnythingOpenTakeTheirConnectionAlong ends sessions in other ways than between two statements outside of a transaction.
func TestSessionsThatLeaveAnythingOpenTakeTheirConnectionAlong(t *testing.T) {
	t.Parallel()
	s := newPoolSite(t, "pool_open", keeping(), ", temp_tables")
	bye := &pgproto3.Terminate{}
	for name, end := range map[string]func(*client){
		"in a transaction":        func(c *client) { c.query(t, "BEGIN"); c.close() },
		"in a failed transaction": func(c *client) { c.query(t, "BEGIN; SELECT 1/0"); c.close() },
		"in mid-batch": func(c *client) {
			c.Send(&pgproto3.Parse{Query: "SELECT 1"})
			c.Send(bye)
			_ = c.Flush()
			_ = c.conn.Close()
		},
		"after a Flush": func(c *client) { c.Send(&pgproto3.Flush{}); c.Send(bye); _ = c.Flush(); _ = c.conn.Close() },
		"in mid-query": func(c *client) {
			c.Send(&pgproto3.Query{String: "SELECT count(*) FROM note, generate_series(1, 100000)"})
			c.Send(bye)
			_ = c.Flush()
			_ = c.conn.Close()
		},
		"in mid-COPY": func(c *client) {
			c.Send(&pgproto3.Query{String: "COPY note (org, body) FROM STDIN"})
			require.NoError(t, c.Flush())
			for m, err := c.next(); ; m, err = c.next() {
				require.NoError(t, err)
				if _, asks := m.(*pgproto3.CopyInResponse); asks {
					break
				}
			}
			c.Send(&pgproto3.CopyData{Data: []byte("globex\thalf")})
			c.Send(bye)
			_ = c.Flush()
			_ = c.conn.Close()
		},
		"in mid-message":     func(c *client) { _, _ = c.conn.Write([]byte{'Q', 0, 0, 0, 99, 'S'}); _ = c.conn.Close() },
		"by a wrong message": func(c *client) { _, _ = c.conn.Write([]byte{'?', 0, 0, 0, 4}); _ = c.conn.Close() },
		"without a word":     func(c *client) { _ = c.conn.Close() },
		"after a cancel":     func(c *client) { cancelAt(t, c); c.query(t, "SELECT 1"); c.close() },
		"by a pipeline cut": func(c *client) {
			c.Send(&pgproto3.Query{String: "SELECT 1"})
			c.Send(&pgproto3.Bind{})
			c.Send(bye)
			_ = c.Flush()
			_ = c.conn.Close()
		},
		"with temporary tables": func(c *client) {
			require.Empty(t, c.query(t, "CREATE TEMP TABLE mine (a int)").code())
			c.close()
		},
		"with temporary tables that were dropped": func(c *client) {
			require.Empty(t, c.query(t, "CREATE TEMP TABLE mine (a int); DROP TABLE mine").code())
			c.close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			end(dial(t, s.dsn("kim")))
			s.gone(t)
			require.Zero(t, s.server.PoolCounts().Parked)
		})
	}
}

func TestSharedLoginsHaveConnectionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := newPoolSite(t, "pool_shared", keeping(), "")
	visit := func(login, sql string) {
		parked := s.server.PoolCounts().Parked
		c := dial(t, s.dsn(login))
		require.Empty(t, c.query(t, sql).code(), sql)
		c.close()
		s.settled(t, parked+1)
	}
	visit("kim", "SELECT 1")
	visit("hub", "SET wherewall.user = 'lee'")
	require.Equal(t, uint64(2), s.server.PoolCounts().Opened)
	visit("hub", "SELECT id FROM note")
	visit("lee", "SELECT id FROM note")
	require.Equal(t, uint64(2), s.server.PoolCounts().Opened)
	again := dial(t, s.dsn("hub"))
	require.Equal(t, [][]string{{`"globex"`}}, again.query(t, "SELECT DISTINCT org FROM note").rows, "as nobody but itself")
}

func TestCodeThatLeavesTracesKeepsConnectionsFromServingAgain(t *testing.T) {
	t.Parallel()
	for i, c := range []struct {
		code   string
		traces bool
	}{
		{"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET work_mem = '1MB'; UPDATE note SET body = body; EXECUTE 'SELECT 1'; END $$", false},
		{"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT current_setting('app.x', true) $$", false},
		{"CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN Set_Config('app.x', 'y', true); END $$", true},
		{"CREATE FUNCTION f() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT set_config('app.x', 'y', true); END", true},
		{"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET LOCAL app.x = 'y'; END $$", true},
		{`CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET "app" . "x" = 'y'; END $$`, true},
		{"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SET %I TO 1', 'a.b'); END $$", true},
		{"CREATE FUNCTION f() RETURNS int LANGUAGE sql SET app.x = 'y' AS $$ SELECT 1 $$", true},
		{"CREATE LANGUAGE other HANDLER plpgsql_call_handler; CREATE FUNCTION f() RETURNS void LANGUAGE other AS $$ BEGIN END $$", true},
	} {
		t.Run(c.code, func(t *testing.T) {
			t.Parallel()
			database := fmt.Sprintf("pool_traces_%d", i)
			pg.createDatabase(t, database, "template0")
			pg.exec(t, database, poolTables)
			pg.exec(t, database, c.code)
			s := &poolSite{startChanging(t, database, "", fmt.Sprintf(poolPolicy, ""), func(c *wire.Config) { c.ServerPool = keeping() }), database}
			kim := dial(t, s.dsn("kim"))
			require.Empty(t, kim.query(t, "SELECT id FROM note").code())
			kim.close()
			if !c.traces {
				s.settled(t, 1)
				return
			}
			s.gone(t)
			require.Equal(t, wire.PoolCounts{Opened: 1}, s.server.PoolCounts())
		})
	}
}

// TestTriggersOnLoginRunForEachSession has one that sets what DISCARD ALL would end.
func TestTriggersOnLoginRunForEachSession(t *testing.T) {
	t.Parallel()
	if pg.major < 17 {
		t.Skip("PostgreSQL has triggers on login since 17")
	}
	pg.createDatabase(t, "pool_logins", "template0")
	pg.exec(t, "pool_logins", poolTables+`;
		CREATE FUNCTION entered() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN SET statement_timeout = '123s'; END $$;
		CREATE EVENT TRIGGER entered ON login EXECUTE FUNCTION entered()`)
	s := &poolSite{startChanging(t, "pool_logins", "", fmt.Sprintf(poolPolicy, ""), func(c *wire.Config) { c.ServerPool = keeping() }), "pool_logins"}
	for range 2 {
		c := dial(t, s.dsn("kim"))
		require.Equal(t, [][]string{{`"123s"`}}, c.query(t, "SHOW statement_timeout").rows)
		c.close()
		s.gone(t)
	}
}

// TestConnectionsThatEndWhileTheyWaitAreReplacedUnseen ends the server's processes, and the server's patience, under connections that wait.
func TestConnectionsThatEndWhileTheyWaitAreReplacedUnseen(t *testing.T) {
	t.Parallel()
	s := newPoolSite(t, "pool_replaced", keeping(), "")
	for i := range uint64(3) {
		c := dial(t, s.dsn("kim"))
		require.Len(t, c.query(t, "SELECT id FROM note").rows, 5)
		c.close()
		s.settled(t, i+1)
		pg.exec(t, s.database, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND usename = '"+serviceRole+"'")
		s.gone(t)
	}
	counts := s.server.PoolCounts()
	require.Equal(t, uint64(3), counts.Opened)
	require.Equal(t, uint64(2), counts.Dropped[wire.DroppedDead])
}

func TestRenewedAndClosedPoolsHaveNoConnections(t *testing.T) {
	t.Parallel()
	s := newPoolSite(t, "pool_renewed", keeping(), "")
	early := dial(t, s.dsn("kim"))
	waits := dial(t, s.dsn("lee"))
	waits.close()
	require.Eventually(t, func() bool { return s.server.PoolCounts().Parked == 1 }, patience, time.Millisecond)
	s.server.RenewServerConnections()
	require.Zero(t, s.server.PoolCounts().Idle)
	require.Len(t, early.query(t, "SELECT id FROM note").rows, 5, "sessions go on")
	early.close()
	s.gone(t)
	require.Equal(t, uint64(2), s.server.PoolCounts().Dropped[wire.DroppedRenewed])
	dial(t, s.dsn("lee")).close()
	s.settled(t, 2)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	require.NoError(t, s.server.Shutdown(ctx))
	require.Zero(t, s.server.PoolCounts().Idle)
	s.gone(t)
}

// TestWaitingConnectionsMakeRoom has a server with room for two connections, one of which waits with other settings.
func TestWaitingConnectionsMakeRoom(t *testing.T) {
	t.Parallel()
	s := newPoolSite(t, "pool_room", keeping(), "")
	pg.exec(t, s.database, "ALTER DATABASE pool_room CONNECTION LIMIT 1")
	require.Eventually(t, func() bool { // when those that have made the database are gone from it
		one, err := tryDial(s.dsn("kim") + "&application_name=one")
		if err == nil {
			one.close()
		}
		return err == nil
	}, patience, 10*time.Millisecond)
	s.settled(t, 1)
	two := dial(t, s.dsn("lee")+"&application_name=two")
	require.Equal(t, [][]string{{`"two"`}}, two.query(t, "SHOW application_name").rows)
	require.Equal(t, uint64(1), s.server.PoolCounts().Dropped[wire.DroppedRoom])
	_, err := tryDial(s.dsn("lee"))
	require.Equal(t, "53300", sqlState(err))
}

func TestClientsWithOtherSettingsShareNoConnection(t *testing.T) {
	t.Parallel()
	s := newPoolSite(t, "pool_settings", keeping(), "")
	for i, settings := range []string{"", "&application_name=x", "&timezone=Asia/Tokyo", "&options=-c%20timezone%3DUTC", "&statement_timeout=5000"} {
		c := dial(t, s.dsn("kim")+settings)
		c.close()
		s.settled(t, uint64(i)+1)
		require.Equal(t, uint64(i)+1, s.server.PoolCounts().Opened, settings)
	}
	tokyo := dial(t, s.dsn("lee")+"&timezone=Asia/Tokyo")
	require.Equal(t, uint64(1), s.server.PoolCounts().Reused)
	require.Equal(t, "Asia/Tokyo", tokyo.settings["TimeZone"])
	require.Empty(t, tokyo.query(t, "SET timezone = 'UTC'; RESET ALL").code())
	require.Equal(t, [][]string{{`"Asia/Tokyo"`}}, tokyo.query(t, "SHOW timezone").rows, "what it began with")
}
