package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// figures are all samples, by case and rival.
type figures map[benchCase]map[string][]sample

func (f figures) add(r *rival, c benchCase, s sample) {
	if f[c] == nil {
		f[c] = map[string][]sample{}
	}
	f[c][r.name] = append(f[c][r.name], s)
}

// tps is the median of a figure's rounds.
func (f figures) tps(r *rival, c benchCase) float64 {
	var all []float64
	for _, s := range f[c][r.name] {
		all = append(all, s.tps)
	}
	return median(all)
}

func (f figures) cpu(r *rival, c benchCase) time.Duration {
	var all []time.Duration
	for _, s := range f[c][r.name] {
		all = append(all, s.cpu)
	}
	return median(all)
}

// table prints a line for each case: every rival's transactions per second, the last rival's share of those of the one
// before it, and the processor time that each proxy takes.
func (f figures) table(rivals []*rival) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	ours, theirs := rivals[len(rivals)-1], rivals[len(rivals)-2]
	fmt.Fprint(w, "transactions per second\t")
	for _, r := range rivals {
		fmt.Fprintf(w, "%s\t", r.name)
	}
	fmt.Fprintf(w, "%s / %s\t\n", ours.name, theirs.name)
	for _, c := range cases() {
		fmt.Fprintf(w, "%s\t", c)
		for _, r := range rivals {
			fmt.Fprintf(w, "%.0f\t", f.tps(r, c))
		}
		fmt.Fprintf(w, "%.2f\t\n", f.tps(ours, c)/f.tps(theirs, c))
	}
	fmt.Fprintf(w, "\t\nthe proxy's CPU, microseconds a transaction\t%s\t%s\t\n", theirs.name, ours.name)
	for _, c := range cases() {
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t\n", c, micros(f.cpu(theirs, c)), micros(f.cpu(ours, c)))
	}
	_ = w.Flush() // A strings.Builder takes everything.
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// median is the middle value, the lower one of an even number; zero of none.
func median[T cmp.Ordered](all []T) T {
	if len(all) == 0 {
		var zero T
		return zero
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}
