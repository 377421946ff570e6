package tests

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rewriteDiffs writes the differences anew; their reasons stay.
var rewriteDiffs = flag.Bool("wire.diffs", false, "write the .diff files of the wire scripts anew")

// compareWithDifferences wants two transcripts to be equal, save for the lines in the file: a reason in lines that begin with #, then the lines
// that only the first has, after -, and only the second, after +. There is no file where there is no difference.
func compareWithDifferences(t *testing.T, path, direct, through string) {
	t.Helper()
	reason, recorded := readDifferences(t, path)
	found := lineDifferences(strings.Split(direct, "\n"), strings.Split(through, "\n"))
	if *rewriteDiffs && found != recorded {
		if found == "" {
			require.NoError(t, os.Remove(path))
			return
		}
		require.NoError(t, os.WriteFile(path, []byte(reason+found), 0o600))
		return
	}
	require.Equal(t, recorded, found, "%s\n%s", path, through)
	if found != "" {
		require.NotEmpty(t, reason, "%s does not say why", path)
	}
}

// differencesOf is the file of a script's differences. Where newer servers say something else, there is one for them, too.
func differencesOf(script string) string {
	name := strings.TrimSuffix(script, ".txt")
	for major := pg.major; major > 15; major-- {
		later := fmt.Sprintf("%s.from%d.diff", name, major)
		if _, err := os.Stat(later); err == nil {
			return later
		}
	}
	return name + ".diff"
}

func readDifferences(t *testing.T, path string) (reason, differences string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return "", ""
	}
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			reason += line
		} else {
			differences += line
		}
	}
	return reason, differences
}

// lineDifferences are the lines outside a longest common subsequence of two texts.
func lineDifferences(a, b []string) string {
	length := make([][]int, len(a)+1) // of what the rests from i and j have in common
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			length[i][j] = max(length[i+1][j], length[i][j+1])
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			}
		}
	}
	var differences strings.Builder
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && length[i+1][j] >= length[i][j+1]:
			differences.WriteString("- " + a[i] + "\n")
			i++
		default:
			differences.WriteString("+ " + b[j] + "\n")
			j++
		}
	}
	return differences.String()
}
