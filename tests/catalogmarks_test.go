package tests

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// planted is the mark of what must never appear, as text, as the bytes of a constant in an expression tree and as hexadecimal digits, and the
// numbers that stand for a size and a position.
var planted = regexp.MustCompile(`(?i)zqmark|122 113 109 97 114 107|7a716d61726b|\b54321\b|\b987654321\b`) //nolint:gochecknoglobals // never written

// TestCatalogsShowNothingPlanted reads all of every catalog in every role of the sample and looks for what was planted in hidden places: names,
// texts, constraints, defaults, statistics, comments, labels, programs, bounds, sizes, positions and roles.
func TestCatalogsShowNothingPlanted(t *testing.T) {
	t.Parallel()
	const database = "catalogmarks"
	newSample(t, database)
	pg.exec(t, "postgres", "CREATE ROLE zqmark_role; CREATE ROLE zqmark_group ROLE zqmark_role; COMMENT ON ROLE zqmark_role IS 'zqmark'")
	pg.exec(t, "postgres", "CREATE DATABASE zqmark_database")
	pg.exec(t, "postgres", "COMMENT ON DATABASE zqmark_database IS 'zqmark'")
	pg.execFile(t, database, "testdata/catalogs/plant.sql")
	pg.exec(t, database, "GRANT SELECT ON app.part TO zqmark_role; ALTER DATABASE "+database+" SET zqmark.setting = 'zqmark'")
	options := sampleOptions(database)
	options.policy = append(options.policy, "testdata/catalogs/plant.yaml")
	p := startProxy(t, options)

	other := dial(t, pg.adminDSN(database))
	require.Empty(t, other.query(t, "PREPARE zqmark AS SELECT 'zqmark'; BEGIN; DECLARE zqmark_cursor CURSOR FOR SELECT 'zqmark'").code())
	catalogs := catalogColumns(t, database)
	t.Run("the superuser sees the marks", func(t *testing.T) {
		root, marked := markReader(t, pg.adminDSN(database)), 0
		for _, c := range catalogs {
			if found, _ := readAll(t, root, "SELECT * FROM "+c.name); planted.MatchString(found) {
				marked++
			}
		}
		require.Greater(t, marked, 70, "catalogs that show a mark to those who may see everything")
	})
	for _, subject := range []string{"mona@acme", "kim@acme", "lee@acme", "lee@globex", "bea@acme", "pat@initech", "sam", "max@acme"} {
		t.Run(subject, func(t *testing.T) {
			reader := markReader(t, p.dsn(subject))
			for _, c := range catalogs {
				lookForMarks(t, reader, c, subject == "mona@acme")
			}
		})
	}
	t.Run("what belongs to columns in sight is there", func(t *testing.T) {
		c := dial(t, p.dsn("mona@acme"))
		for sql, want := range map[string]string{
			"SELECT conname FROM pg_constraint WHERE conrelid = (SELECT oid FROM pg_class WHERE relname = 'part') AND contype <> 'n' ORDER BY 1":                                  `"part_id_org_id_key" "part_open" "part_pkey"`,
			"SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid WHERE t.relname = 'part' ORDER BY 1":                  `"part_id_org_id_key" "part_name" "part_pkey"`,
			"SELECT column_default FROM information_schema.columns WHERE table_name = 'part' AND column_name = 'name'":                                                            `"'open default'::text"`,
			"SELECT count(*) FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid WHERE c.relname = 'part'":                                                                     `"2"`,
			"SELECT attnum, attname, atttypid, attisdropped FROM pg_attribute WHERE attrelid = (SELECT oid FROM pg_class WHERE relname = 'part') AND attnum IN (3, 4) ORDER BY 1": `"3" "name" "25" "f" "4" "........pg.dropped.4........" "0" "t"`,
			"SELECT relchecks FROM pg_class WHERE relname = 'part'":                                                                                                               `"1"`,
			"SELECT description FROM pg_description WHERE objoid >= 16384":                                                                                                        `"open comment"`,
			"SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relname = 'part' AND NOT tgisinternal":                                                  `"part_fires"`,
			"SELECT relname FROM pg_class WHERE relkind = 'S' AND relname LIKE 'part%'":                                                                                           `"part_id_seq"`,
			"SELECT relname FROM pg_class WHERE relname LIKE 'parted%' OR relname LIKE 'keyed%' ORDER BY 1":                                                                       `"keyed" "parted" "parted_pkey"`,
			"SELECT partrelid::int8 - c.oid::int8 FROM pg_partitioned_table p JOIN pg_class c ON c.oid = partrelid":                                                               `"0"`,
		} {
			o := c.query(t, sql)
			require.Nil(t, o.err, "%s\n%s", sql, describeIf(o))
			var got []string
			for _, r := range o.rows {
				got = append(got, r...)
			}
			require.Equal(t, want, strings.Join(got, " "), sql)
		}
	})
}

// lookForMarks reads a catalog as a subject, as a whole and, column by column, what is not in the whole.
func lookForMarks(t *testing.T, reader *pgconn.PgConn, c catalogOfServer, all bool) {
	t.Helper()
	where := ""
	if c.name == "information_schema.routines" || c.name == "information_schema.parameters" { // PostgreSQL's own take seconds
		where = " WHERE specific_schema NOT IN ('pg_catalog', 'information_schema')"
	}
	for _, sql := range []string{"SELECT * FROM " + c.name + where, "SELECT x::text FROM " + c.name + " x" + where} {
		found, err := readAll(t, reader, sql)
		require.Empty(t, planted.FindString(found), "%s\n%s", sql, around(found))
		if err != "" {
			require.Equal(t, "42P01", err, sql)
		}
		if !all {
			break
		}
	}
	if !all {
		return
	}
	shown := fieldsOf(t, reader, "SELECT * FROM "+c.name+" LIMIT 0")
	for _, column := range append(c.columns, "oid", "tableoid", "xmin", "ctid") {
		if slices.Contains(shown, column) {
			continue
		}
		found, _ := readAll(t, reader, `SELECT DISTINCT "`+column+`"::text FROM `+c.name)
		require.Empty(t, planted.FindString(found), "%s.%s", c.name, column)
		require.LessOrEqual(t, strings.Count(found, "\n\n"), 1, "%s.%s says more than a constant", c.name, column)
	}
}

// around is a piece of a text around the first mark in it.
func around(text string) string {
	at := planted.FindStringIndex(text)
	if at == nil {
		return ""
	}
	return text[max(0, at[0]-200):min(len(text), at[1]+100)]
}

type catalogOfServer struct {
	name    string
	columns []string
}

func catalogColumns(t *testing.T, database string) []catalogOfServer {
	t.Helper()
	var list []catalogOfServer
	for _, row := range pg.rows(t, database, `SELECT c.oid::regclass::text, string_agg(a.attname, ' ' ORDER BY a.attnum)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped GROUP BY c.oid ORDER BY 1`) {
		list = append(list, catalogOfServer{row[0], strings.Fields(row[1])})
	}
	require.Greater(t, len(list), 190)
	return list
}

// readAll is everything that the server says to a statement, errors and notices too, and the code of an error. A row ends with an empty line.
func readAll(t *testing.T, conn *pgconn.PgConn, sql string) (text, code string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	results, err := conn.Exec(ctx, sql).ReadAll()
	var all strings.Builder
	for _, r := range results {
		for _, row := range r.Rows {
			for _, value := range row {
				all.Write(value)
				all.WriteByte('\n')
			}
			all.WriteByte('\n')
		}
	}
	if e, ok := err.(*pgconn.PgError); ok { //nolint:errorlint // it is not wrapped
		all.WriteString(e.Message + e.Detail + e.Hint + e.Where)
		return all.String(), e.Code
	}
	require.NoError(t, err, sql)
	return all.String(), ""
}

func fieldsOf(t *testing.T, conn *pgconn.PgConn, sql string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	results := conn.Exec(ctx, sql)
	defer results.Close()
	var names []string
	for results.NextResult() {
		for _, f := range results.ResultReader().FieldDescriptions() {
			names = append(names, f.Name)
		}
	}
	return names
}

func markReader(t *testing.T, dsn string) *pgconn.PgConn {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}
