package tests

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// subjectPolicy has two tenants, a user in each, one in both, and shared logins.
const subjectPolicy = `wherewall: 1
entities:
  doc: {table: public.doc, key: id, tenant: tenant, owner: owner}
  price: {table: public.price, key: id, tenant: global}
permissions:
  docs: [doc.read, doc.create, doc.update, doc.delete]
  titles: ["doc.read(id, tenant, title)"]
  prices: [price.read]
roles:
  member: {can: [docs, prices], allow: [temp_tables, advisory_locks, listen]}
  reader: {can: [titles]}
  clerk: {can: [prices]}
tenants: {acme: {}, globex: {}, closed: {active: false}}
users:
  kim: {tenants: {acme: [member]}}
  lee: {tenants: {acme: [member], globex: [member]}}
  wil: {tenants: {globex: [member]}}
  ron: {tenants: {globex: [reader]}}
  gone: {tenants: {acme: [member]}, active: false}
  late: {tenants: {closed: [member]}}
  root: {tenants: {acme: [member]}, unfiltered: true}
  pool: {may_impersonate: name}
  clerk: {tenants: {acme: [clerk]}, may_impersonate: name}
  signed: {may_impersonate: true}
`

func newSubjects(t testing.TB, name string) {
	t.Helper()
	pg.createDatabase(t, name, "template0")
	pg.exec(t, name, `
		CREATE TABLE doc (id serial PRIMARY KEY, tenant text NOT NULL, owner text, title text, body text);
		CREATE TABLE price (id int PRIMARY KEY, amount int);
		INSERT INTO doc (tenant, owner, title, body) SELECT CASE WHEN i % 3 = 0 THEN 'globex' ELSE 'acme' END, 'kim', 't' || i, 'b' || i FROM generate_series(1, 30) i;
		INSERT INTO price SELECT i, 10 * i FROM generate_series(1, 5) i;
		GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO `+serviceRole+`;
		GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO `+serviceRole)
}

func newSubjectProxy(t testing.TB, name string) *changing {
	t.Helper()
	newSubjects(t, name)
	return startChanging(t, name, "", subjectPolicy)
}

// seen are the tenants whose documents a client sees, and how many of each; an SQLSTATE where it sees an error.
func seen(t testing.TB, c *client) string {
	t.Helper()
	return told(c.query(t, "SELECT tenant, count(*) FROM doc GROUP BY tenant ORDER BY tenant"))
}

// told is what an outcome has: its rows, or its SQLSTATE.
func told(o *outcome) string {
	if o.err != nil {
		return o.err.Code
	}
	rows := make([]string, len(o.rows))
	for i, r := range o.rows {
		rows[i] = strings.ReplaceAll(strings.Join(r, " "), `"`, "")
	}
	return strings.Join(rows, ", ")
}

const (
	nothingOfDocs = "42P01" // a table of which one has no right is not there
	acmeDocs      = "acme 20"
	globexDocs    = "globex 10"
)

// script sends each statement as a simple query and demands of each the rows or the SQLSTATE that stands behind it; of those without, success.
func script(t *testing.T, c *client, lines ...[2]string) {
	t.Helper()
	for _, line := range lines {
		sql, want := line[0], line[1]
		if sql == "seen" {
			require.Equal(t, want, seen(t, c))
			continue
		}
		o := c.query(t, sql)
		if want == "" {
			require.Equal(t, "", o.code(), "%s: %+v", sql, o.err)
			continue
		}
		require.Equal(t, want, told(o), sql)
	}
}

func TestASharedLoginActsAsWhomItNames(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_named")
	const none, acme, globex = nothingOfDocs, acmeDocs, globexDocs
	for name, lines := range map[string][][2]string{
		"its own rights are those of nobody": {{"seen", none}, {"SELECT count(*) FROM price", "42P01"}},
		"a session acts as a user with one tenant": {
			{"SET wherewall.user = 'kim'", ""},
			{"seen", acme},
			{"SHOW wherewall.user", "kim"},
			{"SHOW wherewall.tenant", "acme"},
			{"SELECT current_user", "kim"},
			{"SET wherewall.user TO wil", ""},
			{"seen", globex},
			{"RESET wherewall.user", ""},
			{"seen", none},
		},
		"a user with several tenants needs one": {
			{"SET wherewall.user = 'lee'", ""},
			{"seen", "28000"},
			{"SET wherewall.tenant = 'globex'", ""},
			{"seen", globex},
			{"SET wherewall.tenant = 'acme'", ""},
			{"seen", acme},
			{"RESET wherewall.tenant", ""},
			{"seen", "28000"},
			{"RESET ALL", ""},
			{"seen", none},
			{"SET wherewall.user = 'lee@globex'", ""},
			{"seen", globex},
		},
		"SET LOCAL ends with the transaction": {
			{"BEGIN", ""},
			{"SET LOCAL wherewall.user = 'kim'", ""},
			{"seen", acme},
			{"COMMIT", ""},
			{"seen", none},
			{"BEGIN", ""},
			{"SET LOCAL wherewall.user = 'wil'", ""},
			{"seen", globex},
			{"ROLLBACK", ""},
			{"seen", none},
		},
		"SET LOCAL outside of a transaction has no effect": {{"SET LOCAL wherewall.user = 'kim'", ""}, {"seen", none}},
		"a rollback takes SET back": {
			{"SET wherewall.user = 'wil'", ""}, {"BEGIN", ""}, {"SET wherewall.user = 'kim'", ""}, {"seen", acme}, {"ROLLBACK", ""}, {"seen", globex},
		},
		"an error takes SET back": {
			{"BEGIN", ""}, {"SET wherewall.user = 'kim'", ""}, {"SELECT 1/0", "22012"}, {"seen", "25P02"}, {"COMMIT", ""}, {"seen", none},
		},
		"a savepoint takes SET back": {
			{"BEGIN", ""},
			{"SET LOCAL wherewall.user = 'kim'", ""},
			{"SAVEPOINT s", ""},
			{"SET wherewall.user = 'wil'", ""},
			{"seen", globex},
			{"SELECT 1/0", "22012"},
			{"ROLLBACK TO s", ""},
			{"seen", acme},
			{"COMMIT", ""},
			{"seen", none},
		},
		"DISCARD ALL and RESET ALL go back": {
			{"SET wherewall.user = 'kim'", ""}, {"DISCARD ALL", ""}, {"seen", none}, {"SET wherewall.user = 'kim'", ""}, {"RESET ALL", ""}, {"seen", none},
		},
		"set_config says the same": {
			{"SELECT set_config('wherewall.user', 'kim', false)", ""},
			{"seen", acme},
			{"SELECT set_config('wherewall.user', '', false)", ""},
			{"seen", none},
			{"BEGIN", ""},
			{"SELECT set_config('wherewall.user', 'lee', true), set_config('wherewall.tenant', 'globex', true)", ""},
			{"seen", globex},
			{"COMMIT", ""},
			{"seen", none},
		},
		"who is hidden and who is missing answer alike": {
			{"SET wherewall.user = 'nobody'", "22023"},
			{"SET wherewall.user = 'gone'", "22023"},
			{"SET wherewall.user = 'late'", "22023"},
			{"SET wherewall.user = 'root'", "22023"},
			{"SET wherewall.user = 'kim'", ""},
			{"SET wherewall.tenant = 'globex'", "22023"},
			{"SET wherewall.tenant = 'nowhere'", "22023"},
			{"seen", acme},
		},
		"the last statement of a message may set the subject": {
			{"BEGIN; SET LOCAL wherewall.user = 'lee'; SET LOCAL wherewall.tenant = 'acme'", ""},
			{"seen", acme},
			{"COMMIT", ""},
			{"SET wherewall.user = 'kim'; SELECT 1", "0A000"},
			{"seen", none},
		},
		"nothing is judged for one subject and run for another": {
			{"BEGIN", ""},
			{"SET LOCAL wherewall.user = 'kim'", ""},
			{"COMMIT; SELECT count(*) FROM doc", "0A000"},
			{"ROLLBACK", ""},
			{"SET wherewall.user = 'kim'", ""},
			{"RESET ALL; SELECT count(*) FROM doc", "0A000"},
			{"seen", acme},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script(t, dial(t, p.dsn("pool")), lines...)
		})
	}
}

func TestOthersMayNotActAsAnybody(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_others")
	kim := dial(t, p.dsn("kim"))
	for _, sql := range []string{
		"SET wherewall.user = 'wil'", "SET LOCAL wherewall.tenant = 'globex'", "SET wherewall.token = 'ey.J.x'", "RESET wherewall.user",
		"SELECT set_config('wherewall.user', 'wil', false)", "SELECT 1 /* wherewall.token='ey.J.x' */",
	} {
		for _, how := range []func(string) (*outcome, error){kim.simple, kim.extended} {
			o, err := how(sql)
			require.NoError(t, err)
			require.Equal(t, "42501", o.code(), sql)
			require.NotEmpty(t, o.err.Hint, sql)
			require.NotContains(t, o.raw, "ey.J", sql)
		}
	}
	require.Equal(t, acmeDocs, seen(t, kim))
	require.Equal(t, "kim", told(kim.query(t, "SHOW wherewall.user")))
	require.Equal(t, "acme", told(kim.query(t, "SELECT current_setting('wherewall.tenant')")))
	signed := dial(t, p.dsn("signed"))
	require.Equal(t, "42501", signed.query(t, "SET wherewall.user = 'kim'").code(), "a bare name")
	require.Equal(t, "0A000", signed.query(t, "SET wherewall.token = 'ey.J.x'").code(), "this proxy has no keys")
}

func TestAPlanHasADigest(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_digest")
	digest := func(login string) string {
		o := dial(t, p.dsn(login)).query(t, "SHOW wherewall.plan")
		require.Equal(t, "", o.code())
		require.Len(t, told(o), 16)
		return told(o)
	}
	require.Equal(t, digest("kim"), digest("kim@acme"))
	require.NotEqual(t, digest("lee@acme"), digest("lee@globex"))
	require.NotEqual(t, digest("kim"), digest("lee@acme"))
}

// batch sends messages with a Sync behind them and returns what came of all.
func batch(t testing.TB, c *client, messages ...pgproto3.FrontendMessage) *outcome {
	t.Helper()
	for _, m := range messages {
		c.Send(m)
	}
	c.Send(&pgproto3.Sync{})
	o, err := c.outcome()
	require.NoError(t, err)
	return o
}

// runs are the messages that run a text by the unnamed statement.
func runs(sql string) []pgproto3.FrontendMessage {
	return []pgproto3.FrontendMessage{&pgproto3.Parse{Query: sql}, &pgproto3.Bind{}, &pgproto3.Execute{}}
}

func all(texts ...string) []pgproto3.FrontendMessage {
	var messages []pgproto3.FrontendMessage
	for _, sql := range texts {
		messages = append(messages, runs(sql)...)
	}
	return messages
}

const countDocs = "SELECT tenant, count(*) FROM doc GROUP BY tenant ORDER BY tenant"

func TestASubjectChangesInTheMidstOfAPipeline(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_pipeline")
	c := dial(t, p.dsn("pool"))
	o := batch(t, c, all("BEGIN", "SET LOCAL wherewall.user = 'kim'", countDocs, "SET LOCAL wherewall.user = 'wil'", countDocs, "COMMIT")...)
	require.Equal(t, "acme 20, globex 10", told(o))
	require.Equal(t, []string{"BEGIN", "SET", "SELECT 1", "SET", "SELECT 1", "COMMIT"}, o.tags)
	require.Equal(t, nothingOfDocs, seen(t, c))

	o = batch(t, c, all("SET wherewall.user = 'kim'", countDocs, "SELECT 1/0", countDocs)...)
	require.Equal(t, "22012", o.code())
	require.Equal(t, [][]string{{`"acme"`, `"20"`}}, o.rows)
	require.Equal(t, nothingOfDocs, seen(t, c), "what failed as a whole has changed nothing")

	o = batch(t, c, all("SET wherewall.user = 'kim'", "COMMIT", countDocs, "SELECT 1/0")...)
	require.Equal(t, "22012", o.code())
	require.Equal(t, acmeDocs, seen(t, c), "what was committed in the midst of it holds")

	o = batch(t, c, all("RESET wherewall.user", countDocs)...)
	require.Equal(t, nothingOfDocs, o.code())
	require.Equal(t, acmeDocs, seen(t, c), "and the error has taken the RESET back")
}

func TestTheValueOfASubjectMayBeAParameter(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_parameter")
	c := dial(t, p.dsn("pool"))
	set := func(user string) []pgproto3.FrontendMessage {
		return []pgproto3.FrontendMessage{
			&pgproto3.Parse{Query: "SELECT set_config('wherewall.user', $1, true)"},
			&pgproto3.Bind{Parameters: [][]byte{[]byte(user)}}, &pgproto3.Execute{},
		}
	}
	messages := all("BEGIN")
	messages = append(append(messages, set("kim")...), all(countDocs)...)
	messages = append(append(messages, set("wil")...), all(countDocs, "COMMIT")...)
	o := batch(t, c, messages...)
	require.Equal(t, "", o.code(), "%+v", o.err)
	require.Equal(t, [][]string{{`""`}, {`"acme"`, `"20"`}, {`""`}, {`"globex"`, `"10"`}}, o.rows)
	require.Equal(t, nothingOfDocs, seen(t, c))
	require.Equal(t, "22023", batch(t, c, set("nobody")...).code())

	limited := set("wil")
	limited[2] = &pgproto3.Execute{MaxRows: 1}
	require.Equal(t, "", batch(t, c, append(all("BEGIN", "SET LOCAL wherewall.user = 'kim'"), limited...)...).code())
	require.Equal(t, globexDocs, seen(t, c), "a row limit does not keep the old one")
}
