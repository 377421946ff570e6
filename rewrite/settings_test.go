package rewrite

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHarmlessSettingsAcceptHarmlessValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		values []string
		want   bool
	}{
		{"TimeZone", []string{"Europe/Vienna"}, true},
		{"timezone", []string{"-7.5"}, true},
		{"timezone", []string{"+00:00"}, true},
		{"timezone", []string{"<+03>-03"}, true},
		{"timezone", []string{"../../etc/passwd"}, false},
		{"timezone", []string{"/etc/passwd"}, false},
		{"timezone", []string{"a", "b"}, false},
		{"timezone", []string{"UTC\n"}, false},
		{"DateStyle", []string{"ISO"}, true},
		{"datestyle", []string{"iso", "MDY"}, true},
		{"DATESTYLE", []string{"ISO, DMY"}, true},
		{"datestyle", []string{"iso", "bogus"}, false},
		{"datestyle", nil, false},
		{"IntervalStyle", []string{"iso_8601"}, true},
		{"intervalstyle", []string{"other"}, false},
		{"extra_float_digits", []string{"3"}, true},
		{"extra_float_digits", []string{"4"}, false},
		{"extra_float_digits", []string{"3.5"}, false},
		{"application_name", []string{"it's */ mine"}, true},
		{"application_name", nil, false},
		{"bytea_output", []string{"hex"}, true},
		{"client_encoding", []string{"UTF8"}, true},
		{"client_encoding", []string{"utf-8"}, true},
		{"client_encoding", []string{"SJIS"}, false},
		{"client_encoding", []string{"SQL_ASCII"}, false},
		{"client_encoding", []string{"LATIN1"}, false},
		{"standard_conforming_strings", []string{"on"}, true},
		{"standard_conforming_strings", []string{"off"}, false},
		{"client_min_messages", []string{"WARNING"}, true},
		{"client_min_messages", []string{"debug1"}, false},
		{"client_min_messages", []string{"log"}, false},
		{"statement_timeout", []string{"0"}, true},
		{"statement_timeout", []string{"5min"}, true},
		{"lock_timeout", []string{"1.5 s"}, true},
		{"idle_in_transaction_session_timeout", []string{"60000"}, true},
		{"statement_timeout", []string{"-1"}, false},
		{"statement_timeout", []string{"5 years"}, false},
		{"statement_timeout", []string{"inf"}, false},
		{"statement_timeout", []string{"0x10"}, false},
		{"statement_timeout", []string{""}, false},
		{"default_transaction_isolation", []string{"repeatable read"}, true},
		{"default_transaction_isolation", []string{"none"}, false},
		{"default_transaction_read_only", []string{"on"}, true},
		{"transaction_read_only", []string{"maybe"}, false},
	} {
		rule, ok := setting(c.name)
		require.True(t, ok, c.name)
		require.True(t, rule.settable, c.name)
		require.True(t, rule.showable, c.name)
		if c.want {
			require.NoError(t, rule.accepts(c.values), "%s = %q", c.name, c.values)
		} else {
			require.Error(t, rule.accepts(c.values), "%s = %q", c.name, c.values)
		}
	}
}

func TestSettingsWithoutARuleCannotBeTouched(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "role", "session_authorization", "row_security", "session_replication_role", "search_path ", "work_mem", "temp_file_limit", "backslash_quotes",
		"debug_print_rewritten", "transform_null_equals", "default_tablespace", "temp_tablespaces", "default_table_access_method", "local_preload_libraries",
		"dynamic_library_path", "session_preload_libraries", "log_statement", "jit", "enable_seqscan", "plan_cache_mode", "check_function_bodies", "wherewall.token",
		"a.b", "all", "data_directory", "hba_file", "config_file", "ssl_key_file", "lo_compat_privileges", "quote_all_identifiers", "password_encryption",
		"plpgsql.variable_conflict", "createrole_self_grant", "allow_system_table_mods", "zero_damaged_pages", "ignore_system_indexes", "primary_conninfo",
		"timezone_abbreviations", "synchronous_commit", "constraint_exclusion", "max_parallel_workers_per_gather", "temp_buffers", "seed", "random_seed",
	} {
		rule, ok := setting(name)
		require.False(t, ok, name)
		require.False(t, rule.showable, name)
		require.Error(t, rule.accepts([]string{"on"}), name)
	}
}

func TestSomeSettingsMayOnlyBeShown(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"server_version", "SERVER_VERSION_NUM", "server_encoding", "max_identifier_length", "search_path", "lc_collate", "backslash_quote"} {
		rule, ok := setting(name)
		require.True(t, ok, name)
		require.True(t, rule.showable, name)
		require.False(t, rule.settable, name)
		require.Error(t, rule.accepts([]string{"on"}), name)
	}
}

func TestTheSearchPathMayOnlyBeSetToWhatItIs(t *testing.T) {
	t.Parallel()
	rule := searchPath([]string{"app", "public"})
	for _, values := range [][]string{{"app", "public"}, {"$user", "app", "public"}, {"pg_catalog", "app", "public"}} {
		require.NoError(t, rule.accepts(values), "%q", values)
	}
	for _, values := range [][]string{
		nil, {}, {""}, {"app"}, {"public", "app"}, {"app, public"}, {"app", "public", "pg_catalog"}, {"app", "pg_catalog", "public"}, {"pg_temp", "app", "public"}, {"App", "public"},
	} {
		require.Error(t, rule.accepts(values), "%q", values)
	}
}
