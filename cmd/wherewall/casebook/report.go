package casebook

import (
	"fmt"
	"io"
	"strings"
)

// Result is what came of one case.
type Result struct {
	Case     *Case
	Failures []string // each of one or more lines; none: the case holds
}

// Report is what came of all cases.
type Report struct {
	Results  []Result
	coverage *coverage
}

func (r *Report) add(result Result) { r.Results = append(r.Results, result) }

// Failed is how many cases do not hold.
func (r *Report) Failed() int {
	failed := 0
	for _, result := range r.Results {
		if len(result.Failures) > 0 {
			failed++
		}
	}
	return failed
}

// Untouched says what of the policy no case touched: a line for each kind of thing that has any.
func (r *Report) Untouched() []string {
	var lines []string
	for kind, what := range [coverageKinds]string{coveredEntities: "entities", coveredPermissions: "permissions", coveredRoles: "roles"} {
		if names := r.coverage.untouched(kind); len(names) > 0 {
			lines = append(lines, fmt.Sprintf("no case touches the %s %s", what, strings.Join(names, ", ")))
		}
	}
	return lines
}

// Print writes the cases that do not hold with what they expected, what nobody tests, and a last line that sums it up. With all, the cases
// that hold are written too.
func (r *Report) Print(w io.Writer, all bool) {
	for _, result := range r.Results {
		place := fmt.Sprintf("%s:%d", result.Case.Place.Name(), result.Case.Place.Line)
		switch {
		case len(result.Failures) > 0:
			fmt.Fprintf(w, "%s: FAIL %s (%s)\n", place, result.Case.Name, result.Case.who())
			for _, f := range result.Failures {
				fmt.Fprintf(w, "    %s\n", strings.ReplaceAll(f, "\n", "\n    "))
			}
		case all:
			fmt.Fprintf(w, "%s: ok %s (%s)\n", place, result.Case.Name, result.Case.who())
		}
	}
	for _, line := range r.Untouched() {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintln(w, r.Summary())
}

// Summary is one line.
func (r *Report) Summary() string {
	text := fmt.Sprintf("%s, %d failed", plural(len(r.Results), "case"), r.Failed())
	var covered []string
	for kind, what := range [coverageKinds]string{coveredEntities: "entities", coveredPermissions: "permissions", coveredRoles: "roles"} {
		all := len(r.coverage.declared[kind])
		covered = append(covered, fmt.Sprintf("%d of %d %s", all-len(r.coverage.untouched(kind)), all, what))
	}
	return text + "; touched " + strings.Join(covered, ", ")
}

// who is the case's session as a login is written.
func (c *Case) who() string {
	if c.Tenant == "" {
		return c.User
	}
	return c.User + "@" + c.Tenant
}
