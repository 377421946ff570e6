package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/wherewall/wherewall/internal/strand"
)

const (
	smallBuffer = 512
	largeBuffer = 16 << 10
)

// buffers lends large buffers to the connections that move bytes at the moment. An idle connection holds none.
type buffers struct{ pool sync.Pool }

func newBuffers() *buffers {
	return &buffers{pool: sync.Pool{New: func() any { return new([largeBuffer]byte) }}}
}

func (b *buffers) get() *[largeBuffer]byte { return b.pool.Get().(*[largeBuffer]byte) }

func (b *buffers) put(p *[largeBuffer]byte) {
	poison(p[:])
	b.pool.Put(p)
}

// inbound reads frames from one socket through one bounded buffer: a large one on loan while there is something to read, and, where a goroutine waits
// for the next byte with a buffer in its hand, a small one of its own. One goroutine owns it. Slices that it returns are borrowed until the next call
// that reads.
type inbound struct {
	conn   net.Conn
	loop   *strand.Conn // conn where an event loop watches it, else nil
	loans  *buffers
	large  *[largeBuffer]byte
	buf    []byte
	r, w   int
	failed error          // of a read, for the next one to tell
	reads  *atomic.Uint64 // counts them; nil where nobody looks
	small  []byte         // empty for what an event loop watches
}

func newInbound(conn net.Conn, loans *buffers) *inbound {
	in := &inbound{conn: conn, loans: loans}
	if in.loop, _ = conn.(*strand.Conn); in.loop == nil {
		in.small = make([]byte, smallBuffer)
	}
	in.buf = in.small
	return in
}

// moved is the same for a connection that goes on as another one: what was read of it is still there.
func (in *inbound) moved(conn net.Conn) *inbound {
	moved := newInbound(conn, in.loans)
	moved.reads = in.reads
	if in.buffered() > 0 {
		moved.large = in.loans.get()
		moved.buf = moved.large[:]
		moved.w = copy(moved.buf, in.bytes())
		in.skip(in.buffered())
	}
	in.rest()
	return moved
}

// pause is rest before a read that a goroutine may wait in. For an event loop, rests comes first.
func (in *inbound) pause() {
	if in.loop == nil {
		in.rest()
	}
}

// rests tries to read, and says whether there is nothing, and an event loop will call when there is something. Else the next call that reads goes on
// from there.
func (in *inbound) rests() bool {
	if in.loop == nil {
		return false
	}
	if in.loop.Ready() {
		in.makeRoom(len(in.small) + 1)
		n, err := in.loop.TryRead(in.buf[in.w:])
		if err != strand.ErrNothing { //nolint:errorlint // nobody wraps it
			in.w, in.failed = in.w+n, err
			in.count()
			return false
		}
	}
	in.rest()
	return true
}

func (in *inbound) count() {
	if in.reads != nil {
		in.reads.Add(1)
	}
}

// errResting is what a half of a session returns to the event loop that is to call it again.
var errResting = errors.New("nothing to do until something arrives")

func (in *inbound) buffered() int { return in.w - in.r }

// bytes is what was read and not yet skipped.
func (in *inbound) bytes() []byte { return in.buf[in.r:in.w] }

func (in *inbound) skip(n int) { in.r += n }

// rest gives the large buffer back where nothing is left in it.
func (in *inbound) rest() {
	if in.r != in.w {
		return
	}
	in.r, in.w = 0, 0
	if in.large != nil {
		in.loans.put(in.large)
		in.large, in.buf = nil, in.small
	}
}

// fill blocks until need bytes are buffered. need is at most largeBuffer.
func (in *inbound) fill(need int) error {
	for in.buffered() < need {
		poison(in.buf[:in.r])
		in.makeRoom(need)
		n, err := in.read()
		in.w += n
		if err != nil && in.buffered() < need {
			if errors.Is(err, io.EOF) && in.buffered() > 0 {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

func (in *inbound) read() (int, error) {
	if err := in.failed; err != nil {
		in.failed = nil
		return 0, err
	}
	n, err := in.conn.Read(in.buf[in.w:])
	in.count()
	return n, err
}

func (in *inbound) makeRoom(need int) {
	if in.r == in.w {
		in.r, in.w = 0, 0
	}
	full := in.w == len(in.buf)
	if in.large == nil && (need > len(in.small) || full) {
		in.large = in.loans.get()
		in.w = copy(in.large[:], in.bytes())
		poison(in.buf)
		in.r, in.buf = 0, in.large[:]
		return
	}
	if in.r > 0 && (full || in.r+need > len(in.buf)) {
		in.w = copy(in.buf, in.bytes())
		in.r = 0
	}
}

// frame is a message's header: its kind and the size of its body in bytes.
type frame struct {
	kind byte
	size int
}

const headerSize = 5

// header blocks until a header is buffered and returns it without consuming it.
func (in *inbound) header() (frame, error) {
	if err := in.fill(headerSize); err != nil {
		return frame{}, err
	}
	return parseHeader(in.bytes())
}

// parseHeader reads the header at the start of b, which holds at least headerSize bytes.
func parseHeader(b []byte) (frame, error) {
	length := int32(binary.BigEndian.Uint32(b[1:]))
	if length < 4 {
		return frame{}, &protocolError{text: "invalid message length"}
	}
	return frame{kind: b[0], size: int(length) - 4}, nil
}

// whole consumes the frame at the front and returns its body: borrowed where it fits into the buffer, else in memory of its own
// that grows with what arrives, not with what the header claims. The caller has checked the size.
func (in *inbound) whole(f frame) ([]byte, error) {
	if headerSize+f.size <= largeBuffer {
		if err := in.fill(headerSize + f.size); err != nil {
			return nil, err
		}
		body := in.bytes()[headerSize : headerSize+f.size]
		in.skip(headerSize + f.size)
		return body, nil
	}
	in.skip(headerSize)
	body := make([]byte, 0, min(f.size, 4*largeBuffer))
	err := in.stream(f.size, func(p []byte) error {
		body = append(body, p...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading a long message: %w", err)
	}
	return body, nil
}

// stream consumes n bytes in pieces as they arrive.
func (in *inbound) stream(n int, to func([]byte) error) error {
	for n > 0 {
		if in.buffered() == 0 {
			if err := in.fill(1); err != nil {
				if errors.Is(err, io.EOF) {
					err = io.ErrUnexpectedEOF
				}
				return err
			}
		}
		piece := in.bytes()[:min(n, in.buffered())]
		if err := to(piece); err != nil {
			return err
		}
		in.skip(len(piece))
		n -= len(piece)
	}
	return nil
}

func discard([]byte) error { return nil }
