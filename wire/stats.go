package wire

import (
	"sync"
	"sync/atomic"
	"time"
)

// Stats are the numbers of a Server at one moment. Those that count never go back while it lives. Maps have an entry for what has been seen.
type Stats struct {
	Sessions       map[State]int
	LoggingIn      int // connections that have not finished their login
	Started        map[Lane]uint64
	Logins         map[LoginResult]uint64
	Statements     map[Ending]uint64
	Refusals       map[string]uint64 // by code
	Failures       map[Failure]uint64
	ByTenant       map[string]uint64 // statements; see OtherTenants
	FromServer     uint64            // bytes that servers have said to filtered sessions that were understood
	ServerWait     Waits
	Draining       bool
	MemoryHeld     int64 // bytes of long messages
	MemoryPrepared int64 // bytes of prepared statements
}

// State is what a session is about.
type State string

// The states of sessions.
const (
	StateIdle          State = "idle"
	StateInTransaction State = "idle_in_transaction"
	StateActive        State = "active"     // the server has something to do for it
	StateWaiting       State = "waiting"    // for its client, to go on with what it has begun
	StateUnfiltered    State = "unfiltered" // whatever it does
)

// Lane says what stands between a session's client and the server.
type Lane string

// The lanes.
const (
	LaneFiltered   Lane = "filtered"
	LaneUnfiltered Lane = "unfiltered"
)

// LoginResult is how a login has ended: the SQLSTATE of the failure, or 00000, and by what proof.
type LoginResult struct{ Method, SQLState string }

// LoginOK is the SQLSTATE of a login that has succeeded.
const LoginOK = "00000"

// Failure is a connection that has ended otherwise than by a goodbye: on which side, and about what.
type Failure struct{ Side, Op string }

// OtherTenants stands in Stats.ByTenant for those that have no place of their own, as only so many are told apart. It is no name that a tenant
// can have.
const OtherTenants = ""

// Waits is a histogram of how long statements took from when they were sent to their end. One in SampledWaits of them is measured.
type Waits struct {
	Counts []uint64 // by bucket, and above the last
	Sum    time.Duration
}

// SampledWaits is how many statements there are for each that is measured.
const SampledWaits = 16

// WaitBuckets are the upper ends of the buckets of Waits.
func WaitBuckets() []time.Duration {
	return []time.Duration{
		100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
		10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
		time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second, 2 * time.Minute,
	}
}

// counts are the numbers of one session. Its replies goroutine is the only one that writes them, so that they cost no contention.
type counts struct {
	ended [Suspended + 1]atomic.Uint64
	bytes atomic.Uint64
}

// counters are what a Server counts: sums over the sessions that are gone, and rare events.
type counters struct {
	mu         sync.Mutex
	started    map[Lane]uint64
	logins     map[LoginResult]uint64
	refusals   map[string]uint64
	failures   map[Failure]uint64
	tenants    map[string]uint64
	mostNames  int
	statements [Suspended + 1]uint64
	bytes      uint64
	waits      waits
}

type waits struct {
	buckets []time.Duration
	counts  []atomic.Uint64
	sum     atomic.Int64
}

func newCounters(tenants int) *counters {
	buckets := WaitBuckets()
	return &counters{
		started: map[Lane]uint64{}, logins: map[LoginResult]uint64{}, refusals: map[string]uint64{}, failures: map[Failure]uint64{},
		tenants: map[string]uint64{}, mostNames: tenants,
		waits: waits{buckets: buckets, counts: make([]atomic.Uint64, len(buckets)+1)},
	}
}

// observe takes one measurement.
func (w *waits) observe(took time.Duration) {
	i := 0
	for i < len(w.buckets) && took > w.buckets[i] {
		i++
	}
	w.counts[i].Add(1)
	w.sum.Add(int64(took))
}

// total is the sum of all that were measured.
func (w *waits) total() time.Duration { return time.Duration(w.sum.Load()) }

// begins notes a session, and the name that its tenant is counted by.
func (c *counters) begins(lane Lane, tenant string) (name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started[lane]++
	if tenant == "" {
		return OtherTenants
	}
	if _, known := c.tenants[tenant]; !known {
		if len(c.tenants) >= c.mostNames {
			return OtherTenants
		}
		c.tenants[tenant] = 0
	}
	return tenant
}

// ends adds what a session has counted to the sums.
func (c *counters) ends(s *counts, tenant string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range s.ended {
		n := s.ended[i].Load()
		c.statements[i] += n
		c.tenants[tenant] += n
	}
	c.bytes += s.bytes.Load()
}

func (c *counters) login(method, state string) {
	c.count(func() { c.logins[LoginResult{method, state}]++ })
}
func (c *counters) refusal(code string)     { c.count(func() { c.refusals[code]++ }) }
func (c *counters) failure(side, op string) { c.count(func() { c.failures[Failure{side, op}]++ }) }

func (c *counters) count(one func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one()
}
