package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/store"
	"github.com/wherewall/wherewall/rewrite"
	"github.com/wherewall/wherewall/wire"
)

// held is a policy, what it was bound to, and which version of the store's it is.
type held struct {
	policy   *catalog.Policy
	snapshot *catalog.Snapshot
	problems catalog.Problems // warnings
	version  store.Version
	asked    time.Time // when the store was asked for it
}

// known is the store's version that is in force.
func (k *keeper) known() store.Version {
	k.turn.Lock()
	defer k.turn.Unlock()
	return k.version
}

// unreadable says whether an error is of reading, and not of what was read.
func (k *keeper) unreadable(err error) bool {
	var problems catalog.Problems
	return err != nil && !errors.As(err, &problems) && !errors.Is(err, store.ErrTwoModels)
}

// whole reads everything and binds it to a schema.
func (k *keeper) whole(ctx context.Context, conn *pgx.Conn, schema *catalog.Schema) (held, error) {
	h := held{asked: time.Now()}
	people, v, err := store.Read(ctx, conn, k.source.holds())
	h.version = v
	if err != nil {
		return h, err //nolint:wrapcheck // it says what was being read
	}
	if h.policy, err = catalog.ReadPolicyWith(k.source.path, people); err != nil {
		return h, err //nolint:wrapcheck // problems, or what could not be read
	}
	return h, h.bind(schema)
}

func (h *held) bind(schema *catalog.Schema) error {
	h.snapshot, h.problems = catalog.Bind(h.policy, schema)
	return h.problems.Err()
}

// next is what follows from one that is known and the changes since.
func (k *keeper) next(ctx context.Context, conn *pgx.Conn, h held) (held, error) {
	asked := time.Now()
	change, v, ok, err := store.Since(ctx, conn, h.version)
	switch {
	case err != nil:
		return h, err //nolint:wrapcheck // it says what was being read
	case !ok:
		return k.whole(ctx, conn, h.snapshot.Schema)
	case change == nil:
		h.asked = asked
		return h, nil
	}
	policy, snapshot, problems, err := catalog.Amend(h.policy, h.snapshot, *change)
	if errors.Is(err, catalog.ErrWhole) {
		return k.whole(ctx, conn, h.snapshot.Schema)
	}
	if err == nil {
		err = problems.Err()
	}
	if err != nil {
		return held{version: v}, err //nolint:wrapcheck // problems
	}
	return held{policy: policy, snapshot: snapshot, problems: problems, version: v, asked: asked}, nil
}

// advance takes over the store's version, and returns which that is, also where it is at fault.
func (k *keeper) advance(ctx context.Context, conn *pgx.Conn) (store.Version, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	k.turn.Lock()
	defer k.turn.Unlock()
	now := held{policy: k.policy, snapshot: k.world.Load().Snapshot, version: k.version}
	h, err := k.next(ctx, conn, now)
	if err == nil && h.version.Stamp != now.version.Stamp {
		k.amended = k.amended || h.snapshot.SameModel(now.snapshot)
		k.put(h)
	}
	return h.version, err
}

// put puts what was found in force. The caller holds the turn.
func (k *keeper) put(h held) {
	for _, p := range h.problems {
		k.log.Warn().Msg(p.String())
	}
	before := k.version
	k.policy, k.version = h.policy, h.version
	w := k.world.Load()
	if w != nil {
		k.world.Store(w.With(h.snapshot))
	} else {
		k.world.Store(wire.NewWorld(h.snapshot, append(k.watched.options(), rewrite.WithMemory(k.memory))...))
	}
	k.watched.adopted(w, before.Number, h)
	event := k.log.Info().Str("policy", short(h.snapshot.Version)).Str("schema", short(h.snapshot.Schema.Digest))
	if k.source.store != nil {
		event = event.Stringer("version", h.version)
	}
	event.Int("entities", len(h.snapshot.Entities)).Int("users", len(h.snapshot.Users)).Msg("policy in force")
}

// loadStore reads everything anew.
func (k *keeper) loadStore(ctx context.Context) (err error) {
	schema, err := k.schema(ctx)
	if err != nil {
		return err
	}
	return k.readAll(ctx, schema, false)
}

// readAll reads everything, and takes it over with what has changed meanwhile. With verify, it only does where what is in force is not the same.
func (k *keeper) readAll(ctx context.Context, schema *catalog.Schema, verify bool) (err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	conn, err := k.source.store.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connecting to the store: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	h, err := k.whole(ctx, conn, schema)
	if err != nil {
		return err
	}
	k.turn.Lock()
	defer k.turn.Unlock()
	later, err := k.next(ctx, conn, h)
	switch {
	case err == nil:
		h = later
	case k.world.Load() != nil && h.version.Number < k.version.Number:
		return err // What was read is older by now than what is in force, and takes nothing back.
	}
	if verify && k.sameAs(h) {
		k.amended = false
		return nil
	}
	if verify && h.version.Stamp == k.version.Stamp {
		k.log.Error().Stringer("version", h.version).Msg("what was in force was not what the store says: it is now")
	}
	k.amended = false
	k.put(h)
	k.fresh.confirm(h.asked)
	return nil
}

// verify compares what has come about by one change after the other with the store.
func (k *keeper) verify(ctx context.Context) error {
	k.turn.Lock()
	amended, schema := k.amended, k.world.Load().Snapshot.Schema
	k.turn.Unlock()
	if !amended {
		return nil
	}
	return k.readAll(ctx, schema, true)
}

// sameAs says whether the people in force are those that were read. The caller holds the turn.
func (k *keeper) sameAs(h held) bool {
	now := k.world.Load().Snapshot
	return h.version.Stamp == k.version.Stamp && reflect.DeepEqual(now.Users, h.snapshot.Users) && reflect.DeepEqual(now.Tenants, h.snapshot.Tenants) &&
		reflect.DeepEqual(now.Groups, h.snapshot.Groups)
}
