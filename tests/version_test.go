package tests

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// span is the versions of PostgreSQL that a case is about: @from 17 for what older servers do not know, @before 17 for what newer
// ones answer in another way. The zero value is all versions. On a server outside the span the case is not run.
type span struct{ from, before int }

// directive reads a version.
func (s *span) directive(word, value string) error {
	major, err := strconv.Atoi(value)
	if err != nil || major < 15 {
		return fmt.Errorf("@%s %s: not a major version", word, value)
	}
	if word == "from" {
		s.from = major
	} else {
		s.before = major
	}
	return nil
}

func (s span) has(major int) bool {
	return major >= s.from && (s.before == 0 || major < s.before)
}

// major is the major version of the server that the tests run on.
func (c *cluster) major(t testing.TB) int {
	t.Helper()
	number, err := strconv.Atoi(c.rows(t, "postgres", "SHOW server_version_num")[0][0])
	require.NoError(t, err)
	return number / 10000
}

func TestASpanHasItsVersions(t *testing.T) {
	t.Parallel()
	var always, later, earlier span
	require.NoError(t, later.directive("from", "17"))
	require.NoError(t, earlier.directive("before", "17"))
	require.Error(t, always.directive("from", "x"))
	for major, isLater := range map[int]bool{15: false, 16: false, 17: true, 18: true} {
		require.True(t, always.has(major))
		require.Equal(t, isLater, later.has(major))
		require.Equal(t, !isLater, earlier.has(major))
	}
}
