package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/strand"
)

// waiver is the policy's word that somebody is not filtered. waiverOf alone makes one, and there is no bypass without it.
type waiver struct {
	who      identity
	user     string
	identity string // of the user in a store
	world    *World // that says so
}

// waiverOf returns nil for everybody whom the world does not name as unfiltered at that time. Who names a tenant wants to act in it, and so is filtered.
func waiverOf(w *World, who identity, now time.Time) *waiver {
	if w == nil || who.tenant != "" || who.expired(now) {
		return nil
	}
	u := w.Snapshot.Users[who.login]
	if u == nil || !unfiltered(u) || who.token != nil && who.token.User != u.Name {
		return nil
	}
	return &waiver{who: who, user: u.Name, identity: u.Identity, world: w}
}

func unfiltered(u *catalog.User) bool {
	return u.Unfiltered && u.Active && u.Impersonate == catalog.NoImpersonation
}

// bypass is a session of an unfiltered user: what either side says is relayed byte for byte and never understood. It knows where messages
// begin and whether the server is idle, to say a last word between two messages and to end where no transaction is cut.
type bypass struct {
	link
	tally  *tally
	down   *inbound // of the server
	who    identity
	user   string                // the identity in a store of the user whom the policy has let past
	judged atomic.Pointer[World] // the last one that said that the user is unfiltered

	fromClient, fromServer atomic.Int64 // bytes relayed
}

func (b *bypass) run(ctx context.Context, over func()) {
	b.down = newInbound(b.server.Conn, b.loans)
	b.relay(ctx, halves{requests: b.requests, replies: b.replies, farewell: b.sayFarewell}, over)
}

// began is the record that somebody was let past the policy, and ended that of how much.
func (b *bypass) began(login time.Duration) {
	b.log.Warn().Dur("took", login).Str("server_login", b.server.Login).Msg("unfiltered session started")
}

func (b *bypass) ended(duration time.Duration) {
	b.log.Info().Dur("duration", duration).Int64("bytes_from_client", b.fromClient.Load()).Int64("bytes_from_server", b.fromServer.Load()).
		Str("reason", b.endReason()).Msg("unfiltered session ended")
	b.tellEnd(duration, b.fromClient.Load(), b.fromServer.Load())
}

// revoked tells why the user is not unfiltered any more; nil where the policy still says so.
func (b *bypass) revoked() *failure {
	w := b.config.World()
	if w != nil && w == b.judged.Load() && (b.who.token == nil || !b.who.expired(b.config.Now())) {
		return nil
	}
	if now := waiverOf(w, b.who, b.config.Now()); now == nil || now.identity != b.user {
		return &failure{state: stateAuthorization, message: "the policy does not let this login past it any more", hint: "Connect again."}
	}
	b.judged.Store(w)
	return nil
}

// endIfAbandoned looks after sessions that are silent: the others ask with each piece that they relay.
func (b *bypass) endIfAbandoned() {
	if bad := b.revoked(); bad != nil {
		b.fail(bad)
		return
	}
	b.link.endIfAbandoned()
}

// requests relays what the client says.
func (b *bypass) requests(*strand.Strand) error {
	err := b.pump(b.in, func(piece []byte) error {
		if !b.tally.ask(piece) {
			return errDrained
		}
		if b.tally.terminated() {
			b.because(errTerminated.Error())
			b.part(terminated)
		}
		b.fromClient.Add(int64(len(piece)))
		b.stalls.Add(1)
		defer b.stalls.Add(1)
		if _, err := b.server.Conn.Write(piece); err != nil {
			return fmt.Errorf("writing to the server: %w", err)
		}
		return nil
	})
	if errors.Is(err, errRead) {
		b.part(gone)
		return errClientGone
	}
	return err
}

// replies relays what the server says.
func (b *bypass) replies() error {
	for {
		err := b.pump(b.down, b.tell)
		switch {
		case err == errResting: //nolint:errorlint // nobody wraps it
			return err
		case errors.Is(err, errRead) && errors.Is(err, os.ErrDeadlineExceeded):
			_ = b.server.Conn.SetReadDeadline(time.Time{}) // before looking, so that no wake-up is lost
			if b.leaving() != nil {
				return nil
			}
			if err := b.drained(); err != nil {
				return err
			}
		case errors.Is(err, errRead):
			b.loseServer()
			return b.serverEnded(err)
		default:
			return err
		}
	}
}

// tell relays a piece to the client.
func (b *bypass) tell(piece []byte) error {
	b.fromServer.Add(int64(len(piece)))
	b.deliveries.Add(1)
	_, err := b.client.Write(piece)
	b.deliveries.Add(1)
	if err != nil {
		b.tally.cut()
		return toClient(err)
	}
	b.tally.answer(piece)
	return b.drained()
}

// drained ends a session that is to end where nothing is open.
func (b *bypass) drained() error {
	if !b.isDraining() || b.parted() != staying || !b.tally.closeIfIdle() {
		return nil
	}
	return &failure{state: stateShutdown, message: adminShutdown}
}

// serverEnded says why the server's connection has ended. The client is told what the server has told it, which may be nothing.
func (b *bypass) serverEnded(err error) error {
	switch {
	case b.parted() != staying || errors.Is(err, net.ErrClosed):
		return err
	case b.tally.endedWithError():
		return errServerSaidGoodbye
	default:
		return errServerHungUp
	}
}

// errServerHungUp ends a session whose server has ended the connection without a word, which the client learns in the same way.
var errServerHungUp = errors.New("the server closed the connection")

// sayFarewell tells the client why its session ends. In the middle of a message nothing can be said.
func (b *bypass) sayFarewell() error {
	f := b.leaving()
	if f == nil || !b.tally.between() {
		return nil
	}
	_ = b.client.SetWriteDeadline(time.Now().Add(farewellTimeout))
	_, err := b.client.Write(appendFatal(nil, f))
	return toClient(err)
}

// errRead marks the end of what one side has to say.
var errRead = errors.New("reading")

// pump hands over what arrives, piece by piece, while the user is unfiltered. A piece is borrowed.
func (b *bypass) pump(in *inbound, to func([]byte) error) error {
	for {
		if in.buffered() == 0 && in.rests() {
			return errResting
		}
		if err := in.more(); err != nil {
			return fmt.Errorf("%w: %w", errRead, err)
		}
		if bad := b.revoked(); bad != nil {
			return bad
		}
		if err := to(in.bytes()); err != nil {
			return err
		}
		in.skip(in.buffered())
	}
}

// more blocks until something is buffered. It borrows a large buffer after a read that has filled the small one, and gives it back after one
// that has not, so that idle connections hold none.
func (in *inbound) more() error {
	if in.buffered() > 0 {
		return nil
	}
	busy := in.w == len(in.buf)
	if !busy {
		in.rest()
	}
	if in.r, in.w = 0, 0; in.large == nil && (busy || len(in.small) == 0) {
		in.large = in.loans.get()
		in.buf = in.large[:]
	}
	n, err := in.read()
	in.w = n
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}
