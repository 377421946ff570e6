package tests

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// loading is a COPY from the client with its rows, whose columns a bar separates.
type loading struct {
	claim, copy string
	subjects    []string
	table, list string
	rows        [][]string
}

// TestLoadedRowsAreThoseThatInsertMayWrite loads the rows of testdata/copyfrom through Wherewall, and inserts them one by one under native row-level
// security, which has no COPY FROM, as the same user. Either both write the same, or both fail for the same reason at the same row.
func TestLoadedRowsAreThoseThatInsertMayWrite(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"load_behind", "load_native"} {
		newSample(t, name)
		pg.exec(t, name, keepPristine)
	}
	for _, f := range ofVersion("testdata/oracle/rls.sql") {
		pg.execFile(t, "load_native", f)
	}
	behind, native := openOracleDatabase(t, "load_behind"), openOracleDatabase(t, "load_native")
	p := startProxy(t, sampleOptions("load_behind"))
	o := &oracle{
		behind: behind, native: native, known: map[string]bool{},
		through: newLogins(func(subject string) string { return p.dsn(subject) }),
		plain:   newLogins(func(subject string) string { return pg.dsn(subject, "native", native.name) }),
	}
	t.Cleanup(func() { o.through.close(); o.plain.close() })
	loadings := map[string]func(*client, testing.TB, string, string) *outcome{
		"text": func(c *client, t testing.TB, sql, rows string) *outcome {
			return c.load(t, sql+" (DELIMITER '|')", rows)
		},
		"csv": func(c *client, t testing.TB, sql, rows string) *outcome {
			return c.load(t, sql+` (FORMAT csv, DELIMITER '|', NULL '\N', QUOTE E'\x01')`, rows)
		},
		"extended": func(c *client, t testing.TB, sql, rows string) *outcome {
			return c.loadExtended(t, sql+" (DELIMITER '|')", rows)
		},
	}
	written, refused := 0, 0
	for _, l := range readLoadings(t) {
		for _, subject := range l.subjects {
			for name, load := range loadings {
				t.Run(l.claim+"/"+subject+"/"+name, func(t *testing.T) {
					defer o.judgeTables(t)
					failed, row := l.insert(t, o.plain.of(t, subject))
					got := load(o.through.of(t, subject), t, l.copy, l.data())
					o.through.settle(t, subject)
					if failed.err == nil {
						written++
						require.Nil(t, got.err, "%v", got.err)
						require.Equal(t, []string{fmt.Sprintf("COPY %d", len(l.rows))}, got.tags)
						return
					}
					refused++
					require.Equal(t, o.wantedCode(t, subject, failed), got.code(), "%v\n%v", failed.err, got.err)
					o.alignSequences(t)
					if strings.HasPrefix(failed.err.Message, "new row violates") {
						require.Equal(t, failed.err.Message, got.err.Message)
						if l.table != "note" { // whose trigger makes rows of which nobody knows where they came from
							require.Regexp(t, fmt.Sprintf(`^COPY %s, (line|row) %d\b`, regexp.QuoteMeta(l.table), row), got.err.Where)
						}
					}
				})
			}
		}
	}
	require.Greater(t, written, 15)
	require.Greater(t, refused, 20)
}

// insert writes the rows one by one in a transaction. It returns the first failure with its row, or what came last.
func (l *loading) insert(t *testing.T, c *client) (*outcome, int) {
	t.Helper()
	c.query(t, "BEGIN")
	for i, row := range l.rows {
		values := make([]string, len(row))
		for j, v := range row {
			values[j] = "'" + strings.ReplaceAll(v, "'", "''") + "'"
			if v == `\N` {
				values[j] = "NULL"
			}
		}
		o := c.query(t, fmt.Sprintf("INSERT INTO %s VALUES (%s)", l.list, strings.Join(values, ", ")))
		if o.err != nil {
			c.query(t, "ROLLBACK")
			return o, i + 1
		}
	}
	return c.query(t, "COMMIT"), 0
}

func (l *loading) data() string {
	var b strings.Builder
	for _, row := range l.rows {
		b.WriteString(strings.Join(row, "|") + "\n")
	}
	return b.String()
}

func readLoadings(t *testing.T) []*loading {
	t.Helper()
	text, err := os.ReadFile("testdata/copyfrom/rows.txt")
	require.NoError(t, err)
	form := regexp.MustCompile(`^COPY ((?:\w+\.)?"?([\w ]+)"? \(.*\)) FROM STDIN;$`)
	var all []*loading
	for block := range strings.SplitSeq(string(text), "\n\n") {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		require.Greater(t, len(lines), 3, block)
		m := form.FindStringSubmatch(lines[2])
		require.NotNil(t, m, block)
		l := &loading{claim: lines[0][2:], subjects: strings.Fields(lines[1])[1:], copy: strings.TrimSuffix(lines[2], ";"), list: m[1], table: m[2]}
		for _, row := range lines[3:] {
			l.rows = append(l.rows, strings.Split(row, "|"))
		}
		all = append(all, l)
	}
	return all
}

// TestPresetsDefaultsAndViewsAreLoaded is about what the policy and the database make of a row.
func TestPresetsDefaultsAndViewsAreLoaded(t *testing.T) {
	t.Parallel()
	const database = "load_more"
	newSample(t, database)
	pg.execFile(t, database, "testdata/copyfrom/more.sql")
	options := sampleOptions(database)
	options.policy = append(options.policy, "testdata/copyfrom/more.yaml")
	c := dial(t, startProxy(t, options).dsn("pia"))
	for i, l := range []struct{ sql, rows, code, where string }{
		{"COPY parcel_note (org_id, body) FROM STDIN", "initech\tone\ninitech\t\\N\n", "", ""},
		{"COPY parcel_note (org_id, body, created_by) FROM STDIN", "initech\tthree\tsomebody\n", "", ""},
		{"COPY parcel_note (id, org_id, body, number) FROM STDIN WHERE number > 5", "50\tinitech\tfour\t6\n51\tacme\tfive\t5\n", "", ""},
		{"COPY parcel_note (org_id, body) FROM STDIN", "initech\tsix\nacme\tseven\n", "42501", "COPY parcel_note, line 2"},
		{"COPY parcel_note (org_id, body) FROM STDIN", "initech\t01234567890\n", "22001", `COPY parcel_note, line 1, column body: "01234567890"`},
		{"COPY parcel_note (org_id, body, length) FROM STDIN", "initech\tsix\t3\n", "42P10", ""},
		{"COPY plain_view (org_id, name, owner_id) FROM STDIN", "initech\tone\tpia\n", "42809", ""},
		{"COPY busy_view (org_id, name, owner_id) FROM STDIN", "initech\tbusy\tpia\n", "", ""},
		{"COPY busy_view (org_id, name, owner_id) FROM STDIN", "initech\tbusy\tpia\ninitech\thijack\tpia\n", "42501", ""},
		{"COPY busy_view (org_id, name, owner_id) FROM STDIN", "acme\tbusy\tpia\n", "42501", ""},
	} {
		load := c.load
		if i%2 == 0 {
			load = c.loadExtended
		}
		o := load(t, l.sql, l.rows)
		require.Equal(t, l.code, o.code(), "%s: %v", l.sql, o.err)
		if o.err != nil {
			require.Equal(t, l.where, o.err.Where, l.sql)
		}
	}
	require.Equal(t, [][]string{
		{"1", "initech", "pia", "1", "one", "3"}, {"2", "initech", "pia", "2", "", ""}, {"3", "initech", "somebody", "3", "three", "5"}, {"50", "initech", "pia", "6", "four", "4"},
	}, pg.rows(t, database, "SELECT id, org_id, created_by, number, coalesce(body, ''), coalesce(length::text, '') FROM app.parcel_note ORDER BY id"))
	require.Equal(t, "1", pg.rows(t, database, "SELECT count(*) FROM app.project WHERE owner_id = 'pia'")[0][0])
}
