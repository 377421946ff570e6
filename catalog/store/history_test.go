package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog/store"
)

func TestATransactionIsOneVersionWhateverItChanges(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	listener := connect(t.Context(), t, s.dsn)
	_, err := listener.Exec(t.Context(), "LISTEN wherewall_policy")
	require.NoError(t, err)
	before, err := store.Current(t.Context(), s.admin)
	require.NoError(t, err)

	tx, err := s.admin.Begin(t.Context())
	require.NoError(t, err)
	for _, sql := range []string{
		"SET LOCAL wherewall.actor = 'alice'", "SET LOCAL wherewall.note = 'kim leaves'",
		"DELETE FROM wherewall.app_user WHERE name = 'kim'", "UPDATE wherewall.tenant SET active = false WHERE id = 'globex'",
		"SAVEPOINT a", "DELETE FROM wherewall.tenant", "ROLLBACK TO a",
	} {
		_, err = tx.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit(t.Context()))
	after, err := store.Current(t.Context(), s.admin)
	require.NoError(t, err)
	require.Equal(t, before.Number+1, after.Number)
	require.NotEqual(t, before.Stamp, after.Stamp)
	heard, err := listener.WaitForNotification(t.Context())
	require.NoError(t, err)
	require.Equal(t, s.says(t, "SELECT version::text FROM wherewall.state"), heard.Payload)
	require.Equal(t, "postgres alice kim leaves", s.says(t, "SELECT login || ' ' || actor || ' ' || note FROM wherewall.policy_version WHERE version = $1", after.Number))
	require.Equal(t, "app_user:delete credential:delete member_role:delete membership:delete tenant:update", s.says(t,
		"SELECT string_agg(DISTINCT table_name || ':' || operation, ' ') FROM wherewall.change WHERE version = $1", after.Number))
	require.Equal(t, "true false", s.says(t,
		"SELECT (before ->> 'active') || ' ' || (after ->> 'active') FROM wherewall.change WHERE version = $1 AND table_name = 'tenant'", after.Number))
	require.Equal(t, "0", s.says(t, "SELECT count(*)::text FROM wherewall.change WHERE before::text LIKE '%SCRAM%' OR after::text LIKE '%SCRAM%'"), "no verifier is kept")
}

func TestWhatChangesNothingIsNoVersion(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	before, err := store.Current(t.Context(), s.admin)
	require.NoError(t, err)
	s.does(t, "UPDATE wherewall.app_user SET active = true")
	s.does(t, "DELETE FROM wherewall.tenant WHERE id = 'nobody'")
	s.does(t, "INSERT INTO wherewall.tenant (id) SELECT 'x' WHERE false")
	after, err := store.Current(t.Context(), s.admin)
	require.NoError(t, err)
	require.Equal(t, before, after)
	_, err = s.admin.Exec(t.Context(), "TRUNCATE wherewall.tenant CASCADE")
	require.ErrorContains(t, err, "TRUNCATE")
}

// TestNoTableIsForgotten counts on the server, so that a table that is added without its triggers is found.
func TestNoTableIsForgotten(t *testing.T) {
	t.Parallel()
	s := open(t)
	const sql = `SELECT coalesce(string_agg(relname, ' ' ORDER BY relname), '') FROM pg_class c
		WHERE relnamespace = 'wherewall'::regnamespace AND relkind = 'r' AND
		(SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid AND tgenabled = 'A' AND tgname IN ('a_before', 'a_truncate', 'z_insert', 'z_update', 'z_delete')) < 5`
	require.Equal(t, "change migration policy_version state", s.says(t, sql))
	s.does(t, "CREATE ROLE reader; CREATE ROLE writer")
	s.does(t, store.GrantReader("reader"))
	s.does(t, store.GrantWriter("writer"))
	const rights = `SELECT coalesce(string_agg(relname, ' ' ORDER BY relname), '') FROM pg_class c WHERE relnamespace = 'wherewall'::regnamespace AND relkind = 'r' AND `
	require.Empty(t, s.says(t, rights+"NOT has_table_privilege('reader', oid, 'SELECT')"))
	require.Empty(t, s.says(t, rights+"has_table_privilege('reader', oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')"))
	require.Equal(t, "change migration policy_version state", s.says(t, rights+"NOT has_table_privilege('writer', oid, 'INSERT, UPDATE, DELETE')"))
}

func TestWritersComeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	first, second := connect(t.Context(), t, s.dsn), connect(t.Context(), t, s.dsn)
	tx, err := first.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "UPDATE wherewall.tenant SET name = 'A' WHERE id = 'acme'")
	require.NoError(t, err)
	end := make(chan error, 1)
	go func() {
		_, err := second.Exec(t.Context(), "UPDATE wherewall.tenant SET name = 'G' WHERE id = 'globex'")
		end <- err
	}()
	require.Eventually(t, func() bool {
		return s.says(t, "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "1"
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, <-end)
	require.Equal(t, "A G", s.says(t, `SELECT string_agg(after ->> 'name', ' ' ORDER BY version) FROM wherewall.change WHERE operation = 'update'`))
}

func TestARoleThatIsMadeAgainIsHeldByNobody(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	s.does(t, "INSERT INTO wherewall.role (tenant_id, name) VALUES ('acme', 'intern')")
	s.does(t, "INSERT INTO wherewall.member_role SELECT id, 'acme', 'intern' FROM wherewall.app_user WHERE name = 'kim'")
	s.does(t, "DELETE FROM wherewall.role WHERE name = 'intern'")
	s.does(t, "INSERT INTO wherewall.role (tenant_id, name) VALUES ('acme', 'intern')")
	require.Equal(t, "0", s.says(t, "SELECT count(*)::text FROM wherewall.member_role WHERE role = 'intern'"))
	_, err := s.admin.Exec(t.Context(), "UPDATE wherewall.role SET name = 'x'")
	require.ErrorContains(t, err, "keeps its name")
	_, err = s.admin.Exec(t.Context(), "UPDATE wherewall.tenant SET id = 'x' WHERE id = 'initech'")
	require.True(t, err != nil && strings.Contains(err.Error(), "keeps its name"), "%v", err)
}
