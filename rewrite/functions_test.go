package rewrite

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

// realFunctions binds the allow-list to a real server with a schema on its search path that tries to get in the way.
func realFunctions(t *testing.T) *functions {
	t.Helper()
	server := pgtest.Start(t)
	conn := pgtest.Connect(t, server.AdminDSN("postgres"))
	_, err := conn.Exec(t.Context(), `
CREATE SCHEMA app; CREATE SCHEMA aside;
CREATE FUNCTION app.upper(varchar) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION app.spy(anyelement, int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.spies(VARIADIC text[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.pair(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION aside.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION aside.hidden(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION app.eq(int, text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR app.@@@ (leftarg = int, rightarg = text, function = app.eq);
CREATE OPERATOR app.<= (leftarg = int, rightarg = text, function = app.eq);
CREATE OPERATOR aside.= (leftarg = int, rightarg = text, function = app.eq);
CREATE TYPE app.mood AS ENUM ('glad'); CREATE TYPE app.cast_mood AS ENUM ('glad'); CREATE TYPE aside.far AS ENUM ('glad');
CREATE TYPE app.pair AS (a int, b int); CREATE DOMAIN app.small AS int CHECK (VALUE < 10);
CREATE DOMAIN app.watched AS int CHECK (app.spy(VALUE) > 0); CREATE DOMAIN app.watched_too AS app.watched;
CREATE DOMAIN app.compared AS int CHECK (VALUE OPERATOR(app.@@@) 'x'::text); CREATE DOMAIN app.moody AS app.mood; CREATE DOMAIN app.pairs AS app.pair;
CREATE TYPE app.span AS RANGE (subtype = int);
CREATE TYPE app.int4 AS ENUM ('glad');
CREATE FUNCTION app.to_mood(int) RETURNS app.cast_mood LANGUAGE sql AS $$SELECT 'glad'::app.cast_mood$$;
CREATE CAST (int AS app.cast_mood) WITH FUNCTION app.to_mood(int);
CREATE TABLE app.bait (id int);`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `SET search_path = app, public`)
	require.NoError(t, err)
	schema, err := catalog.LoadSchema(t.Context(), conn)
	require.NoError(t, err)
	require.Equal(t, []string{"app", "public"}, schema.SearchPath)
	return newFunctions(schema)
}

// dangerousNames is the threat list: written down by hand, not derived from the allow-list.
func dangerousNames(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/dangerous_functions.list")
	require.NoError(t, err)
	var names []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
			names = append(names, line)
		}
	}
	require.Greater(t, len(names), 450)
	return names
}

// outside names what is dangerous by its family, whatever a later release adds to it.
func outside() *regexp.Regexp {
	return regexp.MustCompile(`^pg_|^lo_|^has_|^to_reg|^inet_(client|server)|^txid_|^currtid|^binary_upgrade|xml(schema)?$|^ts_(stat|rewrite|parse|debug|token)|` +
		`^brin_|^gin_|^gist_|^spg_|^RI_FKey|_(in|out|recv|sel|support|finalfn|serialize|deserialize|handler|validator)$|(sel|typmodin|typmodout)$|` +
		`^acl|setting|(curr|last|next|set)val$|privilege|_description$|session|replication|^reg(class|proc|procedure|oper|operator|type|role|namespace|config|dictionary|collation)(in|out|recv|send)?$|(bool|bytea|int2|int4|int8|text|char|name)(in|out|recv)$`)
}

// harmless are the names of those families that have nothing of them.
func harmless() []string {
	return []string{
		"pg_client_encoding", "pg_size_pretty", "pg_size_bytes", "pg_collation_for", "pg_is_in_recovery", "interval", "unistr", "xml",
		"array_to_string", "string_to_array", "pg_get_keywords", "pg_options_to_table", "pg_char_to_encoding", "pg_encoding_max_length", "pg_encoding_to_char",
	}
}

func TestFunctionsOfARealServer(t *testing.T) {
	t.Parallel()
	f := realFunctions(t)
	for claim, test := range map[string]func(*testing.T, *functions){
		"every function is denied unless listed":           everyFunctionIsDeniedUnlessListed,
		"every dangerous function is denied":               everyDangerousFunctionIsDenied,
		"the list names what exists":                       theListNamesWhatExists,
		"names mean all that they could mean":              namesMeanAllThatTheyCouldMean,
		"attributes that are calls need the same as calls": attributesThatAreCallsNeedTheSameAsCalls,
		"only plain types and enums may be cast to":        onlyPlainTypesAndEnumsMayBeCastTo,
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			test(t, f)
		})
	}
}

func everyFunctionIsDeniedUnlessListed(t *testing.T, f *functions) {
	t.Helper()
	family, exempt := outside(), harmless()
	allowedNames := 0
	for name, candidates := range f.schema.Functions {
		builtin := slices.ContainsFunc(candidates, func(c catalog.Function) bool { return c.Schema == pgCatalog })
		v := f.resolve(pgCatalog, name)
		if !builtin {
			require.NotEqual(t, allowed, f.resolve("", name).outcome, name)
			require.Equal(t, missing, v.outcome, name)
			continue
		}
		if family.MatchString(name) && !slices.Contains(exempt, name) && !strings.HasPrefix(name, "pg_lsn") {
			require.Equal(t, denied, v.outcome, name)
			require.NotEmpty(t, v.reason, name)
		}
		for _, c := range candidates {
			if c.Volatility == 'v' && c.Schema == pgCatalog && v.outcome == allowed {
				require.Contains(t, []string{
					"random", "gen_random_uuid", "clock_timestamp", "timeofday", "pg_is_in_recovery",
					"random_normal", "array_sample", "array_shuffle", "uuidv4", "uuidv7",
				}, name)
			}
			if v.outcome == allowed && c.Schema == pgCatalog {
				require.NotContains(t, strings.Join(c.Args, " ")+" "+c.Returns, "internal", name)
				require.NotContains(t, strings.Join(c.Args, " ")+" "+c.Returns, "cstring", name)
				require.Contains(t, knownTypes(), strings.TrimSuffix(c.Returns, "[]"), "%s: what literals beside its result are read as", name)
				for _, arg := range c.Args {
					require.Contains(t, append(knownTypes(), "regconfig"), strings.TrimSuffix(arg, "[]"), "%s: what its literals are read as", name)
				}
			}
		}
		if v.outcome == allowed {
			allowedNames++
		}
	}
	if f.schema.ServerVersion/10000 == 15 {
		require.Equal(t, pinnedAllowed, allowedNames, "the list has changed: review it and pin the new number")
	}
}

// knownTypes are the types that allowed functions may take and give. An untyped literal is read by the type's input function, so none of
// them may look anything up.
func knownTypes() []string {
	return []string{
		"bigint", "bit", "bit varying", "boolean", "box", "bytea", "character", "\"char\"", "character varying", "cidr", "circle", "date", "datemultirange", "daterange",
		"double precision", "inet", "int4multirange", "int4range", "int8multirange", "int8range", "integer", "interval", "json", "jsonb", "jsonpath", "line", "lseg",
		"macaddr", "macaddr8", "money", "name", "numeric", "nummultirange", "numrange", "oid", "path", "pg_lsn", "point", "polygon", "real", "smallint", "text",
		"tid", "time with time zone", "cid", "int2vector", "oidvector", "time without time zone", "timestamp with time zone", "timestamp without time zone", "tsmultirange", "tsquery", "tsrange",
		"tstzmultirange", "tstzrange", "tsvector", "uuid", "xid", "xid8", "xml",
		"\"any\"", "anyarray", "anycompatible", "anycompatiblearray", "anyelement", "anyenum", "anymultirange", "anynonarray", "anycompatiblenonarray", "anyrange",
		"anycompatiblerange", "record",
	}
}

// pinnedAllowed is how many names of PostgreSQL 15 are on the list.
const pinnedAllowed = 1460

func everyDangerousFunctionIsDenied(t *testing.T, f *functions) {
	t.Helper()
	for _, name := range dangerousNames(t) {
		for _, schema := range []string{"", pgCatalog, "public"} {
			require.NotEqual(t, allowed, f.resolve(schema, name).outcome, name)
		}
		require.False(t, f.listed[name].class.Allowed(), "a later release may have %s", name)
	}
}

func theListNamesWhatExists(t *testing.T, f *functions) {
	t.Helper()
	// What only later releases have.
	later := strings.Fields(`
		any_value any_value_transfn array_reverse array_sample array_shuffle array_sort bytea bytea_larger bytea_smaller casefold crc32
		crc32c date_add date_subtract erf erfc gamma hashbool hashboolextended hashbytea hashbyteaextended hashcid hashcidextended
		hashdate hashdateextended hashxid hashxid8 hashxid8extended hashxidextended icu_unicode_version json_agg_strict
		json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict jsonb_agg_strict jsonb_object_agg_strict
		jsonb_object_agg_unique jsonb_object_agg_unique_strict jsonb_populate_record_valid lgamma random_normal record_larger
		record_smaller timestamptz_hash timestamptz_hash_extended to_bin to_oct unicode_assigned unicode_version uuid_extract_timestamp
		uuid_extract_version uuidv4 uuidv7 xmltext`)
	// What only earlier releases have.
	earlier := strings.Fields("interval_accum interval_accum_inv interval_combine")
	for name, l := range f.listed {
		v := f.resolve(pgCatalog, name)
		if !l.class.Allowed() {
			require.NotEqual(t, allowed, v.outcome, name)
			continue
		}
		if (slices.Contains(later, name) || slices.Contains(earlier, name)) && v.outcome == missing {
			continue
		}
		require.Equal(t, allowed, v.outcome, "%s is %s", name, v.reason)
	}
}

func namesMeanAllThatTheyCouldMean(t *testing.T, f *functions) {
	t.Helper()
	for _, c := range []struct {
		claim, schema, name string
		want                outcome
	}{
		{"a listed function", "", "lower", allowed},
		{"a listed function, qualified", "pg_catalog", "lower", allowed},
		{"a listed function that a schema off the path has too", "", "lower", allowed},
		{"the other schema's one", "aside", "lower", denied},
		{"a listed function that the path overloads, which depends on the arguments", "", "upper", allowed},
		{"the same, qualified", "pg_catalog", "upper", allowed},
		{"a function of the path", "", "spy", denied},
		{"a function of the path, qualified", "app", "spy", denied},
		{"a function off the path", "", "hidden", missing},
		{"a function that nobody has", "", "no_such", missing},
		{"a schema that nobody has", "nowhere", "lower", missing},
		{"a function of the standard's schema", "information_schema", "_pg_char_max_length", denied},
		{"another case of a listed name", "", "LOWER", missing},
		{"an empty name", "", "", missing},
		{"an aggregate", "", "sum", allowed},
		{"a window function", "", "row_number", allowed},
		{"a harmless volatile function", "", "random", allowed},
		{"a function that sleeps", "", "pg_sleep", denied},
		{"a cast that looks names up", "", "regclass", denied},
		{"a function whose answer makes names of literals beside it", "", "pg_typeof", denied},
	} {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, f.resolve(c.schema, c.name).outcome)
		})
	}
}

func attributesThatAreCallsNeedTheSameAsCalls(t *testing.T, f *functions) {
	t.Helper()
	for name, want := range map[string]bool{
		"no_such": true, "lower": true, "upper": false, "spy": false, "spies": false, "hidden": true, "pg_sleep": false, "pg_relation_size": false,
		"pg_typeof": false, "regclass": false, "regproc": false, "refcursor": false, "text": true, "mood": true, "small": true, "watched": false, "bait": false, "pair": false,
		"pg_authid": false, "row_to_json": true, "query_to_xml": true, "pg_sleep_for": false, "has_table_privilege": true, "nextval": false,
	} {
		require.Equal(t, want, f.attribute(name), name)
	}
}

func onlyPlainTypesAndEnumsMayBeCastTo(t *testing.T, f *functions) {
	t.Helper()
	for name, want := range map[string]string{
		"int4": "pg_catalog", "text": "pg_catalog", "_text": "pg_catalog", "tstzrange": "pg_catalog", "nummultirange": "pg_catalog", "jsonb": "pg_catalog",
		"xid": "pg_catalog", "pg_lsn": "pg_catalog", "mood": "app", "app.mood": "app", "small": "app", "moody": "app", "aside.far": "aside", "pg_catalog.int4": "pg_catalog",
	} {
		schema, bare, ok := strings.Cut(name, ".")
		if !ok {
			schema, bare = "", name
		}
		got, ok := f.castType(schema, bare)
		require.True(t, ok, name)
		require.Equal(t, want, got.Schema, name)
	}
	for _, name := range []string{
		"regclass", "_regclass", "regproc", "regprocedure", "regoper", "regoperator", "regtype", "regrole", "regnamespace", "regconfig", "regdictionary", "regcollation",
		"internal", "cstring", "_cstring", "any", "anyelement", "anyarray", "record", "_record", "trigger", "void", "unknown", "aclitem", "_aclitem", "refcursor",
		"pg_node_tree", "pg_ndistinct", "pg_mcv_list", "pg_dependencies", "pg_ddl_command", "pg_snapshot", "txid_snapshot", "gtsvector", "int2vector", "oidvector",
		"pg_class", "pg_authid", "pair", "watched", "watched_too", "compared", "pairs", "span", "cast_mood", "bait", "far", "no_such", "_mood", "INT4", "", "_", "__text",
	} {
		_, ok := f.castType("", name)
		require.False(t, ok, name)
	}
	_, ok := f.castType("app", "int4")
	require.True(t, ok, "an enum that is called like a builtin type is reached by its schema only")
}

func TestTheListHasEveryNameOnce(t *testing.T) {
	t.Parallel()
	name, seen := regexp.MustCompile(`^[a-z_][a-z0-9_]*$`), map[string]bool{}
	for line := range strings.Lines(functionsText) {
		line = strings.TrimSpace(line)
		if section, ok := strings.CutPrefix(line, "["); ok {
			require.NotZero(t, sectionOf(strings.TrimSuffix(section, "]")), line)
			continue
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, n := range strings.Fields(line) {
			require.Regexp(t, name, n)
			require.False(t, seen[n], "%s is listed twice", n)
			seen[n] = true
		}
	}
	listed := parseFunctions("early\n# words\n\n[pure]\nlower upper\n[volatile]\nrandom\n[nonsense]\nnow\n[sql]\nts_stat\n")
	require.Equal(t, map[string]listing{
		"lower": {class: PureFunction}, "upper": {class: PureFunction}, "random": {class: PureFunction, volatile: true}, "ts_stat": {class: SQLFunction},
	}, listed)
}

func TestAFunctionThatTheListDoesNotExpectIsUnknown(t *testing.T) {
	t.Parallel()
	f := &functions{listed: map[string]listing{"pure": {class: PureFunction}, "draw": {class: PureFunction, volatile: true}, "stat": {class: SQLFunction}}}
	harmless := catalog.Function{Schema: pgCatalog, Kind: 'f', Volatility: 'i', Args: []string{"integer"}, Returns: "text"}
	with := func(change func(*catalog.Function)) catalog.Function {
		c := harmless
		change(&c)
		return c
	}
	for _, c := range []struct {
		claim, name string
		function    catalog.Function
		want        Class
	}{
		{"as listed", "pure", harmless, PureFunction},
		{"leakproof", "pure", with(func(f *catalog.Function) { f.Leakproof = true }), SafeFunction},
		{"a new name", "new", harmless, UnknownFunction},
		{"volatile", "pure", with(func(f *catalog.Function) { f.Volatility = 'v' }), UnknownFunction},
		{"volatile, as expected", "draw", with(func(f *catalog.Function) { f.Volatility = 'v' }), PureFunction},
		{"of a volatility that nobody knows", "pure", with(func(f *catalog.Function) { f.Volatility = 'x' }), UnknownFunction},
		{"a procedure", "pure", with(func(f *catalog.Function) { f.Kind = 'p' }), UnknownFunction},
		{"that gives a name of a relation", "pure", with(func(f *catalog.Function) { f.Returns = "regclass" }), UnknownFunction},
		{"that takes a name of a relation", "pure", with(func(f *catalog.Function) { f.Args = []string{"regclass"} }), UnknownFunction},
		{"that takes a name of a text search configuration", "pure", with(func(f *catalog.Function) { f.Args = []string{"regconfig"} }), PureFunction},
		{"that takes what only the server has", "pure", with(func(f *catalog.Function) { f.Args = []string{"internal"} }), InternalFunction},
		{"that takes text as types read it", "pure", with(func(f *catalog.Function) { f.Args = []string{"cstring"} }), TextFunction},
		{"that runs SQL", "stat", harmless, SQLFunction},
	} {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, f.class(c.name, c.function))
			require.Equal(t, c.want == PureFunction || c.want == SafeFunction, c.want.Allowed())
		})
	}
}
