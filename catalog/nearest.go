package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// didYouMean is a hint with the known word nearest to a mistaken one, or empty where none is near.
func didYouMean(word string, known []string) string {
	best, at := "", len([]rune(word))/2+1
	for _, k := range slices.Sorted(slices.Values(known)) {
		d := distance(strings.ToLower(word), strings.ToLower(k))
		// A word cut short or spelled out is near however many letters that takes.
		if min(len(word), len(k)) > 2 && (strings.HasPrefix(k, word) || strings.HasPrefix(word, k)) {
			d = min(d, 1)
		}
		if d < at {
			best, at = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// Nearest is a hint with the known word nearest to a mistaken one, or empty where none is near.
func Nearest(word string, known []string) string { return didYouMean(word, known) }

// distance counts the letters to insert, remove, replace or swap with their neighbour.
func distance(from, to string) int {
	a, b := []rune(from), []rune(to)
	before, row := []int(nil), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		last := row
		row = make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			replace := last[j]
			if a[i] != b[j] {
				replace++
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, replace)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before = last
	}
	return row[len(b)]
}
