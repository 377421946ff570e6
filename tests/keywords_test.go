package tests

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// TestNamesThatAreKeywordsMeanTheSameWhenPrinted has a table, a column, a function and a type of the name of each keyword. A statement that
// quotes the name, and what the deparser prints for it by the keywords of its own grammar, must give the same on this server, whose
// keywords may be others.
func TestNamesThatAreKeywordsMeanTheSameWhenPrinted(t *testing.T) {
	const database = "keywords"
	pg.createDatabase(t, database, "template1")
	words := keywords(t)
	var script strings.Builder
	script.WriteString("CREATE SCHEMA kw; CREATE SCHEMA kwt;")
	for _, w := range words {
		script.WriteString(strings.ReplaceAll(`CREATE TABLE kw."%" ("%" int); INSERT INTO kw."%" VALUES (7); CREATE TYPE kwt."%" AS ENUM ('x');
			CREATE FUNCTION kw."%"("%" int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';`, "%", w))
	}
	pg.exec(t, database, script.String())
	admin := dial(t, pg.adminDSN(database))
	for _, w := range words {
		admin.query(t, "BEGIN")
		for _, form := range keywordForms() {
			written := strings.ReplaceAll(form, "%", w)
			tree, err := sqltree.Parse(written)
			require.NoError(t, err, written)
			printed, _, err := sqltree.Deparse(tree[0].Stmt, nil)
			if err != nil && (strings.Contains(form, "=>") || strings.Contains(form, "WINDOW")) {
				continue // The deparser does not quote the names of arguments and windows, and so refuses its own print of the reserved ones.
			}
			require.NoError(t, err, written)
			admin.query(t, "SAVEPOINT before_form")
			want := admin.query(t, written)
			require.Nil(t, want.err, "%s: %s", written, want.describe())
			admin.query(t, "ROLLBACK TO before_form; DEALLOCATE ALL")
			got := admin.query(t, printed)
			require.Nil(t, got.err, "%s: %s", printed, got.describe())
			admin.query(t, "ROLLBACK TO before_form; DEALLOCATE ALL")
			require.Equal(t, want.rows, got.rows, "%s\n%s", written, printed)
			require.Equal(t, want.fields, got.fields, "%s\n%s", written, printed)
		}
		admin.query(t, "ROLLBACK")
	}
}

// keywordForms are the places in which a name may stand.
func keywordForms() []string {
	return []string{
		`SELECT "%" FROM kw."%"`,
		`SELECT t."%" AS "%" FROM kw."%" AS t WHERE "%" = 7 GROUP BY "%" ORDER BY "%"`,
		`SELECT "%"."%", "%".* FROM kw."%" AS "%"`,
		`SELECT "%" FROM kw."%" AS x ("%")`,
		`WITH "%" AS (SELECT 7 AS "%") SELECT "%" FROM "%"`,
		`SELECT 7 "%", 8 + 1 "%"`,
		`SELECT kw."%"(7), "%" FROM kw."%"(7)`,
		`SELECT kw."%"("%" => 7)`,
		`SELECT 'x'::kwt."%", CAST('x' AS kwt."%"), (ROW(7)::kw."%")."%"`,
		`SELECT sum("%") OVER "%" FROM kw."%" WINDOW "%" AS (ORDER BY "%")`,
		`SELECT "%" FROM kw."%" JOIN (SELECT 7 AS "%") AS o USING ("%")`,
		`INSERT INTO kw."%" AS "%" ("%") VALUES (8) RETURNING "%"`,
		`UPDATE kw."%" SET "%" = "%" + 1 RETURNING "%"`,
		`UPDATE kw."%" SET ("%") = ROW(9) FROM (SELECT 1) AS "other" RETURNING "%"."%"`,
		`DELETE FROM kw."%" USING (SELECT 7 AS a) AS a WHERE "%" = a RETURNING "%"`,
		`SAVEPOINT "%"`,
		`DECLARE "%" CURSOR FOR SELECT "%" FROM kw."%"`,
		`PREPARE "%" AS SELECT "%" FROM kw."%"`,
	}
}

// keywords are those of the server and those of the parser, whose tokens are named after them.
func keywords(t *testing.T) []string {
	t.Helper()
	var words []string
	for _, row := range pg.rows(t, "postgres", "SELECT word FROM pg_get_keywords()") {
		words = append(words, row[0])
	}
	require.Greater(t, len(words), 450)
	plain := regexp.MustCompile(`^[A-Z][A-Z_]+$`)
	for name := range pg_query.Token_value {
		if plain.MatchString(name) {
			words = append(words, strings.ToLower(strings.TrimSuffix(name, "_P")))
		}
	}
	slices.Sort(words)
	words = slices.Compact(words)
	return words
}
