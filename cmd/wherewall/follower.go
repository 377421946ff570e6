package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wherewall/wherewall/catalog/store"
)

// follower keeps the world up to date with the store. It has a connection of its own, on which it hears of changes and asks for the version: what it hears is a
// hint, and what it is told is the truth.
type follower struct {
	keeper *keeper
	fresh  *freshness

	heard    bool      // there was a hint since the store was last asked
	looked   time.Time // when the store was last asked
	rejected string    // the stamp of a version at fault, which is told of once
	failed   bool      // the store did not answer; told of once
}

// follow runs until ctx ends.
func (f *follower) follow(ctx context.Context) {
	for ctx.Err() == nil {
		err := f.session(ctx)
		if ctx.Err() != nil {
			return
		}
		f.lose(err)
		pause(ctx, f.every())
	}
}

// every is how often the store is asked.
func (f *follower) every() time.Duration { return f.fresh.bound / 4 }

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// lose tells that the store does not answer.
func (f *follower) lose(err error) {
	state := f.fresh.state()
	state.Failure = err.Error()
	f.fresh.tell(state)
	f.fresh.silent()
	if !f.failed {
		f.failed = true
		f.keeper.log.Error().Err(err).Stringer("version", state.Version).Dur("serves_for", f.fresh.offline).
			Msg("the policy store does not answer: the last version serves for a while")
	}
}

// session follows over one connection until that fails.
func (f *follower) session(ctx context.Context) (err error) {
	opening, stop := context.WithTimeout(ctx, max(f.fresh.bound, 2*time.Second))
	defer stop()
	conn, err := f.keeper.source.store.Conn(opening, f.attend)
	if err != nil {
		return fmt.Errorf("connecting to the store: %w", err)
	}
	defer func() {
		closing, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer stop()
		err = errors.Join(err, conn.Close(closing))
	}()
	// Every login of the database may give hints. Who gives so many that the answer does not come through cannot keep it from us before we listen.
	if err := f.look(ctx, conn); err != nil {
		return err
	}
	if _, err := conn.Exec(opening, "LISTEN wherewall_policy"); err != nil {
		return fmt.Errorf("listening for changes of the store: %w", err)
	}
	for {
		if err := f.look(ctx, conn); err != nil {
			return err
		}
		if err := f.hear(ctx, conn); err != nil {
			return err
		}
	}
}

// attend has a connection keep no hints: one says as much as a thousand, and every login of the store's database can give them.
func (f *follower) attend(c *pgx.ConnConfig) {
	c.OnNotification = func(*pgconn.PgConn, *pgconn.Notification) { f.heard = true }
}

// hear waits for a hint, or until it is time to ask anyway. However many hints there are, the store is not asked without a breath.
func (f *follower) hear(ctx context.Context, conn *pgx.Conn) error {
	if !f.heard {
		waiting, stop := context.WithTimeout(ctx, f.every())
		defer stop()
		err := conn.PgConn().WaitForNotification(waiting)
		if err != nil && (ctx.Err() != nil || !pgconn.Timeout(err)) {
			return fmt.Errorf("waiting for changes of the store: %w", err)
		}
	}
	pause(ctx, f.every()/25-time.Since(f.looked))
	return nil
}

// look asks for the version, and takes over what is new.
func (f *follower) look(ctx context.Context, conn *pgx.Conn) error {
	asked := time.Now()
	f.heard, f.looked = false, asked
	asking, stop := context.WithTimeout(ctx, f.fresh.bound/2) // so that silence is known before the bound
	defer stop()
	v, err := store.Current(asking, conn)
	if err != nil {
		return err //nolint:wrapcheck // it says that the store's version could not be read
	}
	f.found()
	if known := f.keeper.known(); v.Stamp == known.Stamp || v.Stamp == f.rejected {
		f.confirm(asked, v)
		return nil
	}
	f.fresh.outdated()
	return f.take(ctx, conn)
}

// confirm notes that the version in force is the one to be in force.
func (f *follower) confirm(asked time.Time, v store.Version) {
	f.fresh.confirm(asked)
	state := storeState{Version: f.keeper.known(), Seen: v}
	if v.Stamp == f.rejected {
		state.Failure = "the store's version " + v.String() + " is at fault"
	}
	f.fresh.tell(state)
}

func (f *follower) found() {
	if f.failed {
		f.failed = false
		f.keeper.log.Info().Msg("the policy store answers again")
	}
}

// take takes over the store's version. One at fault changes nothing, and is told of once.
func (f *follower) take(ctx context.Context, conn *pgx.Conn) error {
	asked := time.Now()
	v, err := f.keeper.advance(ctx, conn)
	if f.keeper.unreadable(err) {
		return err
	}
	if err != nil {
		f.rejected = v.Stamp
		f.keeper.tellOfFailure(err, "policy (version "+f.keeper.known().String()+" of the store)")
	} else {
		f.rejected = ""
	}
	f.confirm(asked, v)
	return nil
}
