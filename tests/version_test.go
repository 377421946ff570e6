package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// ofVersion is a file and those beside it that are for the server at hand: more.sql, and more.from18.sql on PostgreSQL 18.
func ofVersion(path string) []string {
	extension := filepath.Ext(path)
	files := []string{path}
	for major := 15; major <= pg.major; major++ {
		later := fmt.Sprintf("%s.from%d%s", strings.TrimSuffix(path, extension), major, extension)
		if _, err := os.Stat(later); err == nil {
			files = append(files, later)
		}
	}
	return files
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
