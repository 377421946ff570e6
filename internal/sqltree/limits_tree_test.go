package sqltree

import (
	"strings"
	"testing"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// estimated is the depth that Check reckons with and the number of tokens, copies included. ok is false where Check refuses.
func estimated(text string) (depth, tokens int, ok bool) {
	c := newDepthCheck(text)
	if c.run() != nil {
		return 0, 0, false
	}
	return int(max(c.deepest, c.levels[0].depth()) + c.bodies), c.tokens, true
}

// treeDepth is how many messages stand above one another in a tree, and how many messages it has.
func treeDepth(m protoreflect.Message) (depth, messages int) {
	messages = 1
	add := func(m protoreflect.Message) {
		d, n := treeDepth(m)
		depth, messages = max(depth, d), messages+n
	}
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.Message() == nil:
		case field.IsList():
			for i := range value.List().Len() {
				add(value.List().Get(i).Message())
			}
		default:
			add(value.Message())
		}
		return true
	})
	return depth + 1, messages
}

// repeated is a text whose middle can be repeated without end.
type repeated struct{ head, open, middle, shut, tail string }

func (r repeated) text(n int) string {
	return r.head + strings.Repeat(r.open, n) + r.middle + strings.Repeat(r.shut, n) + r.tail
}

// pressures are all the recursions of the grammar that we know of, each written the way that is deepest.
func pressures() map[string]repeated {
	return map[string]repeated{
		"operators":               {"SELECT 1", "+1", "", "", ""},
		"named operators":         {"SELECT 1", " OPERATOR(a.+) 1", "", "", ""},
		"prefix operators":        {"SELECT ", "@ ", "1", "", ""},
		"named prefix operators":  {"SELECT ", "OPERATOR(a.+) ", "1", "", ""},
		"signs":                   {"SELECT ", "- ", "a", "", ""},
		"casts":                   {"SELECT 1", "::a", "", "", ""},
		"casts and subscripts":    {"SELECT a", "::a[1]", "", "", ""},
		"casts with modifiers":    {"SELECT a", "::a(1)", "", "", ""},
		"modifiers with casts":    {"SELECT 1::a(", "1::a(", "1", ")", ")"},
		"CAST":                    {"SELECT ", "CAST(", "1", " AS a)", ""},
		"ISNULL":                  {"SELECT 1", " ISNULL", "", "", ""},
		"IS NOT NULL":             {"SELECT 1", " IS NOT NULL", "", "", ""},
		"IS TRUE":                 {"SELECT 1", " IS TRUE", "", "", ""},
		"IS JSON":                 {"SELECT 1", " IS JSON", "", "", ""},
		"IS DOCUMENT":             {"SELECT 1", " IS DOCUMENT", "", "", ""},
		"IS NORMALIZED":           {"SELECT 1", " IS NORMALIZED", "", "", ""},
		"COLLATE":                 {"SELECT a", " COLLATE b", "", "", ""},
		"COLLATE in brackets":     {"SELECT ", "(", "a", " COLLATE b)", ""},
		"AT LOCAL":                {"SELECT a", " AT LOCAL", "", "", ""},
		"AT TIME ZONE":            {"SELECT a", " AT TIME ZONE b", "", "", ""},
		"IN lists":                {"SELECT 1", " IN (1)", "", "", ""},
		"IN queries":              {"", "SELECT 1 IN (", "SELECT 1", ")", ""},
		"ANY":                     {"SELECT 1", " = ANY (a)", "", "", ""},
		"ALL queries":             {"", "SELECT 1 > ALL (", "SELECT 1", ")", ""},
		"BETWEEN and ISNULL":      {"SELECT a", " ISNULL + 1 BETWEEN 1 AND 2", "", "", ""},
		"BETWEEN in brackets":     {"SELECT ", "(a BETWEEN 1 AND ", "1", ")", ""},
		"NOT":                     {"SELECT ", "NOT ", "true", "", ""},
		"NOT and =":               {"SELECT ", "NOT a = ", "b", "", ""},
		"NOT (AND":                {"SELECT ", "NOT (a AND ", "b", ")", ""},
		"AND (OR (":               {"SELECT ", "a AND (a OR (", "a", "))", ""},
		"OR AND (":                {"SELECT ", "(a OR b AND ", "a", ")", ""},
		"flat AND":                {"SELECT a", " AND a", "", "", ""},
		"flat OR":                 {"SELECT a", " OR a AND NOT b = c", "", "", ""},
		"brackets":                {"SELECT ", "(", "1", ")", ""},
		"fields of brackets":      {"SELECT ", "(", "a", ").b", ""},
		"rows":                    {"SELECT ", "ROW(", "1", ")", ""},
		"implicit rows":           {"SELECT ", "(1, ", "1", ")", ""},
		"calls":                   {"SELECT ", "f(", "1", ")", ""},
		"named arguments":         {"SELECT ", "f(a => ", "1", ")", ""},
		"FILTER":                  {"SELECT ", "f() FILTER (WHERE ", "true", ")", ""},
		"OVER ORDER BY":           {"SELECT ", "f() OVER (ORDER BY ", "1", ")", ""},
		"OVER PARTITION BY":       {"SELECT ", "f() OVER (PARTITION BY ", "1", ")", ""},
		"OVER ROWS":               {"SELECT ", "f() OVER (ROWS ", "1", " PRECEDING)", ""},
		"WITHIN GROUP":            {"SELECT ", "f(1) WITHIN GROUP (ORDER BY ", "1", ")", ""},
		"aggregates ORDER BY":     {"SELECT ", "f(1 ORDER BY ", "1", ")", ""},
		"COALESCE":                {"SELECT ", "coalesce(", "1", ")", ""},
		"NULLIF":                  {"SELECT ", "nullif(1, ", "1", ")", ""},
		"GREATEST":                {"SELECT ", "greatest(", "1", ")", ""},
		"EXTRACT":                 {"SELECT ", "extract(year FROM ", "1", ")", ""},
		"SUBSTRING":               {"SELECT ", "substring(a FROM ", "1", ")", ""},
		"ARRAY in ARRAY":          {"SELECT ", "ARRAY[", "1", "]", ""},
		"arrays of arrays":        {"SELECT ARRAY", "[", "1", "]", ""},
		"subscripts":              {"SELECT ", "a[", "1", "]", ""},
		"slices of brackets":      {"SELECT ", "(a)[1:", "1", "]", ""},
		"flat subscripts":         {"SELECT a", "[1]", "", "", ""},
		"flat dots":               {"SELECT a", ".a", "", "", ""},
		"CASE in THEN":            {"SELECT ", "CASE WHEN a THEN ", "1", " END", ""},
		"CASE in WHEN":            {"SELECT ", "CASE WHEN ", "a", " THEN 1 END", ""},
		"CASE in ELSE":            {"SELECT ", "CASE WHEN a THEN 1 ELSE ", "1", " END", ""},
		"CASE in CASE":            {"SELECT ", "CASE ", "1", " WHEN 1 THEN 1 END", ""},
		"a wide CASE":             {"SELECT CASE", " WHEN a AND b THEN 1", "", "", " END"},
		"queries as values":       {"", "SELECT (", "SELECT 1", ")", ""},
		"named queries as values": {"", "SELECT (", "SELECT 1", ") AS a", ""},
		"queries in conditions":   {"", "SELECT 1 WHERE (", "SELECT 1", ")", ""},
		"queries in ON":           {"", "SELECT 1 FROM a JOIN b ON (", "SELECT 1", ")", ""},
		"queries in ORDER BY":     {"", "SELECT 1 ORDER BY (", "SELECT 1", ")", ""},
		"queries in LIMIT":        {"", "SELECT 1 LIMIT (", "SELECT 1", ")", ""},
		"queries in WINDOW":       {"", "SELECT 1 WINDOW w AS (ORDER BY (", "SELECT 1", "))", ""},
		"queries in VALUES":       {"", "VALUES ((", "VALUES (1)", "))", ""},
		"EXISTS":                  {"", "SELECT EXISTS (", "SELECT 1", ")", ""},
		"ARRAY queries":           {"", "SELECT ARRAY(", "SELECT 1", ")", ""},
		"queries in FROM":         {"", "SELECT 1 FROM (", "SELECT 1", ") x", ""},
		"LATERAL":                 {"SELECT 1 FROM ", "LATERAL (SELECT 1 FROM ", "a", ") x", ""},
		"calls in FROM":           {"", "SELECT 1 FROM f((", "SELECT 1", "))", ""},
		"ROWS FROM":               {"", "SELECT 1 FROM ROWS FROM (f((", "SELECT 1", ")))", ""},
		"TABLESAMPLE":             {"", "SELECT 1 FROM a TABLESAMPLE f((", "SELECT 1", "))", ""},
		"WITH":                    {"", "WITH a AS (", "SELECT 1", ") SELECT 1", ""},
		"WITH in its query":       {"", "WITH a AS (SELECT 1) SELECT (", "SELECT 1", ")", ""},
		"writes in WITH":          {"", "WITH a AS (INSERT INTO b VALUES ((", "SELECT 1", "))) SELECT 1", ""},
		"updates in WITH":         {"", "WITH a AS (UPDATE b SET (a, b) = (", "SELECT 1", ")) SELECT 1", ""},
		"ON CONFLICT in WITH":     {"", "WITH a AS (INSERT INTO b VALUES (1) ON CONFLICT (a) DO UPDATE SET (a, b) = (", "SELECT 1", ")) SELECT 1", ""},
		"MERGE in WITH":           {"", "WITH a AS (MERGE INTO a USING b ON true WHEN MATCHED THEN UPDATE SET (a, b) = (", "SELECT 1", ")) SELECT 1", ""},
		"wide assignments":        {"UPDATE b SET (a", ", a", "", "", ") = (SELECT 1)"},
		"copied assignments":      {"", "WITH a AS (UPDATE b SET (a, b, c) = (a, (", "SELECT 1", "))) SELECT 1", ""},
		"copied rows of calls":    {"", "WITH a AS (UPDATE b SET (a, b, c) = CASE WHEN a THEN f((", "SELECT 1", ")) END) SELECT 1", ""},
		"a wide WITH":             {"WITH a AS (SELECT 1)", ", a AS (SELECT 1)", "", "", " SELECT 1"},
		"natural joins":           {"SELECT 1 FROM a", " NATURAL JOIN b", "", "", ""},
		"cross joins":             {"SELECT 1 FROM a", " CROSS JOIN b", "", "", ""},
		"joins":                   {"SELECT 1 FROM a", " JOIN b ON a AND b", "", "", ""},
		"joins to the right":      {"SELECT 1 FROM a", " JOIN b", "", " ON true", ""},
		"joins in brackets":       {"SELECT 1 FROM ", "(a CROSS JOIN ", "a", ")", ""},
		"brackets before joins":   {"SELECT 1 FROM ", "(", "a", " CROSS JOIN a)", ""},
		"UNION":                   {"SELECT 1, 2", " UNION SELECT 1, 2", "", "", ""},
		"EXCEPT ALL":              {"SELECT 1", " EXCEPT ALL SELECT 1", "", "", ""},
		"INTERSECT":               {"SELECT 1", " INTERSECT SELECT 1", "", "", ""},
		"UNION in brackets":       {"", "(SELECT 1 UNION ", "SELECT 1", ")", ""},
		"brackets before UNION":   {"", "(", "SELECT 1", " UNION SELECT 1)", ""},
		"brackets of queries":     {"", "(", "SELECT 1", ")", ""},
		"GROUPING SETS":           {"SELECT 1 GROUP BY ", "GROUPING SETS (", "a", ")", ""},
		"ROLLUP":                  {"SELECT 1 GROUP BY ", "ROLLUP (", "a", ")", ""},
		"XMLCONCAT":               {"SELECT ", "xmlconcat(", "1", ")", ""},
		"XMLELEMENT":              {"SELECT ", "xmlelement(name a, ", "1", ")", ""},
		"XMLATTRIBUTES":           {"SELECT ", "xmlelement(name a, xmlattributes(", "1", " AS a))", ""},
		"XMLFOREST":               {"SELECT ", "xmlforest(", "1", " AS a)", ""},
		"XMLEXISTS":               {"SELECT ", "xmlexists('a' PASSING ", "1", ")", ""},
		"XMLSERIALIZE":            {"SELECT ", "xmlserialize(content ", "a", " AS text)", ""},
		"XMLTABLE":                {"", "SELECT 1 FROM XMLTABLE('a' PASSING b COLUMNS a int DEFAULT (", "SELECT 1", "))", ""},
		"JSON_OBJECT":             {"SELECT ", "json_object('a': ", "1", ")", ""},
		"JSON_OBJECT VALUE":       {"SELECT ", "json_object('a' VALUE ", "1", ")", ""},
		"JSON_ARRAY":              {"SELECT ", "json_array(", "1", ")", ""},
		"JSON_ARRAY queries":      {"", "SELECT json_array(", "SELECT 1", ")", ""},
		"JSON_ARRAYAGG":           {"SELECT ", "json_arrayagg(", "1", ")", ""},
		"JSON_OBJECTAGG":          {"SELECT ", "json_objectagg(1: ", "1", ")", ""},
		"JSON_SCALAR":             {"SELECT ", "json_scalar(", "1", ")", ""},
		"JSON_VALUE":              {"SELECT ", "json_value(a, 'a' PASSING ", "1", " AS x)", ""},
		"JSON_QUERY DEFAULT":      {"SELECT ", "json_query(a, 'a' DEFAULT ", "1", " ON EMPTY)", ""},
		"JSON()":                  {"SELECT ", "json(", "1", ")", ""},
		"JSON_TABLE":              {"SELECT 1 FROM JSON_TABLE(a, '$' COLUMNS (", "NESTED PATH '$' COLUMNS (", "a int", ")", "))"},
		"JSON_TABLE in itself":    {"", "SELECT 1 FROM JSON_TABLE((", "SELECT 1", "), '$' COLUMNS (a int))", ""},
		"functions in functions":  {"", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC ", "SELECT 1; ", "END; ", ""},
		"functions after others":  {"", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; ", "", "END; ", ""},
		"everything":              {"SELECT ", "NOT - CASE WHEN f(ARRAY[(SELECT x FROM (SELECT ", "a", " ISNULL) t JOIN b ON true)]) THEN 1 END::b", ""},
		"IN lists of rows":        {"SELECT 1 WHERE a IN ((1, 2)", ", (1, 2)", "", "", ")"},
		"VALUES":                  {"VALUES (1)", ", (1)", "", "", ""},
		"columns":                 {"SELECT a", ", a", "", "", ""},
		"statements":              {"SELECT 1", "; SELECT 1", "", "", ""},
		"comments":                {"", "/*", "", "*/", ""},
		"comments side by side":   {"/*", "/**/", "", "", "*/"},
		"comments in a row":       {"SELECT 1", "/**/", "", "", ""},
		"stars in a comment":      {"/*", "*", "", "", "*/"},
		"plus signs":              {"SELECT 1 ", "+", "", "", " 1"},
		"open brackets":           {"SELECT ", "(", "", "", ""},
		"dollar tags":             {"SELECT ", "$a", "", "", ""},
		"dollar signs":            {"SELECT ", "$", "", "", ""},
		"quotes":                  {"SELECT ", "'", "", "", ""},
		"continued literals":      {"SELECT 'a'", "\n'a'", "", "", ""},
		"dots in numbers":         {"SELECT ", "1.", "", "", ""},
		"prefixed calls":          {"SELECT 1 FROM f(a", ".b", "", "", ")"},
	}
}

func TestTheEstimateIsNoLessThanTheTree(t *testing.T) {
	t.Parallel()
	for claim, p := range pressures() {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{1, 10, 30} {
				requireEstimate(t, p.text(n))
			}
		})
	}
}

// top is what every tree has above and below the part that the estimate is about: ParseResult, RawStmt, Node, SelectStmt, Node, ResTarget,
// Node above; ColumnRef, Node, String and their like below.
const top = 12

func requireEstimate(t *testing.T, text string) {
	t.Helper()
	estimate, tokens, ok := estimated(text)
	if !ok {
		return
	}
	tree, err := pg.Parse(text)
	if err != nil {
		return
	}
	depth, messages := treeDepth(tree.ProtoReflect())
	require.LessOrEqual(t, depth, estimate+top, "%q", text)
	require.LessOrEqual(t, messages, 12*tokens+top, "%q", text)
}

func FuzzDepth(f *testing.F) {
	for _, p := range pressures() {
		f.Add(p.text(1))
		f.Add(p.text(3))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text) {
			t.Skip("Check refuses it before")
		}
		requireEstimate(t, text)
	})
}
