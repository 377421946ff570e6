package wire

import (
	"bytes"
	"encoding/binary"

	"github.com/wherewall/wherewall/rewrite"
)

// execute handles an Execute message. For a statement whose rows are hidden there is no row limit: clients set one on statements that they
// know to give no rows, and PostgreSQL ignores it then, but would suspend the portal at our rows.
func (q *requests) execute(f frame) error {
	body, err := q.small(f)
	if err != nil {
		return err
	}
	portal, limit, ok := bytes.Cut(body, []byte{0})
	if !ok || len(limit) != 4 {
		return q.dropFor(f, refused(codeParse, stateProtocol, invalidFormat))
	}
	name := string(nameKey(portal))
	if _, hidden := q.withoutRows[name]; hidden {
		binary.BigEndian.PutUint32(limit, 0)
	}
	return q.forward(f, request{kind: 'E', name: name})
}

// maxNotedPortals bounds withoutRows. A portal that falls out of it only gets its row limit back.
const maxNotedPortals = 1000

func (q *requests) noteRows(portal string, hidden rewrite.Hidden) {
	if hidden != rewrite.HiddenRows {
		delete(q.withoutRows, portal)
		return
	}
	if len(q.withoutRows) >= maxNotedPortals {
		clear(q.withoutRows)
	}
	q.withoutRows[portal] = struct{}{}
}

// describe handles a Describe message.
func (q *requests) describe(f frame) error {
	target, name, err := q.target(f)
	if err != nil {
		return err
	}
	if target == 0 {
		return q.dropFor(f, refused(codeParse, stateProtocol, invalidFormat))
	}
	return q.forward(f, request{kind: 'D', target: target, name: name})
}

// close handles a Close message. Closing what does not exist succeeds.
func (q *requests) close(f frame) error {
	target, name, err := q.target(f)
	if err != nil {
		return err
	}
	if target == 0 {
		return q.dropFor(f, refused(codeParse, stateProtocol, invalidFormat))
	}
	r := request{kind: 'C', target: target, name: name}
	if target == 'S' {
		r.change = &version{name: name}
	}
	return q.forward(f, r)
}

// target reads what a Describe or Close message is about: S or P, and a name. It returns 0 for a malformed one.
func (q *requests) target(f frame) (byte, string, error) {
	body, err := q.small(f)
	if err != nil {
		return 0, "", err
	}
	if len(body) < 2 || (body[0] != 'S' && body[0] != 'P') {
		return 0, "", nil
	}
	name, ok := text(body[1:])
	if !ok {
		return 0, "", nil
	}
	return body[0], string(nameKey([]byte(name))), nil
}

// small returns the body of a small message without consuming it.
func (q *requests) small(f frame) ([]byte, error) {
	if err := q.in.fill(headerSize + f.size); err != nil {
		return nil, clientGone(err)
	}
	return q.in.bytes()[headerSize : headerSize+f.size], nil
}
