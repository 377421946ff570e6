package wire

import (
	"bytes"

	"github.com/wherewall/wherewall/rewrite"
)

// handle is the table of what the server may say. Every reply has to fit the request in front; what does not ends the
// session.
func (p *replies) handle(f frame) error {
	if f.size > maxServerMessage {
		return unexpected("message too long")
	}
	if p.copying && !amidCopy(f.kind) {
		return unexpected("kind " + string(rune(f.kind)) + " in the middle of a COPY")
	}
	p.watching.saw(f)
	switch f.kind {
	case 'G':
		return p.asked(f)
	case 'H', 'd', 'c':
		return p.copied(f)
	case 'D':
		return p.row(f)
	case 'T':
		return p.rowDescription(f)
	case 'n', 't':
		return p.described(f)
	case 'C', 'I', 's':
		return p.completed(f)
	case '1', '2', '3':
		return p.acknowledged(f)
	case 'Z':
		return p.ready(f)
	case 'E':
		return p.errorResponse(f)
	case 'N':
		return p.notice(f)
	case 'S':
		return p.parameter(f)
	case 'A':
		return p.notified(f)
	default:
		return unexpected("kind " + string(rune(f.kind)))
	}
}

// drop consumes a message that the client does not see.
func (p *replies) drop(f frame) error {
	if err := p.gather(); err != nil {
		return err
	}
	p.in.skip(headerSize)
	return p.consume(f.size, discard)
}

// hold consumes a message and returns its body, cut at maxHeldReply bytes.
func (p *replies) hold(f frame) ([]byte, error) {
	if err := p.gather(); err != nil {
		return nil, err
	}
	p.in.skip(headerSize)
	body := make([]byte, 0, min(f.size, maxHeldReply))
	err := p.consume(f.size, func(b []byte) error {
		body = append(body, b[:min(len(b), maxHeldReply-len(body))]...)
		return nil
	})
	return body, err
}

// completed handles the end of a statement.
func (p *replies) completed(f frame) error {
	r, ok := p.front()
	if f.kind == 'C' {
		p.endLoad()
	}
	if ok && (r.kind == 'Q' || r.kind == 'E') {
		if err := p.ends(r, f); err != nil {
			return err
		}
	}
	if ok && (r.kind == 'Q' || r.kind == 'E') && f.kind == 'C' {
		if done, err := p.loaded(r, f); done {
			return err
		}
	}
	switch {
	case !ok:
		return unexpected("completion without a request")
	case r.kind == 'Q' && f.kind == 'C':
		tag := tagOf(p.said(r))
		if !p.completes(r) {
			return unexpected("completion of a statement that was not sent")
		}
		return p.passTag(f, tag)
	case r.kind == 'Q' && f.kind == 'I':
	case r.kind == 'E':
		tag := tagOf(p.said(r))
		if r.of.template == nil || f.kind == 'C' && !p.completes(r) {
			return unexpected("completion of an unknown portal")
		}
		p.done()
		if f.kind == 'C' {
			return p.passTag(f, tag)
		}
	default:
		return unexpected("completion")
	}
	return p.pass(f)
}

// passTag forwards a CommandComplete, with the client's own command where another was sent in its place.
func (p *replies) passTag(f frame, tag string) error {
	if tag == "" {
		return p.pass(f)
	}
	if err := p.drop(f); err != nil {
		return err
	}
	return toClient(p.out.write(appendMessage(nil, 'C', func(b []byte) []byte { return append(append(b, tag...), 0) })))
}

// acknowledged handles ParseComplete, BindComplete and CloseComplete.
func (p *replies) acknowledged(f frame) error {
	r, ok := p.front()
	if !ok || r.standIn {
		return unexpected("acknowledgement")
	}
	switch {
	case f.kind == '1' && r.kind == 'P' && r.of.template.Refused == nil:
	case f.kind == '2' && r.kind == 'B' && r.of.template != nil:
	case f.kind == '3' && r.kind == 'C':
	default:
		return unexpected("acknowledgement")
	}
	if r.kind != 'P' && (r.kind == 'B' || r.target == 'P') {
		p.portalReplaced(r)
	}
	own := r.own
	p.done()
	if own {
		return p.drop(f)
	}
	return p.pass(f)
}

// described handles NoData and ParameterDescription.
func (p *replies) described(f frame) error {
	r, ok := p.front()
	if !ok || r.kind != 'D' || (f.kind == 't' && r.target != 'S') {
		return unexpected("description")
	}
	if p.pending.subjects != nil {
		return p.describedTo(r, f)
	}
	if f.kind == 'n' {
		p.done()
	}
	return p.pass(f)
}

// ready handles ReadyForQuery.
func (p *replies) ready(f frame) error {
	r, ok := p.front()
	if !ok || !r.ends() || f.size != 1 {
		return unexpected("ReadyForQuery")
	}
	if err := p.need(f); err != nil {
		return err
	}
	switch p.status = p.in.bytes()[p.run+headerSize]; p.status {
	case 'I', 'T', 'E':
	default:
		return unexpected("transaction status")
	}
	if p.status == 'I' {
		p.portalsGone()
	}
	p.turnTo(p.pending.ready(p.status, &p.current))
	p.quiet = !p.has
	if err := p.pass(f); err != nil {
		return err
	}
	if p.quiet && p.isDraining() {
		if err := p.flush(); err != nil {
			return err
		}
		if p.drained() {
			return errDrained
		}
	}
	return nil
}

// need waits until a small message is buffered whole behind the run.
func (p *replies) need(f frame) error {
	if p.in.buffered()-p.run >= headerSize+f.size {
		return nil
	}
	if err := p.gather(); err != nil {
		return err
	}
	for {
		err := p.in.fill(headerSize + f.size)
		if err == nil || !p.onlyDraining(err) {
			return err
		}
	}
}

// parameter handles ParameterStatus.
func (p *replies) parameter(f frame) error {
	body, err := p.hold(f)
	if err != nil {
		return err
	}
	name, rest, ok := bytes.Cut(body, []byte{0})
	value, _, ok2 := bytes.Cut(rest, []byte{0})
	if !ok || !ok2 {
		return unexpected("ParameterStatus")
	}
	p.server.report(string(name), string(value))
	if drifted(string(name), string(value), p.server) {
		return &failure{state: stateProtocol, message: "a pinned setting of the session has changed", reason: "setting drifted: " + string(name)}
	}
	if told, ok := toldValue(string(name), string(value), p.login); ok {
		return toClient(p.out.write(appendParameterStatus(nil, string(name), told)))
	}
	return nil
}

// notice handles NoticeResponse.
func (p *replies) notice(f frame) error {
	body, err := p.hold(f)
	if err != nil {
		return err
	}
	fields := parseErrorFields(body)
	if !passNotice(&fields) && !aboutTemporary(&fields, p.saidNow()) || fields.holds(p.mark) {
		return nil
	}
	scrubNotice(&fields, p.origin())
	return toClient(p.out.write(appendNotice(nil, fields)))
}

// about is the statement of a Query or an Execute that the server was about when an error came; nil for none.
func (p *replies) about(r *request, outstanding bool) *rewrite.Statement {
	if !outstanding || r.kind != 'Q' && r.kind != 'E' {
		return nil
	}
	return p.said(r)
}

// saidNow is the statement that the server is about; nil for none.
func (p *replies) saidNow() *rewrite.Statement {
	r, ok := p.front()
	if !ok {
		return nil
	}
	return p.said(r)
}

// origin is the statement that the server's error or notice is about; the zero statement for none.
func (p *replies) origin() statement {
	r, ok := p.front()
	if !ok {
		return statement{}
	}
	return r.of
}

// inner is the statement that the server runs by name for the one that its error is about; the zero statement for none.
func (p *replies) inner() statement {
	r, ok := p.front()
	if !ok {
		return statement{}
	}
	if said := p.said(r); runsNamed(said) {
		if target := p.through(r, said); target != nil {
			return target.statement
		}
	}
	return statement{}
}

// errorResponse handles an error: the client's own, or one that stands for a refusal.
func (p *replies) errorResponse(f frame) error {
	body, err := p.hold(f)
	if err != nil {
		return err
	}
	fields := parseErrorFields(body)
	p.pending.transactionFailed()
	r, outstanding := p.front()
	p.copying = false
	p.endLoad()
	if !outstanding && !fields.fatal() {
		return unexpected("error without a request")
	}
	origin := p.origin()
	about := p.about(r, outstanding)
	refusal := scrubError(&fields, origin, p.inner(), p.mark, about)
	if refusal != nil {
		p.logRefusal(refusal, origin)
	}
	if outstanding {
		p.broke(r, fields.code, refusal)
	}
	if err := toClient(p.out.write(appendError(nil, fields))); err != nil {
		return err
	}
	if fields.fatal() {
		p.because("server: " + fields.code)
		if err := p.flush(); err != nil {
			return err
		}
		return errServerSaidGoodbye
	}
	if !r.ends() {
		p.current, p.has = request{}, false
		p.pending.failed()
	}
	return nil
}

// logRefusal notes a refusal without the statement. What the rewriter did not understand is named, unless it is a syntax error,
// which would quote the text.
func (p *replies) logRefusal(r *rewrite.Refusal, of statement) {
	code := r.Code
	if of.code != "" {
		code = of.code
	}
	event := p.log.Info().Str("code", code).Str("sqlstate", r.SQLState)
	if p.pending.subjects != nil && of.values != nil {
		as := of.values.Plan().Subject
		event = event.Str("as_user", as.User).Str("as_tenant", as.Tenant)
	}
	if t := of.template; t != nil && t.Refused == r && r.Code == rewrite.StatementDenied && t.Cause != nil {
		event = event.AnErr("cause", t.Cause)
	}
	event.Msg("refused")
}

// tagOf is the command that the client is told of at the end of a statement; empty for the server's own word.
func tagOf(said *rewrite.Statement) string {
	if said == nil {
		return ""
	}
	return said.Tag
}
