package wire

import (
	"errors"
	"fmt"
	"io"
)

// requests is the half of a session that reads the client and is the only writer to the server.
type requests struct {
	*session
	out *outbox
	// withoutRows are the portals whose rows the client does not see; see execute.
	withoutRows map[string]struct{}
}

func newRequests(s *session) *requests {
	out := newOutbox(s.server.Conn, s.loans)
	out.writes = &s.writes
	return &requests{session: s, out: out, withoutRows: map[string]struct{}{}}
}

// errTerminated ends the loop after a Terminate message.
var errTerminated = errors.New("terminated by the client")

// loop handles messages until the client is gone or does not keep to the protocol.
func (q *requests) loop() error {
	for {
		f, err := q.next()
		if err != nil {
			return clientGone(err)
		}
		if f.size > q.limit(f.kind) {
			return violation("invalid message length")
		}
		if err := q.handle(f); err != nil {
			return err
		}
	}
}

// next returns the next header. Before it waits for the client, it sends what has been collected and lets go of the
// buffers.
func (q *requests) next() (frame, error) {
	if q.in.buffered() < headerSize {
		if err := q.out.flush(); err != nil {
			return frame{}, err
		}
		q.in.rest()
	}
	return q.in.header()
}

func clientGone(err error) error {
	var bad *protocolError
	switch {
	case errors.As(err, &bad):
		return violation(bad.text)
	case errors.Is(err, io.EOF):
		return errors.New("the client closed the connection")
	default:
		return fmt.Errorf("reading from the client: %w", err)
	}
}

// limit is the largest body of a kind. Kinds that are not known are answered by handle.
func (q *requests) limit(kind byte) int {
	switch kind {
	case 'S', 'D', 'E', 'C', 'H', 'X':
		return maxSmallMessage
	default:
		return q.config.MaxMessage
	}
}

// handle is the table of what clients may say.
func (q *requests) handle(f frame) error {
	switch f.kind {
	case 'Q':
		return q.query(f)
	case 'P':
		return q.parse(f)
	case 'B':
		return q.bind(f)
	case 'D':
		return q.describe(f)
	case 'E':
		return q.execute(f)
	case 'C':
		return q.close(f)
	case 'S':
		return q.forward(f, request{kind: 'S'})
	case 'H':
		return q.flush(f)
	case 'F':
		return q.functionCall(f)
	case 'd', 'c', 'f':
		// No COPY is ever in progress; PostgreSQL ignores these then, as they may be late.
		return q.drop(f)
	case 'X':
		return q.terminate()
	default:
		return violation(fmt.Sprintf("invalid frontend message type %d", f.kind))
	}
}

func (q *requests) drop(f frame) error {
	q.in.skip(headerSize)
	if err := q.in.stream(f.size, discard); err != nil {
		return clientGone(err)
	}
	return nil
}

// terminate passes the goodbye on, so that the server does not log a lost client.
func (q *requests) terminate() error {
	if !q.session.pending.busy() {
		_ = q.out.write([]byte{'X', 0, 0, 0, 4})
		_ = q.out.flush()
	}
	return errTerminated
}

// flush passes a Flush message on. It has no reply of its own.
func (q *requests) flush(f frame) error {
	if err := q.drop(f); err != nil {
		return err
	}
	return q.out.write([]byte{'H', 0, 0, 0, 4})
}

// forward sends the message at the front as it is, and expects what r says.
func (q *requests) forward(f frame, r request) error {
	if !q.push(r) {
		return q.drop(f)
	}
	if headerSize+f.size <= q.in.buffered() {
		err := q.out.write(q.in.bytes()[:headerSize+f.size])
		q.in.skip(headerSize + f.size)
		return err
	}
	if err := q.out.write(q.in.bytes()[:headerSize]); err != nil {
		return err
	}
	q.in.skip(headerSize)
	if err := q.in.stream(f.size, q.out.write); err != nil {
		return clientGone(err)
	}
	return nil
}

// push queues a request. Where it has to wait for replies, everything they could depend on is sent first.
func (q *requests) push(r request) bool {
	if q.pending.full() {
		if err := q.out.flush(); err != nil {
			return false
		}
	}
	return q.pending.push(r)
}

// current returns the view that the next statement is judged by. It is called at every statement boundary, so that a
// change of policy is seen by the next statement. While no policy can be read, the view refuses everything.
func (q *requests) current() (*view, error) {
	w := q.config.World()
	if w == nil {
		return &view{values: q.view.values}, nil
	}
	if w == q.view.world {
		return &q.view, nil
	}
	v, bad := look(w, q.login, q.tenant, q.mark)
	if bad != nil {
		return nil, bad
	}
	q.view = v
	return &q.view, nil
}
