package tests

import (
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// number reads an answer of one number.
func number(t *testing.T, o *outcome) int64 {
	t.Helper()
	require.Nil(t, o.err)
	require.Len(t, o.rows, 1)
	text, err := strconv.Unquote(o.rows[0][0])
	require.NoError(t, err)
	n, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t, err)
	return n
}

// TestMappersTakeNumbersFromSequences does what object-relational mappers do before and after they write a row.
func TestMappersTakeNumbersFromSequences(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "sequences")
	pg.exec(t, "sequences", "GRANT USAGE ON ALL SEQUENCES IN SCHEMA app, billing TO wherewall_svc")
	c := dial(t, p.dsn("pat"))
	position := func(sequence string) string { return pg.rows(t, "sequences", "SELECT last_value FROM "+sequence)[0][0] }
	for _, spelled := range []string{
		`nextval('member_id_seq')`, `nextval('app.member_id_seq')`, `pg_catalog.nextval('"app"."member_id_seq"'::regclass)`, `nextval('APP.Member_ID_seq'::pg_catalog.regclass)`,
		`nextval('sequences.app.member_id_seq')`, `nextval(pg_get_serial_sequence('member', 'id'))`, `nextval('member_id_seq'::text)`,
	} {
		n := number(t, c.query(t, "SELECT "+spelled))
		require.Equal(t, strconv.FormatInt(n, 10), position("app.member_id_seq"), spelled)
		require.Equal(t, n, number(t, c.query(t, "SELECT currval('member_id_seq')")), spelled)
		require.Equal(t, n, number(t, c.query(t, "SELECT currval(pg_get_serial_sequence('app.member', 'id'))")), spelled)
	}
	n := number(t, c.query(t, "SELECT nextval('task_id_seq')"))
	require.Equal(t, strconv.FormatInt(n, 10), position("app.task_id_seq"), "identity columns have a sequence too")
	require.Equal(t, n+3, number(t, c.query(t, "SELECT max(n) FROM (SELECT nextval('task_id_seq') AS n FROM generate_series(1, 3)) batch")))

	o := c.query(t, `INSERT INTO member (id, org_id, username, full_name, email) VALUES (nextval('member_id_seq'), 'initech', 'neo', 'Neo', 'neo@initech') RETURNING id`)
	require.Equal(t, number(t, o), number(t, c.query(t, "SELECT currval('member_id_seq')")))
	require.Equal(t, [][]string{{`"app.member_id_seq"`, "NULL"}}, c.query(t, "SELECT pg_get_serial_sequence('member', 'id'), pg_get_serial_sequence('member', 'org_id')").rows)
	require.Equal(t, "55000", dial(t, p.dsn("pat")).query(t, "SELECT currval('member_id_seq')").code(), "as PostgreSQL says before nextval")
	require.Equal(t, "42P01", c.query(t, "SELECT nextval(pg_get_serial_sequence('app.audit_log', 'id'))").code())
	require.Equal(t, "42703", c.query(t, "SELECT nextval(pg_get_serial_sequence('member', 'nothing'))").code())
}

// TestSequencesByParameters names sequences by parameters.
func TestSequencesByParameters(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "sequences_parameters")
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeSimpleProtocol} {
		c, err := pgx.Connect(t.Context(), p.dsn("pat"))
		require.NoError(t, err)
		for name, state := range map[string]string{
			"member_id_seq": "", "app.member_id_seq": "", `"app"."member_id_seq"`: "", "audit_log_id_seq": "42P01", "app.audit_log_id_seq": "42P01", "nothing": "42P01",
		} {
			var n int64
			err := c.QueryRow(t.Context(), "SELECT nextval($1::text)", mode, name).Scan(&n)
			require.Equal(t, state, sqlState(err), "%s %s: %v", mode, name, err)
		}
		require.NoError(t, c.Close(t.Context()))
	}
}

// TestNoHiddenRowUsesUpNumbers counts the numbers that a condition over a filtered table takes: one for each row that may be seen.
func TestNoHiddenRowUsesUpNumbers(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "sequences_rows")
	c := dial(t, p.dsn("pat"))
	for _, sql := range []string{
		"SELECT count(*) FROM task WHERE nextval('member_id_seq') > 0", "SELECT count(*) FROM task WHERE nextval('member_id_seq') > 0 AND status = 'open'",
		"SELECT count(nextval('member_id_seq')) FROM task", "SELECT count(*) FROM task t JOIN project p ON p.id = t.project_id AND nextval('member_id_seq') > 0",
	} {
		visible := number(t, c.query(t, "SELECT count(*) FROM task"))
		before := number(t, c.query(t, "SELECT nextval('member_id_seq')"))
		require.Empty(t, c.query(t, sql).code(), sql)
		require.LessOrEqual(t, number(t, c.query(t, "SELECT nextval('member_id_seq')"))-before-1, visible, sql)
	}
}

// TestLastvalTellsOfOpenSequencesOnly asks for the last number where a trigger may have taken it, and where none can.
func TestLastvalTellsOfOpenSequencesOnly(t *testing.T) {
	t.Parallel()
	const database = "sequences_last"
	newSample(t, database)
	last := func(login string) string {
		c := dial(t, startProxy(t, sampleOptions(database)).dsn(login))
		require.Empty(t, c.query(t, `INSERT INTO invoice (org_id, number, customer, amount, created_by) VALUES ('acme', 'X-'||random(), 'x', 1, '`+login+`')`).code())
		return c.query(t, "SELECT lastval()").code()
	}
	require.Empty(t, last("bea"))
	pg.exec(t, database, `CREATE FUNCTION billing.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN NULL; END $$;
		CREATE TRIGGER note AFTER INSERT ON billing.invoice FOR EACH STATEMENT EXECUTE FUNCTION billing.note()`)
	require.Equal(t, "42501", last("bea"))
	pg.exec(t, database, `DROP TRIGGER note ON billing.invoice; CREATE FUNCTION billing.code() RETURNS text LANGUAGE sql AS 'SELECT ''x''::text';
		ALTER TABLE billing.invoice ADD code text DEFAULT billing.code()`)
	require.Equal(t, "42501", last("bea"))
}
