package wire

// In the extended protocol, the client's name stands for the one of the four statements of a staged COPY that reads its rows, and each Execute of it
// has the others around it, in messages of our own:
//
//	Close, Parse, Close, Bind, Execute   CREATE TEMPORARY TABLE
//	Execute                              COPY, the client's own
//	CopyData ... CopyDone
//	Close, Parse, Close, Bind, Execute   INSERT
//	Close, Parse, Close, Bind, Execute   DROP TABLE
//	Close                                so that nothing is left
//
// What fails in one of them fails the client's Execute: the server skips the rest up to the client's Sync, and all that came before it in the
// transaction is undone. CopyFail does the same.

// The places of the statements in Template.Parts.
const (
	partPrepare = iota
	partFill
	partStore
	partEnd
)

// stage makes a prepared statement of several stand for the one that the client's messages are about.
func (p *prepared) stage() {
	if parts := p.template.Parts; p.template.Refused == nil && parts != nil {
		p.parts, p.template = parts, parts[partFill]
	}
}

// executeLoading runs a portal with a COPY from the client in it. It waits for the server's word: what PostgreSQL makes of a Sync behind the Execute
// hangs on whether the COPY has begun. One in the midst of the rows is dropped, as PostgreSQL does while it reads them.
func (q *requests) executeLoading(f frame, r request, is *prepared) error {
	if is.parts != nil {
		if err := q.runOwn(is, partPrepare); err != nil {
			return err
		}
	}
	if err := q.forward(f, r); err != nil {
		return err
	}
	if err := q.demandReplies(); err != nil {
		return err
	}
	if !q.awaitLoad() {
		return nil
	}
	all, err := q.relayRows()
	if err != nil || !all || is.parts == nil {
		return err
	}
	for _, part := range []int{partStore, partEnd} {
		if err := q.runOwn(is, part); err != nil {
			return err
		}
	}
	return q.closeOwn('S', statement{})
}

// runOwn parses, binds and executes one of the statements around a COPY. What a failure has left under the name is closed first.
func (q *requests) runOwn(is *prepared, part int) error {
	of := statement{template: is.parts[part], values: is.values, size: is.size}
	if err := q.closeOwn('S', of); err != nil {
		return err
	}
	name := "ww_" + q.mark
	if err := q.sendSQL(request{kind: 'P', own: true, of: of}, []byte(name), noTypes()); err != nil {
		return err
	}
	if err := q.closeOwn('P', of); err != nil {
		return err
	}
	const noFormatsNorParameters, allRows = "\x00\x00\x00\x00\x00\x00", "\x00\x00\x00\x00"
	if err := q.sendOwn('B', of, name+"\x00"+name+"\x00"+noFormatsNorParameters); err != nil {
		return err
	}
	return q.sendOwn('E', of, name+"\x00"+allRows)
}

// closeOwn closes our statement, S, or portal, P. Their name has the session's secret in it, so that no client can mean it.
func (q *requests) closeOwn(target byte, of statement) error {
	return q.sendOwn('C', of, string(target)+"ww_"+q.mark+"\x00")
}

// sendOwn sends a message of our own, whose reply the client does not see.
func (q *requests) sendOwn(kind byte, of statement, body string) error {
	if !q.push(request{kind: kind, own: true, of: of}) {
		return nil
	}
	return q.out.write(appendMessage(nil, kind, func(b []byte) []byte { return append(b, body...) }))
}
