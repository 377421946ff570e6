package main

import (
	"fmt"
	"strings"
)

// table prints a block for each work and a line for each rival in it: rate, latency, and the processor time of the proxy. Columns have a fixed
// width, so that a run that differs in one figure differs in one line.
func (f figures) table(contests []contest) string {
	var b strings.Builder
	for _, c := range contests {
		fmt.Fprintf(&b, "%-24s %12s %9s %9s %9s %9s  %9s %9s\n", c.work, c.work.unit+"/s", "mean us", "p50 us", "p95 us", "p99 us", "user us", "system us")
		for _, r := range c.rivals {
			s, ok := f.of(c.work.String(), r.name)
			if !ok {
				continue
			}
			fmt.Fprintf(&b, "  %-22s %12.0f %9.1f %9.0f %9.0f %9.0f", r.name, s.rate, micros(s.mean), micros(s.p50), micros(s.p95), micros(s.p99))
			if r.process != nil {
				fmt.Fprintf(&b, "  %9.2f %9.2f", micros(s.user), micros(s.system))
			}
			b.WriteByte('\n')
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func idleTable(all []idleFigure) string {
	var b strings.Builder
	b.WriteString("idle sessions, resident memory of the proxy\n")
	for _, f := range all {
		fmt.Fprintf(&b, "  %s\n", f)
	}
	return b.String()
}
