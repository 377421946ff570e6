package main

import (
	"context"
	"errors"

	"github.com/wherewall/wherewall/catalog"
)

// reloader is something besides the policy that SIGHUP reads anew.
type reloader struct {
	what string // in the log: the former ... stays in force
	// load takes what it reads over, or keeps what it has and says what is wrong and where. It is called again only after it has returned.
	load func(context.Context) error
}

// reload reads everything anew that can be. What is at fault stays as it was, and keeps nothing else from being taken over.
func (k *keeper) reload(ctx context.Context) {
	k.manager.reloading()
	for _, r := range k.others {
		if err := r.load(ctx); err != nil && ctx.Err() == nil {
			k.tellOfFailure(err, r.what)
		}
	}
	if err := k.load(ctx); err != nil && ctx.Err() == nil {
		k.tellOfFailure(err, thePolicy)
	}
	k.log.Info().Msg("reloaded")
	k.manager.ready("serving clients")
}

const thePolicy = "policy"

// tellOfFailure logs each problem as a line of its own, so that none is lost in another's tail.
func (k *keeper) tellOfFailure(err error, what string) {
	if w := k.world.Load(); what == thePolicy && w != nil {
		k.watched.rejected(w.Snapshot, err)
	}
	var problems catalog.Problems
	if !errors.As(err, &problems) {
		problems = nil
	}
	for _, p := range problems {
		k.log.Error().Msg(p.String())
	}
	event := k.log.Error()
	if problems == nil {
		event = event.Err(err)
	}
	event.Msg("reload failed: the former " + what + " stays in force")
}
