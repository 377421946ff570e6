package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/store"
	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/rewrite"
	"github.com/wherewall/wherewall/wire"
)

// keeper holds the world that sessions judge by and replaces it when the policy or the schema has changed. A new world
// that is at fault never replaces a good one.
type keeper struct {
	source    source
	upstream  *pgdial.Upstream
	fresh     *freshness // of the store; nil where there is none
	log       zerolog.Logger
	follow    follow
	manager   manager
	others    []reloader // set before watch
	tuning    *tuning    // nil for nothing to tune
	watched   *watched   // nil for nobody
	memory    rewrite.Memory
	inspector *inspector // nil where nobody wants to know; watch's alone once that runs

	world    atomic.Pointer[wire.World] // read by every session, written by load and watch
	turn     sync.Mutex                 // of whoever puts something in force
	policy   *catalog.Policy            // what world was bound from; under turn
	version  store.Version              // of the store, that policy is; under turn
	amended  bool                       // changes were taken over one by one since everything was read; under turn
	rejected string                     // the digests of what was at fault last, so that it is told once; watch's alone
}

// follow says what a keeper looks at by itself.
type follow int

const (
	followSchema follow = iota // the database's schema; the policy changes when somebody says so
	followFiles                // the policy's files too, for trying things out
)

// current is the world for sessions that ask now; nil where it is older than it may be. Whether it is is looked at first: a world that is newer than that is no worse.
func (k *keeper) current() *wire.World {
	if k.fresh != nil && !k.fresh.holds() {
		return nil
	}
	return k.world.Load()
}

// load reads the policy and the schema anew, and takes them over where they fit each other.
func (k *keeper) load(ctx context.Context) error {
	if k.source.store != nil {
		return k.loadStore(ctx)
	}
	policy, err := catalog.ReadPolicy(k.source.path)
	if err != nil {
		return err
	}
	schema, err := k.schema(ctx)
	if err != nil {
		return err
	}
	return k.adopt(policy, schema)
}

// schema reads the database's schema, with the operator's limits in it.
func (k *keeper) schema(ctx context.Context) (*catalog.Schema, error) {
	schema, err := readSchemaAnd(ctx, k.upstream, k.inspect)
	if err != nil || k.tuning == nil {
		return schema, err
	}
	if schema.Limits, err = schema.Limits.Within(*k.tuning.timeouts.Load()); err != nil {
		return nil, fmt.Errorf("time limits: %w", err)
	}
	return schema, nil
}

// inspect looks at the server, when there is a policy to hold its rights against.
func (k *keeper) inspect(ctx context.Context, conn *pgx.Conn) error {
	w := k.world.Load()
	if k.inspector == nil || w == nil {
		return nil
	}
	return k.inspector.again(ctx, conn, w.Snapshot)
}

func (k *keeper) adopt(policy *catalog.Policy, schema *catalog.Schema) error {
	h := held{policy: policy}
	if err := h.bind(schema); err != nil {
		return err
	}
	k.turn.Lock()
	defer k.turn.Unlock()
	h.version = k.version
	if k.source.store != nil && k.policy != policy { // The store has moved on meanwhile.
		h.policy = k.policy
		if err := h.bind(schema); err != nil {
			return err
		}
	}
	k.put(h)
	return nil
}

// verifyEvery is how often what changes have led to is compared with all that the store says.
const verifyEvery = 10 * time.Minute

// watch reloads when asked, and looks every so often whether the schema is still what it was. It returns when ctx
// ends. An interval of zero never looks.
func (k *keeper) watch(ctx context.Context, reload <-chan struct{}, every time.Duration) {
	var tick <-chan time.Time
	if every > 0 {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		tick = ticker.C
	}
	var verify <-chan time.Time
	if k.source.store != nil {
		ticker := time.NewTicker(verifyEvery)
		defer ticker.Stop()
		verify = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-verify:
			if err := k.verify(ctx); err != nil && ctx.Err() == nil {
				k.log.Error().Err(err).Msg("what is in force could not be compared with the store")
			}
		case <-reload:
			k.reload(ctx)
		case <-tick:
			if err := k.look(ctx); err != nil && ctx.Err() == nil {
				k.tellOfFailure(err, thePolicy)
			}
		}
	}
}

// look binds the policy again where something has changed. What is at fault is told once, and not at every look.
func (k *keeper) look(ctx context.Context) error {
	k.turn.Lock()
	policy, fault := k.policy, error(nil)
	k.turn.Unlock()
	if k.follow == followFiles && k.source.store == nil {
		if policy, fault = catalog.ReadPolicy(k.source.path); policy == nil {
			return fault
		}
	}
	schema, err := k.schema(ctx)
	if err != nil {
		return err
	}
	current := k.world.Load().Snapshot
	found := policy.Version() + schema.Digest
	switch {
	case found == current.Version+current.Schema.Digest:
		k.rejected = ""
		k.watched.unchanged()
		return nil
	case found == k.rejected:
		return nil
	case schema.Digest != current.Schema.Digest:
		k.log.Info().Msg("the database's schema has changed")
	}
	if fault == nil {
		fault = k.adopt(policy, schema)
	}
	if fault != nil {
		k.rejected = found
	}
	return fault
}

// short is enough of a digest to compare two lines of a log by.
func short(digest string) string { return fmt.Sprintf("%.12s", digest) }
