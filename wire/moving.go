package wire

import (
	"encoding/binary"
	"errors"

	"github.com/wherewall/wherewall/rewrite"
)

// executeMoving runs a portal whose statement may change the subject of those behind it. Everything before it is answered first. There is no row limit: a
// portal that is suspended at the one row of set_config() would have changed the subject and not say so.
func (q *requests) executeMoving(f frame, v *view, r request, bound known, limit []byte) error {
	binary.BigEndian.PutUint32(limit, 0)
	if err := q.settle(); err != nil {
		return err
	}
	if said := bound.said(); switches(said) {
		r.runs = bound.version
	}
	if said := bound.said(); switches(said) && !bound.ran { // What set_config() has given once is not computed again.
		turns, no := q.turns(v, bound.statement, bound.version.given)
		if no != nil {
			return q.dropFor(f, no)
		}
		r.turns = turns
	}
	q.acting.turning = true
	if names(bound.said()) {
		r.runs = bound.version
		q.unsettled = true
	}
	return q.forward(f, r)
}

// describeFor sees to it that the server describes a statement as it is for the session's subject.
func (q *requests) describeFor(name string) (*rewrite.Refusal, error) {
	if err := q.settled(); err != nil {
		return nil, err
	}
	made, err := q.known(false, name)
	if err != nil || made.prepared == nil || made.text == "" {
		return nil, err
	}
	v, err := q.viewBy(made.by)
	if err != nil {
		return nil, err
	}
	_, no, err := q.fits(v, made.prepared, true)
	return no, err
}

// describePortal says why a portal may not be described: it is another subject's, whose columns it would tell.
func (q *requests) describePortal(name string) (*rewrite.Refusal, error) {
	if err := q.settled(); err != nil {
		return nil, err
	}
	bound, err := q.known(true, name)
	if err != nil || bound.prepared == nil {
		return nil, err
	}
	v, err := q.viewBy(bound.by)
	if err != nil {
		return nil, err
	}
	return v.stalePortal(bound.statement, name), nil
}

// takesSubject says whether a statement sets the subject to the value of a parameter.
func takesSubject(said *rewrite.Statement) bool {
	if said == nil {
		return false
	}
	for _, s := range said.Switches {
		if s.Parameter > 0 {
			return true
		}
	}
	return false
}

// bindSubject keeps the values that the subject is set to, and sends empty ones in their place.
func (q *requests) bindSubject(f frame, r request) error {
	if f.size > freeHold {
		return q.dropFor(f, refused(codeComplex, stateLimit, "the value of a setting is too long"))
	}
	body, err := q.hold(f)
	if errors.Is(err, errNoMemory) {
		return q.standIn(noMemory())
	}
	if err != nil {
		return err
	}
	emptied, given, ok := takeValues(body)
	if !ok {
		return q.standIn(refused(codeParse, stateProtocol, invalidFormat))
	}
	r.change.given = given
	if !q.push(r) {
		return nil
	}
	return q.out.write(appendMessage(nil, 'B', func(b []byte) []byte { return append(b, emptied...) }))
}

// takeValues takes the values of its parameters out of a Bind message, and returns it with empty ones. NULL stays, and is given as an empty text.
func takeValues(body []byte) (emptied []byte, given map[int]string, ok bool) {
	results, ok := resultFormats(body)
	if !ok {
		return nil, nil, false
	}
	at := 0
	for range 2 {
		for body[at] != 0 {
			at++
		}
		at++
	}
	at += 2 + 2*int(binary.BigEndian.Uint16(body[at:]))
	count := int(binary.BigEndian.Uint16(body[at:]))
	at += 2
	emptied, given = append(emptied, body[:at]...), map[int]string{}
	for i := range count {
		size := int32(binary.BigEndian.Uint32(body[at:])) //nolint:gosec // -1 stands for NULL
		at += 4
		if size < 0 {
			emptied = binary.BigEndian.AppendUint32(emptied, 1<<32-1)
			continue
		}
		given[i+1] = string(body[at : at+int(size)])
		emptied = binary.BigEndian.AppendUint32(emptied, 0)
		at += int(size)
	}
	return append(emptied, body[results:]...), given, true
}
