package wire

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wherewall/wherewall/internal/pgdial"
)

// Backend is a server connection that is logged in and idle.
type Backend struct {
	Conn       net.Conn
	Login      string            // the service login
	PID        uint32            // the process of the server
	Parameters map[string]string // what the server reported at login
	// Cancel asks the server, over a connection of its own, to cancel what this one is doing, and returns when the server has taken note.
	Cancel func(context.Context) error
	// Current says whether a login would still be made as this one was. nil: nobody knows, and the connection ends with its session.
	Current func() bool

	berth    *berth            // in the lot, which takes it when its session ends well; nil where that is not to be
	parked   time.Time         // when it began to wait; of the lot
	reported map[string]string // what the server has reported since the login; see report

	// hold keeps the connection while somebody cancels: a server may give the process number of a connection that is gone to somebody else.
	hold      sync.RWMutex
	closed    bool
	cancelled atomic.Bool // a cancel request was sent, or was tried to be
}

// cancel asks the server to cancel, while there is something of ours to cancel.
func (b *Backend) cancel(ctx context.Context) error {
	b.hold.RLock()
	defer b.hold.RUnlock()
	if b.closed {
		return nil
	}
	b.cancelled.Store(true)
	return b.Cancel(ctx)
}

// errCancelled keeps a connection from serving another session, whose statement the request could hit: a server serves it when it likes.
var errCancelled = errors.New("a cancel request was made for the session")

// next is the connection for another session. Whoever still holds this one to cancel with finds it closed.
func (b *Backend) next() (*Backend, error) {
	b.hold.Lock()
	defer b.hold.Unlock()
	if b.closed || b.cancelled.Load() {
		return nil, errCancelled
	}
	b.closed = true
	return &Backend{
		Conn: b.Conn, Login: b.Login, PID: b.PID, Parameters: b.Parameters, Cancel: b.Cancel, Current: b.Current, berth: b.berth,
	}, nil
}

// leave says goodbye to the server and closes the connection, which no session has any more.
func (b *Backend) leave() {
	b.hold.Lock()
	defer b.hold.Unlock()
	b.closed = true
	_ = b.Conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = b.Conn.Write([]byte{'X', 0, 0, 0, 4})
	_ = b.Conn.Close()
}

// close closes the connection, when no cancel request for it is on its way any more.
func (b *Backend) close() {
	b.hold.Lock()
	defer b.hold.Unlock()
	if !b.closed {
		b.closed = true
		_ = b.Conn.Close()
	}
}

// dialer makes a server connection for each session.
type dialer struct{ upstream *pgdial.Upstream }

// NewConnector makes connections to an upstream, one for each session.
func NewConnector(u *pgdial.Upstream) Connector { return dialer{u} }

const cancelTimeout = 5 * time.Second

// Connect logs in with the service login's secret, which is all that the client's settings never touch.
func (d dialer) Connect(ctx context.Context, settings map[string]string) (*Backend, error) {
	if startupSize(settings) > maxSettings {
		return nil, errTooManySettings
	}
	current := d.upstream.Unchanged()
	connection, err := d.upstream.Dial(ctx, func(config *pgconn.Config) {
		config.RuntimeParams = parameters(config.RuntimeParams, settings)
		boundLogin(config)
	})
	if err != nil {
		return nil, fmt.Errorf("connecting to the server: %w", err)
	}
	// A write that takes long starts a reader in the background, which would go on taking bytes after the connection is ours.
	if err := connection.SyncConn(ctx); err != nil {
		_ = connection.Close(ctx)
		return nil, fmt.Errorf("taking over the server connection: %w", err)
	}
	hijacked, err := connection.Hijack()
	if err != nil {
		return nil, fmt.Errorf("taking over the server connection: %w", err)
	}
	if hijacked.Frontend.ReadBufferLen() > 0 || hijacked.TxStatus != 'I' {
		_ = hijacked.Conn.Close()
		return nil, errors.New("taking over the server connection: it is not idle")
	}
	made := newBackend(hijacked)
	if _, told := made.Parameters["in_hot_standby"]; told && !pgdial.SecondChoice(hijacked) {
		// A server that does not tell when it is promoted, or than which another one would be better, is asked for anew.
		made.Current = current
	}
	return made, nil
}

// maxSettings is what a session's settings may take of the startup packet, in which the rest is the operator's: a server drops the connection of a packet
// that is too long without a word, as one does that is out of order.
const maxSettings = maxStartupPacket * 9 / 10

var errTooManySettings = errors.New("the settings of a session are too long for a startup packet")

func startupSize(settings map[string]string) int {
	size := 0
	for name, value := range settings {
		size += len(name) + 1 + len(value) + 1
	}
	return size
}

// optionsParameter is the startup parameter with command-line switches for the server process.
const optionsParameter = "options"

// parameters are those of a startup packet: the operator's, and a session's over them. Of options the server reads the last one that counts
// last, so that they can stand behind each other.
func parameters(ours, session map[string]string) map[string]string {
	all := maps.Clone(session)
	if all == nil {
		all = map[string]string{}
	}
	for name, value := range ours {
		theirs, both := session[settingName(name)]
		switch {
		case !both:
			all[name] = value
		case name == optionsParameter:
			all[name] = value + " " + theirs
		}
	}
	return all
}

// errNoKey is a server, or what stands before it, that gives no key to cancel with.
var errNoKey = errors.New("the server has given no key to cancel with")

func newBackend(h *pgconn.HijackedConn) *Backend {
	h.Frontend = nil // with its read buffer, which nobody needs again
	h.Conn = unbound(h.Conn)
	return &Backend{
		Conn:       h.Conn,
		Login:      h.Config.User,
		PID:        h.PID,
		Parameters: h.ParameterStatuses,
		Cancel: func(ctx context.Context) error {
			if h.PID == 0 {
				return errNoKey
			}
			connection, err := pgconn.Construct(h)
			if err != nil {
				return fmt.Errorf("preparing a cancel request: %w", err)
			}
			if err := connection.CancelRequest(ctx); err != nil {
				return fmt.Errorf("cancelling: %w", err)
			}
			return nil
		},
	}
}

// connectFailure is what a client may know of a server that could not be reached: never its address, login or answer,
// unless the answer is about a setting of the client's own.
func connectFailure(err error) *failure {
	if errors.Is(err, errTooManySettings) {
		return &failure{state: stateLimit, message: err.Error(), hint: "Ask for fewer settings when you connect, or for shorter ones."}
	}
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) {
		switch refusal.Code {
		case stateBadParameter:
			return &failure{state: refusal.Code, message: refusal.Message, hint: refusal.Hint, reason: err.Error()}
		case stateTooMany:
			return &failure{state: stateTooMany, message: "the database server has no connection left", reason: err.Error()}
		case stateCannotConnect:
			return &failure{state: stateCannotConnect, message: "the database server does not accept connections now", reason: err.Error()}
		}
	}
	return &failure{state: stateConnection, message: couldNotConnect, reason: err.Error()}
}
