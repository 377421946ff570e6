package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
)

// Problem is one thing wrong with a policy, at the place of the offending word.
type Problem struct {
	File      string // as it was opened, or db:TABLE/NAME of what a store holds
	Line, Col int    // from 1, Col in characters; 0 in a store
	Code      string // one of the codes of validation; stable
	Message   string
	Hint      string // what to do instead; empty for none
	Excerpt   string // the line and a caret below the column, on two lines; empty for none
	Warning   bool   // the policy can be used all the same
}

// String is `file:line:col: error code: message (hint)`.
func (p Problem) String() string {
	severity := "error"
	if p.Warning {
		severity = "warning"
	}
	place := p.File
	if p.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
	}
	s := fmt.Sprintf("%s: %s %s: %s", place, severity, p.Code, p.Message)
	if p.Hint != "" {
		s += " (" + p.Hint + ")"
	}
	return s
}

// Problems are all problems of one run, in the order of files and lines. As an error, use Err: an empty or
// all-warnings slice put into an error variable by itself would be a non-nil error.
type Problems []Problem

// Error has a line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}

// Failed says whether any of the problems is an error and not a warning.
func (p Problems) Failed() bool {
	return slices.ContainsFunc(p, func(q Problem) bool { return !q.Warning })
}

// Err is p where it has an error, else nil.
func (p Problems) Err() error {
	if p.Failed() {
		return p
	}
	return nil
}

// report collects problems. The same one found twice (a condition is compiled for each entity) is told once.
type report struct {
	problems Problems
	seen     map[string]bool
}

func (r *report) add(at document.Place, code, hint, format string, args ...any) {
	r.put(Problem{Code: code, Hint: hint, Message: fmt.Sprintf(format, args...)}, at)
}

func (r *report) warn(at document.Place, code, hint, format string, args ...any) {
	r.put(Problem{Code: code, Hint: hint, Message: fmt.Sprintf(format, args...), Warning: true}, at)
}

func (r *report) put(p Problem, at document.Place) {
	p.File, p.Line, p.Col, p.Excerpt = at.Name(), at.Line, at.Col, at.Excerpt()
	if r.seen[p.String()] {
		return
	}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	r.seen[p.String()] = true
	r.problems = append(r.problems, p)
}

func (r *report) sorted() Problems {
	sorted := slices.Clone(r.problems)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return sorted
}
