package main

import (
	"fmt"
	"math"
	"strings"
)

// target is a promise about the figures.
type target struct {
	about  string
	limit  float64
	atMost bool // otherwise it is at least
	unit   string
	value  func(*results) (float64, bool)
}

// targets are what the project holds itself to. The rival is PgBouncer before native row-level security, unless another one is named.
func targets() []target {
	var all []target
	atLeast := func(about string, limit float64, value func(*results) (float64, bool)) {
		all = append(all, target{about, limit, false, "x", value})
	}
	atMost := func(about string, limit float64, unit string, value func(*results) (float64, bool)) {
		all = append(all, target{about, limit, true, unit, value})
	}
	faster := func(work string, limit float64) {
		atLeast("rate, "+work, limit, func(r *results) (float64, bool) { return r.rates(work, wherewall, pgbouncerRLS) })
	}
	for _, work := range []string{"prepared, 16 clients", "prepared, 64 clients"} {
		faster(work, 1)
		atMost("proxy's CPU, "+work, 1.2, "x", func(r *results) (float64, bool) { return r.processor(work, wherewall, pgbouncerRLS) })
	}
	faster("extended, 16 clients", 1)
	faster("extended, 64 clients", 1)
	faster("simple, 16 clients", 0.95)
	faster("simple, 64 clients", 0.95)
	atMost("CPU over unfiltered, simple, 16 clients", 3, "us", func(r *results) (float64, bool) { return r.extra("simple, 16 clients", wherewall, unfiltered) })
	faster("page, 16 clients", 1)
	faster("update, 16 clients", 1)
	faster("insert, 16 clients", 1)
	atMost("latency, prepared, 1 client", 1.15, "x", func(r *results) (float64, bool) { return r.latency("prepared, 1 client", wherewall, pgbouncerRLS) })
	for _, s := range streams() {
		work := s.name + ", 1 client"
		atLeast(s.name+" beside direct with native RLS", 0.95, func(r *results) (float64, bool) { return r.rates(work, wherewall, directRLS) })
		atLeast(s.name+" unfiltered beside direct", 0.95, func(r *results) (float64, bool) { return r.rates(work, unfiltered, direct) })
	}
	atMost("idle session, no TLS", 12, "kB", func(r *results) (float64, bool) { return r.weight(wherewall, false) })
	faster("login, 8 clients", 0.9)
	rewriter := func(about string, limit float64, unit string, value func(rewriting) float64) {
		atMost("rewriting, "+about, limit, unit, func(r *results) (float64, bool) {
			if r.rewriting == nil {
				return 0, false
			}
			return value(*r.rewriting), true
		})
	}
	rewriter("text seen before", 300, "ns", func(r rewriting) float64 { return nanoseconds(r.text) })
	rewriter("text seen before, allocations", 0, "", func(r rewriting) float64 { return math.Round(r.textAllocs) })
	rewriter("new literal", 2000, "ns", func(r rewriting) float64 { return nanoseconds(r.shape) })
	rewriter("new literal, allocations", 2, "", func(r rewriting) float64 { return math.Round(r.shapeAllocs) })
	rewriter("new shape, beside one parse", 3.5, "x", func(r rewriting) float64 { return float64(r.miss) / float64(r.parse) })
	for _, g := range growths() {
		for _, protocol := range growthProtocols() {
			work := work{kind: g + ", " + protocol, clients: 16}.String()
			atLeast("rate with many "+work, 0.95, func(r *results) (float64, bool) { return r.rates(work, many, few) })
		}
	}
	return all
}

// judged prints the targets with what was measured. What was not measured is not shown.
func (r *results) judged() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-46s %12s %12s\n", "target", "asked", "measured")
	for _, t := range targets() {
		value, ok := t.value(r)
		if !ok {
			continue
		}
		verdict, sign := "met", ">="
		if t.atMost {
			sign = "<="
		}
		if t.atMost && value > t.limit || !t.atMost && value < t.limit {
			verdict = "missed"
		}
		fmt.Fprintf(&b, "%-46s %12s %12s  %s\n", t.about, strings.TrimSpace(fmt.Sprintf("%s %g %s", sign, t.limit, t.unit)), strings.TrimSpace(fmt.Sprintf("%.2f %s", value, t.unit)), verdict)
	}
	return b.String()
}
