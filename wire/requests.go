package wire

import (
	"errors"
	"fmt"
	"io"

	"github.com/wherewall/wherewall/internal/strand"
	"github.com/wherewall/wherewall/rewrite"
)

// requests is the half of a session that reads the client and is the only writer to the server.
type requests struct {
	*session
	strand *strand.Strand // nil for a goroutine
	out    *outbox
	held   int64 // bytes of the shared memory that the message at hand has drawn
	kept   int64 // bytes that the other sessions know to be taken by this one's statements; see keeps
	// unsettled says that a text was sent which changes names, and that nobody has waited for it yet.
	unsettled bool
	// now is the view that the last statement was judged by.
	now    *view
	acting acting
	sent   uint   // statements
	bound  string // the name of the statement that was bound last
}

func newRequests(s *session) *requests {
	out := newOutbox(s.server.Conn, s.loans)
	out.stalls = &s.stalls
	return &requests{session: s, out: out, now: &s.view}
}

// errTerminated ends the loop after a Terminate message.
var errTerminated = errors.New("terminated by the client")

// errClientGone ends the loop after the client's last byte.
var errClientGone = errors.New("the client closed the connection")

// loop handles messages until the client is gone or does not keep to the protocol. What it said before it went is sent: PostgreSQL
// would run it, too. On an event loop, it returns errResting where the client has said nothing more.
func (q *requests) loop(s *strand.Strand) (err error) {
	q.strand = s
	defer func() {
		if err != errResting { //nolint:errorlint // nobody wraps it
			q.release()
			q.keeps(0)
		}
	}()
	if err = q.messages(); err != errResting { //nolint:errorlint // nobody wraps it
		q.lastly(err)
	}
	return err
}

// lastly sends what the client has said before its messages came to their end.
func (q *requests) lastly(err error) {
	var bad *failure
	switch {
	case errors.Is(err, errClientGone):
		q.part(gone)
		_ = q.out.flush()
	case errors.As(err, &bad) && bad.state == stateProtocol:
		q.answered()
	}
}

// answered waits until the server has answered what came before a message that ends the session, as PostgreSQL would have done before it read
// that. A server that waits for rows will not answer.
func (q *requests) answered() {
	if !q.pending.busy() || q.pending.isLoading() || q.demandReplies() != nil {
		return
	}
	q.awaitLoad()
}

func (q *requests) messages() error {
	for {
		q.release()
		if q.in.buffered() < headerSize {
			if err := q.listen(); err != nil {
				return err
			}
			if q.in.rests() {
				return errResting
			}
		}
		f, err := q.header()
		if err != nil {
			return err
		}
		if f.size > q.limit(f.kind) {
			return q.invalidLength(f.kind)
		}
		if err := q.handle(f); err != nil {
			return err
		}
	}
}

// next returns the next header, in the middle of something.
func (q *requests) next() (frame, error) {
	if q.in.buffered() < headerSize {
		if err := q.listen(); err != nil {
			return frame{}, err
		}
	}
	return q.header()
}

func (q *requests) header() (frame, error) {
	f, err := q.in.header()
	if q.hearing.Load() {
		q.hearing.Store(false)
	}
	return f, clientGone(err)
}

// listen makes ready to wait for the client: it sends what has been collected and lets go of the buffers.
func (q *requests) listen() error {
	if err := q.out.flush(); err != nil {
		return err
	}
	q.in.pause()
	q.hearing.Store(true)
	if q.isDraining() {
		q.wake() // the session may have waited for this
	}
	return nil
}

func clientGone(err error) error {
	if err == nil {
		return nil
	}
	return whyGone(err) // of its own: what errors.As looks into is allocated
}

func whyGone(err error) error {
	var bad *protocolError
	switch {
	case errors.As(err, &bad):
		return violation(bad.text)
	case errors.Is(err, io.EOF):
		return errClientGone
	default:
		return fmt.Errorf("%w: %w", errClientGone, err)
	}
}

// limit is the largest body of a kind. Kinds that are not known are answered by handle.
func (q *requests) limit(kind byte) int {
	switch kind {
	case 'S', 'D', 'E', 'C', 'H', 'X', 'c', 'f':
		return maxSmallMessage
	default:
		return q.config.MaxMessage
	}
}

// invalidLength ends the session, as PostgreSQL does: what follows cannot be found.
func (q *requests) invalidLength(kind byte) *failure {
	f := violation("invalid message length")
	if q.limit(kind) == q.config.MaxMessage {
		f.hint = fmt.Sprintf("A message may have %d bytes here.", q.config.MaxMessage)
	}
	return f
}

// tooLong refuses a text that would take too much to read.
func (q *requests) tooLong() *rewrite.Refusal {
	r := refused(codeComplex, stateLimit, "statement is too long")
	r.Hint = fmt.Sprintf("A statement may have %d bytes here. Send long values as parameters, and many rows by COPY or in several statements.", q.config.MaxStatement)
	return r
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
		// What fails at the end of an implicit transaction is judged by the plan that holds now.
		return q.forward(f, request{kind: 'S', of: statement{values: q.now.values}})
	case 'H':
		return q.flush(f)
	case 'F':
		return q.functionCall(f)
	case 'd', 'c', 'f':
		// No COPY from the client is in progress; PostgreSQL ignores these then, as they may be late.
		return q.drop(f)
	case 'X':
		return q.terminate()
	default:
		return violation(fmt.Sprintf("invalid frontend message type %d", f.kind))
	}
}

func (q *requests) drop(f frame) error {
	q.in.skip(headerSize)
	return clientGone(q.in.stream(f.size, discard))
}

// terminate passes the goodbye on, behind all that was said before it. The server ends the session when it gets there, or is spared for another one.
func (q *requests) terminate() error {
	q.because(errTerminated.Error())
	q.part(terminated)
	if q.spareServer() {
		return errTerminated
	}
	if err := q.out.write([]byte{'X', 0, 0, 0, 4}); err != nil {
		return err
	}
	if err := q.out.flush(); err != nil {
		return err
	}
	return errTerminated
}

// flush passes a Flush message on. It has no reply of its own.
func (q *requests) flush(f frame) error {
	if f.size > 0 {
		return q.dropFor(f, refused(codeParse, stateProtocol, invalidFormat))
	}
	if err := q.drop(f); err != nil {
		return err
	}
	return q.askForReplies()
}

// demandReplies sends all that was said, and asks the server for replies that it may keep.
func (q *requests) demandReplies() error {
	if err := q.askForReplies(); err != nil {
		return err
	}
	return q.out.flush()
}

func (q *requests) askForReplies() error { return q.out.write([]byte{'H', 0, 0, 0, 4}) }

// forward sends the message at the front as it is, and expects what r says.
func (q *requests) forward(f frame, r request) error {
	if r.kind == 'E' {
		if no, err := q.enter(&r); err != nil {
			return err
		} else if no != nil {
			return q.dropFor(f, no)
		}
	}
	if !q.push(r) {
		q.dropDeed(r.deed)
		return q.drop(f)
	}
	return q.relay(f)
}

// relay sends the message at the front as it is.
func (q *requests) relay(f frame) error {
	if headerSize+f.size <= q.in.buffered() {
		err := q.out.write(q.in.bytes()[:headerSize+f.size])
		q.in.skip(headerSize + f.size)
		return err
	}
	if err := q.out.write(q.in.bytes()[:headerSize]); err != nil {
		return err
	}
	q.in.skip(headerSize)
	var toServer error
	err := q.in.stream(f.size, func(b []byte) error {
		toServer = q.out.write(b)
		return toServer
	})
	if toServer != nil {
		return toServer
	}
	return clientGone(err)
}

// push queues a request. Where it has to wait for replies, everything they could depend on is sent first.
func (q *requests) push(r request) bool {
	q.acting.turning = q.acting.turning || r.ends() || len(r.turns) > 0
	pushed, room := q.pending.tryPush(&r)
	if room {
		return pushed
	}
	if err := q.out.flush(); err != nil {
		return false
	}
	q.wait()
	defer q.waited()
	return q.pending.push(r)
}

// wait and waited stand around what can take long without the client being read, as writes to the server do; see endIfAbandoned.
func (q *requests) wait() {
	q.strand.Leave()
	q.stalls.Add(1)
}
func (q *requests) waited() { q.stalls.Add(1) }

// current returns the view that the next statement is judged by. It is called at every statement boundary, so that a
// change of policy is seen by the next statement. While no policy can be read, the view refuses everything.
func (q *requests) current() (*view, error) {
	own, err := q.own()
	if err != nil || !q.shared() {
		return own, err
	}
	return q.acts(own)
}

// own is the view of the session's login.
func (q *requests) own() (*view, error) {
	w := q.config.World()
	if w == nil {
		return &view{values: q.view.values}, nil
	}
	if w == q.view.world && !q.view.over(q.config) {
		return &q.view, nil
	}
	q.strand.Leave() // All sessions make a plan after a change of policy.
	v, bad := look(w, q.who, q.config.Now(), q.mark)
	if bad != nil {
		return nil, bad
	}
	if v.plan.Subject != q.view.plan.Subject {
		// A session has one subject: what follows would go to another tenant than what was said before.
		return nil, &failure{state: stateAuthorization, message: "the tenant of this login has changed", hint: "Connect again."}
	}
	v.values, v.shared = v.values.Of(q.pid), q.shared()
	v.keep(q.view)
	q.view = v
	return &q.view, nil
}
