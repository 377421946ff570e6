package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

const module = "github.com/wherewall/wherewall/"

// verdict is how a package ended on a version. The zero value is that of a package that was not run.
type verdict int

const (
	notRun verdict = iota
	failed
	empty // it has no tests
	ok
)

func (v verdict) String() string {
	switch v {
	case ok:
		return "ok"
	case empty:
		return "no tests"
	case failed:
		return "FAILED"
	default:
		return "NOT RUN"
	}
}

// verdictOf reads an action of go test that ends a package.
func verdictOf(action string) verdict {
	switch action {
	case "pass":
		return ok
	case "skip":
		return empty
	default:
		return failed
	}
}

// results are the verdicts of all packages on all versions.
type results struct {
	majors   []int
	verdicts map[string]map[int]verdict
}

func (r *results) note(pkg string, major int, v verdict) {
	if r.verdicts[pkg] == nil {
		r.verdicts[pkg] = map[int]verdict{}
	}
	r.verdicts[pkg][major] = v
}

// passed says that no package failed so far, and that there was one.
func (r *results) passed() bool {
	for _, of := range r.verdicts {
		for _, v := range of {
			if v == failed {
				return false
			}
		}
	}
	return len(r.verdicts) > 0
}

// print writes a line for each package with tests and a column for each version.
func (r *results) print(to io.Writer) {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "\npackage")
	for _, major := range r.majors {
		fmt.Fprintf(table, "\t%d", major)
	}
	fmt.Fprintln(table)
	for _, pkg := range slices.Sorted(maps.Keys(r.verdicts)) {
		if r.verdicts[pkg][r.majors[0]] == empty {
			continue
		}
		fmt.Fprint(table, strings.TrimPrefix(pkg, module))
		for _, major := range r.majors {
			fmt.Fprintf(table, "\t%s", r.verdicts[pkg][major])
		}
		fmt.Fprintln(table)
	}
	_ = table.Flush() // Standard output that is gone has nobody to tell.
}
