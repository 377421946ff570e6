package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/wherewall/wherewall/rewrite"
)

// execute handles an Execute message. A portal may be older than the policy, so it is judged again. For a statement whose rows are
// hidden there is no row limit: clients set one on statements that they know to give no rows, and PostgreSQL ignores it then, but
// would suspend the portal at our rows. It would also run such a portal twice.
func (q *requests) execute(f frame) error {
	body, err := q.small(f)
	if err != nil {
		return err
	}
	portal, limit, wrong := executeFields(body)
	if wrong != "" {
		return q.dropFor(f, refused(codeParse, stateProtocol, wrong))
	}
	if err := q.settled(); err != nil {
		return err
	}
	r := request{kind: 'E', name: nameKey(portal)}
	bound, err := q.known(true, r.name)
	if err != nil {
		return err
	}
	if bound.prepared == nil {
		// The server does not know it either, and says so. If it should, the replies goroutine ends the session.
		return q.forward(f, r)
	}
	v, err := q.viewBy(bound.by)
	if err != nil {
		return err
	}
	if no := v.stalePortal(bound.statement, r.name); no != nil {
		return q.dropFor(f, no)
	}
	if said := bound.said(); q.shared() && said != nil && moves(said) {
		return q.executeMoving(f, v, r, bound, limit)
	}
	if no := q.keeping(v, bound.statement); no != nil { // Others may have been here since it was bound.
		return q.dropFor(f, no)
	}
	if no, err := q.mayExecute(v, bound); err != nil {
		return err
	} else if no != nil {
		return q.dropFor(f, no)
	}
	if names(bound.said()) {
		r.runs = bound.version
	}
	if bound.version.hidden() == rewrite.HiddenRows {
		if bound.ran {
			return q.dropFor(f, refused(codeStatement, stateNotReady, fmt.Sprintf("portal %q cannot be run", r.name)))
		}
		binary.BigEndian.PutUint32(limit, 0)
		r.runs = bound.version
	}
	if loads(bound.said()) {
		return q.executeLoading(f, r, bound.prepared)
	}
	return q.forward(f, r)
}

// describe handles a Describe message.
func (q *requests) describe(f frame) error {
	target, name, wrong, err := q.target(f, "DESCRIBE")
	if err != nil {
		return err
	}
	if wrong != "" {
		return q.dropFor(f, refused(codeParse, stateProtocol, wrong))
	}
	if q.shared() {
		describe := q.describeFor
		if target == 'P' {
			describe = q.describePortal
		}
		if no, err := describe(name); err != nil {
			return err
		} else if no != nil {
			return q.dropFor(f, no)
		}
	}
	return q.forward(f, request{kind: 'D', target: target, name: name})
}

// stalePortal refuses a portal that was bound under another view than v; nil for others.
func (v *view) stalePortal(bound statement, name string) *rewrite.Refusal {
	if v.made(bound) || v.anyones(bound) {
		return nil
	}
	return v.stale(fmt.Sprintf("portal %q was bound %s; prepare and bind it again", name, v.otherwise()))
}

// close handles a Close message. Closing what does not exist succeeds.
func (q *requests) close(f frame) error {
	target, name, wrong, err := q.target(f, "CLOSE")
	if err != nil {
		return err
	}
	if wrong != "" {
		return q.dropFor(f, refused(codeParse, stateProtocol, wrong))
	}
	return q.forward(f, request{kind: 'C', target: target, name: name, change: &version{name: name, portal: target == 'P'}})
}

// target reads what a Describe or Close message is about: S or P, and a name. It says what is wrong with a malformed one.
func (q *requests) target(f frame, command string) (target byte, name, wrong string, err error) {
	body, err := q.small(f)
	if err != nil {
		return 0, "", "", err
	}
	target, key, wrong := targetFields(command, body)
	return target, nameKey(key), wrong, nil
}

// small returns the body of a small message without consuming it.
func (q *requests) small(f frame) ([]byte, error) {
	if err := q.in.fill(headerSize + f.size); err != nil {
		return nil, clientGone(err)
	}
	return q.in.bytes()[headerSize : headerSize+f.size], nil
}
