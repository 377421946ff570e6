package rewrite

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
)

// unlimited are the settings of a server whose operator limits nothing.
func unlimited(path ...string) settings {
	return settings{path: path, limits: catalog.Limits{Timeouts: map[string]int64{
		"statement_timeout": 0, "lock_timeout": 0, "idle_in_transaction_session_timeout": 0, "idle_session_timeout": 0,
	}}}
}

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
		rule, ok := unlimited().rule(c.name)
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
		"", "session_replication_role", "search_path ", "work_mem", "temp_file_limit", "backslash_quotes",

		"dynamic_library_path", "session_preload_libraries", "log_statement", "enable_seqscan", "wherewall.token",
		"a.b", "all", "data_directory", "hba_file", "config_file", "ssl_key_file", "lo_compat_privileges",
		"plpgsql.variable_conflict", "createrole_self_grant", "allow_system_table_mods", "zero_damaged_pages", "ignore_system_indexes", "primary_conninfo",
		"timezone_abbreviations", "synchronous_commit", "constraint_exclusion", "max_parallel_workers_per_gather", "temp_buffers", "seed", "random_seed",
	} {
		rule, ok := unlimited().rule(name)
		require.False(t, ok, name)
		require.False(t, rule.showable, name)
		require.Error(t, rule.accepts([]string{"on"}), name)
	}
}

func TestSomeSettingsMayOnlyBeShown(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"server_version", "SERVER_VERSION_NUM", "server_encoding", "max_identifier_length", "lc_collate"} {
		rule, ok := unlimited().rule(name)
		require.True(t, ok, name)
		require.True(t, rule.showable, name)
		require.False(t, rule.settable, name)
		require.Error(t, rule.accepts([]string{"on"}), name)
	}
}

func TestTheSearchPathMayOnlyBeSetToWhatItIs(t *testing.T) {
	t.Parallel()
	rule := unlimited("app", "public").searchPath()
	for _, values := range [][]string{{"app", "public"}, {"$user", "app", "public"}, {"pg_catalog", "app", "public"}, {"app", "public", "pg_temp"}, nil, {}, {""}} {
		require.NoError(t, rule.accepts(values), "%q", values)
	}
	for _, values := range [][]string{
		{"app"}, {"public", "app"}, {"app, public"}, {"app", "public", "pg_catalog"}, {"app", "pg_catalog", "public"}, {"pg_temp", "app", "public"}, {"App", "public"},
	} {
		require.Error(t, rule.accepts(values), "%q", values)
	}
}

func TestPinnedSettingsMayBeSetToWhatTheyAreOnly(t *testing.T) {
	t.Parallel()
	for _, p := range pins() {
		rule, ok := unlimited().rule(p.name)
		require.True(t, ok, p.name)
		require.True(t, rule.showable && rule.reset, p.name)
		require.NoError(t, rule.accepts([]string{p.value}), p.name)
		require.Error(t, rule.accepts([]string{"other"}), p.name)
		require.Error(t, rule.accepts(nil), p.name)
		require.Error(t, rule.accepts([]string{p.value, p.value}), p.name)
	}
	require.Nil(t, unlimited().judge("row_security", []string{"true"}))
	r := unlimited().judge("ROW_SECURITY", []string{"off"})
	require.Equal(t, "42501", r.SQLState)
	require.Contains(t, r.Hint, "--enable-row-security")
	require.Equal(t, `The proxy holds it to "off".`, unlimited().judge("jit", []string{"on"}).Hint)
}

func TestTimeLimitsMayBeLoweredOnly(t *testing.T) {
	t.Parallel()
	limited := settings{limits: catalog.Limits{Timeouts: map[string]int64{"statement_timeout": 30000, "lock_timeout": 0}}}
	for value, want := range map[string]string{
		"30000": "", "30s": "", "0.5min": "", "1": "", "1ms": "", "30000.4": "", " 5 s ": "", "600us": "",
		"0": "", "0s": "", "0.4": "", "0.5": "", "499us": "", "30001": "42501", "31s": "42501", "1min": "42501", "1d": "42501", "30000.6": "42501",
		"-1": "22023", "": "22023", "x": "22023", "1e1": "22023", "0100": "22023", "1 2": "22023", "9999999999": "22023", "default": "22023",
	} {
		state := ""
		if r := limited.judge("Statement_Timeout", []string{value}); r != nil {
			state = r.SQLState
		}
		require.Equal(t, want, state, "%q", value)
	}
	for asked, sent := range map[string]string{"0": "30000", "0.4": "30000", "0s": "30000", "5s": "5s", "1": "1"} {
		require.Equal(t, []string{sent}, limited.sends("Statement_Timeout", []string{asked}), "%q asks for no limit of its own", asked)
	}
	require.Equal(t, []string{"0"}, limited.sends("lock_timeout", []string{"0"}))
	require.Nil(t, limited.judge("lock_timeout", []string{"0"}))
	require.NotNil(t, limited.judge("transaction_timeout", []string{"1s"}), "the server has none")
	rule, _ := limited.rule("statement_timeout")
	require.True(t, rule.reset, "it goes back to the operator's")
}

func TestWhatIsReadOnlyStaysSo(t *testing.T) {
	t.Parallel()
	s := settings{limits: catalog.Limits{ReadOnly: true}}
	for _, name := range []string{"default_transaction_read_only", "transaction_read_only"} {
		require.Nil(t, s.judge(name, []string{"on"}))
		for _, value := range []string{"off", "false", "no", "0", "F"} {
			require.NotNil(t, s.judge(name, []string{value}), value)
		}
	}
	rule, _ := s.rule("transaction_read_only")
	require.False(t, rule.reset)
}

func TestRefusedSettingsPointTheWay(t *testing.T) {
	t.Parallel()
	require.Contains(t, unlimited().judge("time_zone", []string{"UTC"}).Hint, `did you mean "timezone"?`)
	require.Contains(t, unlimited().judge("work_mem", []string{"1GB"}).Hint, "statement_timeout")
	require.Contains(t, unlimited().judge("intervalstyle", []string{"postgre"}).Hint, `did you mean "postgres"?`)
	require.Equal(t, "It can be shown and not changed.", unlimited().judge("server_version", []string{"9"}).Hint)
}

func TestPathsAreReadAsTheServerDoes(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{
		"":                          nil,
		"app":                       {"app"},
		" App , public":             {"app", "public"},
		`"App","a ""b"", c",PUBLIC`: {"App", `a "b", c`, "public"},
		`"$user", public`:           {"$user", "public"},
	} {
		got, err := splitPath(value)
		require.NoError(t, err, value)
		require.Equal(t, want, got, value)
	}
	for _, value := range []string{",", "app,", `"app`, "app public", `"app"x`, ", app"} {
		got, err := splitPath(value)
		require.False(t, err == nil && len(got) == 1 && got[0] == "app", value)
	}
	require.Equal(t, `app, "My ""schema"`, joinPath([]string{"app", `My "schema`}))
	require.Equal(t, `""`, joinPath(nil))
}

func TestSessionsBeginWithThePins(t *testing.T) {
	t.Parallel()
	g := &Rewriter{settings: unlimited("public")}
	got := g.Begin(map[string]string{"search_path": "evil", "Standard_Conforming_Strings": "off", "bytea_output": "escape", "role": "postgres"})
	require.Equal(t, "public, pg_temp", got["search_path"])
	require.Equal(t, "on", got["standard_conforming_strings"])
	require.Equal(t, "none", got["role"])
	require.Equal(t, "escape", got["bytea_output"])
	require.Equal(t, "notice", got["client_min_messages"])
	require.Len(t, got, len(pins())+4)
}
