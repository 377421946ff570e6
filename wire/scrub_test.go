package wire

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

func TestDetails(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, state, detail, want string }{
		{"a duplicate key is not shown", "23505", `Key (email)=(a@b) already exists.`, ""},
		{"a failing row is not shown", "23514", `Failing row contains (1, secret).`, ""},
		{"a NULL's row is not shown", "23502", `Failing row contains (1, null).`, ""},
		{"a missing key is not shown, its table is", "23503", `Key (a)=(1) is not present in table "t".`, `Key is not present in table "t".`},
		{"a key in use is not shown, its table is", "23503", `Key (a)=(1) is still referenced from table "t".`, `Key is still referenced from table "t".`},
		{"a value that imitates the text gains nothing", "23503", `Key (a)=( is not present in table "x".) is not present in table "t".`, `Key is not present in table "t".`},
		{"conflicting keys are not shown", "23P01", `Key (r)=([1,2)) conflicts with existing key (r)=([1,3)).`, "Key conflicts with existing key."},
		{"another language is not understood, so not shown", "23503", `Schlüssel (a)=(1) ist nicht in Tabelle »t« vorhanden.`, ""},
		{"a deadlock's processes are not shown", "40P01", `Process 1 waits for ShareLock; blocked by process 2.`, ""},
		{"a trigger's words are not shown", "P0001", "anything", ""},
		{"a view's failing row is not shown", "44000", "Failing row contains (1).", ""},
		{"an error without a code has no detail", "", "anything", ""},
		{"a remark on the statement is shown", "42804", "There is a column.", "There is a column."},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := errorFields{code: c.state, message: "m", detail: c.detail}
			require.Nil(t, scrubError(&f, statement{values: testValues()}, statement{}, testMark, nil))
			require.Equal(t, c.want, f.detail)
		})
	}
}

// testValues are those of a subject of whom the schema of tests keeps nothing.
func testValues() *rewrite.Values {
	return rewrite.NewValues(&plan.Plan{Snapshot: testWorld().Snapshot, Subject: plan.Subject{User: "kim"}}, testMark)
}

func TestErrorFields(t *testing.T) {
	t.Parallel()
	t.Run("what quotes other text is left out", func(t *testing.T) {
		t.Parallel()
		f := parseErrorFields([]byte("SERROR\x00VERROR\x00C42P01\x00Mm\x00Wcontext\x00qquery\x00p7\x00Ffile\x00L1\x00Rroutine\x00Zunknown\x00ss\x00tt\x00cc\x00dd\x00nn\x00P12\x00\x00"))
		got := string(appendError(nil, f)[headerSize:])
		require.Equal(t, "SERROR\x00VERROR\x00C42P01\x00Mm\x00P12\x00ss\x00tt\x00cc\x00dd\x00nn\x00\x00", got)
	})
	t.Run("any set of fields is tolerated", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{"", "\x00", "C", "C\x00", "Mhalf a mess", "P-5\x00", "Px\x00", "M\xff\x00\x00"} {
			f := parseErrorFields([]byte(body))
			require.Nil(t, scrubError(&f, statement{}, statement{}, testMark, nil))
			require.Equal(t, byte('E'), appendError(nil, f)[0])
		}
	})
	t.Run("without a severity it is fatal", func(t *testing.T) {
		t.Parallel()
		require.True(t, (&errorFields{}).fatal())
		require.True(t, (&errorFields{severity: "FATAL"}).fatal())
		require.False(t, (&errorFields{severity: "FEHLER", fixedSeverity: "ERROR"}).fatal())
	})
	t.Run("a position belongs to a text or nowhere", func(t *testing.T) {
		t.Parallel()
		f := errorFields{code: "42601", position: 12}
		require.Nil(t, scrubError(&f, statement{}, statement{}, testMark, nil))
		require.Zero(t, f.position)
	})
}

func TestNamesOfOursAreNotTold(t *testing.T) {
	t.Parallel()
	f := errorFields{code: "42703", message: `column "id" does not exist`, hint: `There is a column named "id" in table "ww_1", but it cannot be referenced.`}
	_ = scrubError(&f, statement{}, statement{}, "mark", nil)
	require.Empty(t, f.hint)
	require.Equal(t, `column "id" does not exist`, f.message)

	f = errorFields{code: "42P10", message: `table "ww_s" has 1 columns available but 3 columns specified`}
	_ = scrubError(&f, statement{}, statement{}, "mark", nil)
	require.Equal(t, "42601", f.code)

	f = errorFields{code: "42703", message: `column ww_1.gone does not exist`}
	_ = scrubError(&f, statement{}, statement{}, "mark", nil)
	require.NotContains(t, f.message, "ww_")
}

func TestFunctionsErrorsAreCutShort(t *testing.T) {
	t.Parallel()
	const inside = "PL/pgSQL function app.audit() line 3 at SQL statement"
	cases := []struct {
		name      string
		f         errorFields
		want      string
		keepsHint bool
	}{
		{"what the author says is kept", errorFields{code: "P0001", message: `say "it"`, context: inside, routine: "exec_stmt_raise"}, `say "it"`, false},
		{"under any code", errorFields{code: "42501", message: `not "you"`, context: inside, routine: "exec_stmt_raise"}, `not "you"`, false},
		{"a value is cut off", errorFields{code: "22P02", message: `invalid input syntax for type integer: "SECRET"`, context: inside}, "invalid input syntax for type integer", false},
		{"a value is cut off in another language", errorFields{code: "22P02", message: `ungültig: »SECRET«`, context: inside}, "ungültig", false},
		{"names are not told", errorFields{code: "42P01", message: `relation "audit_log" does not exist`, context: inside}, "a function or trigger of the database failed", false},
		{"what names nothing is kept", errorFields{code: "22012", message: "division by zero", context: inside}, "division by zero", false},
		{"a parameter is no function", errorFields{code: "22P02", message: `invalid: "x"`, context: "unnamed portal parameter $1 = '...'"}, `invalid: "x"`, true},
		{"a JSON text is no function", errorFields{code: "22P02", message: `invalid: "x"`, context: "JSON data, line 1: x"}, `invalid: "x"`, true},
		{"a function around a JSON text is one", errorFields{code: "22P02", message: `invalid: "x"`, context: "JSON data, line 1: x\n" + inside}, `invalid`, false},
		{"an unknown context is one", errorFields{code: "22P02", message: `invalid: "x"`, context: "Funktion f"}, `invalid`, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.f.hint, c.f.detail = "hint", "detail"
			require.Nil(t, scrubError(&c.f, statement{values: testValues()}, statement{}, testMark, nil))
			require.Equal(t, c.want, c.f.message)
			require.Equal(t, c.keepsHint, c.f.hint != "")
			require.Equal(t, c.keepsHint, c.f.detail != "")
		})
	}
}

func TestServersOwnAffairsAreNotTold(t *testing.T) {
	t.Parallel()
	for _, f := range []errorFields{
		{code: "XX000", message: "cache lookup failed for relation 16433"},
		{code: "XX001", message: `invalid page in block 3 of relation base/16384/16433`},
		{code: "58P01", message: `could not open file "base/16384/16433": No such file or directory`},
		{code: "53100", message: `could not extend file "base/16384/16433": No space left on device`},
		{code: "42501", message: "permission denied for table audit_log"},
		{code: "42501", message: "permission denied for schema secret"},
		{code: "42501", message: "must be owner of table audit_log"},
		{code: "42501", message: `Zugriff auf Tabelle audit_log verweigert`},
		{code: "23505", message: `duplicate key value violates unique constraint "audit_log_pkey"`, schema: "app", table: "audit_log", constraint: "audit_log_pkey"},
	} {
		f.hint, f.detail = "audit_log 16433", "audit_log 16433"
		require.Nil(t, scrubError(&f, statement{values: testValues()}, statement{}, testMark, nil))
		told := string(appendError(nil, f))
		require.NotContains(t, told, "audit_log")
		require.NotContains(t, told, "16433")
		require.NotContains(t, told, "secret")
	}
}

func TestNoticesOfFunctionsDoNotPass(t *testing.T) {
	t.Parallel()
	require.True(t, passNotice(&errorFields{fixedSeverity: "WARNING", code: "25P01"}))
	require.False(t, passNotice(&errorFields{fixedSeverity: "WARNING", code: "25P01", context: "PL/pgSQL function f() line 1 at RAISE"}))
	require.False(t, passNotice(&errorFields{fixedSeverity: "WARNING", code: "01000"}))
	require.False(t, passNotice(&errorFields{fixedSeverity: "LOG", code: "25P01"}))
}

func TestWords(t *testing.T) {
	t.Parallel()
	require.True(t, hasWord(`on table "audit_log"`, "audit_log"))
	require.True(t, hasWord("audit_logs audit_log", "audit_log"))
	require.False(t, hasWord(`"audit_log_pkey" "my_audit_log" audit_logé`, "audit_log"))
}
