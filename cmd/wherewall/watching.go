package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/console"
	"github.com/wherewall/wherewall/console/audit"
	"github.com/wherewall/wherewall/console/metrics"
	"github.com/wherewall/wherewall/rewrite"
	"github.com/wherewall/wherewall/wire"
)

// watched is who looks at a keeper's worlds: metrics, the audit trail and the health page. nil is nobody.
type watched struct {
	trail  *auditing       // nil for none
	stages *metrics.Stages // nil for none

	mu     sync.Mutex
	policy metrics.Policy
}

// options are what the rewriters of new worlds do for those who look.
func (w *watched) options() []rewrite.Option {
	var all []rewrite.Option
	if w == nil {
		return nil
	}
	if w.trail != nil {
		all = append(all, rewrite.WithFingerprints())
	}
	if w.stages != nil {
		all = append(all, rewrite.WithStopwatch(w.stages))
	}
	return all
}

// adopted notes what has been put in force in the place of a world, which is nil for the first; number is that of the store's version before.
func (w *watched) adopted(before *wire.World, number int64, h held) {
	if w == nil {
		return
	}
	now := time.Now()
	w.mu.Lock()
	w.policy.Version, w.policy.Schema, w.policy.Number = h.snapshot.Version, h.snapshot.Schema.Digest, h.version.Number
	w.policy.Since, w.policy.Checked = now, now
	w.policy.Reloads++
	w.mu.Unlock()
	if w.trail == nil {
		return
	}
	c := audit.Change{After: versionOf(h.snapshot)}
	c.After.Number = h.version.Number
	if before != nil {
		c.Before = versionOf(before.Snapshot)
		c.Before.Number = number
	}
	w.trail.Changed(c)
}

// unchanged notes that a world was found to be the newest.
func (w *watched) unchanged() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.policy.Checked = time.Now()
}

// rejected notes that what was to be the next world is at fault, or could not be read.
func (w *watched) rejected(before *catalog.Snapshot, why error) {
	if w == nil {
		return
	}
	w.mu.Lock()
	w.policy.Rejected++
	w.mu.Unlock()
	if w.trail != nil {
		w.trail.Changed(audit.Change{Before: versionOf(before), Rejected: why.Error()})
	}
}

func (w *watched) now() metrics.Policy {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.policy
}

// policyStats are what the metrics tell of the policy. That of a store is looked at by whoever follows that.
func (k *keeper) policyStats() metrics.Policy {
	p := k.watched.now()
	if k.fresh != nil {
		p.Checked = time.Now().Add(-k.fresh.state().Age)
	}
	return p
}

// cacheStats are what the policy in force remembers of statements.
func (k *keeper) cacheStats() rewrite.CacheStats {
	if world := k.world.Load(); world != nil {
		return world.Rewriter.CacheStats()
	}
	return rewrite.CacheStats{}
}

func versionOf(s *catalog.Snapshot) audit.Version {
	return audit.Version{Policy: s.Version, Schema: s.Schema.Digest}
}

// consoleFlags are what the console tells.
type consoleFlags struct {
	MetricsTenants number `default:"100" help:"How many tenants the metrics tell apart: the first that come. The others are counted together."`
}

// openConsole takes the console's address; nil for off.
func openConsole(ctx context.Context, address string, p *proxy, w *watched) (*console.Server, error) {
	if address == "off" {
		return nil, nil
	}
	registry := prometheus.NewRegistry()
	sources := metrics.Sources{Version: version, Server: p.server.Stats, Pool: p.server.PoolCounts, Cache: p.keeper.cacheStats, Policy: p.keeper.policyStats, Stages: w.stages}
	if w.trail != nil {
		sources.Audit = w.trail.Stats
	}
	if err := metrics.Register(registry, sources); err != nil {
		return nil, fmt.Errorf("preparing metrics: %w", err)
	}
	health := &health{proxy: p}
	s, err := console.Listen(ctx, address, console.Options{Metrics: metrics.Handler(registry), Ready: health.judge, Log: p.keeper.log})
	if err != nil {
		return nil, usage(fmt.Errorf("--console %w", err))
	}
	return s, nil
}

// health says whether clients should be sent to this proxy.
type health struct {
	proxy *proxy

	mu     sync.Mutex
	asked  time.Time // when the database server was last asked
	answer error
}

// reachableFor is how long the database server's last answer counts.
const reachableFor = 10 * time.Second

// judge says why no client should be sent here. It is asked by the health page.
func (h *health) judge(ctx context.Context) error {
	stats := h.proxy.server.Stats()
	switch {
	case stats.Draining:
		return errors.New("draining: sessions end when their transactions do")
	case h.proxy.keeper.current() == nil:
		return errors.New("no policy may be used: the one in memory is older than the policy's store allows")
	}
	if w := h.proxy.keeper.watched; w != nil && w.trail != nil && w.trail.Refuses() {
		return errors.New("the audit trail cannot be written, and statements are refused")
	}
	return h.upstream(ctx)
}

// upstream says whether the database server lets us in. It is not asked more often than its answer counts.
func (h *health) upstream(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.asked.IsZero() && time.Since(h.asked) < reachableFor {
		return h.answer
	}
	h.answer = nil
	conn, err := h.proxy.keeper.upstream.Conn(ctx)
	if err != nil {
		h.proxy.keeper.log.Warn().Err(err).Msg("not ready: the database server cannot be reached")
		h.answer = errors.New("the database server cannot be reached; the proxy's log says why")
	} else {
		_ = conn.Close(ctx)
	}
	h.asked = time.Now()
	return h.answer
}

// trailOf is what the wire is given; an interface that holds nothing is not nil.
func (a *auditing) trailOf() wire.Trail {
	if a == nil {
		return nil
	}
	return a.Trail
}
