package captured_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/tests/clients/captured"
)

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	t.Parallel()
	sessions := []captured.Session{
		{{SQL: "BEGIN"}, {SQL: "SELECT $1\n\n;", Extended: true, Parameters: "$1 = 'a ! b', $2 = NULL"}, {SQL: "SELECT 1", Refused: "42501"}},
		{{SQL: "SELECT '----'", Extended: true, Parameters: "$1 = 'it''s'", Open: "a reason"}, {SQL: ""}},
	}
	again, err := captured.Parse(captured.Format("From a test.\n\n", sessions))
	require.NoError(t, err)
	require.Equal(t, sessions, again)
}

func TestParametersAreReadAsLogged(t *testing.T) {
	t.Parallel()
	values, err := captured.Values("$1 = 'it''s', $2 = NULL, $3 = '', $4 = 'a, $5 = ''b'''")
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte("it's"), nil, {}, []byte("a, $5 = 'b'")}, values)
	for _, broken := range []string{"$2 = 'a'", "$1 = a", "$1 = 'a", "nothing"} {
		_, err := captured.Values(broken)
		require.Error(t, err, broken)
	}
}

func TestNamesStandForOIDs(t *testing.T) {
	t.Parallel()
	const sql, named = "SELECT 16400, '16400'::regclass, 116400, 5, 16401", "SELECT {class app.task}, '{class app.task}'::regclass, 116400, 5, 16401"
	require.Equal(t, named, captured.Names(sql, map[string]string{"16400": "{class app.task}"}))
	require.Equal(t, sql, captured.OIDs(named, map[string]string{"{class app.task}": "16400"}))
	require.Equal(t, "{class app.gone}", captured.OIDs("{class app.gone}", nil))
}
