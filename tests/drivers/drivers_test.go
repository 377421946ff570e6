package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatDidNotEndHasTheOutcomeNone(t *testing.T) {
	t.Parallel()
	outcomes, err := readOutcomes([]byte(`{"Action":"run","Test":"A"}
{"Action":"output","Test":"A","Output":"permission denied for function pg_sleep"}
{"Action":"fail","Test":"A"}
{"Action":"run","Test":"B/tmp123456789"}
not JSON
{"Action":"pass"}
`))
	require.NoError(t, err)
	require.Equal(t, map[string]outcome{"A": {"fail", "permission denied for function pg_sleep"}, "B/tmpN": {is: "none"}}, outcomes)
	require.Equal(t, "functions", reasonOf("A", outcomes))
	require.Equal(t, unexplained, reasonOf("B/tmpN", outcomes))
	require.Equal(t, "functions", reasonOf("A/a part that did not run", outcomes))
}

func TestOnlyWhatIsRecordedPasses(t *testing.T) {
	t.Parallel()
	found := differences{}
	found.add("s", filtered, map[string]outcome{"A": {is: "pass"}, "B": {is: "pass"}, "C": {is: "fail"}}, map[string]outcome{"A": {is: "fail"}, "B": {is: "pass"}})
	require.Len(t, found, 2)
	require.ErrorIs(t, found.check(differences{}), errDiffers, "new")
	path := filepath.Join(t.TempDir(), "record")
	require.NoError(t, found.record(path, differences{"s filtered A": {reason: "known"}}))
	recorded, err := readDifferences(path)
	require.NoError(t, err)
	require.Equal(t, difference{"s", filtered, "A", "pass", "fail", "known"}, recorded["s filtered A"])
	require.Equal(t, difference{"s", filtered, "C", "fail", "none", unexplained}, recorded["s filtered C"])
	require.NoError(t, found.check(recorded))
	require.True(t, recorded.failing("s", filtered)("A"))
	require.False(t, recorded.failing("s", unfiltered)("A"))

	require.ErrorIs(t, differences{}.check(recorded), errDiffers, "gone")
	recorded.keep([]way{direct, unfiltered})
	require.NoError(t, differences{}.check(recorded))
}
