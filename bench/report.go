package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// report prints everything, and writes what is asked for.
func (r *results) report(o options, about, beneath string) error {
	text := about + "\n" + r.judged() + "\n" + r.figures.table(r.contests) + r.rewriting.table() + idleTable(r.idle) + r.figures.table(r.growth)
	text = strings.TrimRight(text, "\n") + "\n"
	fmt.Print(text)
	if o.out != "" {
		if err := os.WriteFile(o.out, []byte(text), 0o644); err != nil {
			return fmt.Errorf("writing the results: %w", err)
		}
	}
	return errors.Join(r.draw(o.chart, beneath), showIn(o.readme, r.markdown(about)), showIn(o.document, "```text\n"+text+"```\n"))
}

// table prints a block for each work and a line for each rival in it: rate, latency, and the processor time of the proxy. Columns have a fixed
// width, so that a run that differs in one figure differs in one line.
func (f figures) table(contests []contest) string {
	var b strings.Builder
	for _, c := range contests {
		fmt.Fprintf(&b, "%-30s %14s %9s %9s %9s %9s  %8s %9s\n", c.work, c.work.unit+"/s", "mean us", "p50 us", "p95 us", "p99 us", "user us", "system us")
		for _, r := range c.rivals {
			s, ok := f.of(c.work.String(), r.name)
			if !ok {
				continue
			}
			fmt.Fprintf(&b, "  %-28s %14.0f %9.1f %9.0f %9.0f %9.0f", r.name, s.rate, micros(s.mean), micros(s.p50), micros(s.p95), micros(s.p99))
			if r.process != nil {
				fmt.Fprintf(&b, "  %8.2f %9.2f", micros(s.user), micros(s.system))
			}
			b.WriteByte('\n')
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (r *rewriting) table() string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("rewriting a statement of %d bytes, in the proxy's process\n"+
		"  %-28s %9d ns %5.1f allocations\n  %-28s %9d ns %5.1f allocations\n  %-28s %9d ns\n  %-28s %9d ns\n\n", len(literal(0)),
		"text seen before", r.text.Nanoseconds(), r.textAllocs, "new literal", r.shape.Nanoseconds(), r.shapeAllocs,
		"new shape", r.miss.Nanoseconds(), "one parse of it", r.parse.Nanoseconds())
}

func idleTable(all []idleFigure) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("idle sessions: resident memory of the proxy for each\n")
	for _, f := range all {
		fmt.Fprintf(&b, "  %s\n", f)
	}
	return b.String() + "\n"
}
