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
	case "SELECT", "INSERT", "UPDATE", "DELETE":
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
