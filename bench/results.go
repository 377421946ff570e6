package main

import "time"

// results are what a run found out.
type results struct {
	contests  []contest
	figures   figures
	idle      []idleFigure
	growth    []contest // their samples are among the figures
	rewriting *rewriting
}

// rates is a rival's rate at a work as a share of another's.
func (r *results) rates(work, ours, theirs string) (float64, bool) {
	return r.share(work, ours, theirs, func(s sample) float64 { return s.rate })
}

// processor is the same of the proxy's processor time.
func (r *results) processor(work, ours, theirs string) (float64, bool) {
	return r.share(work, ours, theirs, func(s sample) float64 { return float64(s.user + s.system) })
}

// latency is the same of the mean latency, which is finer than pgbench's microseconds.
func (r *results) latency(work, ours, theirs string) (float64, bool) {
	return r.share(work, ours, theirs, func(s sample) float64 { return float64(s.mean) })
}

func (r *results) share(work, ours, theirs string, of func(sample) float64) (float64, bool) {
	a, known := r.figures.of(work, ours)
	b, also := r.figures.of(work, theirs)
	if !known || !also || of(b) == 0 {
		return 0, false
	}
	return of(a) / of(b), true
}

// extra is the processor time that a rival takes more than another, in microseconds.
func (r *results) extra(work, ours, theirs string) (float64, bool) {
	a, known := r.figures.of(work, ours)
	b, also := r.figures.of(work, theirs)
	return micros(a.user + a.system - b.user - b.system), known && also
}

// weight is the kilobytes of an idle session before the scripted server.
func (r *results) weight(rival string, tls bool) (float64, bool) {
	for _, f := range r.idle {
		if f.rival == rival && f.tls == tls && f.server == scripted {
			return float64(f.bytes) / 1000, true
		}
	}
	return 0, false
}

func nanoseconds(d time.Duration) float64 { return float64(d) }
