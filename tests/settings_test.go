package tests

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// settingPlace says what becomes of a setting of the server behind Wherewall.
type settingPlace string

const (
	onTheList settingPlace = "list"   // a session may set it, to values that are checked
	heldFast  settingPlace = "pin"    // a session begins with our value and can set no other
	closed    settingPlace = "closed" // a session cannot set it
)

// placesOfSettings reads what was decided about every setting that sessions of some PostgreSQL may set.
func placesOfSettings(t *testing.T) map[string]settingPlace {
	t.Helper()
	text, err := os.ReadFile("testdata/settings.txt")
	require.NoError(t, err)
	places := map[string]settingPlace{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		require.Len(t, words, 2, line)
		require.NotContains(t, places, words[0])
		places[words[0]] = settingPlace(words[1])
	}
	return places
}

// TestEverySettingHasItsPlace asks the server for all settings that a session may change, and tries each: with the value that it has, which
// changes nothing, and by way of the startup packet.
func TestEverySettingHasItsPlace(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "settings_places")
	places := placesOfSettings(t)
	c, direct := dial(t, p.dsn("kim")), dial(t, pg.dsn("wherewall_svc", servicePassword, "settings_places"))
	const settable = `SELECT name, setting, context FROM pg_settings WHERE context IN ('user', 'backend', 'superuser', 'superuser-backend') ORDER BY 1`
	for _, row := range pg.rows(t, "settings_places", settable) {
		name, value, context := row[0], row[1], row[2]
		place, decided := places[strings.ToLower(name)]
		if context == "user" {
			require.True(t, decided, "%s is a setting that nobody has decided about", name)
		}
		quoted := "'" + strings.ReplaceAll(value, "'", "''") + "'"
		for _, sql := range []string{
			"SET " + name + " TO " + quoted, "SET LOCAL " + name + " TO " + quoted, "SET SESSION " + name + " TO " + quoted,
			"RESET " + name, "SET " + name + " TO DEFAULT",
		} {
			code := c.query(t, sql).code()
			switch place {
			case onTheList: // What the server says to it: some settings of transactions cannot be reset since PostgreSQL 18.
				require.Equal(t, direct.query(t, sql).code(), code, sql)
			case heldFast:
				require.True(t, code == "" || code == "42501", "%s: %s", sql, code)
			default:
				require.Equal(t, "42501", code, sql)
			}
		}
		require.Equal(t, byte('I'), c.status)
		if place != onTheList && place != heldFast {
			option := "-c " + name + "=" + strings.ReplaceAll(value, " ", `\ `)
			_, err := tryDial(p.dsn("kim") + "&options=" + strings.ReplaceAll(url.QueryEscape(option), "+", "%20"))
			require.Equal(t, "42501", sqlState(err), "%s: %v", name, err)
		}
	}
}

// TestPinsHold tries to move the pins by ALTER ROLE and ALTER DATABASE: sessions begin with ours, and RESET returns to them.
func TestPinsHold(t *testing.T) {
	t.Parallel()
	newSample(t, "settings_pins")
	pg.exec(t, "postgres", `DO $$ BEGIN
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'svc_pins') THEN
			CREATE ROLE svc_pins LOGIN PASSWORD '`+servicePassword+`' IN ROLE wherewall_svc;
		END IF;
	END $$; ALTER ROLE svc_pins SET search_path = app, billing`)
	o := sampleOptions("settings_pins")
	o.role = "svc_pins"
	p := startProxy(t, o)
	moved := map[string][2]string{ // what it is moved to, and what it is all the same
		"standard_conforming_strings": {"off", "on"}, "backslash_quote": {"on", "safe_encoding"}, "escape_string_warning": {"off", "on"},
		"client_encoding": {"LATIN1", "UTF8"}, "row_security": {"off", "on"}, "transform_null_equals": {"on", "off"}, "array_nulls": {"off", "on"},
		"xmloption": {"document", "content"}, "xmlbinary": {"hex", "base64"}, "bytea_output": {"escape", "hex"}, "quote_all_identifiers": {"on", "off"},
		"default_tablespace": {"pg_default", ""}, "temp_tablespaces": {"pg_default", ""}, "default_table_access_method": {"heap", "heap"},
		"check_function_bodies": {"off", "on"}, "plan_cache_mode": {"force_generic_plan", "auto"}, "debug_print_parse": {"on", "off"},
		"debug_print_rewritten": {"on", "off"}, "debug_print_plan": {"on", "off"}, "client_min_messages": {"debug1", "notice"}, "jit": {"on", "off"},
		"password_encryption": {"md5", "scram-sha-256"}, "search_path": {"public, app", "app, billing"},
		"role": {"pg_read_all_data", "none"},
	}
	for name, value := range moved {
		to := "'" + value[0] + "'"
		if name == "search_path" {
			to = value[0]
		}
		pg.exec(t, "postgres", fmt.Sprintf("ALTER ROLE svc_pins SET %s = %s", name, to))
		if name != "role" {
			pg.exec(t, "postgres", fmt.Sprintf("ALTER DATABASE settings_pins SET %s = %s", name, to))
		}
		pg.exec(t, "postgres", fmt.Sprintf("ALTER ROLE svc_pins IN DATABASE settings_pins SET %s = %s", name, to))
	}
	t.Cleanup(func() { pg.exec(t, "postgres", "ALTER ROLE svc_pins RESET ALL") })
	direct, err := pgconn.Connect(t.Context(), pg.dsn("svc_pins", servicePassword, "settings_pins"))
	require.NoError(t, err)
	defer direct.Close(t.Context())
	require.Equal(t, "off", direct.ParameterStatus("standard_conforming_strings"), "the settings are moved for others")
	c := dial(t, p.dsn("kim"))
	for _, reset := range []string{"SELECT 1", "RESET ALL", "RESET %s", "SET %s TO DEFAULT", "SET SESSION %s TO DEFAULT"} {
		for name, value := range moved {
			if strings.Contains(reset, "%s") {
				require.Empty(t, c.query(t, fmt.Sprintf(reset, name)).code(), name)
			} else {
				require.Empty(t, c.query(t, reset).code())
			}
			o := c.query(t, "SHOW "+name)
			require.Nil(t, o.err, name)
			require.Equal(t, fmt.Sprintf("%q", value[1]), o.rows[0][0], name)
		}
	}
}

// TestTimeLimitsOfTheOperatorHold lets clients lower what the service login was given, by either door, and not raise it.
func TestTimeLimitsOfTheOperatorHold(t *testing.T) {
	t.Parallel()
	newSample(t, "settings_limits")
	pg.exec(t, "postgres", `DO $$ BEGIN
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'svc_limits') THEN
			CREATE ROLE svc_limits LOGIN PASSWORD '`+servicePassword+`' IN ROLE wherewall_svc;
		END IF;
	END $$;
	ALTER ROLE svc_limits SET search_path = app, billing;
	ALTER ROLE svc_limits SET statement_timeout = '30s';
	ALTER ROLE svc_limits SET idle_in_transaction_session_timeout = '1min';
	ALTER ROLE svc_limits SET default_transaction_read_only = on`)
	o := sampleOptions("settings_limits")
	o.role = "svc_limits"
	p := startProxy(t, o)
	shown := func(c *client, name string) string { return c.query(t, "SHOW "+name).rows[0][0] }

	c := dial(t, p.dsn("kim"))
	require.Equal(t, `"30s"`, shown(c, "statement_timeout"))
	for sql, code := range map[string]string{
		"SET statement_timeout = '10s'": "", "SET LOCAL statement_timeout = 500": "", "SET statement_timeout TO DEFAULT": "", "RESET statement_timeout": "",
		"SET statement_timeout = 0": "", "SET statement_timeout = '31s'": "42501", "SET LOCAL statement_timeout = '1h'": "42501",
		"SET SESSION statement_timeout TO '0.4'": "", "SET idle_in_transaction_session_timeout = '2min'": "42501",
		"SET lock_timeout = 0": "", "SET lock_timeout = '1h'": "", "SET idle_session_timeout = '1h'": "",
		"SET default_transaction_read_only = off": "42501", "SET transaction_read_only = off": "42501", "RESET transaction_read_only": "42501",
		"BEGIN READ WRITE": "42501", "START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE": "42501",
		"SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE": "42501", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY": "",
		"RESET default_transaction_read_only": "", "UPDATE task SET title = title": "25006", "RESET ALL": "",
	} {
		require.Equal(t, code, c.query(t, sql).code(), sql)
	}
	require.Empty(t, c.query(t, "RESET ALL").code())
	require.Equal(t, `"30s"`, shown(c, "statement_timeout"))
	for _, none := range []string{"SET statement_timeout = 0", "SET SESSION statement_timeout TO '0.4'", "SELECT set_config('statement_timeout', '0', false)"} {
		require.Empty(t, c.query(t, none).code())
		require.Equal(t, `"30s"`, shown(c, "statement_timeout"), "%s: the operator's limit stays", none)
	}
	require.Equal(t, `"on"`, shown(c, "transaction_read_only"))

	for option, code := range map[string]string{
		"&statement_timeout=5000": "", "&options=-c%20statement_timeout%3D5s": "", "&statement_timeout=60000": "42501",
		"&options=--statement-timeout%3D1h": "42501", "&default_transaction_read_only=off": "42501",
		"&statement_timeout=x": "22023",
	} {
		other, err := tryDial(p.dsn("kim") + option)
		require.Equal(t, code, sqlState(err), option)
		if err != nil {
			continue
		}
		require.Equal(t, `"5s"`, shown(other, "statement_timeout"))
		require.Equal(t, "", other.query(t, "SET statement_timeout = '20s'; RESET statement_timeout").code())
		require.Equal(t, `"5s"`, shown(other, "statement_timeout"))
		other.close()
	}
	for _, none := range []string{"&statement_timeout=0", "&options=-c%20statement_timeout%3D0"} {
		require.Equal(t, `"30s"`, shown(dial(t, p.dsn("kim")+none), "statement_timeout"))
	}
}

// TestBothDoorsJudgeAlike puts the same settings into the startup packet and into SET.
func TestBothDoorsJudgeAlike(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "settings_doors")
	c := dial(t, p.dsn("kim"))
	asked := [][2]string{
		{"TimeZone", "Europe/Vienna"},
		{"timezone", "../x"},
		{"DateStyle", "ISO, DMY"},
		{"datestyle", "bogus"},
		{"IntervalStyle", "iso_8601"},
		{"extra_float_digits", "3"},
		{"extra_float_digits", "4"},
		{"application_name", "it's */ mine"},
		{"bytea_output", "escape"},
		{"client_encoding", "SJIS"},
		{"client_encoding", "UNICODE"},
		{"standard_conforming_strings", "off"},
		{"standard_conforming_strings", "on"},
		{"client_min_messages", "error"},
		{"client_min_messages", "debug5"},
		{"search_path", "app, billing"},
		{"search_path", "public"},
		{"role", "none"},
		{"role", "postgres"},
		{"session_authorization", "postgres"},
		{"row_security", "on"},
		{"row_security", "off"},
		{"work_mem", "1GB"},
		{"a.b", "c"},
		{"lc_messages", "C"},
		{"lc_monetary", "C"},
		{"jit", "off"},
		{"jit", "on"},
		{"default_transaction_isolation", "serializable"},
		{"default_transaction_deferrable", "on"},
		{"transaction_isolation", "none"},
		{"statement_timeout", "1s"},
		{"statement_timeout", "-1"},
		{"session_replication_role", "replica"},
	}
	for _, a := range asked {
		value := "'" + strings.ReplaceAll(a[1], "'", "''") + "'"
		if a[0] == "search_path" {
			value = a[1]
		}
		code := c.query(t, "SET "+a[0]+" TO "+value).code()
		other, err := tryDial(p.dsn("kim") + "&" + a[0] + "=" + url.PathEscape(a[1]))
		require.Equal(t, code, sqlState(err), "%v: %v", a, err)
		if err == nil {
			other.close()
		}
	}
}
