package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/wire"
)

// keeper holds the world that sessions judge by and replaces it when the policy or the schema has changed. A new world
// that is at fault never replaces a good one.
type keeper struct {
	policyPath string
	upstream   *pgdial.Upstream
	log        zerolog.Logger
	follow     follow
	manager    manager
	others     []reloader // set before watch
	tuning     *tuning    // nil for nothing to tune
	inspector  *inspector // nil where nobody wants to know; watch's alone once that runs

	world    atomic.Pointer[wire.World] // read by every session, written by load and watch
	policy   *catalog.Policy            // what world was bound from; load's and watch's alone
	rejected string                     // the digests of what was at fault last, so that it is told once; watch's alone
}

// follow says what a keeper looks at by itself.
type follow int

const (
	followSchema follow = iota // the database's schema; the policy changes when somebody says so
	followFiles                // the policy's files too, for trying things out
)

// current is the world for sessions that ask now.
func (k *keeper) current() *wire.World { return k.world.Load() }

// load reads the policy and the schema anew, and takes them over where they fit each other.
func (k *keeper) load(ctx context.Context) error {
	policy, err := catalog.ReadPolicy(k.policyPath)
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
	w := k.current()
	if k.inspector == nil || w == nil {
		return nil
	}
	return k.inspector.again(ctx, conn, w.Snapshot)
}

func (k *keeper) adopt(policy *catalog.Policy, schema *catalog.Schema) error {
	snapshot, problems := catalog.Bind(policy, schema)
	if err := problems.Err(); err != nil {
		return err
	}
	for _, p := range problems {
		k.log.Warn().Msg(p.String())
	}
	k.policy = policy
	k.world.Store(wire.NewWorld(snapshot))
	k.log.Info().Str("policy", short(snapshot.Version)).Str("schema", short(schema.Digest)).
		Int("entities", len(snapshot.Entities)).Int("users", len(snapshot.Users)).Msg("policy in force")
	return nil
}

// watch reloads when asked, and looks every so often whether the schema is still what it was. It returns when ctx
// ends. An interval of zero never looks.
func (k *keeper) watch(ctx context.Context, reload <-chan struct{}, every time.Duration) {
	var tick <-chan time.Time
	if every > 0 {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return
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
	policy, fault := k.policy, error(nil)
	if k.follow == followFiles {
		if policy, fault = catalog.ReadPolicy(k.policyPath); policy == nil {
			return fault
		}
	}
	schema, err := k.schema(ctx)
	if err != nil {
		return err
	}
	current := k.current().Snapshot
	found := policy.Version() + schema.Digest
	switch {
	case found == current.Version+current.Schema.Digest:
		k.rejected = ""
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
