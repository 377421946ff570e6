package wire

import (
	"fmt"
	"time"

	"github.com/wherewall/wherewall/catalog"
)

// PostgreSQL keeps the time limits of statements, transactions and idle sessions itself: they stand in the settings that a server connection
// begins with, so they are exact, fail with PostgreSQL's own words, and cost no timer here. What is left for us are servers that do
// not keep them any more, because they hang or the network is half dead, and clients that take nothing. Both are found by looking at all
// sessions every so often, so no message pays for it.

// backstopGrace is what a server gets beyond its own limits before we keep them for it.
const backstopGrace = 10 * time.Second

// bounds are the time limits that a session began with; zero is no limit.
type bounds struct{ statement, idle, idleInTransaction time.Duration }

func boundsOf(l catalog.Limits) bounds {
	limit := func(name string) time.Duration { return time.Duration(l.Timeouts[name]) * time.Millisecond }
	return bounds{
		statement: limit("statement_timeout"), idle: limit("idle_session_timeout"),
		idleInTransaction: limit("idle_in_transaction_session_timeout"),
	}
}

// sighting is how long a value has been the same to somebody who looks now and then.
type sighting struct {
	value uint64
	since time.Time
}

func (s *sighting) see(value uint64, now time.Time) time.Duration {
	if s.value != value || s.since.IsZero() {
		s.value, s.since = value, now
	}
	return now.Sub(s.since)
}

// standing is what a session waits for.
type standing uint64

const (
	elsewhere         standing = iota // for its client to end a batch, take its replies or send rows
	idle                              // for a statement, outside of a transaction
	idleInTransaction                 // for a statement, in a transaction
	served                            // for the server
)

// overdue ends a session whose client takes nothing. The goroutine that looks at all sessions calls it.
func (l *link) overdue(now time.Time, limits Limits) {
	deliveries := l.deliveries.Load()
	blocked := l.sending.see(deliveries, now)
	if limits.SendTimeout > 0 && deliveries%2 == 1 && blocked >= limits.SendTimeout {
		l.fail(&failure{state: stateConnection, message: "terminating connection because the client takes no data", reason: "the client takes no data"})
	}
}

// overdue ends a session as well whose server does not keep its own time limits.
func (s *session) overdue(now time.Time, limits Limits) {
	s.link.overdue(now, limits)
	waits, statements := s.pending.standing(s.stalls.Load()%2 == 1)
	if s.deliveries.Load()%2 == 1 {
		waits = elsewhere
	}
	silent := s.silence.see(s.received.Load()<<2|uint64(waits), now)
	over := func(limit time.Duration) bool { return limit > 0 && silent > limit+backstopGrace }
	switch waits {
	case elsewhere:
	case idle:
		if over(s.bounds.idle) {
			s.fail(&failure{state: "57P05", message: "terminating connection due to idle-session timeout"})
		}
	case idleInTransaction:
		if over(s.bounds.idleInTransaction) {
			s.fail(&failure{state: "25P03", message: "terminating connection due to idle-in-transaction timeout"})
		}
	case served:
		// The server tells of many statements at once, where it was not asked sooner.
		if over(s.bounds.statement * time.Duration(statements)) {
			s.fail(&failure{
				state: stateConnection, message: "the database server does not answer",
				reason: fmt.Sprintf("the server was silent for longer than its statement_timeout of %s allows", s.bounds.statement),
			})
		}
	}
}
