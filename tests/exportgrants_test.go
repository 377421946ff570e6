package tests

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

// newHardened is a copy of the sample in which the service login has what `export grants` gives it.
func newHardened(t testing.TB, name string) string {
	t.Helper()
	newSample(t, name)
	return harden(t, name)
}

func harden(t testing.TB, name string) string {
	t.Helper()
	world := readWorld(t, sampleOptions(name))
	var views []string
	for _, row := range pg.rows(t, name, "SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'pg_catalog'::regnamespace ORDER BY 1") {
		views = append(views, row[0])
	}
	script, err := rewrite.ExportGrants(world.Snapshot, "wherewall_svc", views)
	require.NoError(t, err)
	// Too much of everything, which the script must take away.
	pg.exec(t, name, `GRANT ALL ON ALL TABLES IN SCHEMA app, billing TO wherewall_svc; GRANT CREATE ON SCHEMA app TO wherewall_svc;
		GRANT pg_read_all_data TO wherewall_svc; ALTER ROLE wherewall_svc CREATEDB INHERIT; GRANT CREATE ON SCHEMA public TO PUBLIC`)
	pg.exec(t, name, script)
	pg.exec(t, name, script)
	return script
}

func TestExportedGrantsAreEnoughForTheSample(t *testing.T) {
	cases := readOracleCases(t)
	behind, native := newOracleDatabases(t)
	harden(t, behind.name)
	p := startProxy(t, sampleOptions(behind.name))
	o := &oracle{
		behind: behind, native: native, known: map[string]bool{},
		through: newLogins(func(subject string) string { return p.dsn(subject) }),
		plain:   newLogins(func(subject string) string { return pg.dsn(subject, "native", native.name) }),
	}
	t.Cleanup(func() { o.through.close(); o.plain.close() })
	for _, c := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(c.file), ".txt")+"/"+c.name, func(t *testing.T) { o.judge(t, c) })
	}
}

func TestExportedGrantsLeaveTheCatalogs(t *testing.T) {
	const name = "export_grants_catalogs"
	newHardened(t, name)
	reader := markReader(t, startProxy(t, sampleOptions(name)).dsn("kim"))
	open := 0
	for _, c := range catalogColumns(t, name) {
		switch said, code := readAll(t, reader, "SELECT * FROM "+c.name+" LIMIT 1"); code {
		case "":
			open++
		default:
			require.Equal(t, "42P01", code, "%s: %s", c.name, said)
		}
	}
	require.Greater(t, open, 120)
}

func TestExportedGrantsLeaveAWeakLogin(t *testing.T) {
	const name = "export_grants"
	script := newHardened(t, name)
	svc := dial(t, pg.dsn("wherewall_svc", servicePassword, name))
	one := func(sql string) string {
		t.Helper()
		o := svc.query(t, sql)
		require.Nil(t, o.err, "%s: %s", sql, o.describe())
		return unquoted(o.rows[0][0])
	}
	t.Run("the login has no attributes and no memberships", func(t *testing.T) {
		require.Equal(t, "f", one("SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication OR rolinherit FROM pg_roles WHERE rolname = current_user"))
		require.Equal(t, "0", one("SELECT count(*) FROM pg_auth_members WHERE member = current_user::regrole"))
	})
	t.Run("it makes nothing", func(t *testing.T) {
		require.Equal(t, "f", one("SELECT has_database_privilege(current_database(), 'CREATE') OR has_database_privilege(current_database(), 'TEMP')"))
		require.Equal(t, "f", one("SELECT bool_or(has_schema_privilege(oid, 'CREATE')) FROM pg_namespace"))
		require.Equal(t, "f", one("SELECT has_language_privilege('plpgsql', 'USAGE')"))
		require.Equal(t, "42501", svc.query(t, "DO $$ BEGIN END $$").code())
		require.Equal(t, "42501", svc.query(t, "CREATE TEMP TABLE x ()").code())
	})
	t.Run("it has the verbs that some role has, and no other", func(t *testing.T) {
		for table, verbs := range map[string]string{
			"app.country": "SELECT", "app.org": "SELECT UPDATE", "app.task": "SELECT INSERT UPDATE DELETE", "app.audit_log": "", "app.hidden": "",
			"app.event_login": "SELECT INSERT UPDATE DELETE", "billing.invoice": "SELECT INSERT UPDATE DELETE",
		} {
			for _, verb := range strings.Fields("SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER") {
				has := one(fmt.Sprintf("SELECT has_table_privilege('%s', '%s')", table, verb))
				require.Equal(t, strings.Contains(verbs, verb), has == "t", "%s on %s", verb, table)
			}
		}
	})
	t.Run("what is closed fails with 42501", func(t *testing.T) {
		require.Equal(t, "42501", svc.query(t, "SELECT * FROM pg_stats").code())
		require.Equal(t, "42501", svc.query(t, "SELECT * FROM pg_stat_activity").code())
		calls := 0
		for _, m := range regexp.MustCompile(`(?m)^REVOKE EXECUTE ON ROUTINE (pg_catalog\."\w+")\((.*)\) FROM PUBLIC;$`).FindAllStringSubmatch(script, -1) {
			call, ok := callOf(m[1], m[2])
			if !ok {
				continue
			}
			calls++
			o := svc.query(t, call)
			if o.code() == "42883" { // the last argument is VARIADIC
				at := strings.LastIndex(call, "(SELECT NULL")
				o = svc.query(t, call[:at]+"VARIADIC "+call[at:])
			}
			require.Equal(t, "42501", o.code(), "%s: %s", call, o.describe())
		}
		require.Greater(t, calls, 280)
	})
	t.Run("what everybody needs still works", func(t *testing.T) {
		for _, sql := range []string{
			"SELECT 1 + 1, lower('X'), now(), '[1,2]'::jsonb -> 0, to_char(now(), 'YYYY')", "SELECT current_database(), version()",
			"SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef LIMIT 1",
		} {
			require.Empty(t, svc.query(t, sql).code(), sql)
		}
		for _, row := range svc.query(t, "SELECT table_name FROM information_schema.views WHERE table_schema = 'information_schema'").rows {
			o := svc.query(t, "SELECT count(*) FROM information_schema."+unquoted(row[0]))
			require.Empty(t, o.code(), "%s: %s", row[0], o.describe())
		}
	})
}

// callOf is a call with NULL for every argument, which the planner does not know to be NULL: it would not call a strict function then. Types that take no value are left out.
func callOf(function, types string) (string, bool) {
	if strings.Contains(types, "any") {
		return "", false
	}
	var arguments []string
	if types != "" {
		for _, t := range strings.Split(types, ", ") {
			arguments = append(arguments, "(SELECT NULL::"+t+")")
		}
	}
	return "SELECT " + function + "(" + strings.Join(arguments, ", ") + ")", true
}
