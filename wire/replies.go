package wire

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/wherewall/wherewall/rewrite"
)

// replies is the half of a session that reads the server and is the only writer to the client. Messages that need no
// eyes leave in whole runs, straight from the read buffer.
type replies struct {
	*session
	in  *inbound
	out *outbox
	run int // bytes at the front of in that were looked at and are to be forwarded; they are not consumed yet

	current  request // what the server answers now; see front
	has      bool
	index    int  // of the statement of a Query
	looked   bool // what that statement runs by name was looked for
	copying  bool // the server is between CopyOutResponse and CopyDone
	loading  bool // the server has sent CopyInResponse, and the COPY is not over
	status   byte // of the last ReadyForQuery
	quiet    bool // nothing was outstanding at the last ReadyForQuery
	midFrame bool // part of a message was written; nothing else may follow
	listener view // what the subject may hear
	watching watching
}

func newReplies(s *session) *replies {
	made := &replies{
		session: s,
		in:      newInbound(s.server.Conn, s.loans),
		out:     newOutbox(s.client, s.loans),
		status:  'I', listener: s.view,
		quiet: true,
	}
	made.in.reads, made.out.stalls = &s.received, &s.deliveries
	return made
}

// loop relays until the session ends. On an event loop, it returns errResting where the server has said nothing more.
func (p *replies) loop() error {
	for {
		f, err := p.next()
		if err == errResting { //nolint:errorlint // nobody wraps it
			return err
		}
		if errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, errToClient) {
			if done := p.woken(); done {
				return nil
			}
			continue
		}
		if err == nil {
			err = p.handle(f)
		}
		if err != nil {
			return p.sort(err)
		}
	}
}

// sort tells what ended the loop: the server, the client, or something that the client is to be told.
func (p *replies) sort(err error) error {
	var f *failure
	var bad *protocolError
	switch {
	case errors.As(err, &f):
		return err
	case errors.As(err, &bad):
		return unexpected(bad.text)
	case errors.Is(err, errServerSaidGoodbye):
		p.loseServer()
		return err
	case errors.Is(err, errDrained), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, errToClient), errors.Is(err, net.ErrClosed):
		return err
	case p.parted() != staying:
		p.loseServer()
		return err
	default:
		p.loseServer()
		return &failure{state: stateConnection, message: connectionLost}
	}
}

// unexpected is a server that says what it cannot mean here. Whatever the reason, what follows is not understood.
func unexpected(what string) *failure {
	return &failure{state: stateProtocol, message: "unexpected message from the database server", reason: "unexpected message from the server: " + what}
}

// errToClient marks errors of writing to the client.
var errToClient = errors.New("writing to the client")

// errServerSaidGoodbye ends the loop after a FATAL error was relayed.
var errServerSaidGoodbye = errors.New("the server ended the session")

// errDrained ends the loop of a draining session at its transaction boundary.
var errDrained = errors.New("drained")

// next returns the header behind the run. Before it waits for the server, it sends what has been looked at.
func (p *replies) next() (frame, error) {
	if p.in.buffered()-p.run < headerSize {
		if err := p.flush(); err != nil {
			return frame{}, err
		}
		if p.quiet {
			p.in.pause()
		}
		if p.in.rests() {
			return frame{}, errResting
		}
		if err := p.in.fill(headerSize); err != nil {
			return frame{}, err
		}
	}
	return parseHeader(p.in.bytes()[p.run:])
}

// flush sends what the outbox holds and the run, which is not copied where nothing waits before it.
func (p *replies) flush() error {
	if p.run > 0 && len(p.out.buf) == 0 {
		return toClient(p.out.send(p.takeRun()))
	}
	if err := p.gather(); err != nil {
		return err
	}
	return toClient(p.out.flush())
}

// gather moves the run to the outbox, to make room for a message that is not forwarded as it is.
func (p *replies) gather() error {
	if p.run == 0 {
		return nil
	}
	return toClient(p.out.write(p.takeRun()))
}

func (p *replies) takeRun() []byte {
	run := p.in.bytes()[:p.run]
	p.in.skip(p.run)
	p.run = 0
	return run
}

func toClient(err error) error {
	if err != nil {
		return fmt.Errorf("%w: %w", errToClient, err)
	}
	return nil
}

// pass adds a message to the run; a message that is not buffered whole is streamed.
func (p *replies) pass(f frame) error {
	if p.in.buffered()-p.run >= headerSize+f.size {
		p.run += headerSize + f.size
		return nil
	}
	left := headerSize + f.size - (p.in.buffered() - p.run)
	p.run = p.in.buffered()
	p.midFrame = true
	if err := p.flush(); err != nil {
		return err
	}
	if err := p.stream(left); err != nil {
		return err
	}
	p.midFrame = false
	return nil
}

// stream moves n bytes of a message's body to the client, whatever n is, through one buffer.
func (p *replies) stream(n int) error {
	return p.consume(n, func(b []byte) error {
		if len(p.out.buf) > 0 {
			return toClient(p.out.write(b))
		}
		return toClient(p.out.send(b))
	})
}

// consume takes n bytes of a body piece by piece. A wake-up in the middle, where nothing can be said, ends the session unless it
// can wait.
func (p *replies) consume(n int, to func([]byte) error) error {
	for n > 0 {
		taken := 0
		err := p.in.stream(n, func(b []byte) error {
			taken += len(b)
			return to(b)
		})
		n -= taken
		if err != nil && !p.onlyDraining(err) {
			return err
		}
	}
	return nil
}

// onlyDraining says whether a read was interrupted for nothing more urgent than a drain.
func (p *replies) onlyDraining(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, errToClient) {
		return false
	}
	_ = p.server.Conn.SetReadDeadline(time.Time{}) // before looking, so that no wake-up is lost
	return p.leaving() == nil
}

// woken is called after the read was interrupted. It says whether the session is to end.
func (p *replies) woken() bool {
	_ = p.server.Conn.SetReadDeadline(time.Time{})
	if p.leaving() != nil || p.stopsForSparing() {
		return true
	}
	return p.drained()
}

// drained ends a draining session at a transaction boundary, when all has been answered that the client has said so far.
func (p *replies) drained() bool {
	if !p.isDraining() || p.parted() != staying || p.status != 'I' || !p.hearing.Load() || !p.pending.closeIfIdle() {
		return false
	}
	p.fail(&failure{state: stateShutdown, message: adminShutdown})
	return true
}

// sayFarewell tells the client why its session ends. Only whole messages may stand before it.
func (p *replies) sayFarewell() error {
	f := p.leaving()
	if f == nil || p.midFrame {
		return nil
	}
	_ = p.client.SetWriteDeadline(time.Now().Add(farewellTimeout))
	if err := p.flush(); err != nil {
		return err
	}
	return toClient(p.out.send(appendFatal(nil, f)))
}

// front returns the request that the server answers now.
func (p *replies) front() (*request, bool) {
	if !p.has {
		p.turnTo(p.pending.front(&p.current))
	}
	return &p.current, p.has
}

// done ends the request in front.
func (p *replies) done() { p.turnTo(p.pending.done(&p.current)) }

// turnTo goes on to the request in current, if there is one.
func (p *replies) turnTo(next bool) {
	p.has = next
	p.index, p.looked, p.quiet, p.copying = 0, false, false, false
}

// hidden is what must be taken out of the rows that the server sends now; false where it may not send any.
func (p *replies) hidden(r *request) (rewrite.Hidden, bool) {
	switch r.kind {
	case 'Q', 'E', 'D':
	default:
		return 0, false
	}
	said := p.said(r)
	if said == nil {
		return 0, false
	}
	if !runsNamed(said) {
		return said.Hidden, true
	}
	target := p.through(r, said)
	switch {
	case said.Kind == rewrite.Explain: // A plan is described before the server looks for what it is of; lines of an unknown one do not pass.
		return rewrite.HiddenPlan, true
	case target == nil || target.said() == nil:
		return 0, false
	default:
		return target.hidden(), true
	}
}

// said is the statement that the server is about, as it was sent; nil for none.
func (p *replies) said(r *request) *rewrite.Statement { return p.one(r).said() }

// one is the statement of a request that the server is about.
func (p *replies) one(r *request) statement {
	of := r.of
	if r.kind == 'Q' {
		of.at = p.index
	}
	return of
}

// through is what the statement that the server is about runs by name; nil for nothing that is known.
func (p *replies) through(r *request, said *rewrite.Statement) *prepared {
	if r.kind == 'Q' && !p.looked && runsNamed(said) {
		p.looked = true
		r.through = nil
		if target := p.pending.target(said); target != nil {
			r.through = target.is
		}
	}
	return r.through
}

// explained is the statement whose plan the server tells.
func (p *replies) explained(r *request) *rewrite.Statement {
	said := p.said(r)
	if said == nil || said.Kind != rewrite.Explain {
		return nil
	}
	if said.Body != nil {
		return said.Body
	}
	if target := p.through(r, said); target != nil {
		return target.said()
	}
	return nil
}

// completes says whether the statement that the server is about may come to its end, and goes on to the next.
func (p *replies) completes(r *request) bool {
	said := p.said(r)
	if said == nil || runsNamed(said) && p.through(r, said) == nil {
		return false
	}
	if names(said) {
		p.pending.took(p.one(r), r.name)
	}
	p.turned(r, said)
	if r.kind == 'Q' {
		p.index++
		p.looked, r.through = false, nil
	}
	return true
}

// turned takes note of what the statement that has come to its end did to the session's subject.
func (p *replies) turned(r *request, said *rewrite.Statement) {
	if p.pending.subjects == nil {
		return
	}
	at := 0
	if r.kind == 'Q' {
		at = p.index
	}
	if last, changed := p.pending.turned(said, r.turns, at); changed {
		p.logTurn(last)
	}
}

// logTurn notes for whom the session acts. The session's own user and tenant are in every line of its log.
func (p *replies) logTurn(t turn) {
	if t.to == nil {
		p.log.Info().Str("login", p.login).Msg("subject switched back to the login's own")
		p.tellTurn(t)
		return
	}
	event := p.log.Info().Str("as_user", t.as.User).Str("as_tenant", t.as.Tenant)
	if t.to.token != nil {
		event = event.Str("issuer", t.to.token.Issuer).Str("token_id", t.to.token.ID)
	}
	event.Msg("subject switched")
	p.tellTurn(t)
}
