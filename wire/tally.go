package wire

import (
	"encoding/binary"
	"sync"
)

// tally follows a conversation by the headers of its messages: how many replies are outstanding, and where messages end. It only looks, and never
// fails: what is no message to it is one for the server to refuse. One goroutine asks, another one answers.
type tally struct {
	up, down scan

	mu      sync.Mutex
	waiting int  // requests whose ReadyForQuery has not come
	open    bool // something was said that only a Sync will end
	status  byte // of the last ReadyForQuery
	streams bool // replication, which has no end of its own
	closed  bool // nothing more is to be asked
}

func newTally() *tally { return &tally{status: 'I'} }

// ask takes what is about to be sent to the server. It is false where nothing may be sent any more.
func (t *tally) ask(p []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.up.take(p, func(kind, _ byte) {
		switch kind {
		case 'Q', 'S':
			t.waiting++
			t.open = false
		case 'F':
			t.waiting++
		case 'd', 'c', 'f', 'X':
		default:
			t.open = true
		}
	})
	return true
}

// answer takes what was told to the client.
func (t *tally) answer(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.down.take(p, func(kind, last byte) {
		switch kind {
		case 'Z':
			t.waiting = max(t.waiting-1, 0)
			t.status, t.streams = last, false
		case 'W':
			t.streams = true
		}
	})
}

// cut notes that a message was told in part.
func (t *tally) cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.down.lost = true
}

// terminated says whether the last thing that the client has said is goodbye.
func (t *tally) terminated() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.up.between() && t.up.kind == 'X'
}

// between says whether the client has been told whole messages.
func (t *tally) between() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.down.between()
}

// endedWithError says whether an error is the last thing that the client has been told.
func (t *tally) endedWithError() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.down.between() && t.down.kind == 'E'
}

func (t *tally) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

func (t *tally) busy() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waiting > 0 || t.open
}

// closeIfIdle closes where no transaction is open and nothing was asked that is not answered, or where changes are streamed, and says whether it has.
func (t *tally) closeIfIdle() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	idle := t.waiting == 0 && !t.open && t.status == 'I'
	if !idle && !t.streams || !t.up.between() || !t.down.between() {
		return false
	}
	t.closed = true
	return true
}

// scan finds the ends of messages in a stream of them.
type scan struct {
	header [headerSize]byte
	have   int  // bytes of the header
	left   int  // bytes of the body that are to come
	kind   byte // of the last whole message, and zero before the first one
	last   byte // of what was taken
	lost   bool // this is no stream of messages
}

// take goes on with the next piece, and calls seen for each message that it completes, with its kind and the last byte of its body.
func (s *scan) take(p []byte, seen func(kind, last byte)) {
	for len(p) > 0 && !s.lost {
		if s.have < headerSize {
			n := copy(s.header[s.have:], p)
			s.have += n
			p = p[n:]
			if s.have < headerSize {
				return
			}
			length := int32(binary.BigEndian.Uint32(s.header[1:])) //nolint:gosec // the protocol's lengths are signed
			if length < 4 {
				s.lost = true
				return
			}
			s.left = int(length) - 4
		}
		n := min(s.left, len(p))
		if n > 0 {
			s.last = p[n-1]
		}
		s.left -= n
		p = p[n:]
		if s.left == 0 {
			s.have, s.kind = 0, s.header[0]
			seen(s.kind, s.last)
		}
	}
}

// between says whether what was taken ends with a message.
func (s *scan) between() bool { return s.have == 0 && !s.lost }
