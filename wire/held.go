package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/wherewall/wherewall/rewrite"
)

const (
	// freeHold is what a session may hold of a message without asking.
	freeHold = 4 * largeBuffer
	// maxHeldBind bounds a Bind that has to be held because its last bytes decide on its first ones.
	maxHeldBind = 64 << 20
	// A message that holds memory must be there after heldPatience and the time that it takes at heldRate bytes a second.
	heldPatience = 10 * time.Second
	heldRate     = 256 << 10
)

// errNoMemory is a message that was dropped because too much is held.
var errNoMemory = errors.New("too many long messages at once")

func noMemory() *rewrite.Refusal {
	r := refused(codeComplex, stateNoMemory, "out of memory for long messages")
	r.Hint = "Too many long statements are on their way at once; try again later."
	return r
}

// hold consumes the frame at the front and returns its body. A long one draws on the memory that all sessions share, as it
// arrives and not as its header claims, until release. Where there is none, the message is dropped and the error is errNoMemory.
func (q *requests) hold(f frame) ([]byte, error) {
	if f.size <= freeHold {
		body, err := q.in.whole(f)
		return body, clientGone(err)
	}
	q.in.skip(headerSize)
	body := make([]byte, 0, freeHold)
	for {
		err := q.in.stream(min(cap(body), f.size)-len(body), func(p []byte) error {
			body = append(body, p...)
			return nil
		})
		if err != nil {
			return nil, clientGone(err)
		}
		if len(body) == f.size {
			return body, nil
		}
		larger := min(4*cap(body), f.size)
		if !q.reserve(f.size, larger) {
			left := f.size - len(body)
			q.release()
			q.readBy(time.Time{}) // what is dropped may take its time
			body = nil
			return nil, errors.Join(errNoMemory, clientGone(q.in.stream(left, discard)))
		}
		body = append(make([]byte, 0, larger), body...)
		q.giveBack(q.held - int64(larger)) // of the smaller one
	}
}

// reserve draws on the shared memory, and waits a while where there is none. Whoever holds memory must go on sending: the first
// reservation sets the time by which the whole message must be there.
func (q *requests) reserve(message, n int) bool {
	if q.held == 0 {
		q.readBy(time.Now().Add(heldPatience + time.Duration(message/heldRate)*time.Second))
	}
	q.wait()
	defer q.waited()
	if !q.memory.acquire(q.view.plan.Subject.User, int64(n)) {
		return false
	}
	q.held += int64(n)
	return true
}

// release gives back what was drawn for a message.
func (q *requests) release() {
	if q.held > 0 {
		q.giveBack(q.held)
		q.readBy(time.Time{})
	}
}

func (q *requests) giveBack(n int64) {
	if n > 0 {
		q.memory.release(q.view.plan.Subject.User, n)
		q.held -= n
	}
}

// rewrite turns a client's text into what may be sent for it.
func (q *requests) rewrite(v *view, sql string, declared ...uint32) statement {
	if len(sql) > freeHold {
		q.strand.Leave()
		q.memory.rewriting <- struct{}{}
		defer func() { <-q.memory.rewriting }()
	}
	made := q.rewritten(v, sql, declared)
	made.size = len(sql)
	if no := q.listens(made); no != nil {
		return v.refusal(no)
	}
	return made
}

// holdBind sends a Bind whose result formats are not for what the server will send: see formatsFor.
func (q *requests) holdBind(f frame, r request, hidden rewrite.Hidden) error {
	if f.size > maxHeldBind {
		return q.dropFor(f, refused(codeComplex, stateLimit, fmt.Sprintf("the values of a statement whose new rows are checked are longer than %d bytes", maxHeldBind)))
	}
	body, err := q.hold(f)
	if errors.Is(err, errNoMemory) {
		return q.standIn(noMemory())
	}
	if err != nil {
		return err
	}
	formats, ok := resultFormats(body)
	if !ok {
		return q.standIn(refused(codeParse, stateProtocol, invalidFormat))
	}
	if !q.push(r) {
		return nil
	}
	tail := formatsFor(hidden, body[formats:])
	header := [headerSize]byte{'B'}
	binary.BigEndian.PutUint32(header[1:], uint32(4+formats+len(tail))) //nolint:gosec // bounded by maxHeldBind
	for _, part := range [][]byte{header[:], body[:formats], tail} {
		if err := q.out.write(part); err != nil {
			return err
		}
	}
	return nil
}

// formatsFor turns a client's result formats, count included, into the server's: one more, text, for a hidden column, where no format
// and one format for all do not cover it already; none for hidden rows, since a client may name any number for a statement that gives
// no rows.
func formatsFor(hidden rewrite.Hidden, client []byte) []byte {
	count := binary.BigEndian.Uint16(client)
	switch {
	case hidden == rewrite.HiddenRows:
		return []byte{0, 0}
	case count > 1:
		server := binary.BigEndian.AppendUint16(make([]byte, 0, len(client)+2), count+1)
		return append(append(server, client[2:]...), 0, 0)
	default:
		return client
	}
}
