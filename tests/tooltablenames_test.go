package tests

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRowsTellTheirTables asks for the table of rows, as partition-aware tools do, and compares with PostgreSQL.
func TestRowsTellTheirTables(t *testing.T) {
	t.Parallel()
	const database = "table_names"
	p := newSampleProxy(t, database)
	c, direct := dial(t, p.dsn("max@acme")), dial(t, pg.dsn("wherewall_svc", servicePassword, database))
	for _, path := range []string{"", "SET search_path = ''"} {
		for _, sql := range []string{
			"SELECT DISTINCT tableoid::regclass FROM app.task", "SELECT tableoid::regclass AS t, count(*) > 0 FROM app.task GROUP BY tableoid::regclass ORDER BY 1",
			"SELECT DISTINCT tableoid::regclass::text || '!' FROM app.task", "SELECT DISTINCT upper(t.tableoid::regclass::text), t.tableoid = 'app.task'::regclass FROM app.task t",
			"SELECT count(*) > 0 FROM app.task WHERE tableoid = 'app.task'::regclass", "SELECT count(*) FROM app.task WHERE tableoid <> 'app.task'::regclass::oid",
			"SELECT DISTINCT p.tableoid::regclass, t.tableoid::regclass::varchar FROM app.project p JOIN app.task t ON t.project_id = p.id",
			"SELECT DISTINCT tableoid::regclass FROM app.\"Order Line\"", "SELECT DISTINCT (SELECT tableoid::regclass::text FROM app.org LIMIT 1) FROM app.task",
			"SELECT DISTINCT (tableoid)::pg_catalog.regclass FROM ONLY app.task WHERE tableoid::regclass::text LIKE '%task'",
			"SELECT 1 FROM app.task WHERE tableoid = 'app.nothing'::regclass", "SELECT count(*) > 0 FROM app.task WHERE tableoid::regclass = 'app.task'",
			"SELECT count(*) FROM app.task WHERE 'app.task' <> tableoid::regclass",
			"SELECT count(*) > 0 FROM app.task WHERE tableoid::regclass IN ('app.task', 'app.project')",
			"SELECT count(*) > 0 FROM pg_constraint WHERE conrelid::regclass IN ('app.task', 'app.project')", "SELECT 1 FROM pg_constraint WHERE conrelid::regclass IN ('app.nothing', 'app.task')",
		} {
			if path != "" {
				require.Empty(t, c.query(t, path).code())
				require.Empty(t, direct.query(t, path).code())
			}
			want, got := direct.query(t, sql), c.query(t, sql)
			require.Equal(t, want.code(), got.code(), "%s: %v", sql, got.err)
			require.Equal(t, want.rows, got.rows, sql)
			if want.err == nil {
				require.Equal(t, want.fields, got.fields, sql)
			} else {
				require.Equal(t, want.err.Message, got.err.Message, sql)
			}
		}
	}
	require.Equal(t, "42P01", c.query(t, "SELECT 1 FROM app.task WHERE tableoid = 'app.audit_log'::regclass").code(), "hidden and missing answer alike")
	o := dial(t, p.dsn("pat")).query(t, "UPDATE app.project SET name = name WHERE id = (SELECT min(id) FROM app.project) RETURNING tableoid::regclass")
	require.Nil(t, o.err)
	require.Len(t, o.rows, 1)
	require.Contains(t, o.rows[0][0], "project")
}

// TestHiddenPartitionsHaveNoNames keeps the rows of a tenant in a partition whose name tells of it.
func TestHiddenPartitionsHaveNoNames(t *testing.T) {
	t.Parallel()
	const database = "table_names_hidden"
	p := newSampleProxy(t, database)
	c := dial(t, p.dsn("max@acme"))
	pg.exec(t, database, "CREATE TABLE app.task_of_somebody () INHERITS (app.task)")
	pg.exec(t, database, "INSERT INTO app.task_of_somebody (id, project_id, title) SELECT -1, min(project_id), 'in a child' FROM app.task")
	o := c.query(t, "SELECT tableoid::regclass, tableoid::regclass::text = tableoid::text FROM task WHERE title = 'in a child'")
	require.Nil(t, o.err)
	require.Equal(t, [][]string{{"NULL", `"t"`}}, o.rows, "the table was made since the schema was read")
}

// TestObjectsAreNotDescribed calls what describes any object of the database.
func TestObjectsAreNotDescribed(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "described")
	c := dial(t, p.dsn("kim"))
	for sql, rows := range map[string][][]string{
		"SELECT pg_describe_object('pg_class'::regclass, 'app.task'::regclass, 0)":                                {{"NULL"}},
		"SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend WHERE false":                          nil,
		"SELECT (pg_identify_object('pg_class'::regclass, 1259, 0)).identity":                                     {{"NULL"}},
		"SELECT o.type, o.identity FROM pg_class c, pg_identify_object('pg_class'::regclass, c.oid, 0) o LIMIT 1": {{"NULL", "NULL"}},
		"SELECT count(*) FROM pg_partition_tree('app.task'::regclass)":                                            {{`"0"`}},
		"SELECT relname, (SELECT count(*) FROM pg_partition_tree(c.oid)) FROM pg_class c WHERE relname = 'task'":  {{`"task"`, `"0"`}},
		"SELECT count(*) FROM pg_class c, aclexplode(c.relacl) a WHERE a.grantee = 0":                             {{`"0"`}},
		"SELECT (pg_sequence_parameters(oid)).increment FROM pg_class WHERE relname = 'task_id_seq'":              {{"NULL"}},
	} {
		o := c.query(t, sql)
		require.Nil(t, o.err, "%s: %v", sql, o.err)
		require.Equal(t, rows, o.rows, sql)
	}
}
