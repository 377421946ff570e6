package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/wherewall/wherewall/rewrite"
)

const (
	// freeHold is what a session may hold of a message without asking.
	freeHold = 4 * largeBuffer
	// maxHeldBind bounds a Bind that has to be held because its last bytes decide on its first ones.
	maxHeldBind = 64 << 20
	// heavyAtOnce is how many long statements are rewritten at once: parsing takes many times their length.
	heavyAtOnce = 2
	// memoryPatience is how long a message waits for others to give memory back.
	memoryPatience = 5 * time.Second
)

// memory lends what long messages take, over all sessions.
type memory struct {
	bytes     *semaphore.Weighted
	patience  time.Duration
	rewriting chan struct{}
}

func newMemory(bytes int) *memory {
	return &memory{bytes: semaphore.NewWeighted(int64(bytes)), patience: memoryPatience, rewriting: make(chan struct{}, heavyAtOnce)}
}

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
		if !q.reserve(larger) {
			left := f.size - len(body)
			body = nil
			return nil, errors.Join(errNoMemory, clientGone(q.in.stream(left, discard)))
		}
		body = append(make([]byte, 0, larger), body...)
		q.giveBack(q.held - int64(larger)) // of the smaller one
	}
}

// reserve draws on the shared memory, and waits a while where there is none.
func (q *requests) reserve(n int) bool {
	ctx, stop := context.WithTimeout(context.Background(), q.memory.patience)
	defer stop()
	q.wait()
	defer q.waited()
	if q.memory.bytes.Acquire(ctx, int64(n)) != nil {
		return false
	}
	q.held += int64(n)
	return true
}

// release gives back what was drawn for a message.
func (q *requests) release() { q.giveBack(q.held) }

func (q *requests) giveBack(n int64) {
	if n > 0 {
		q.memory.bytes.Release(n)
		q.held -= n
	}
}

// rewrite turns a client's text into what may be sent for it.
func (q *requests) rewrite(v *view, sql string) statement {
	if len(sql) > freeHold {
		q.memory.rewriting <- struct{}{}
		defer func() { <-q.memory.rewriting }()
	}
	made := q.rewritten(v, sql)
	made.size = len(sql)
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
