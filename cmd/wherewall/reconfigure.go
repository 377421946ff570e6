package main

import (
	"sync/atomic"

	"github.com/wherewall/wherewall/wire"
)

// tuning is what of the configuration holds for a running proxy and may change under it.
type tuning struct {
	level    level
	limits   atomic.Pointer[wire.Limits]
	timeouts atomic.Pointer[map[string]int64] // of PostgreSQL, by the setting's name, in milliseconds
}

func (c serveCmd) tune(t *tuning) {
	t.level.set(c.LogLevel)
	t.limits.Store(c.limits())
	timeouts := c.timeoutFlags.settings()
	t.timeouts.Store(&timeouts)
}

// reconfigurer takes over what a new reading of the configuration says, as far as a running proxy can.
type reconfigurer struct {
	reading *reading // the one in force
	tuning  *tuning
	proxy   *proxy
}

// reconfigure is called by the goroutine that waits for signals.
func (r *reconfigurer) reconfigure() {
	next, err := r.reading.again()
	if err == nil {
		err = next.commands.Serve.validate()
	}
	if err != nil {
		r.proxy.keeper.tellOfFailure(err, "configuration")
		return
	}
	for _, c := range next.since(r.reading) {
		if c.takesRestart {
			r.proxy.keeper.log.Warn().Str("flag", c.flag).Msg("changed in the configuration: this needs a restart")
			continue
		}
		r.proxy.keeper.log.Info().Str("flag", c.flag).Msg("changed in the configuration")
	}
	next.commands.Serve.warn(r.proxy.keeper.log)
	next.commands.Serve.tune(r.tuning)
	r.proxy.drain = next.commands.Serve.Drain
	r.reading = next
}
