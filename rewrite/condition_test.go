package rewrite

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
	"github.com/wherewall/wherewall/internal/sqltree"
)

const conditionFixture = `
CREATE SCHEMA app;
CREATE TYPE app.status AS ENUM ('draft', 'sent');
CREATE TABLE app.firm (id int PRIMARY KEY, name text, boss text);
CREATE TABLE app.bill (id int PRIMARY KEY, firm_id int REFERENCES app.firm, status app.status, n int, small int2, amount numeric, note text,
	code char(4), tags text[], data jsonb, day date, at timestamptz, local timestamp, paid bool, ref uuid);
CREATE TABLE app.line (bill_id int REFERENCES app.bill, who text, qty int, until date, primary key (bill_id, who, qty));
CREATE TABLE app.tag (bill_id int, line_who text, label text);
INSERT INTO app.firm VALUES (1, 'One', 'kim'), (2, NULL, 'lee');
INSERT INTO app.bill SELECT g, CASE WHEN g % 4 IN (1, 2) THEN g % 4 END, (ARRAY['draft', 'sent', NULL])[1 + g % 3]::app.status, nullif(g % 7, 6), (32760 + g % 7), nullif(g % 5, 4) * 1.5,
	(ARRAY['Alpha', 'beta%', 'gamma_x', NULL, ''])[1 + g % 5], (ARRAY['ab', 'abcd', NULL])[1 + g % 3], (ARRAY['{a,b}', '{c}', '{}', NULL])[1 + g % 4]::text[],
	(ARRAY['{"k": "v", "o": {"p": 1}}', '{"k": null}', '{"z": [1]}', NULL])[1 + g % 4]::jsonb, current_date - g % 9,
	now() - g * interval '11 hours', localtimestamp - g * interval '11 hours', (ARRAY[true, false, NULL])[1 + g % 3],
	(ARRAY['00000000-0000-0000-0000-000000000001', NULL])[1 + g % 2]::uuid
	FROM generate_series(0, 83) g WHERE g % 4 <> 0 OR g > 40;
INSERT INTO app.line SELECT id, w, id % 5, CASE WHEN id % 3 = 0 THEN NULL ELSE current_date + id % 4 - 2 END FROM app.bill, unnest(ARRAY['kim', 'lee']) w WHERE id % 3 < 2;
INSERT INTO app.line SELECT id, 'kim', 9, current_date - 5 FROM app.bill WHERE id % 2 = 0;
INSERT INTO app.tag SELECT bill_id, who, 'x' || qty FROM app.line WHERE qty < 3;
`

const conditionPolicy = `
wherewall: 1
attributes: {max: int, tags: "text[]", since: timestamptz, word: text}
entities:
  firm: {table: app.firm, tenant: global}
  tag: {table: app.tag, tenant: global}
  line:
    table: app.line
    tenant: global
    relations: {tags: {to: app.tag, join: {bill_id: bill_id, who: line_who}, many: true}}
  bill:
    table: app.bill
    tenant: global
    relations:
      firm: {to: firm, join: {firm_id: id}}
      lines: {to: line, join: {id: bill_id}, many: true}
permissions: {v: [bill.read]}
`

// meaning is a condition and what it means in a DBA's own words, over app.bill b.
var meanings = []struct{ condition, sql string }{
	{"n IS DISTINCT FROM 3", "b.n IS DISTINCT FROM 3"},
	{"firm.name IS DISTINCT FROM note", "(SELECT name FROM app.firm f WHERE f.id = b.firm_id) IS DISTINCT FROM b.note"},
	{"n IS NOT DISTINCT FROM me.max", "b.n IS NOT DISTINCT FROM 3"},
	{"note LIKE 'A%'", "b.note LIKE 'A%'"},
	{"note NOT LIKE '%\\_x'", "b.note NOT LIKE '%\\_x'"},
	{"note ILIKE 'alp__'", "b.note ILIKE 'alp__'"},
	{"code LIKE 'ab%'", "b.code LIKE 'ab%'"},
	{"firm.name LIKE 'O%'", "(SELECT name FROM app.firm f WHERE f.id = b.firm_id) LIKE 'O%'"},
	{"NOT (firm.name LIKE 'O%')", "NOT ((SELECT name FROM app.firm f WHERE f.id = b.firm_id) LIKE 'O%')"},
	{"tags && ARRAY['a', 'c']", "b.tags && '{a,c}'"},
	{"tags && me.tags", "b.tags && '{a,x}'"},
	{"tags @> ARRAY['a']", "b.tags @> '{a}'"},
	{"me.tags @> tags", "b.tags <@ '{a,x}'"},
	{"tags <@ ARRAY['a', 'b', 'd']", "b.tags <@ '{a,b,d}'"},
	{"data @> '{\"k\": \"v\"}'", "b.data @> '{\"k\": \"v\"}'"},
	{"data ->> 'k' = 'v'", "b.data ->> 'k' = 'v'"},
	{"data ->> 'k' IS NULL", "b.data ->> 'k' IS NULL"},
	{"small + 5 > 32767", "b.small + 5 > 32767"},
	{"n - 1 < amount", "b.n - 1 < b.amount"},
	{"amount + n = 2.5", "b.amount + b.n = 2.5"},
	{"day > current_date - 3", "b.day > current_date - 3"},
	{"current_date - day > n", "current_date - b.day > b.n"},
	{"at > now() - interval '3 days'", "b.at > now() - interval '72 hours'"},
	{"at >= me.since", "b.at >= timestamptz '2001-01-01 00:00+00'"},
	{"now() - at > interval '200 hours'", "now() - b.at > interval '200 hours'"},
	{"local + interval '1 month' > local", "b.local IS NOT NULL"},
	{"at::date = day", "(b.at AT TIME ZONE 'UTC')::date = b.day"},
	{"lower(note) = 'alpha'", "lower(b.note) = 'alpha'"},
	{"upper(code) = 'AB'", "upper(b.code) = 'AB'"},
	{"coalesce(n, 0) = 0", "coalesce(b.n, 0) = 0"},
	{"coalesce(note, me.word) = 'w'", "coalesce(b.note, 'w') = 'w'"},
	{"coalesce(paid, false)", "coalesce(b.paid, false)"},
	{"NOT coalesce(paid, true)", "NOT coalesce(b.paid, true)"},
	{"length(note) > 5", "length(b.note) > 5"},
	{"starts_with(note, 'beta%')", "left(b.note, 5) = 'beta%'"},
	{"strpos(note, me.word) = 0", "strpos(b.note, 'w') = 0"},
	{"CASE WHEN paid THEN n WHEN n > 3 THEN 9 END > 2", "CASE WHEN b.paid THEN b.n WHEN b.n > 3 THEN 9 END > 2"},
	{"CASE WHEN NOT paid THEN 'a' ELSE note END = 'a'", "CASE WHEN NOT b.paid THEN 'a' ELSE b.note END = 'a'"},
	{"note::text = 'beta%' AND n::numeric < 2.5", "b.note = 'beta%' AND b.n < 2.5"},
	{"'2001-01-01'::date < day", "true"},
	{"ref::text = '00000000-0000-0000-0000-000000000001'", "b.ref = '00000000-0000-0000-0000-000000000001'"},
	{"n NOT IN (1, 2)", "b.n NOT IN (1, 2)"},
	{"firm.boss NOT IN ('kim')", "(SELECT boss FROM app.firm f WHERE f.id = b.firm_id) NOT IN ('kim')"},
	{"n = 1 OR note = '' AND NOT paid", "b.n = 1 OR (b.note = '' AND NOT b.paid)"},
	{"NOT (n = 1 AND paid)", "NOT (b.n = 1 AND b.paid)"},

	{"lines.who = me.id AND lines.until >= current_date", "EXISTS (SELECT FROM app.line l WHERE l.bill_id = b.id AND l.who = 'kim' AND l.until >= current_date)"},
	{"lines.who = me.id AND (lines.until >= current_date OR n = 1)", "EXISTS (SELECT FROM app.line l WHERE l.bill_id = b.id AND l.who = 'kim' AND (l.until >= current_date OR b.n = 1))"},
	{"lines.who = me.id OR lines.qty = 4", "EXISTS (SELECT FROM app.line l WHERE l.bill_id = b.id AND (l.who = 'kim' OR l.qty = 4))"},
	{"lines.qty > n", "EXISTS (SELECT FROM app.line l WHERE l.bill_id = b.id AND l.qty > b.n)"},
	{"n < lines.qty AND (paid AND lines.who = 'lee')", "b.paid AND EXISTS (SELECT FROM app.line l WHERE l.bill_id = b.id AND l.qty > b.n AND l.who = 'lee')"},
	{"lines.until IS NULL", "EXISTS (SELECT FROM app.line l WHERE l.bill_id = b.id AND l.until IS NULL)"},
	{"NOT (lines.who = me.id)", "NOT EXISTS (SELECT FROM app.line l WHERE l.bill_id = b.id AND l.who = 'kim')"},
	{"lines.who <> me.id", "EXISTS (SELECT FROM app.line l WHERE l.bill_id = b.id AND l.who <> 'kim')"},
	{"lines.qty NOT IN (1, 2)", "EXISTS (SELECT FROM app.line l WHERE l.bill_id = b.id AND l.qty NOT IN (1, 2))"},
	{"coalesce(lines.until, day) = day", "EXISTS (SELECT FROM app.line l WHERE l.bill_id = b.id AND coalesce(l.until, b.day) = b.day)"},
	{"lines.tags.label = 'x1' AND lines.who = 'lee'", "EXISTS (SELECT FROM app.line l WHERE l.bill_id = b.id AND l.who = 'lee' AND EXISTS (SELECT FROM app.tag t WHERE t.bill_id = l.bill_id AND t.line_who = l.who AND t.label = 'x1'))"},
	{"lines.tags.label = note OR firm.boss = lines.who", "EXISTS (SELECT FROM app.line l JOIN app.tag t ON t.bill_id = l.bill_id AND t.line_who = l.who WHERE l.bill_id = b.id AND t.label = b.note)" +
		" OR EXISTS (SELECT FROM app.line l JOIN app.firm f ON f.id = b.firm_id WHERE l.bill_id = b.id AND l.who = f.boss)"},

	{"{sql: \"n % 2 = 1 AND split_part(note, '_', 2) = 'x'\"}", "b.n % 2 = 1 AND split_part(b.note, '_', 2) = 'x'"},
	{"{sql: \"EXISTS (SELECT FROM app.line b WHERE b.bill_id = id AND qty > n AND who = me.id)\"}", "EXISTS (SELECT FROM app.line l WHERE l.bill_id = b.id AND l.qty > b.n AND l.who = 'kim')"},
	{
		"{sql: \"n = ANY (SELECT l.qty FROM app.line l JOIN app.tag t ON t.bill_id = l.bill_id WHERE t.label = 'x' || bill.n)\"}",
		"b.n = ANY (SELECT l.qty FROM app.line l JOIN app.tag t ON t.bill_id = l.bill_id WHERE t.label = 'x' || b.n)",
	},
	{"{sql: \"extract(dow FROM day) BETWEEN 1 AND 5 IS TRUE\"}", "extract(dow FROM b.day) BETWEEN 1 AND 5"},
}

// bound binds the policy with one condition.
func bound(t *testing.T, schema *catalog.Schema, condition string) (expr.Expr, *catalog.Snapshot) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "p.yaml")
	if !strings.HasPrefix(condition, "{") {
		condition = "'" + strings.ReplaceAll(condition, "'", "''") + "'"
	}
	text := conditionPolicy + "roles: {r: {can: [v: {where: " + condition + "}]}}\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	p, err := catalog.ReadPolicy(path)
	require.NoError(t, err)
	s, problems := catalog.Bind(p, schema)
	require.NoError(t, problems.Err())
	return s.Roles["r"].Grants[0].Where["bill"], s
}

// printed is a node as text with the subject's values in its slots.
func printed(t *testing.T, n *pg.Node) string {
	t.Helper()
	text, _, err := sqltree.Deparse(selectNode(selectFrom([]*pg.Node{target(n, "")}, nil, nil)), func(want, _ proto.Message, theirs, _ int32) {
		require.Equal(t, int32(-1), theirs, "%T has a place in no client's text", want)
	})
	require.NoError(t, err)
	for name, value := range map[string]string{"id": "kim", "max": "3", "tags": "{a,x}", "since": "2001-01-01 00:00:00+00", "word": "w"} {
		text = strings.ReplaceAll(text, "'"+slotPrefix+name+"'", "'"+value+"'")
	}
	require.NotContains(t, text, slotPrefix)
	return strings.TrimPrefix(text, "SELECT ")
}

func ids(t *testing.T, conn *pgx.Conn, where string) []int {
	t.Helper()
	rows, err := conn.Query(t.Context(), "SELECT b.id FROM app.bill b WHERE "+where+" ORDER BY 1")
	require.NoError(t, err, where)
	found, err := pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(t, err, where)
	return found
}

func TestConditionsMeanWhatADBAWouldWrite(t *testing.T) {
	t.Parallel()
	conn := pgtest.Connect(t, pgtest.Start(t).AdminDSN("postgres"))
	_, err := conn.Exec(t.Context(), conditionFixture)
	require.NoError(t, err)
	schema, err := catalog.LoadSchema(t.Context(), conn)
	require.NoError(t, err)
	// The meaning of a policy must not hang on what a client may set.
	for _, settings := range []string{"SET TimeZone = 'UTC'", "SET TimeZone = 'Pacific/Kiritimati'; SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'iso_8601'"} {
		for _, m := range meanings {
			t.Run(m.condition, func(t *testing.T) {
				e, s := bound(t, schema, m.condition)
				_, err := conn.Exec(t.Context(), "SET TimeZone = 'UTC'; RESET DateStyle")
				require.NoError(t, err)
				want := ids(t, conn, m.sql)
				wantNot := ids(t, conn, "NOT ("+m.sql+")")
				_, err = conn.Exec(t.Context(), settings)
				require.NoError(t, err)
				requireMeaning(t, conn, New(s), e, want, wantNot)
				g := New(s)
				g.shadowed = map[string]bool{"=": true, "<>": true, "<": true, ">": true, "~~": true, "&&": true, "->>": true, "-": true}
				if _, opaque := e.(expr.SQL); !opaque {
					requireMeaning(t, conn, g, e, want, wantNot)
				}
			})
		}
	}
}

func requireMeaning(t *testing.T, conn *pgx.Conn, g *Rewriter, e expr.Expr, want, wantNot []int) {
	t.Helper()
	n, err := g.condition(e, aliased("b"))
	require.NoError(t, err)
	require.Equal(t, want, ids(t, conn, printed(t, n)), printed(t, n))
	n, err = g.condition(expr.Not{Term: e}, aliased("b"))
	require.NoError(t, err)
	require.Equal(t, wantNot, ids(t, conn, printed(t, n)), "NOT: %s", printed(t, n))
	again, err := g.condition(expr.Not{Term: e}, aliased("b"))
	require.NoError(t, err)
	require.True(t, sqltree.Equal(n, again), "the proof prints the same nodes again")
}

func TestTheConditionsTellRowsApart(t *testing.T) {
	t.Parallel()
	conn := pgtest.Connect(t, pgtest.Start(t).AdminDSN("postgres"))
	_, err := conn.Exec(t.Context(), conditionFixture)
	require.NoError(t, err)
	all, telling := len(ids(t, conn, "true")), 0
	for _, m := range meanings {
		if n := len(ids(t, conn, fmt.Sprintf("(%s)", m.sql))); n > 0 && n < all {
			telling++
		}
	}
	require.Greater(t, telling, len(meanings)*8/10, "samples are neither empty nor everything")
}
