package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/wherewall/wherewall/rewrite"
)

// bind handles a Bind message. It passes as it is and piece by piece, unless the statement has a hidden column that the
// client's result formats do not count.
func (q *requests) bind(f frame) error {
	portal, name, ok, err := q.bindNames(f)
	if err != nil {
		return err
	}
	if !ok {
		return q.dropFor(f, refused(codeParse, stateProtocol, invalidFormat))
	}
	known, err := q.known(name)
	if err != nil {
		return err
	}
	r := request{kind: 'B', portal: portal}
	if known == nil {
		// The server does not know it either, and says so. If it should, the replies goroutine ends the session.
		return q.forward(f, r)
	}
	v, err := q.current()
	if err != nil {
		return err
	}
	if known.world != v.world {
		return q.dropFor(f, v.stale(name))
	}
	r.of = known.statement
	hidden, _ := hiddenOf(known.template, 0)
	q.noteRows(portal, hidden)
	if hidden == rewrite.HiddenColumn {
		return q.bindWithColumn(f, r)
	}
	return q.forward(f, r)
}

// stale refuses a statement that was prepared under another world than v's.
func (v *view) stale(name string) *rewrite.Refusal {
	if v.world == nil {
		return unavailable()
	}
	return refused(codeStale, stateNoStatement,
		fmt.Sprintf("prepared statement %q was made under an older policy; prepare it again", name))
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
			return string(nameKey(first)), string(nameKey(second)), true, nil
		}
		if have == min(headerSize+f.size, largeBuffer) {
			return "", "", false, nil
		}
		have = min(headerSize+f.size, largeBuffer)
	}
}

// known returns what a statement's name stands for when the server gets to the next message.
func (q *requests) known(name string) (*prepared, error) {
	known, wait := q.pending.certain(name, false)
	if !wait {
		return known, nil
	}
	if err := q.out.flush(); err != nil {
		return nil, err
	}
	known, _ = q.pending.certain(name, true)
	return known, nil
}

// dropFor drops a message of the extended protocol and refuses it in its place.
func (q *requests) dropFor(f frame, r *rewrite.Refusal) error {
	if err := q.drop(f); err != nil {
		return err
	}
	return q.standIn(r)
}

// bindWithColumn sends a Bind with one more result format, text, for the hidden column. No format and one format for all
// cover it already.
func (q *requests) bindWithColumn(f frame, r request) error {
	body, err := q.in.whole(f)
	if err != nil {
		return clientGone(err)
	}
	formats, ok := resultFormats(body)
	if !ok {
		return q.standIn(refused(codeParse, stateProtocol, invalidFormat))
	}
	if !q.push(r) {
		return nil
	}
	count := binary.BigEndian.Uint16(body[formats:])
	extra := 0
	if count > 1 {
		count++
		extra = 2
	}
	header := [headerSize]byte{'B'}
	binary.BigEndian.PutUint32(header[1:], uint32(4+len(body)+extra))
	binary.BigEndian.PutUint16(body[formats:], count)
	if err := q.out.write(header[:]); err != nil {
		return err
	}
	if err := q.out.write(body); err != nil {
		return err
	}
	return q.out.write(make([]byte, extra))
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
