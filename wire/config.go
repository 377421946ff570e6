package wire

import (
	"context"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// World is what sessions judge statements by: one snapshot and the rewriter made for it. It is immutable; a reload makes
// a new one.
type World struct {
	Snapshot *catalog.Snapshot
	Rewriter *rewrite.Rewriter
	// Planner builds the plans of the snapshot's subjects and remembers what roles have in common.
	Planner *plan.Planner
	with    []rewrite.Option // that the worlds after it have, too
}

// NewWorld makes the world of a snapshot.
func NewWorld(s *catalog.Snapshot, with ...rewrite.Option) *World {
	return &World{Snapshot: s, Rewriter: rewrite.New(s, with...), Planner: plan.NewPlanner(s), with: with}
}

// rewriter is nil where there is no world.
func (w *World) rewriter() *rewrite.Rewriter {
	if w == nil {
		return nil
	}
	return w.Rewriter
}

// With is the world of a snapshot that takes the place of w's. Where no more than people have changed, what is known of statements is kept.
func (w *World) With(s *catalog.Snapshot) *World {
	if !s.SameModel(w.Snapshot) {
		return NewWorld(s, w.with...)
	}
	return &World{Snapshot: s, Rewriter: w.Rewriter, Planner: plan.NewPlanner(s), with: w.with}
}

// Config is what a Server needs. A server to connect to and World are required; limits that are zero get their defaults.
type Config struct {
	// Upstream is the server and the service login, as pgconn.ParseConfig made it; not needed where Database and Connector are given.
	Upstream *pgconn.Config
	// Database is the one that clients have to ask for. Default that of Upstream.
	Database string
	// UnfilteredUpstream is the login that sessions of unfiltered users have there; nil for the service login. It names the same database.
	UnfilteredUpstream *pgconn.Config
	// Connector replaces the connections that Upstream makes; nil makes one per session.
	Connector Connector
	// UnfilteredConnector replaces those of UnfilteredUpstream; nil makes one per session.
	UnfilteredConnector Connector
	// World returns the current world. Sessions call it at every statement boundary, so it must be cheap, and compare
	// pointers, so it must return the same pointer until something changes. nil means that no policy can be read.
	World func() *World
	Auth  Auth
	// Tokens verifies JSON Web Tokens. nil: there are none, and no login can be proven by one.
	Tokens Tokens
	// OAuth is what clients are told who log in by AuthOAuth.
	OAuth OAuth
	// Now is the clock that memberships and tokens end by. Default time.Now.
	Now func() time.Time
	Log zerolog.Logger
	// Trail takes the records of what sessions do; nil: nobody wants them, and they cost nothing.
	Trail Trail
	// TenantNames bounds how many tenants Stats tells apart: the first that come. Default none.
	TenantNames int
	// Encryption says whether clients may, or must, speak TLS. Default not at all.
	Encryption Encryption
	// TLS returns what the next connection is encrypted with. It must be cheap; nil where there is no encryption.
	TLS func() *TLS
	// ClientCertificate is what a session needs beside the proof that Auth asks for. Default nothing.
	ClientCertificate ClientCertificate
	// Secret keys the made-up verifiers of unknown users. Empty: a random one per process. A fixed one hides restarts.
	Secret []byte

	// ServerPool keeps the server connections of filtered sessions that have ended. Default none.
	ServerPool ServerPool
	// Limits returns the limits that hold now; nil is none. It is called at every login and every second, so it must be cheap.
	Limits func() Limits
	// MaxMessage bounds one message of a client in bytes. Default 1 GiB, as in PostgreSQL.
	MaxMessage int
	// MaxStatement bounds the text of one Query or Parse message in bytes. Default 16 MiB.
	MaxStatement int
	// MaxHeld bounds the bytes of long messages that all sessions together hold at once, and those of their prepared statements. Default
	// 256 MiB for each.
	MaxHeld int
	// LoginTimeout bounds everything before the first ReadyForQuery. Default 60 seconds.
	LoginTimeout time.Duration
	// MaxUnauthenticated bounds the connections that have not finished their login. Default 1000.
	MaxUnauthenticated int
	// MaxUnauthenticatedPerAddress bounds those of one address (of one /64 of IPv6), loopback ones aside. Default a quarter of all.
	MaxUnauthenticatedPerAddress int
	// LoginDelay is the longest that a wrong password is answered after, when others from the same address were wrong before. Default 8
	// seconds; negative: logins are not slowed down.
	LoginDelay time.Duration
	// Loops is how many event loops the sessions without TLS share, on Linux. Default half as many as there are processors; negative: none, and two
	// goroutines for each session.
	Loops int
	// MaxCancels bounds the cancel requests that are being forwarded at once. Default 16.
	MaxCancels int
}

// Limits that are the protocol's, not the operator's.
const (
	maxStartupPacket = 10000     // PostgreSQL's MAX_STARTUP_PACKET_LENGTH
	maxAuthMessage   = 64 << 10  // a SASL message, header included
	maxSmallMessage  = 10000     // Sync, Describe, Execute, Close, Flush: PostgreSQL's PQ_SMALL_MESSAGE_LIMIT
	maxHeldReply     = 1 << 20   // replies that must be edited as a whole: errors, row descriptions
	maxServerMessage = 1<<30 + 5 // what PostgreSQL can send
	farewellTimeout  = 5 * time.Second
)

func (c Config) withDefaults() Config {
	if c.Auth == 0 {
		c.Auth = AuthSCRAM
	}
	c.MaxMessage = orDefault(c.MaxMessage, 1<<30)
	c.MaxStatement = min(orDefault(c.MaxStatement, 16<<20), c.MaxMessage)
	c.MaxHeld = orDefault(c.MaxHeld, 256<<20)
	c.LoginTimeout = orDefault(c.LoginTimeout, 60*time.Second)
	c.MaxUnauthenticated = orDefault(c.MaxUnauthenticated, 1000)
	c.MaxUnauthenticatedPerAddress = orDefault(c.MaxUnauthenticatedPerAddress, max(c.MaxUnauthenticated/4, 1))
	if c.LoginDelay == 0 {
		c.LoginDelay = 8 * time.Second
	}
	c.MaxCancels = orDefault(c.MaxCancels, 16)
	if c.Loops == 0 {
		c.Loops = max(runtime.GOMAXPROCS(0)/2, 1)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Limits == nil {
		c.Limits = noLimits
	}
	if c.Database == "" && c.Upstream != nil {
		c.Database = c.Upstream.Database
	}
	if c.Connector == nil && c.Upstream != nil {
		c.Connector = NewConnector(pgdial.Of(c.Upstream, pgdial.Options{}))
	}
	switch {
	case c.UnfilteredConnector != nil:
	case c.UnfilteredUpstream != nil:
		c.UnfilteredConnector = NewConnector(pgdial.Of(c.UnfilteredUpstream, pgdial.Options{}))
	default:
		c.UnfilteredConnector = c.Connector
	}
	return c
}

func orDefault[T int | time.Duration](value, otherwise T) T {
	if value <= 0 {
		return otherwise
	}
	return value
}

// Connector makes server connections that are logged in and idle.
type Connector interface {
	// Connect returns a connection whose session defaults are settings. The caller closes it.
	Connect(ctx context.Context, settings map[string]string) (*Backend, error)
}
