package main

import (
	"errors"
	"slices"
	"time"
)

// sample is one measurement.
type sample struct {
	rate          float64       // units per second
	mean          time.Duration // of the latency
	p50, p95, p99 time.Duration
	user, system  time.Duration // the proxy's own time for each unit; 0 where there is no process in between
}

// event is one transaction that is done.
type event struct {
	done time.Time
	took time.Duration
}

// window is the part of a measurement that counts: what lies before it is login and warm-up.
type window struct {
	from, to time.Time
	used     usage // by the proxy, in it
}

// watch waits for the middle of a measurement and notes what the proxy uses in it: it begins some time after the first transaction, for which
// begun looks, and ends a little before the end. A length of zero has no middle: all of it counts.
func watch(r *rival, length time.Duration, begun func() bool, ended <-chan struct{}) (window, error) {
	last := time.Now().Add(length * 19 / 20)
	if length > 0 {
		for !begun() {
			if !pause(5*time.Millisecond, ended) {
				return window{}, errEndedEarly
			}
		}
		if !pause(length/5, ended) {
			return window{}, errEndedEarly
		}
	}
	before, err := r.process.usage()
	if err != nil {
		return window{}, err
	}
	w := window{from: time.Now()}
	if length == 0 {
		<-ended
	} else if !pause(time.Until(last), ended) {
		return window{}, errEndedEarly
	}
	w.to = time.Now()
	after, err := r.process.usage()
	w.used = after.minus(before)
	return w, err
}

var errEndedEarly = errors.New("the load ended too early")

// pause waits for so long, and says whether the load has not ended in it.
func pause(d time.Duration, ended <-chan struct{}) bool {
	select {
	case <-ended:
		return false
	case <-time.After(d):
		return true
	}
}

// judge makes a sample of the events in the window; without any it is zero, since a machine that stood still says nothing.
func (w window) judge(events []event) sample {
	var took []time.Duration
	var sum time.Duration
	for _, e := range events {
		if e.done.After(w.from) && !e.done.After(w.to) {
			took = append(took, e.took)
			sum += e.took
		}
	}
	n := len(took)
	if n == 0 {
		return sample{}
	}
	slices.Sort(took)
	user, system := w.used.split()
	return sample{
		rate: float64(n) / w.to.Sub(w.from).Seconds(), mean: sum / time.Duration(n),
		p50: took[n/2], p95: took[n*95/100], p99: took[n*99/100],
		user: user / time.Duration(n), system: system / time.Duration(n),
	}
}
