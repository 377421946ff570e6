package tests

import (
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// messageCase provokes an error. Both sides run the statements; the last one fails, and every field of its error must be the same, save those in
// differs, which are ours.
type messageCase struct {
	name    string
	sql     []string
	code    string
	differs map[string]string // by the letter of the field
}

// aFunctions are the differences that the error of a function makes: native row security lets through what the function knew, which ran with the
// rights of the user there.
func aFunctions(more map[string]string) map[string]string {
	differs := map[string]string{"D": "", "H": ""}
	for field, value := range more {
		differs[field] = value
	}
	return differs
}

const brokenFunction = "a function or trigger of the database failed"

func messageCases() []messageCase {
	one := func(sql string) []string { return []string{sql} }
	return []messageCase{
		{"a duplicate key of one's own", one("INSERT INTO item (id, org) VALUES (1, 'acme')"), "23505", nil},
		{"a duplicate key of another's", one("INSERT INTO item (id, org, code) VALUES (10, 'acme', 'SECRET-9')"), "23505", nil},
		{"a duplicate key by UPDATE", one("UPDATE item SET code = 'SECRET-9' WHERE id = 1"), "23505", nil},
		{"a failing check", one("INSERT INTO item (id, org, n) VALUES (10, 'acme', -5)"), "23514", nil},
		{"a failing check by UPDATE", one("UPDATE item SET n = -5 WHERE id = 1"), "23514", nil},
		{"a missing value", one("INSERT INTO item (id, org, note) VALUES (10, 'acme', NULL)"), "23502", nil},
		{"a missing value by UPDATE", one("UPDATE item SET note = NULL WHERE id = 1"), "23502", nil},
		{"a key that is nowhere", one("INSERT INTO item (id, org, parent) VALUES (10, 'acme', 777)"), "23503", nil},
		{"a key in use by one's own", []string{"BEGIN", "UPDATE item SET parent = 1 WHERE id = 2", "DELETE FROM item WHERE id = 1"}, "23503", nil},
		{"a key in use by what is hidden", one("DELETE FROM item WHERE id = 3"), "23503", map[string]string{
			"M": "a foreign key constraint of another table is violated", "D": "", "s": "", "t": "", "n": "",
		}},
		{"an exclusion", one("INSERT INTO booking VALUES (10, 'acme', '[150,160)')"), "23P01", nil},
		{"a domain's check", one("UPDATE item SET pct = 101 WHERE id = 1"), "23514", nil},
		{"a cast to a domain's base", one("UPDATE item SET pct = 'x' WHERE id = 1"), "22P02", nil},
		{"an enum's label", one("UPDATE item SET mood = 'ugly' WHERE id = 1"), "22P02", nil},
		{"a generated column is divided", one("UPDATE item SET n = 2147483647 WHERE id = 1"), "22003", nil},
		{"a generated column is set", one("UPDATE item SET half = 1 WHERE id = 1"), "428C9", nil},
		{"an identity is set", one("INSERT INTO item (id, org, number) VALUES (10, 'acme', 5)"), "428C9", nil},
		{"no partition", one("INSERT INTO part VALUES ('acme', 2, 5)"), "23514", nil},
		{"no partition by UPDATE", one("UPDATE part SET k = 2"), "23514", nil},
		{"a partition's check", one("INSERT INTO part VALUES ('acme', 1, -5)"), "23514", nil},
		{"a violated policy", one("INSERT INTO item (id, org) VALUES (10, 'globex')"), "42501", nil},
		{"a violated policy by UPDATE", one("UPDATE item SET org = 'globex' WHERE id = 1"), "42501", nil},

		{"a deferred key at COMMIT", []string{"BEGIN", "INSERT INTO slot VALUES (10, 'acme', 900, 1)", "COMMIT"}, "23505", nil},
		{"a deferred foreign key at COMMIT", []string{"BEGIN", "INSERT INTO slot VALUES (10, 'acme', 10, 777)", "COMMIT"}, "23503", nil},
		{"a deferred key at the end of a statement", one("INSERT INTO slot VALUES (10, 'acme', 900, 1)"), "23505", nil},
		{"a deferred trigger at COMMIT", []string{"BEGIN", "INSERT INTO slot VALUES (50, 'acme', 50, 1)", "COMMIT"}, "P0001", aFunctions(nil)},

		{"a trigger raises", one("UPDATE item SET note = 'raise' WHERE id = 1"), "P0001", aFunctions(nil)},
		{"a trigger raises a privilege", one("UPDATE item SET note = 'raise 42501' WHERE id = 1"), "42501", aFunctions(nil)},
		{"a trigger raises a code whose details pass", one("UPDATE item SET note = 'raise 22023' WHERE id = 1"), "22023", aFunctions(nil)},
		{"a trigger raises about a table", one("UPDATE item SET note = 'raise table' WHERE id = 1"), "23505", nil},
		{"a trigger divides", one("UPDATE item SET note = 'divide' WHERE id = 1"), "22012", nil},
		{"a trigger casts one's own", one("UPDATE item SET note = 'own cast' WHERE id = 1"), "22P02", map[string]string{"M": "invalid input syntax for type integer"}},
		{"a trigger casts what is hidden", one("UPDATE item SET note = 'cast' WHERE id = 1"), "22P02", map[string]string{"M": "invalid input syntax for type integer"}},
		{"a trigger may not read", one("UPDATE item SET note = 'forbidden' WHERE id = 1"), "42501", map[string]string{"M": "permission denied"}},
		{"a trigger misses a table", one("UPDATE item SET note = 'missing' WHERE id = 1"), "42P01", map[string]string{"M": brokenFunction}},
		{"a trigger writes twice", one("UPDATE item SET note = 'log twice' WHERE id = 1"), "23505", aFunctions(map[string]string{
			"M": "a duplicate key value violates a unique constraint of another table", "s": "", "t": "", "n": "",
		})},
		{"a trigger writes nothing", one("UPDATE item SET note = 'log null' WHERE id = 1"), "23502", aFunctions(map[string]string{
			"M": "a null value violates a not-null constraint of another table", "s": "", "t": "", "c": "",
		})},
		{"a trigger writes what refers to nothing", one("UPDATE item SET note = 'log nowhere' WHERE id = 1"), "23503", aFunctions(map[string]string{
			"M": "a foreign key constraint of another table is violated", "s": "", "t": "", "n": "",
		})},

		{"an unknown column", one("SELECT nonesuch FROM item"), "42703", nil},
		{"an unknown column near another", one("SELECT i.cod FROM item i"), "42703", nil},
		{"an unknown column in a write", one("UPDATE item SET cod = 'x'"), "42703", nil},
		{"an ambiguous column", one("SELECT id FROM item, slot"), "42702", nil},
		{"an unknown operator", one("SELECT id + code FROM item"), "42883", nil},
		{"an ungrouped column", one("SELECT id, count(*) FROM item GROUP BY code"), "42803", nil},
		{"a type that does not fit", one("UPDATE item SET n = true"), "42804", nil},
		{"too many values", one("INSERT INTO slot VALUES (1, 'acme', 1, 1, 1)"), "42601", nil},
		{"a syntax error", one("SELECT 'é', FROM item"), "42601", nil},
		{"a number out of range", one("SELECT 2147483647 + id FROM item"), "22003", nil},
		{"a division", one("SELECT 1 / (id - id) FROM item"), "22012", nil},
		{"a text that is no number", one("SELECT code::int FROM item WHERE id = 1"), "22P02", nil},
		{"a text that is no JSON", one("SELECT ('[' || code)::json FROM item WHERE id = 1"), "22P02", nil},
		{"a literal that is no number", one("SELECT id FROM item WHERE id = 'x'"), "22P02", nil},
		{"a subquery with several rows", one("SELECT (SELECT id FROM item)"), "21000", nil},
		{"a failed transaction", []string{"BEGIN", "SELECT 1/0", "SELECT 1"}, "25P02", nil},
		{"a savepoint that is not there", []string{"BEGIN", "ROLLBACK TO nowhere"}, "3B001", nil},
		{"a read-only transaction", []string{"BEGIN READ ONLY", "UPDATE item SET n = 1"}, "25006", nil},
		{"a statement that takes too long", []string{"SET statement_timeout = 1", "SELECT count(*) FROM generate_series(1, 100000000)"}, "57014", nil},
		{"a setting that means nothing", one("SET TimeZone = 'Nowhere/Land'"), "22023", nil},
		{"a hidden table", one("SELECT * FROM gone"), "42P01", nil},
	}
}

// TestMessages is about what comes back beside rows.
func TestMessages(t *testing.T) {
	t.Parallel()
	pg.createDatabase(t, "messages", "template0")
	pg.execFile(t, "messages", "testdata/messages/schema.sql")
	p := startProxy(t, proxyOptions{database: "messages", role: "msg_svc", policy: []string{"testdata/messages/policy.yaml"}})
	t.Run("errors are those of native row security", func(t *testing.T) { compareErrors(t, p) })
	t.Run("notices of triggers stay", func(t *testing.T) { raiseNotices(t, p) })
	t.Run("deadlocks name no sessions", func(t *testing.T) { lockEachOther(t, p) })
}

// compareErrors provokes each kind of error on both sides and compares them field by field.
func compareErrors(t *testing.T, p *proxy) {
	for _, c := range messageCases() {
		for _, protocol := range []string{"simple", "extended"} {
			t.Run(c.name+", "+protocol, func(t *testing.T) {
				native := provoke(t, pg.dsn("msg_native", servicePassword, "messages"), c.sql, protocol)
				ours := provoke(t, p.dsn("ann"), c.sql, protocol)
				require.Equal(t, c.code, native.code(), "%s", native.describe())
				require.NotNil(t, ours.err)
				want := errorByField(native.err)
				for field, value := range c.differs {
					want[field] = value
				}
				got := errorByField(ours.err)
				require.Equal(t, want, got)
				require.Equal(t, native.status, ours.status)
				for field, value := range got {
					require.NotContains(t, strings.ReplaceAll(value, "SECRET-9", ""), "SECRET", field)
					require.NotContains(t, value, "ww_", field)
					require.NotContains(t, value, "_log\"", field)
				}
				for _, hidden := range []string{ours.err.Where, ours.err.InternalQuery, ours.err.File, ours.err.Routine} {
					require.Empty(t, hidden)
				}
				require.Zero(t, ours.err.InternalPosition+ours.err.Line)
			})
		}
	}
}

// provoke runs statements and gives the outcome of the last, which leaves no effect.
func provoke(t *testing.T, dsn string, statements []string, protocol string) *outcome {
	t.Helper()
	c, err := tryDial(dsn)
	require.NoError(t, err)
	defer c.close()
	var last *outcome
	for _, sql := range statements {
		if protocol == "simple" {
			last = c.query(t, sql)
			continue
		}
		c.batch(sql)
		c.Send(&pgproto3.Sync{})
		last, err = c.outcome()
		require.NoError(t, err)
	}
	return last
}

func errorByField(e *pgproto3.ErrorResponse) map[string]string {
	fields := map[string]string{
		"S": e.Severity, "V": e.SeverityUnlocalized, "C": e.Code, "M": e.Message, "D": e.Detail, "H": e.Hint,
		"s": e.SchemaName, "t": e.TableName, "c": e.ColumnName, "d": e.DataTypeName, "n": e.ConstraintName,
	}
	if e.Position > 0 {
		fields["P"] = strconv.Itoa(int(e.Position))
	}
	return fields
}

// raiseNotices lets a trigger say what it likes in every way that is no error.
func raiseNotices(t *testing.T, p *proxy) {
	c := dial(t, p.dsn("ann"))
	o := c.query(t, "UPDATE item SET note = 'notice' WHERE id = 1")
	require.Nil(t, o.err)
	require.Equal(t, []string{"UPDATE 1"}, o.tags)
	require.Empty(t, o.notices)
	require.Len(t, c.query(t, "COMMIT").notices, 1, "PostgreSQL's own remarks pass")
}

// lockEachOther makes two sessions wait for each other.
func lockEachOther(t *testing.T, p *proxy) {
	one, two := dial(t, p.dsn("ann")), dial(t, p.dsn("ann"))
	one.query(t, "BEGIN; UPDATE item SET n = 5 WHERE id = 1")
	two.query(t, "BEGIN; UPDATE item SET n = 5 WHERE id = 2")
	one.Send(&pgproto3.Query{String: "UPDATE item SET n = 6 WHERE id = 2"})
	require.NoError(t, one.Flush())
	o := two.query(t, "UPDATE item SET n = 6 WHERE id = 1")
	if o.err == nil {
		var err error
		o, err = one.outcome()
		require.NoError(t, err)
	}
	require.Equal(t, "40P01", o.code())
	require.Equal(t, "deadlock detected", o.err.Message)
	require.Empty(t, o.err.Detail+o.err.Where)
	require.Equal(t, "See server log for query details.", o.err.Hint)

	three := dial(t, p.dsn("ann"))
	o = three.query(t, "SET lock_timeout = 50; SELECT id FROM item WHERE id IN (1, 2) FOR UPDATE")
	require.Equal(t, "55P03", o.code())
	require.Empty(t, o.err.Detail+o.err.Where)
}
