package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// newMarkedDatabase is the sample with what must never appear, and Wherewall before it.
func newMarkedDatabase(t *testing.T, database string) *proxy {
	t.Helper()
	newSample(t, database)
	pg.execFile(t, database, "testdata/catalogs/plant.sql")
	options := sampleOptions(database)
	options.policy = append(options.policy, "testdata/catalogs/plant.yaml")
	return startProxy(t, options)
}

// catalogsOfOIDs are the catalogs whose objects functions take by OID.
func catalogsOfOIDs() []string {
	return []string{
		"pg_class", "pg_type", "pg_proc", "pg_constraint", "pg_trigger", "pg_rewrite", "pg_namespace", "pg_attrdef", "pg_statistic_ext", "pg_collation",
		"pg_operator", "pg_opclass", "pg_opfamily", "pg_conversion", "pg_ts_config", "pg_ts_dict",
	}
}

// hiddenOIDs are the OIDs of everything that a session does not see in the catalogs.
func hiddenOIDs(t *testing.T, database string, through *client) []string {
	t.Helper()
	var hidden []string
	for _, name := range catalogsOfOIDs() {
		seen := map[string]bool{}
		for _, row := range through.query(t, "SELECT oid FROM "+name+" WHERE oid >= 16384").rows {
			seen[strings.Trim(row[0], `"`)] = true
		}
		for _, row := range pg.rows(t, database, "SELECT oid::text FROM "+name+" WHERE oid >= 16384") {
			if !seen[row[0]] {
				hidden = append(hidden, row[0])
			}
		}
	}
	require.Greater(t, len(hidden), 100)
	return hidden
}

// callsByOID are calls of every function of the server that takes an OID, with {} for it.
func callsByOID(t *testing.T, database string) []string {
	t.Helper()
	values := map[string]string{
		"oid": "{}::oid", "regclass": "{}::oid", "regtype": "{}::oid", "regprocedure": "{}::oid", "regnamespace": "{}::oid", "int4": "1", "int2": "1::int2",
		"int8": "1", "bool": "true", "text": "'pg_class'", "name": "'pg_class'", "char": "'r'", "pg_node_tree": "NULL",
	}
	var calls []string
	for _, row := range pg.rows(t, database, `
		SELECT p.proname, array_to_string(ARRAY(SELECT t.typname FROM unnest(p.proargtypes) WITH ORDINALITY a(o, n) JOIN pg_type t ON t.oid = a.o ORDER BY n), ' ')
		FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND p.provolatile <> 'i'
			AND p.proargtypes::oid[] && '{oid,regclass,regtype,regprocedure,regnamespace}'::regtype[]::oid[] ORDER BY 1, 2`) {
		var args []string
		for _, typ := range strings.Fields(row[1]) {
			value, known := values[typ]
			if !known {
				args = nil
				break
			}
			args = append(args, value)
		}
		if strings.HasSuffix(row[0], "_privilege") && len(args) > 1 { // the last argument of these
			args[len(args)-1] = "'USAGE'"
			if strings.Contains(row[0], "table") || strings.Contains(row[0], "column") {
				args[len(args)-1] = "'SELECT'"
			}
		}
		if args != nil {
			calls = append(calls, row[0]+"("+strings.Join(args, ", ")+")")
		}
	}
	require.Greater(t, len(calls), 120)
	return calls
}

// TestFunctionsKnowNothingOfHiddenObjects calls every function that takes an OID with those of all hidden objects: the answer must be the one for an
// OID that is nobody's, and tell nothing of what was planted.
func TestFunctionsKnowNothingOfHiddenObjects(t *testing.T) {
	t.Parallel()
	p := newMarkedDatabase(t, "helpermarks")
	calls := callsByOID(t, "helpermarks")
	for _, typ := range []string{"regclass", "regtype", "regproc", "regprocedure", "regoper", "regoperator", "regnamespace", "regrole", "regcollation"} {
		calls = append(calls, "nullif({}::oid::"+typ+"::text, {}::text)", "json_agg({}::oid::"+typ+")::text IS NULL", "({}::oid::"+typ+")")
	}
	for _, subject := range []string{"mona@acme", "kim@acme", "sam"} {
		t.Run(subject, func(t *testing.T) {
			c := dial(t, p.dsn(subject))
			hidden := hiddenOIDs(t, "helpermarks", c)
			answered := 0
			for _, call := range calls {
				const nobody = "2147483647"
				sql := fmt.Sprintf("SELECT o, %s FROM unnest('{%s}'::int8[]) o", strings.ReplaceAll(call, "{}", "o"), strings.Join(append(slices.Clone(hidden), nobody), ","))
				if strings.Contains(call, "_agg") {
					sql += " GROUP BY o"
				}
				o := c.query(t, sql)
				if o.err != nil {
					require.Contains(t, []string{"42501", "42846", "42883", "0A000"}, o.code(), "%s\n%s", call, describeIf(o))
					continue
				}
				answered++
				answers := map[string]string{}
				for _, row := range o.rows {
					answers[strings.Trim(row[0], `"`)] += row[1]
				}
				for oid, answer := range answers {
					require.Equal(t, answers[nobody], answer, "%s of %s", call, oid)
				}
				require.Empty(t, planted.FindString(fmt.Sprint(o.rows)), call)
			}
			require.Greater(t, answered, 60)
		})
	}
}

// TestNamesOfHiddenObjectsAreLikeMissingOnes looks names of hidden objects up in every way: nothing is found, and errors are those of missing names.
func TestNamesOfHiddenObjectsAreLikeMissingOnes(t *testing.T) {
	t.Parallel()
	p := newMarkedDatabase(t, "namemarks")
	c := dial(t, p.dsn("mona@acme"))
	for typ, of := range map[string][2]string{
		"regclass": {"pg_class", "c.relnamespace::regnamespace || '.' || quote_ident(c.relname)"}, "regtype": {"pg_type", "c.typnamespace::regnamespace || '.' || quote_ident(c.typname)"},
		"regproc": {"pg_proc", "c.pronamespace::regnamespace || '.' || quote_ident(c.proname)"}, "regprocedure": {"pg_proc", "c.oid::regprocedure::text"},
		"regnamespace": {"pg_namespace", "quote_ident(c.nspname)"}, "regoperator": {"pg_operator", "c.oid::regoperator::text"},
	} {
		t.Run(typ, func(t *testing.T) {
			seen := map[string]bool{}
			for _, row := range c.query(t, "SELECT oid FROM "+of[0]+" WHERE oid >= 16384").rows {
				seen[strings.Trim(row[0], `"`)] = true
			}
			tried := 0
			for _, row := range pg.rows(t, "namemarks", "SELECT c.oid::text, "+of[1]+" FROM "+of[0]+" c WHERE c.oid >= 16384") {
				name := strings.ReplaceAll(row[1], "'", "''")
				if seen[row[0]] || strings.Contains(name, "pg_toast") {
					continue
				}
				tried++
				if strings.Contains(typ, "reg") {
					o := c.query(t, fmt.Sprintf("SELECT to_%s('%s')", typ, name))
					require.Nil(t, o.err, "%s %s\n%s", typ, name, describeIf(o))
					require.Equal(t, [][]string{{"NULL"}}, o.rows, "%s %s", typ, name)
				}
				missing := strings.Replace(name, ".", ".not_there_", 1)
				for _, form := range []string{"SELECT '%s'::" + typ, "SELECT ('%s'::text || '')::" + typ, "SELECT '{\"%s\"}'::" + typ + "[]"} {
					if strings.Contains(name, `"`) || missing == name {
						continue
					}
					got, want := c.query(t, fmt.Sprintf(form, name)), c.query(t, fmt.Sprintf(form, missing))
					require.Equal(t, want.code(), got.code(), "%s of %s", form, name)
					require.Equal(t, want.rows, got.rows, "%s of %s", form, name)
				}
			}
			require.Positive(t, tried)
		})
	}
	for _, right := range []string{
		"has_table_privilege('%s', 'SELECT')", "has_any_column_privilege('%s', 'SELECT')", "has_column_privilege('%s', 'id', 'SELECT')",
		"has_sequence_privilege('%s', 'USAGE')", "pg_get_serial_sequence('%s', 'id')", "pg_relation_size('%s')", "row_security_active('%s')",
	} {
		for _, row := range pg.rows(t, "namemarks", "SELECT oid::regclass::text FROM pg_class WHERE relname LIKE '%zqmark%' AND relkind IN ('r', 'v', 'S', 'm')") {
			sql := "SELECT " + right
			got, want := c.query(t, fmt.Sprintf(sql, row[0])), c.query(t, fmt.Sprintf(sql, "app.not_there"))
			require.Equal(t, want.code(), got.code(), "%s\n%s", sql, describeIf(got))
			require.Equal(t, want.rows, got.rows, sql)
		}
	}
}
