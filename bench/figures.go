package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// figures are all samples, by work and rival.
type figures map[string]map[string][]sample

// contest is a work and those who compete in it.
type contest struct {
	work   work
	rivals []*rival
}

// measure runs all rounds. Every round visits each contest, and each contest each rival, so that a slow minute of the machine hits them alike;
// the order of the rivals turns with the round.
func (f figures) measure(ctx context.Context, o options, contests []contest) error {
	for round := range o.rounds {
		for _, c := range contests {
			for i := range c.rivals {
				r := c.rivals[(i+round)%len(c.rivals)]
				s, err := c.work.load.measure(ctx, r, c.work.clients, o.length())
				if err != nil {
					return fmt.Errorf("measuring %s, %s: %w", r.name, c.work, err)
				}
				f.add(c.work, r.name, s)
				progress(os.Stderr, round, r, c.work, s)
			}
		}
	}
	return nil
}

func (f figures) add(w work, rival string, s sample) {
	if f[w.String()] == nil {
		f[w.String()] = map[string][]sample{}
	}
	f[w.String()][rival] = append(f[w.String()][rival], s)
}

// of is the median of each figure of a rival at a work, of each by itself; false without any.
func (f figures) of(w, rival string) (sample, bool) {
	all := f[w][rival]
	all = slices.DeleteFunc(slices.Clone(all), func(s sample) bool { return s.rate == 0 })
	return sample{
		rate:   medianOf(all, func(s sample) float64 { return s.rate }),
		mean:   medianOf(all, func(s sample) time.Duration { return s.mean }),
		p50:    medianOf(all, func(s sample) time.Duration { return s.p50 }),
		p95:    medianOf(all, func(s sample) time.Duration { return s.p95 }),
		p99:    medianOf(all, func(s sample) time.Duration { return s.p99 }),
		user:   medianOf(all, func(s sample) time.Duration { return s.user }),
		system: medianOf(all, func(s sample) time.Duration { return s.system }),
	}, len(all) > 0
}

func medianOf[T cmp.Ordered](all []sample, figure func(sample) T) T {
	var values []T
	for _, s := range all {
		values = append(values, figure(s))
	}
	return median(values)
}

// median is the middle value, the lower one of an even number; zero of none.
func median[T cmp.Ordered](all []T) T {
	if len(all) == 0 {
		var zero T
		return zero
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}

func progress(w io.Writer, round int, r *rival, k work, s sample) {
	fmt.Fprintf(w, "round %d  %-22s %-14s %9.0f %s/s  %6.1f us CPU\n", round+1, k, r.name, s.rate, k.unit, micros(s.user+s.system))
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
