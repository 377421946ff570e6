package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/wherewall/wherewall/console/audit"
	"github.com/wherewall/wherewall/rewrite"
	"github.com/wherewall/wherewall/wire"
)

// Sources are what the numbers are taken from, at each scrape. What is nil is not told.
type Sources struct {
	Version string
	Server  func() wire.Stats
	Pool    func() wire.PoolCounts
	Cache   func() rewrite.CacheStats
	Policy  func() Policy
	Audit   func() audit.Stats
	Stages  *Stages
}

// Policy is what statements are judged by.
type Policy struct {
	Version, Schema string    // digests; empty where there is none
	Number          int64     // the store's number of it; 0 where there is no store
	Since           time.Time // when it came into force
	Checked         time.Time // when it was last found to be the newest
	Reloads         uint64    // that were taken over
	Rejected        uint64    // that were not
}

// Register puts the sources into a registry.
func Register(r prometheus.Registerer, s Sources) error {
	all := []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &collector{s},
	}
	if s.Stages != nil {
		all = append(all, s.Stages.seconds)
	}
	for _, c := range all {
		if err := r.Register(c); err != nil {
			return err //nolint:wrapcheck // it names the metric
		}
	}
	return nil
}

// Handler answers scrapes of a registry, one at a time and a few more that wait.
func Handler(g prometheus.Gatherer) http.Handler {
	const atOnce, timeout = 4, 10 * time.Second
	return promhttp.HandlerFor(g, promhttp.HandlerOpts{MaxRequestsInFlight: atOnce, Timeout: timeout, ErrorHandling: promhttp.HTTPErrorOnError})
}
