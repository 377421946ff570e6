package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// table is all that was measured: a row for each statement, a column for each way.
type table struct {
	size       size
	statements []statement
	ways       []way
	cells      [][]cell
}

type cell struct {
	took    []time.Duration
	total   time.Duration // of took
	indexes []string
	locked  int
	leaks   bool
}

func newTable(n size, ways []way) *table {
	t := &table{size: n, statements: statements(n), ways: ways}
	for range t.statements {
		t.cells = append(t.cells, make([]cell, len(ways)))
	}
	return t
}

// print writes the tables in Markdown.
func (t *table) print(out io.Writer) {
	fmt.Fprintf(out, "Milliseconds until the answer, and in brackets how often those of native RLS. Tables of %d and %d rows, medians of %d rounds.\n\n",
		t.size.wide, t.size.big, t.size.rounds)
	t.grid(out, func(statement) bool { return true }, func(c, native cell) string {
		text := fmt.Sprintf("%.2f (%.2g)", median(c.took), median(c.took)/median(native.took))
		if c.leaks {
			text += " **leaks**"
		}
		return text
	})
	fmt.Fprint(out, "\nWhat is read: indexes, with the columns that are looked up in them, and whole tables.\n\n")
	t.grid(out, func(statement) bool { return true }, func(c, _ cell) string { return strings.Join(c.indexes, ", ") })
	fmt.Fprint(out, "\nRows that are locked:\n\n")
	t.grid(out, statement.locks, func(c, _ cell) string { return fmt.Sprint(c.locked) })
}

func (t *table) grid(out io.Writer, shown func(statement) bool, text func(c, native cell) string) {
	head, line := "| |", "|---|"
	for _, w := range t.ways {
		head, line = head+" "+w.name+" |", line+"---|"
	}
	fmt.Fprintf(out, "%s\n%s\n", head, line)
	for row, s := range t.statements {
		if !shown(s) {
			continue
		}
		fmt.Fprintf(out, "| %s |", s.title)
		for _, c := range t.cells[row] {
			shown := "-"
			if len(c.took) > 0 {
				shown = text(c, t.cells[row][len(t.ways)-1])
			}
			fmt.Fprintf(out, " %s |", shown)
		}
		fmt.Fprintln(out)
	}
}
