package wire

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// ServerPool says how many server connections are kept for sessions to come, and for how long.
type ServerPool struct {
	// Size bounds the connections that no session has. Zero: each ends with its session.
	Size int
	// IdleTimeout bounds how long one waits for a session. Zero is no bound.
	IdleTimeout time.Duration
	// Lifetime bounds how long after its login one is given to a session. Zero is no bound.
	Lifetime time.Duration
}

// berth is what a lot knows of a connection. It does not change.
type berth struct {
	key     string    // of the startup packet that the connection was made with
	born    time.Time // when it was made
	renewed uint64    // what the lot had of that name then
}

// wanted is a connection as a session needs it.
type wanted struct {
	settings map[string]string
	// shared is for sessions of shared logins. They leave empty settings of their own names behind, so that they have connections of their own.
	shared bool
	// kept says whether another session may have the connection afterwards.
	kept bool
	// room is how many connections may wait beside it; negative for any number.
	room int
}

// key names the startup packet. A packet has no NUL in a name or a value.
func (w wanted) key() string {
	var b strings.Builder
	if w.shared {
		b.WriteString("shared")
	}
	for _, name := range slices.Sorted(maps.Keys(w.settings)) {
		b.WriteString("\x00" + name + "\x00" + w.settings[name])
	}
	return b.String()
}

// Dropped is why a connection of the pool was closed, beside the server's own reasons.
type Dropped int

// The reasons. All but DroppedDead and DroppedUnclean are limits, or orders.
const (
	DroppedFull    Dropped = iota // there were as many as may wait
	DroppedRoom                   // it made room for a session that needed another one
	DroppedIdle                   // nobody wanted it for too long
	DroppedOld                    // it was made too long ago
	DroppedRenewed                // all had to go, or the login at the server is another one now
	DroppedDead                   // it did not answer when a session wanted it
	DroppedUnclean                // it could not be washed, or did not come out as it was at first
	reasons                       // their number
)

// String is the reason in a metric.
func (d Dropped) String() string {
	return [...]string{"full", "room", "idle_timeout", "lifetime", "renewed", "dead", "unclean"}[d]
}

// PoolCounts are what the pool of server connections has done since the start, but for Idle.
type PoolCounts struct {
	Idle    int    // that wait for a session now, or are being washed for one
	Opened  uint64 // connections made for sessions
	Reused  uint64 // sessions that began with a connection of another one
	Parked  uint64 // connections that were washed
	Dropped [reasons]uint64
}

// poolTally counts. Its counters are of the metrics alone.
type poolTally struct {
	opened, reused, parked atomic.Uint64
	dropped                [reasons]atomic.Uint64
}

// PoolCounts tells of the pool of server connections.
func (s *Server) PoolCounts() PoolCounts {
	l := s.lot
	counts := PoolCounts{Idle: l.waiting(), Opened: l.tally.opened.Load(), Reused: l.tally.reused.Load(), Parked: l.tally.parked.Load()}
	for i := range counts.Dropped {
		counts.Dropped[i] = l.tally.dropped[i].Load()
	}
	return counts
}

// RenewServerConnections sees to it that sessions which begin from now on have server connections that are made from now on.
func (s *Server) RenewServerConnections() { s.lot.renew() }
