package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wherewall/wherewall/plan"
)

// report counts what became of the scripts, and writes those that differ to a file.
type report struct {
	mu      sync.Mutex
	out     io.Writer
	file    *os.File
	options options
	begun   time.Time

	total, statements int
	accepted          int                        // by both
	kinds             map[string]map[verdict]int // by kind of script
	reasons           map[verdict]map[string]int
	counts            map[verdict]int
	shown             map[string]int
	answered          map[string]int // accepted by both, by kind
	failures          map[string]int // of both, by message
}

func newReport(o options, out io.Writer) (*report, error) {
	file, err := os.Create(o.out)
	if err != nil {
		return nil, fmt.Errorf("making the file of differences: %w", err)
	}
	return &report{
		out: out, file: file, options: o, begun: time.Now(), kinds: map[string]map[verdict]int{}, reasons: map[verdict]map[string]int{},
		counts: map[verdict]int{}, shown: map[string]int{}, answered: map[string]int{}, failures: map[string]int{},
	}, nil
}

// perKind is how many differences of one kind are shown and made small. The others are counted.
const perKind = 4

// count notes a finding and says whether it is to be shown.
func (r *report) count(sc *script, f *finding) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total++
	r.statements += len(sc.statements)
	r.counts[f.verdict]++
	if last := f.sides.want[len(f.sides.want)-1]; f.verdict == agreed {
		if last.code == "" {
			r.accepted++
			r.answered[sc.kind]++
		} else {
			r.failures[last.code+" "+anonymous(last.message)]++
		}
	}
	if r.kinds[sc.kind] == nil {
		r.kinds[sc.kind] = map[verdict]int{}
	}
	r.kinds[sc.kind][f.verdict]++
	switch f.verdict {
	case leak, wrong:
		at, what := f.sides.first(sc.ordered)
		key := fmt.Sprint(f.verdict, sc.kind, what, f.sides.got[at].code, anonymous(f.sides.got[at].message), f.sides.want[at].code, anonymous(f.sides.want[at].message))
		r.shown[key]++
		return r.shown[key] <= perKind
	case refused, excused, unsettled, bothFail:
		if r.reasons[f.verdict] == nil {
			r.reasons[f.verdict] = map[string]int{}
		}
		r.reasons[f.verdict][f.reason]++
		if f.verdict == refused && r.options.refusals && r.shown[f.reason] == 0 {
			r.shown[f.reason]++
			return true
		}
	}
	return false
}

func (r *report) tell(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.out, format, args...)
}

func (r *report) progress() {
	r.mu.Lock()
	defer r.mu.Unlock()
	took := time.Since(r.begun).Seconds()
	fmt.Fprintf(r.out, "%7.0fs %8d done, %4.0f/s, %d accepted by both, %d refused, %d leaks, %d wrong\n",
		took, r.total, float64(r.total)/took, r.accepted, r.counts[refused], r.counts[leak], r.counts[wrong])
}

// write writes a difference as a case of the oracle.
func (r *report) write(seed uint64, n int64, l *lane, subject plan.Subject, sc *script, f *finding) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, _ := f.sides.first(sc.ordered)
	at = max(at, 0)
	var b strings.Builder
	fmt.Fprintf(&b, "## %s (%s), seed %d, number %d, sample %s\n", f.verdict, f.reason, seed, n, l.sample.name)
	for i := range f.sides.got {
		if i <= at {
			fmt.Fprintf(&b, "## through: %s\n", strings.ReplaceAll(f.sides.got[i].describe(), "\n", " "))
		}
	}
	for i := range f.sides.want {
		if i <= at {
			fmt.Fprintf(&b, "## native:  %s\n", strings.ReplaceAll(f.sides.want[i].describe(), "\n", " "))
		}
	}
	got, want := f.sides.got[at], f.sides.want[at]
	if got.fields != want.fields && got.code == "" && want.code == "" {
		fmt.Fprintf(&b, "## columns: %s / %s\n", got.fields, want.fields)
	}
	if got.code == "" && want.code == "" {
		if d := difference(got.content(false), want.content(false)); d != "" {
			fmt.Fprintf(&b, "## rows:%s\n", strings.ReplaceAll(d, "\n", " "))
		}
	}
	if f.sides.tables != "" {
		fmt.Fprintf(&b, "## tables: %s\n", strings.ReplaceAll(f.sides.tables, "\n", " "))
	}
	fmt.Fprintf(&b, "# fuzzed %d/%d\n@as %s\n", seed, n, login(subject))
	for _, s := range sc.statements {
		fmt.Fprintf(&b, "%s;\n", s.sql)
		for i, p := range s.parameters {
			if p == nil {
				fmt.Fprintf(&b, "## $%d is NULL\n", i+1)
			} else {
				fmt.Fprintf(&b, "## $%d is %q\n", i+1, *p)
			}
		}
	}
	b.WriteString("\n")
	if f.verdict != refused {
		fmt.Fprint(r.out, b.String())
	}
	if _, err := r.file.WriteString(b.String()); err != nil {
		return fmt.Errorf("writing a difference: %w", err)
	}
	return nil
}

// end prints the tables of the run.
func (r *report) end() error {
	r.progress()
	share := func(n int) string { return fmt.Sprintf("%7d %6.2f %%", n, 100*float64(n)/float64(max(1, r.total))) }
	fmt.Fprintf(r.out, "\n%-12s %8s %9s", "kind", "all", "accepted")
	for v := agreed; v <= excused; v++ {
		fmt.Fprintf(r.out, " %9s", v)
	}
	fmt.Fprintln(r.out)
	for _, kind := range slices.Sorted(maps.Keys(r.kinds)) {
		sum := 0
		for _, n := range r.kinds[kind] {
			sum += n
		}
		fmt.Fprintf(r.out, "%-12s %8d %9d", kind, sum, r.answered[kind])
		for v := agreed; v <= excused; v++ {
			fmt.Fprintf(r.out, " %9d", r.kinds[kind][v])
		}
		fmt.Fprintln(r.out)
	}
	fmt.Fprintf(r.out, "\n%-22s %s\n%-22s %s\n", "all", share(r.total), "accepted by both", share(r.accepted))
	for v := agreed; v <= excused; v++ {
		fmt.Fprintf(r.out, "%-22s %s\n", v, share(r.counts[v]))
		byCount := slices.SortedFunc(maps.Keys(r.reasons[v]), func(a, b string) int { return r.reasons[v][b] - r.reasons[v][a] })
		for _, reason := range byCount {
			fmt.Fprintf(r.out, "    %s  %s\n", share(r.reasons[v][reason]), reason)
		}
	}
	r.failing()
	could := r.accepted + r.counts[refused]
	fmt.Fprintf(r.out, "refused of what PostgreSQL accepts: %.2f %%\n", 100*float64(r.counts[refused])/float64(max(1, could)))
	fmt.Fprintf(r.out, "differences are in %s\n", r.options.out)
	if r.counts[leak]+r.counts[wrong] > 0 {
		return errDifferent
	}
	return nil
}

// failing prints how statements fail on both sides: a generator whose statements mostly fail tests little.
func (r *report) failing() {
	byCount := slices.SortedFunc(maps.Keys(r.failures), func(a, b string) int { return r.failures[b] - r.failures[a] })
	fmt.Fprintln(r.out, "fail alike on both sides:")
	for _, message := range byCount[:min(len(byCount), 25)] {
		fmt.Fprintf(r.out, "    %7d  %s\n", r.failures[message], message)
	}
}
