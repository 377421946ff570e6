package main

import (
	"regexp"
	"strings"
)

// word is a run of anything between white space, brackets and commas, and each of those brackets and commas.
var word = regexp.MustCompile(`\s+|[(),;]|[^\s(),;]+`)

// highlight paints the words of after that are not in before, in the order of both: what the rewrite has added.
func highlight(before, after string, paint func(string) string) string {
	b, a := words(before), words(after)
	kept := common(b, a)
	var out, added strings.Builder
	flush := func() {
		if added.Len() > 0 {
			out.WriteString(paint(added.String()))
			added.Reset()
		}
	}
	for i, w := range a {
		blank := strings.TrimSpace(w) == ""
		switch {
		case kept[i]:
			flush()
			out.WriteString(w)
		case blank && (added.Len() == 0 || i+1 == len(a) || kept[i+1]):
			flush()
			out.WriteString(w)
		default:
			added.WriteString(w)
		}
	}
	flush()
	return out.String()
}

func words(s string) []string { return word.FindAllString(s, -1) }

// common marks the words of a that belong to a longest common subsequence of both. White space belongs to neither.
func common(b, a []string) map[int]bool {
	best := make([][]int, len(b)+1)
	for i := range best {
		best[i] = make([]int, len(a)+1)
	}
	for i := len(b) - 1; i >= 0; i-- {
		for j := len(a) - 1; j >= 0; j-- {
			best[i][j] = max(best[i+1][j], best[i][j+1])
			if same(b[i], a[j]) {
				best[i][j] = max(best[i][j], best[i+1][j+1]+1)
			}
		}
	}
	kept := map[int]bool{}
	for i, j := 0, 0; i < len(b) && j < len(a); {
		switch {
		case same(b[i], a[j]) && best[i][j] == best[i+1][j+1]+1:
			kept[j] = true
			i, j = i+1, j+1
		case best[i+1][j] >= best[i][j+1]:
			i++
		default:
			j++
		}
	}
	return kept
}

func same(x, y string) bool { return strings.TrimSpace(x) != "" && strings.EqualFold(x, y) }
