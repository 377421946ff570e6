package tests

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// Whoever is in force when PostgreSQL gets to a statement is who it was judged for, whatever stood before it in the same message or the same pipeline.

func TestATenantIsOfTheUserWhoIsInForceThen(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_leaning")
	const lee = "SET LOCAL wherewall.user = 'lee@acme'"
	for name, lines := range map[string][][2]string{
		"after a ROLLBACK": {{"BEGIN", ""}, {lee, ""}, {"ROLLBACK; SET wherewall.tenant = 'globex'", "0A000"}, {"ROLLBACK", ""}, {"seen", nothingOfDocs}},
		"after a COMMIT":   {{"BEGIN", ""}, {lee, ""}, {"COMMIT; SET wherewall.tenant = 'globex'", "0A000"}, {"ROLLBACK", ""}, {"seen", nothingOfDocs}},
		"after a RESET ALL": {
			{"SET wherewall.user = 'lee@acme'", ""},
			{"RESET ALL; SET wherewall.tenant = 'globex'", "0A000"},
			{"RESET ALL; SELECT set_config('wherewall.tenant', 'globex', false)", "0A000"},
			{"seen", acmeDocs},
		},
		"after the user's own name": {
			{"BEGIN", ""},
			{lee, ""},
			{"ROLLBACK; SET wherewall.user = 'lee'; SET wherewall.tenant = 'globex'", ""},
			{"seen", globexDocs},
			{"RESET ALL; SELECT set_config('wherewall.user', 'lee', false), set_config('wherewall.tenant', 'acme', false)", ""},
			{"seen", acmeDocs},
		},
	} {
		t.Run(name, func(t *testing.T) { script(t, dial(t, p.dsn("pool")), lines...) })
	}
}

func TestAPortalThatHasRunSetsNobodyAgain(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_ran")
	c, direct := dial(t, p.dsn("pool")), dial(t, pg.dsn(serviceRole, servicePassword, "subjects_ran"))
	tags := func(c *client) []string {
		o := batch(t, c, append(append(append(all("BEGIN"),
			&pgproto3.Parse{Name: "k", Query: `SELECT set_config('wherewall.user', 'kim', false)`},
			&pgproto3.Bind{DestinationPortal: "k", PreparedStatement: "k"}, &pgproto3.Execute{Portal: "k"}),
			all(`SET "wherewall"."user" = 'wil'`)...), &pgproto3.Execute{Portal: "k"})...)
		require.Equal(t, "", o.code())
		return o.tags
	}
	require.Equal(t, tags(direct), tags(c))
	require.Equal(t, "wil", told(direct.query(t, "SELECT current_setting('wherewall.user')")))
	require.Equal(t, globexDocs, seen(t, c))
}

func TestAPortalReadsNoNumbersThatWereDrawnSinceItWasBound(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_drawn")
	c := dial(t, p.dsn("pool"))
	script(t, c, [][2]string{{"BEGIN", ""}, {asKim, ""}}...)
	require.Equal(t, "", batch(t, c, &pgproto3.Parse{Query: "SELECT currval('doc_id_seq')"}, &pgproto3.Bind{DestinationPortal: "p"}).code())
	script(t, c, [][2]string{{asWil, ""}, {"SELECT nextval('doc_id_seq')", "31"}, {asKim, ""}}...)
	require.Equal(t, "55000", batch(t, c, &pgproto3.Execute{Portal: "p"}).code())
}

func TestWhatRunsByNameIsKnownBeforeItIsJudgedWhatItLeaves(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_unanswered")
	c := dial(t, p.dsn("pool"))
	script(t, c, [][2]string{{asKim, ""}, {"CREATE TEMP TABLE mine AS SELECT * FROM doc", ""}, {"SELECT nextval('doc_id_seq')", "31"}, {asWil, ""}}...)
	for _, sql := range []string{"SELECT tenant FROM pg_temp.mine", "SELECT currval('doc_id_seq')"} {
		o := batch(t, c, append([]pgproto3.FrontendMessage{&pgproto3.Parse{Name: "s", Query: sql}}, all("EXECUTE s")...)...)
		require.Equal(t, "55000", o.code(), sql)
		require.Empty(t, o.rows)
	}
	c.Send(&pgproto3.Parse{Name: "q", Query: "SELECT currval('doc_id_seq')"})
	c.Send(&pgproto3.Query{String: "EXECUTE q"})
	o, err := c.outcome()
	require.NoError(t, err)
	require.Equal(t, "55000", o.code())
	require.Empty(t, o.rows)
	require.Equal(t, "55000", batch(t, c, &pgproto3.Parse{Query: "SELECT * FROM pg_temp.mine"}, &pgproto3.Describe{ObjectType: 'S'}).code())
	script(t, c, [2]string{asKim, ""})
	parsed(t, c, "m", "SELECT * FROM pg_temp.mine")
	script(t, c, [2]string{asWil, ""})
	require.Equal(t, "55000", batch(t, c, &pgproto3.Describe{ObjectType: 'S', Name: "m"}).code())
}

func TestWithoutASubjectTheExtendedProtocolLeadsBack(t *testing.T) {
	t.Parallel()
	p := newImpersonating(t, "subjects_back")
	for name, back := range map[string][]string{
		"by RESET":       {"ROLLBACK", "RESET wherewall.token"},
		"by RESET ALL":   {"COMMIT", "SET TimeZone = 'UTC'", "RESET ALL"},
		"by DISCARD ALL": {"ROLLBACK", "DISCARD ALL"},
	} {
		p.clock.ahead.Store(0)
		c := dial(t, p.dsn("signed"))
		script(t, c, [][2]string{{"SET wherewall.token = '" + p.tokenOf(t, "kim", "") + "'", ""}, {"BEGIN", ""}}...)
		p.clock.ahead.Store(int64(2 * time.Hour))
		require.Equal(t, "28000", batch(t, c, all(countDocs)...).code(), name)
		require.Equal(t, "", batch(t, c, all("ROLLBACK", "BEGIN")...).code(), name)
		for _, sql := range back {
			o := batch(t, c, all(sql)...)
			require.Equal(t, "", o.code(), "%s: %+v", name, o.err)
		}
		require.Equal(t, nothingOfDocs, seen(t, c), name)
	}
}

func TestASubjectStaysInTheTenantThatItBeganIn(t *testing.T) {
	t.Parallel()
	p := newImpersonating(t, "subjects_moved")
	named, signed := dial(t, p.dsn("pool")), dial(t, p.dsn("signed"))
	script(t, named, [][2]string{{asKim, ""}, {"seen", acmeDocs}}...)
	script(t, signed, [][2]string{{"SET wherewall.token = '" + p.tokenOf(t, "kim", "") + "'", ""}, {"seen", acmeDocs}}...)
	p.world.Store(worldOf(t, p.database, strings.ReplaceAll(subjectPolicy, "kim: {tenants: {acme: [member]}}", "kim: {tenants: {globex: [member]}}")))
	require.Equal(t, "28000", seen(t, named))
	require.Equal(t, "28000", seen(t, signed))
	script(t, named, [][2]string{{asKim, ""}, {"seen", globexDocs}}...)

	script(t, named, [][2]string{{"SET wherewall.user = 'signed'", ""}, {"seen", nothingOfDocs}}...)
	p.world.Store(worldOf(t, p.database, strings.ReplaceAll(subjectPolicy, "signed: {", "signed: {tenants: {acme: [member]}, ")))
	script(t, named, [][2]string{{"seen", "28000"}, {"SET wherewall.user = 'signed'", ""}, {"seen", acmeDocs}}...)
}

func TestATokenInALongTextIsNotPassedOver(t *testing.T) {
	t.Parallel()
	p := newImpersonating(t, "subjects_long")
	c := dial(t, p.dsn("signed"))
	token := p.tokenOf(t, "wil", "")
	script(t, c, [2]string{"SET wherewall.token = '" + p.tokenOf(t, "kim", "") + "'", ""})
	long := countDocs + " -- " + strings.Repeat("x", 70<<10) + "\n"
	for _, sql := range []string{
		long + "/* WhereWall.token='" + token + "' */", long + "/* wherewall.token='" + token + "' */ -- by a tracer", "-- by a tracer\n/* wherewall.token='" + token + "' */ " + long,
	} {
		require.Equal(t, "22023", told(c.query(t, sql)))
	}
	require.Equal(t, globexDocs, told(c.query(t, long+"/* wherewall.token='"+token+"' */")))
}

func TestTheServerHearsNoTokenByStatementsThatItDoesNotHave(t *testing.T) {
	t.Parallel()
	p := newImpersonating(t, "subjects_unheard")
	c := dial(t, p.dsn("signed"))
	token := p.tokenOf(t, "kim", "")
	require.Equal(t, "", batch(t, c, &pgproto3.Parse{Name: "s", Query: "SELECT set_config('wherewall.token', $1, false)"}).code())
	script(t, c, [2]string{"DISCARD ALL", ""})
	o := batch(t, c, &pgproto3.Bind{PreparedStatement: "s", Parameters: [][]byte{[]byte(token)}}, &pgproto3.Execute{})
	require.Equal(t, "26000", o.code())
	require.Equal(t, `prepared statement "s" does not exist`, o.err.Message)
	p.requireSecret(t, token)
}

func TestNobodyIsSetInTheMidstOfAnotherStatement(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_midst")
	const call = "set_config('wherewall.user', 'wil', false)"
	for _, sql := range []string{
		"SELECT * FROM (SELECT " + call + ") s", "WITH s AS (SELECT " + call + ") SELECT * FROM s", "SELECT CASE WHEN true THEN " + call + " END", "SELECT " + call + " WHERE false",
		"SELECT " + call + " FROM doc", "SELECT " + call + ", 1", "SELECT DISTINCT " + call, "SELECT " + call + " LIMIT 0", "SELECT " + call + " FOR UPDATE", "VALUES (" + call + ")",
		"SELECT " + call + " UNION SELECT 'x'", "EXPLAIN SELECT " + call, "EXPLAIN ANALYZE SELECT " + call, "PREPARE s AS SELECT " + call, "DECLARE c CURSOR FOR SELECT " + call,
		"CREATE TEMP TABLE mine AS SELECT " + call, "COPY (SELECT " + call + ") TO STDOUT", "INSERT INTO doc (tenant, title) SELECT 'acme', " + call,
		"UPDATE doc SET title = title RETURNING " + call, "SELECT set_config(setting_name => 'wherewall.user', new_value => 'wil', is_local => false)",
		"SELECT set_config('where' || 'wall.user', 'wil', false)", "SELECT set_config(title, 'wil', false) FROM doc", "SELECT set_config('wherewall.user', title, false) FROM doc",
		"SELECT set_config('wherewall.user', 'wil', title = 't1') FROM doc", "SELECT set_config('wherewall.user', 'wil', 1 = 2)", "ALTER ROLE pool SET wherewall.user = 'wil'",
		"UPDATE pg_settings SET setting = 'wil' WHERE name = 'wherewall.user'", "SET wherewall.user FROM CURRENT", "SET wherewall.plan = 'x'", "SET wherewall.subject = 'wil'",
		"SET SESSION AUTHORIZATION wil", "SET ROLE wil", "DO $$BEGIN SET wherewall.user = 'wil'; END$$", "SET wherewall.user = 'kim', 'wil'",
	} {
		c := dial(t, p.dsn("pool"))
		script(t, c, [2]string{asKim, ""}, [2]string{"BEGIN", ""})
		require.NotEqual(t, "", c.query(t, sql).code(), sql)
		script(t, c, [2]string{"ROLLBACK", ""})
		require.Equal(t, acmeDocs, seen(t, c), sql)
		require.NotEqual(t, "", batch(t, c, all(sql)...).code(), sql)
		require.Equal(t, acmeDocs, seen(t, c), sql)
		c.close()
	}
	for _, sql := range []string{
		`SET "WhereWall"."USER" = 'wil'`, `SET U&"wh\0065rewall".user = wil`, `SELECT pg_catalog.set_config('WHEREWALL.User', 'wil', 'f')`, `SET SESSION wherewall.user = E'w\x69l'`,
		`SELECT set_config($$wherewall.user$$, 'w' 
		'il', false)`,
	} {
		c := dial(t, p.dsn("pool"))
		script(t, c, [2]string{asKim, ""})
		o := c.query(t, sql)
		if o.code() == "" {
			require.Equal(t, globexDocs, seen(t, c), sql)
		} else {
			require.Equal(t, acmeDocs, seen(t, c), sql)
		}
		c.close()
	}
}

func TestACommitThatFailsTakesTheSubjectBack(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_deferred")
	pg.exec(t, "subjects_deferred", "ALTER TABLE doc ADD CONSTRAINT once UNIQUE (title) DEFERRABLE INITIALLY DEFERRED")
	const twice = "INSERT INTO doc (tenant, title) VALUES ('acme', 't1')"
	c := dial(t, p.dsn("pool"))
	script(t, c, [][2]string{{asWil, ""}, {"BEGIN", ""}, {asKim, ""}, {twice, ""}, {"COMMIT", "23505"}, {"seen", globexDocs}}...)
	require.Equal(t, "23505", batch(t, c, all("BEGIN", asKim, twice, "COMMIT", countDocs)...).code())
	require.Equal(t, globexDocs, seen(t, c))
	require.Equal(t, "23505", batch(t, c, all(asKim, twice)...).code(), "at Sync")
	require.Equal(t, globexDocs, seen(t, c))
	require.Equal(t, "23505", batch(t, c, all("BEGIN", asKim, twice, "COMMIT AND CHAIN")...).code())
	require.Equal(t, globexDocs, seen(t, c))
}
