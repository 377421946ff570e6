package wire

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/wherewall/wherewall/plan"
)

// party is what is known of a connection before its login is over.
func (s *Server) party(h *handshake) *Party {
	id, err := uuid.NewV7()
	if err != nil {
		id = uuid.Nil // the system's randomness does not fail
	}
	p := &Party{Lane: s.lanes.Add(1), Conn: id.String(), Client: h.conn.RemoteAddr().String(), Auth: h.method}
	if h.asked != nil {
		p.Login, p.Application = withoutTokens(h.asked.user), withoutTokens(h.asked.application())
	}
	return p
}

// application is what the client calls itself.
func (s *startup) application() string {
	for _, p := range s.given {
		if p.name == "application_name" {
			return p.value
		}
	}
	return ""
}

// partyOf is a connection whose subject is known.
func (s *Server) partyOf(h *handshake, who identity, subject plan.Subject, world *World) *Party {
	p := s.party(h)
	p.User, p.Tenant = subject.User, subject.Tenant
	if who.token != nil {
		p.TokenIssuer, p.TokenID = who.token.Issuer, who.token.ID
	}
	_, inLogin := plan.Login(world.Snapshot, who.login)
	switch {
	case p.Tenant == "":
	case inLogin != "":
		p.TenantSource = "login"
	case h.asked != nil && h.asked.tenant != "":
		p.TenantSource = "setting"
	case who.token != nil && who.token.Tenant != "":
		p.TenantSource = "token"
	default:
		p.TenantSource = "membership"
	}
	return p
}

// served notes the server connection of a session, and has its beginning recorded. A failure says that there can be no session, as it would be
// unrecorded.
func (s *Server) served(p *Party, server *Backend, of *plan.Plan, took time.Duration) *failure {
	p.ServerLogin, p.ServerPID = server.Login, server.PID
	if s.config.Trail == nil {
		return nil
	}
	if err := s.config.Trail.Admit(Act{Kind: LoginSucceeded, Party: p, Plan: of, Took: took}); err != nil {
		return &failure{
			state: stateIO, message: "the session cannot be recorded", hint: "The audit trail takes no records at the moment, and without one nobody is let in. Try again later.",
			reason: err.Error(),
		}
	}
	return nil
}

// turnedDown records a login that has failed.
func (s *Server) turnedDown(h *handshake, f *failure, reason string) {
	s.counters.login(h.method, f.state)
	if s.config.Trail == nil || h.asked == nil {
		return
	}
	s.config.Trail.Tell(Act{Kind: LoginFailed, Party: s.party(h), SQLState: f.state, Reason: reason})
}

// tellEnd records the end of a session.
func (l *link) tellEnd(duration time.Duration, fromClient, fromServer int64) {
	if l.config.Trail == nil {
		return
	}
	l.config.Trail.Tell(Act{
		Kind: SessionEnded, Party: l.party, Took: duration, Reason: l.endReason(), BytesFromClient: fromClient, BytesFromServer: fromServer,
	})
}

// tellTurn records for whom a session acts from here on.
func (p *replies) tellTurn(t turn) {
	if p.config.Trail == nil {
		return
	}
	a := Act{Kind: SubjectSwitched, Party: p.party, As: t.as}
	if t.to != nil && t.to.token != nil {
		a.TokenIssuer, a.TokenID = t.to.token.Issuer, t.to.token.ID
	}
	p.config.Trail.Tell(a)
}

// methodOf names a way to log in.
func methodOf(a Auth, m mechanism) string {
	switch {
	case a == AuthTrust:
		return "trust"
	case a == AuthCertificate:
		return "cert"
	case a == AuthToken:
		return "token"
	case m == mechOAuth:
		return "oauth"
	case m == mechSCRAM, m == mechSCRAMPlus:
		return "scram"
	default:
		return fmt.Sprintf("other (%d)", a)
	}
}
