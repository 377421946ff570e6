package tests

import (
	"os/exec"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// TestSettingsOfDriversAsTheySayThem sends what drivers and tools send around their work, and compares with a direct session where they agree.
func TestSettingsOfDriversAsTheySayThem(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "settings_drivers")
	c, direct := dial(t, p.dsn("kim")), dial(t, withSearchPath(t, pg.dsn("wherewall_svc", servicePassword, "settings_drivers")))
	for _, sql := range []string{
		"SET DateStyle = 'ISO';SET extra_float_digits = 2;show transaction_isolation",        // psqlodbc
		"SET client_min_messages TO warning;SET TIME ZONE INTERVAL '+00:00' HOUR TO MINUTE;", // Sequelize
		"SELECT set_config('TimeZone', 'Europe/Vienna', false)", "SHOW TimeZone",             // Django
		"SET standard_conforming_strings = on; SET intervalstyle = iso_8601; SHOW max_identifier_length",                              // ActiveRecord
		"SET extra_float_digits = 3; SET application_name = 'PostgreSQL JDBC Driver'",                                                 // pgJDBC
		"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", "SHOW default_transaction_isolation", // pgJDBC
		"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
		"SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new WHERE false",                                         // asyncpg
		"SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET client_encoding = 'UTF8'",       // pg_dump
		"SET synchronize_seqscans TO off; SET xmloption = content; SET check_function_bodies = false; SET client_min_messages = warning",   // pg_dump
		"SET default_tablespace = ''; SET default_table_access_method = heap; SET row_security = on; SET standard_conforming_strings = on", // pg_dump
		"BEGIN; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; COMMIT",
		"SET NAMES 'UTF8'", "SET datestyle TO 'ISO, MDY'", "SET bytea_output = 'hex'", "SHOW server_encoding", "SHOW integer_datetimes",
		"SHOW standard_conforming_strings", "SHOW transaction_read_only", "SHOW lc_collate", "SHOW TRANSACTION ISOLATION LEVEL",
		"SELECT current_setting('server_version_num')::int >= 150000", "SHOW is_superuser",
		// Resets of pools.
		"SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;",
		"SET SESSION AUTHORIZATION DEFAULT;RESET ALL;CLOSE ALL;UNLISTEN *;SELECT pg_advisory_unlock_all();DISCARD SEQUENCES;DISCARD TEMP;",
		"SET TimeZone = 'Asia/Tokyo'", "DISCARD ALL", "RESET ROLE; SET ROLE NONE; RESET SESSION AUTHORIZATION",
	} {
		want, got := direct.query(t, sql), c.query(t, sql)
		require.Equal(t, want.tags, got.tags, sql)
		require.Equal(t, want.rows, got.rows, sql)
		require.Equal(t, want.code(), got.code(), sql) // PostgreSQL 16 has no lc_collate any more
	}
	require.Equal(t, []string{`"UTC"`}, c.query(t, "SHOW TimeZone").rows[0])
	for _, name := range []string{"SHOW session_authorization", "SHOW SESSION AUTHORIZATION", "SELECT current_setting('session_authorization')"} {
		require.Equal(t, []string{`"kim"`}, c.query(t, name).rows[0], name)
	}
	require.Equal(t, []string{"SHOW"}, c.query(t, "SHOW session_authorization").tags)
}

// TestSettingsByParameters sets settings to parameters, in the modes that drivers have for them.
func TestSettingsByParameters(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "settings_parameters")
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		c, err := pgx.Connect(t.Context(), p.dsn("kim"))
		require.NoError(t, err)
		set := func(sql string, args ...any) (string, error) {
			var value string
			return value, c.QueryRow(t.Context(), sql, append([]any{mode}, args...)...).Scan(&value)
		}
		for _, s := range []struct{ sql, value, state string }{
			{`SELECT set_config('TimeZone', $1, false)`, "Europe/Vienna", ""},
			{`SELECT set_config('TimeZone', $1, false)`, "-7.5", ""},
			{`SELECT set_config('TimeZone', $1, false)`, "/etc/passwd", "22023"},
			{`SELECT set_config('TimeZone', $1, false)`, "../etc", "22023"},
			{`SELECT set_config('TimeZone', $1, false)`, `a\b`, "22023"},
			{`SELECT set_config('jit', $1, false)`, "off", ""},
			{`SELECT set_config('jit', $1, false)`, "on", "42501"},
			{`SELECT pg_catalog.set_config('row_security', $1, false)`, "off", "42501"},
			{`SELECT set_config('application_name', $1, false)`, "it's mine", ""},
			{`SELECT set_config('client_min_messages', $1, false)`, "debug1", "22023"},
			{`SELECT set_config('client_encoding', $1, false)`, "utf-8", ""},
			{`SELECT set_config('client_encoding', $1, false)`, "LATIN1", "22023"},
			{`SELECT set_config('statement_timeout', $1, false)`, "5s", ""},
			{`SELECT set_config('search_path', $1, false)`, "public", "42501"},
			{`SELECT set_config('work_mem', $1, false)`, "1GB", "42501"},
		} {
			_, err := set(s.sql, s.value)
			require.Equal(t, s.state, sqlState(err), "%s %s %v: %v", mode, s.sql, s.value, err)
		}
		require.NoError(t, c.Close(t.Context()))
	}
}

// TestAnEmptySearchPathChangesNoRow reads as pg_dump does, which asks for an empty path.
func TestAnEmptySearchPathChangesNoRow(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "settings_nopath")
	c := dial(t, p.dsn("kim"))
	want := c.query(t, "SELECT count(*) FROM app.task").rows
	for _, empty := range []string{"SELECT pg_catalog.set_config('search_path', '', false)", "SET search_path = ''"} {
		require.Empty(t, c.query(t, empty).code(), empty)
		require.Equal(t, want, c.query(t, "SELECT count(*) FROM app.task").rows)
		require.Equal(t, [][]string{{`""`}}, c.query(t, "SHOW search_path").rows)
		require.Empty(t, c.query(t, "RESET search_path").code())
	}
	_, err := tryDial(p.dsn("kim") + "&options=-csearch_path%3D")
	require.Equal(t, "42501", sqlState(err), "a session begins with the path")
}

// TestPsqlShowsTheUser asks as psql's prompt and \conninfo do.
func TestPsqlShowsTheUser(t *testing.T) {
	t.Parallel()
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not installed")
	}
	p := newSampleProxy(t, "settings_psql")
	out, err := exec.CommandContext(t.Context(), psql, "-XAtc", `SHOW session_authorization`, p.dsn("kim")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, "kim\n", string(out))
}
