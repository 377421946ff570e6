package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
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
			require.Nil(t, scrubError(&f, statement{}, testMark))
			require.Equal(t, c.want, f.detail)
		})
	}
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
			require.Nil(t, scrubError(&f, statement{}, testMark))
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
		require.Nil(t, scrubError(&f, statement{}, testMark))
		require.Zero(t, f.position)
	})
}

func TestNamesOfOursAreNotTold(t *testing.T) {
	t.Parallel()
	f := errorFields{code: "42703", message: `column "id" does not exist`, hint: `There is a column named "id" in table "ww_1", but it cannot be referenced.`}
	_ = scrubError(&f, statement{}, "mark")
	require.Empty(t, f.hint)
	require.Equal(t, `column "id" does not exist`, f.message)

	f = errorFields{code: "42P10", message: `table "ww_s" has 1 columns available but 3 columns specified`}
	_ = scrubError(&f, statement{}, "mark")
	require.Equal(t, "42601", f.code)

	f = errorFields{code: "42703", message: `column ww_1.gone does not exist`}
	_ = scrubError(&f, statement{}, "mark")
	require.NotContains(t, f.message, "ww_")
}
