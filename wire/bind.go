package wire

import (
	"bytes"
	"encoding/binary"

	"github.com/wherewall/wherewall/rewrite"
)

// bind handles a Bind message. It passes as it is and piece by piece, unless the client's result formats do not fit what the
// statement gives in truth. Where that are hidden rows, and the message is long, it passes all the same: a client that names
// several formats for no rows gets an error then.
func (q *requests) bind(f frame) error {
	portal, name, ok, err := q.bindNames(f)
	if err != nil {
		return err
	}
	if !ok {
		return q.dropFor(f, refused(codeParse, stateProtocol, invalidString))
	}
	if err := q.settled(); err != nil {
		return err
	}
	made, err := q.known(false, name)
	if err != nil {
		return err
	}
	if made.prepared == nil {
		// The server does not know it either, and says so. If it should, the replies goroutine ends the session.
		if q.shared() {
			return q.bindUnknown(f, portal, name)
		}
		return q.forward(f, request{kind: 'B'})
	}
	v, err := q.viewBy(made.by)
	if err != nil {
		return err
	}
	is, no, err := q.fits(v, made.prepared, false)
	if err != nil {
		return err
	}
	if no != nil {
		return q.dropFor(f, no)
	}
	through, no, err := q.through(v, is.said())
	if err != nil {
		return err
	}
	if no == nil {
		no = q.keeping(v, is.statement)
	}
	if no != nil {
		return q.dropFor(f, no)
	}
	if crowded, err := q.crowded(true, is.weight()); err != nil {
		return err
	} else if crowded {
		return q.dropFor(f, refused(codeComplex, stateLimit, "too many portals are open"))
	}
	bound := &version{name: portal, portal: true, is: is, through: through}
	r := request{kind: 'B', of: is.statement, through: through, change: bound}
	if takesSubject(is.said()) {
		return q.bindSubject(f, r)
	}
	hidden := bound.hidden()
	if hidden == rewrite.HiddenColumn || (hidden == rewrite.HiddenRows && f.size <= freeHold) {
		return q.holdBind(f, r, hidden)
	}
	return q.forward(f, r)
}

// bindUnknown binds a statement that there is none of, so that the server says so. What a shared login binds may be a token, for a statement that it used
// to have: its values stay here.
func (q *requests) bindUnknown(f frame, portal, name string) error {
	if err := q.drop(f); err != nil {
		return err
	}
	const noFormatsNorParameters = "\x00\x00\x00\x00\x00\x00"
	return q.sendOwn('B', statement{}, portal+"\x00"+name+"\x00"+noFormatsNorParameters)
}

// stale refuses to use what was made under another world than v's.
func (v *view) stale(message string) *rewrite.Refusal {
	if v.world == nil {
		return unavailable()
	}
	return refused(codeStale, stateNoStatement, message)
}

// bindNames reads the portal and the statement at the start of a Bind without consuming it.
func (q *requests) bindNames(f frame) (portal, name string, ok bool, err error) {
	have := min(headerSize+f.size, smallBuffer)
	for {
		if err := q.in.fill(have); err != nil {
			return "", "", false, clientGone(err)
		}
		body := q.in.bytes()[headerSize:min(headerSize+f.size, q.in.buffered())]
		first, rest, ok1 := bytes.Cut(body, []byte{0})
		second, _, ok2 := bytes.Cut(rest, []byte{0})
		if ok1 && ok2 {
			return nameKey(first), q.nameOf(second), true, nil
		}
		if have == min(headerSize+f.size, largeBuffer) {
			return "", "", false, nil
		}
		have = min(headerSize+f.size, largeBuffer)
	}
}

// nameOf is nameKey for a statement, which is often the same as the last time.
func (q *requests) nameOf(name []byte) string {
	if string(name) != q.bound {
		q.bound = nameKey(name)
	}
	return q.bound
}

// known returns what a name stands for when the server gets to the next message.
func (q *requests) known(portal bool, name string) (known, error) {
	is, wait := q.pending.certain(portal, name, false)
	if !wait {
		return is, nil
	}
	if err := q.out.flush(); err != nil {
		return known{}, err
	}
	q.wait()
	defer q.waited()
	is, _ = q.pending.certain(portal, name, true)
	return is, nil
}

// dropFor drops a message of the extended protocol and refuses it in its place.
func (q *requests) dropFor(f frame, r *rewrite.Refusal) error {
	if err := q.drop(f); err != nil {
		return err
	}
	return q.standIn(r)
}

// resultFormats finds the count of result formats in a Bind message: after two names, the parameter formats and the
// parameters. It is false unless the message ends exactly behind the formats.
func resultFormats(body []byte) (int, bool) {
	at := 0
	for range 2 {
		end := bytes.IndexByte(body[at:], 0)
		if end < 0 {
			return 0, false
		}
		at += end + 1
	}
	formats, at, ok := count16(body, at)
	if !ok || len(body)-at < 2*formats {
		return 0, false
	}
	parameters, at, ok := count16(body, at+2*formats)
	if !ok {
		return 0, false
	}
	for range parameters {
		if len(body)-at < 4 {
			return 0, false
		}
		size := int32(binary.BigEndian.Uint32(body[at:]))
		at += 4
		if size < -1 || (size > 0 && int(size) > len(body)-at) {
			return 0, false
		}
		at += max(int(size), 0)
	}
	results, end, ok := count16(body, at)
	return at, ok && results < 0xffff && len(body) == end+2*results
}

func count16(body []byte, at int) (count, after int, ok bool) {
	if at < 0 || len(body)-at < 2 {
		return 0, 0, false
	}
	return int(binary.BigEndian.Uint16(body[at:])), at + 2, true
}
