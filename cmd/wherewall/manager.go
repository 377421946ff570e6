package main

import (
	"context"
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
)

// manager is the service manager that has started the process, if one wants to be told of its state: see sd_notify(3).
type manager struct{ log zerolog.Logger }

func (m manager) ready(status string) { m.tell(daemon.SdNotifyReady, status) }

// reloading has to tell the time, by which the manager knows that this is the reload that it has asked for.
func (m manager) reloading() {
	m.tell(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, monotonic().Microseconds()), "reloading")
}

func (m manager) stopping(status string) { m.tell(daemon.SdNotifyStopping, status) }

func (m manager) tell(state, status string) {
	if _, err := daemon.SdNotify(false, state+"\nSTATUS="+status); err != nil {
		m.log.Warn().Err(err).Msg("the service manager could not be told")
	}
}

// watch tells the manager so often that the process is alive as it wants to hear it. alive waits for what a process that hangs does not
// get. It returns when ctx ends, or at once where nobody wants to hear.
func (m manager) watch(ctx context.Context, alive func()) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every == 0 {
		return
	}
	ticker := time.NewTicker(every / 2)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			alive()
			_, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog) // where it is not heard, the manager acts
		}
	}
}
