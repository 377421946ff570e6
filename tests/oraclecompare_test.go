package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// comparable is the rows with what differs from run to run masked, in their order if the statement asks for one and sorted
// otherwise.
func (o *outcome) comparable(sql string) []string {
	rows := make([]string, len(o.rows))
	for i, row := range o.rows {
		rows[i] = maskRun(strings.Join(row, " | "))
	}
	if !ordered(sql) {
		slices.Sort(rows)
	}
	return rows
}

// ordered says whether ORDER BY stands outside all parentheses.
func ordered(sql string) bool {
	depth, outside := 0, strings.Builder{}
	for _, r := range sql {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		default:
			if depth == 0 {
				outside.WriteRune(r)
			}
		}
	}
	return strings.Contains(strings.ToUpper(outside.String()), "ORDER BY")
}

func (o *outcome) describe() string {
	if o.err != nil {
		return describeError(o.err)
	}
	return fmt.Sprintf("%v, %d rows", o.tags, len(o.rows))
}

// degeneracy guards against a suite that agrees because nothing is ever seen: two sides that show no row are equal, too.
type degeneracy struct {
	runs, empty int
	told        bool // whether the case at hand has shown a row, changed one or failed as it should
	silent      []string
}

// saw notes one statement's outcome under native row-level security.
func (d *degeneracy) saw(o *outcome) {
	if o.err != nil || len(o.tags) == 0 {
		d.told = d.told || o.err != nil
		return
	}
	tag := o.tags[len(o.tags)-1]
	switch verb, _, _ := strings.Cut(tag, " "); verb {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY":
		d.runs++
		if strings.HasSuffix(tag, " 0") {
			d.empty++
			return
		}
	}
	d.told = true
}

// note ends a case.
func (d *degeneracy) note(t *testing.T, c *oracleCase) {
	if !d.told && c.refused == "" {
		d.silent = append(d.silent, c.name)
	}
	d.told = false
}

func (d *degeneracy) check(t *testing.T) {
	require.Empty(t, d.silent, "these cases show nothing to anybody")
	require.Less(t, d.empty*4, d.runs, "%d of %d statements touched no row", d.empty, d.runs)
}

// difference is what only one of two sorted lists has, ten of each at most.
func difference(a, b []string) (onlyA, onlyB []string) {
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(onlyA) == 10 || len(onlyB) == 10:
			return onlyA, onlyB
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			onlyA, a = append(onlyA, a[0]), a[1:]
		case len(a) == 0 || b[0] < a[0]:
			onlyB, b = append(onlyB, b[0]), b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
	return onlyA, onlyB
}
