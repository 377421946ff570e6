package main

import (
	"sync/atomic"
	"time"

	"github.com/wherewall/wherewall/catalog/store"
)

// freshness says until when the policy in memory may be used. The follower of the store writes it, and every session reads it at each statement: a clock that
// no timer has to ring, so that a process that was stopped for a while does not go on with what it had.
type freshness struct {
	bound, offline time.Duration
	began          time.Time    // what until counts from; its monotonic clock is what is compared
	until          atomic.Int64 // nanoseconds
	confirmed      atomic.Int64 // nanoseconds: when the version in force was last known to be the store's
	behind         atomic.Bool  // the store has another version, which is not in force yet
	last           atomic.Pointer[storeState]
}

// storeState is what is known of the store, for people and for probes.
type storeState struct {
	Version store.Version // in force
	Seen    store.Version // the store's own, as far as it is known
	Failure string        // why they differ, or why the store cannot be asked; empty where nothing is wrong
	Age     time.Duration // since the version in force was last known to be the store's
	Serves  bool          // statements are judged by it, and not refused
}

func newFreshness(f freshnessFlags) *freshness {
	made := &freshness{bound: f.MaxStaleness, offline: f.MaxOffline, began: time.Now()}
	made.last.Store(&storeState{})
	return made
}

// holds says whether statements may be judged by what is in memory.
func (f *freshness) holds() bool { return int64(time.Since(f.began)) < f.until.Load() }

// confirm notes that what is in memory was the store's at a time, which is when it was asked and not when it answered.
func (f *freshness) confirm(at time.Time) {
	since := at.Sub(f.began)
	f.confirmed.Store(int64(since))
	f.behind.Store(false)
	f.until.Store(int64(since + f.bound))
}

// silent notes that the store was asked and does not answer. Then what is in memory serves on for a while, unless it is known to be old. Until that is known, nothing
// serves beyond the bound: who was not asked cannot be said to be silent.
func (f *freshness) silent() {
	if !f.behind.Load() {
		f.until.Store(f.confirmed.Load() + int64(f.bound+f.offline))
	}
}

// outdated notes that the store has another version: what is in memory may be used until the bound, and no longer.
func (f *freshness) outdated() {
	f.behind.Store(true)
	f.until.Store(f.confirmed.Load() + int64(f.bound))
}

func (f *freshness) tell(s storeState) { f.last.Store(&s) }

// state is what is known of the store.
func (f *freshness) state() storeState {
	s := *f.last.Load()
	s.Age = time.Since(f.began) - time.Duration(f.confirmed.Load())
	s.Serves = f.holds()
	return s
}
