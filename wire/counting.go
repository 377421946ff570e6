package wire

import (
	"errors"
	"maps"
)

// What Server.Stats adds up.

// Stats are the numbers as they are now.
func (s *Server) Stats() Stats {
	all := Stats{
		Sessions: map[State]int{}, LoggingIn: s.lobby.occupied(), Statements: map[Ending]uint64{}, ByTenant: map[string]uint64{},
		MemoryPrepared: s.memory.kept.Load(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all.Draining = s.draining
	s.counters.into(&all)
	for session := range s.sessions {
		all.Sessions[session.state()]++
		of, tenant := session.sums()
		for i := range of.ended {
			n := of.ended[i].Load()
			all.Statements[Ending(i)] += n
			all.ByTenant[tenant] += n
		}
		all.FromServer += of.bytes.Load()
	}
	return all
}

// into adds what is over.
func (c *counters) into(all *Stats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all.Started, all.Logins = maps.Clone(c.started), maps.Clone(c.logins)
	all.Refusals, all.Failures = maps.Clone(c.refusals), maps.Clone(c.failures)
	for tenant, n := range c.tenants {
		all.ByTenant[tenant] += n
	}
	for i, n := range c.statements {
		all.Statements[Ending(i)] += n
	}
	all.FromServer += c.bytes
	all.ServerWait.Counts = make([]uint64, len(c.waits.counts))
	for i := range c.waits.counts {
		all.ServerWait.Counts[i] = c.waits.counts[i].Load()
	}
	all.ServerWait.Sum = c.waits.total()
}

func (l *lobby) occupied() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inside
}

func (l *link) sums() (of *counts, tenant string) { return &l.counts, l.tenant }

// state is what a session is about, as far as that can be told from here.
func (s *session) state() State {
	switch is, _ := s.pending.standing(s.stalls.Load()%2 == 1); is {
	case idle:
		return StateIdle
	case idleInTransaction:
		return StateInTransaction
	case served:
		return StateActive
	case elsewhere:
	}
	return StateWaiting
}

func (b *bypass) state() State { return StateUnfiltered }

// countFailure counts a connection that has ended otherwise than by a goodbye.
func (l *link) countFailure(err error) {
	var f *failure
	switch isFailure := errors.As(err, &f); {
	case errors.Is(err, errTerminated), errors.Is(err, errDrained), l.leaving() != nil && l.leaving() != f:
	case errors.Is(err, errToClient):
		l.counters.failure("client", "write")
	case errors.Is(err, errServerSaidGoodbye):
		l.counters.failure("server", "fatal")
	case errors.Is(err, errServerHungUp), isFailure && f.message == connectionLost:
		l.counters.failure("server", "read")
	case isFailure && f.state == stateProtocol && f.reason == "":
		l.counters.failure("client", "protocol")
	case isFailure && f.state == stateProtocol:
		l.counters.failure("server", "protocol")
	case isFailure:
	case errors.Is(err, errClientGone):
		l.counters.failure("client", "read")
	case l.parted() == staying:
		l.counters.failure("server", "write")
	}
}
