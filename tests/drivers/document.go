package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

const (
	docsFile = "docs/protocol.md"
	begins   = "<!-- tests/drivers -record writes from here -->\n"
	ends     = "<!-- to here -->\n"
)

// document writes the table of tests and reasons, the parts of one test in one row.
func document(path string, found differences) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the document: %w", err)
	}
	before, rest, ok := strings.Cut(string(text), begins)
	_, after, ok2 := strings.Cut(rest, ends)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no place for the table", path)
	}
	if err := os.WriteFile(path, []byte(before+begins+"\n"+table(found)+"\n"+ends+after), 0o600); err != nil {
		return fmt.Errorf("writing the document: %w", err)
	}
	return nil
}

func table(found differences) string {
	type row struct{ suite, way, test string }
	reasons := map[row][]string{}
	parts := map[row]int{}
	for _, k := range slices.Sorted(maps.Keys(found)) {
		d := found[k]
		top, _, _ := strings.Cut(d.test, "/")
		r := row{d.suite, string(d.by), top}
		if d.test != top {
			parts[r]++
		}
		if !slices.Contains(reasons[r], d.reason) {
			reasons[r] = append(reasons[r], d.reason)
		}
	}
	var b strings.Builder
	b.WriteString("| suite | login | test | why |\n|---|---|---|---|\n")
	for _, r := range slices.SortedFunc(maps.Keys(reasons), func(a, b row) int {
		return strings.Compare(a.way+" "+a.suite+" "+a.test, b.way+" "+b.suite+" "+b.test)
	}) {
		test := r.test
		if n := parts[r]; n > 0 {
			test += fmt.Sprintf(" (%d parts)", n)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.suite, r.way, test, strings.Join(reasons[r], ", "))
	}
	return b.String()
}
