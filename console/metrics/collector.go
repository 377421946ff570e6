package metrics

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wherewall/wherewall/console/audit"
	"github.com/wherewall/wherewall/rewrite"
	"github.com/wherewall/wherewall/wire"
)

// collector turns what the sources say into metrics.
type collector struct{ Sources }

// Describe is part of prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, f := range families() {
		to <- f.desc()
	}
}

// Collect is part of prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	to <- buildInfo().of(1, c.Version, runtime.Version())
	if c.Server != nil {
		s := c.Server()
		ofSessions(to, &s)
		ofStatements(to, &s)
	}
	if c.Pool != nil {
		ofPool(to, c.Pool())
	}
	if c.Cache != nil {
		ofCache(to, c.Cache())
	}
	if c.Policy != nil {
		ofPolicy(to, c.Policy())
	}
	if c.Audit != nil {
		ofAudit(to, c.Audit())
	}
}

func ofSessions(to chan<- prometheus.Metric, s *wire.Stats) {
	for _, state := range []wire.State{wire.StateIdle, wire.StateInTransaction, wire.StateActive, wire.StateWaiting, wire.StateUnfiltered} {
		to <- sessions().of(float64(s.Sessions[state]), string(state))
	}
	to <- loggingIn().of(float64(s.LoggingIn))
	for _, lane := range []wire.Lane{wire.LaneFiltered, wire.LaneUnfiltered} {
		to <- started().of(float64(s.Started[lane]), string(lane))
	}
	for result, n := range s.Logins {
		to <- logins().of(float64(n), result.Method, result.SQLState)
	}
	for failure, n := range s.Failures {
		to <- failures().of(float64(n), failure.Side, failure.Op)
	}
	to <- draining().of(truth(s.Draining))
	to <- prepared().of(float64(s.MemoryPrepared))
}

func ofStatements(to chan<- prometheus.Metric, s *wire.Stats) {
	for _, ending := range []wire.Ending{wire.Completed, wire.Failed, wire.Refused, wire.Aborted} {
		to <- statements().of(float64(s.Statements[ending]), outcome(ending))
	}
	for tenant, n := range s.ByTenant {
		to <- byTenant().of(float64(n), tenant)
	}
	for code, n := range s.Refusals {
		to <- refusals().of(float64(n), code)
	}
	to <- fromServer().of(float64(s.FromServer))
	bounds, buckets, count := wire.WaitBuckets(), map[float64]uint64{}, uint64(0)
	for i, n := range s.ServerWait.Counts {
		count += n
		if i < len(bounds) {
			buckets[bounds[i].Seconds()] = count
		}
	}
	to <- prometheus.MustNewConstHistogram(waits().desc(), count, s.ServerWait.Sum.Seconds(), buckets)
}

func outcome(e wire.Ending) string {
	switch e {
	case wire.Completed, wire.Suspended:
		return "completed"
	case wire.Failed:
		return "failed"
	case wire.Refused:
		return "refused"
	case wire.Aborted:
		return "aborted"
	case wire.Unended:
	}
	return "unknown"
}

func ofPool(to chan<- prometheus.Metric, c wire.PoolCounts) {
	to <- serverIdle().of(float64(c.Idle))
	to <- serverOpened().of(float64(c.Opened))
	to <- serverReused().of(float64(c.Reused))
	to <- serverParked().of(float64(c.Parked))
	for reason, n := range c.Dropped {
		to <- serverDropped().of(float64(n), wire.Dropped(reason).String())
	}
}

func ofCache(to chan<- prometheus.Metric, c rewrite.CacheStats) {
	to <- cacheLookups().of(float64(c.ByText), "text")
	to <- cacheLookups().of(float64(c.ByShape), "shape")
	to <- cacheLookups().of(float64(c.Misses), "miss")
	to <- cacheEvictions().of(float64(c.Evictions))
	to <- cacheEntries().of(float64(c.Entries))
	to <- cacheBytes().of(float64(c.Bytes))
	to <- cacheLimit().of(float64(c.Limit))
}

func ofPolicy(to chan<- prometheus.Metric, p Policy) {
	if p.Version != "" {
		to <- policyInfo().of(1, p.Version, p.Schema)
		to <- policySince().of(seconds(p.Since))
		to <- policyChecked().of(seconds(p.Checked))
	}
	to <- policyReloads().of(float64(p.Reloads), "adopted")
	to <- policyReloads().of(float64(p.Rejected), "rejected")
}

func ofAudit(to chan<- prometheus.Metric, s audit.Stats) {
	to <- auditRecords().of(float64(s.Records))
	to <- auditBytes().of(float64(s.Bytes))
	to <- auditDropped().of(float64(s.Dropped))
	to <- auditRefused().of(float64(s.Refused))
	to <- auditFailures().of(float64(s.Failures))
	to <- auditRotations().of(float64(s.Rotations))
	to <- auditQueue().of(float64(s.Queue))
	to <- auditCapacity().of(float64(s.Capacity))
	to <- auditFailing().of(truth(s.Failing))
	to <- auditSequence().of(float64(s.Head.Seq))
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func seconds(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }
