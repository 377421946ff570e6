package wire

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// serveConnection takes a connection from its first byte to its last. It closes it.
func (s *Server) serveConnection(of lives, conn net.Conn) {
	defer conn.Close()
	started := time.Now()
	log := s.config.Log.With().Str("client", conn.RemoteAddr().String()).Logger()
	defer func() {
		// What fails here is one client's business and must not end the others.
		if p := recover(); p != nil {
			log.Error().Str("panic", fmt.Sprint(p)).Msg("connection failed")
		}
	}()
	from := conn.RemoteAddr()
	if !s.lobby.enter(from) {
		s.turnAway(conn, log)
		return
	}
	leave := sync.OnceFunc(func() { s.lobby.leave(from) })
	defer leave()
	h := s.newHandshake(conn)
	session, cancel, err := s.admit(of.logins, h, &log)
	if err != nil {
		s.reject(h, log, err)
		return
	}
	leave()
	if cancel != nil {
		s.cancels.serve(of.sessions, cancel, conn.RemoteAddr())
		return
	}
	s.counters.login(h.method, LoginOK)
	session.began(time.Since(started))
	s.host(of.sessions, session, started)
}

func (s *Server) newHandshake(conn net.Conn) *handshake {
	return &handshake{
		conn: conn, in: newInbound(conn, s.buffers), loans: s.buffers, secret: s.secret,
		encryption: s.config.Encryption, tls: s.config.TLS,
	}
}

// host runs a session that Shutdown can find. It may return long before the session is over.
func (s *Server) host(ctx context.Context, session hosted, started time.Time) {
	s.connections.Add(1)
	of, tenant := session.sums()
	session.join(s.loops)
	s.mu.Lock()
	s.sessions[session] = struct{}{}
	draining := s.draining
	s.mu.Unlock()
	if draining {
		session.drain()
	}
	session.run(ctx, func() {
		s.mu.Lock()
		delete(s.sessions, session)
		s.counters.ends(of, tenant)
		s.mu.Unlock()
		session.ended(time.Since(started))
		s.connections.Done()
	})
}

// turnAway tells a client that there is no place for it, and waits for nothing: those who are turned away are bounded by nobody.
func (s *Server) turnAway(conn net.Conn, log zerolog.Logger) {
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = conn.Write(appendFatal(nil, &failure{state: stateTooMany, message: tooManyClients}))
	s.counters.login("", stateTooMany)
	log.Info().Str("sqlstate", stateTooMany).Str("reason", "too many connections have not logged in yet").Msg("login failed")
}

// reject tells a client why it is not let in, if it may know.
func (s *Server) reject(h *handshake, log zerolog.Logger, err error) {
	var f *failure
	if !errors.As(err, &f) {
		log.Debug().Err(err).Msg("connection dropped")
		return
	}
	told := *f
	told.message, told.detail, told.hint = withoutTokens(f.message), withoutTokens(f.detail), withoutTokens(f.hint)
	_ = h.conn.SetWriteDeadline(time.Now().Add(farewellTimeout))
	_ = h.send(appendFatal(nil, &told))
	hangUp(h.conn)
	linger(h.conn)
	reason := f.reason
	if reason == "" {
		reason = f.message
	}
	reason = withoutTokens(reason)
	s.turnedDown(h, f, reason)
	log.Info().Str("sqlstate", f.state).Str("reason", reason).Msg("login failed")
}

// admit takes a connection through its login, within the time of those that have not proven who they are.
func (s *Server) admit(ctx context.Context, h *handshake, log *zerolog.Logger) (hosted, *cancelRequest, error) {
	ctx, stop := context.WithTimeout(ctx, s.config.LoginTimeout)
	defer stop()
	// Their end, or a shutdown, ends a login wherever it waits.
	conn := h.conn // encryption may replace it by one around it
	unwatch := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer unwatch()
	opening, err := h.open()
	if err != nil || opening.cancel != nil {
		if err != nil {
			return nil, nil, err
		}
		return nil, opening.cancel, nil
	}
	h.asked = opening.startup
	*log = log.With().Str("login", printable(opening.startup.user)).Logger()
	session, err := s.login(ctx, h, opening.startup, *log)
	if err != nil {
		return nil, nil, err
	}
	return session, nil, nil
}

// login proves who a client is and opens a session for it.
func (s *Server) login(ctx context.Context, h *handshake, asked *startup, log zerolog.Logger) (hosted, error) {
	if err := h.negotiate(asked); err != nil {
		return nil, err
	}
	if bad := s.checkEncryption(h, asked.user); bad != nil {
		return nil, bad
	}
	world := s.config.World()
	who, err := s.prove(ctx, h, world, asked)
	if err != nil {
		return nil, err
	}
	if who.token != nil {
		log = log.With().Str("token_issuer", who.token.Issuer).Str("token_id", who.token.ID).Logger()
	}
	if w := waiverOf(world, who, s.config.Now()); w != nil {
		if asked.refused != nil && asked.mentionsTenant() {
			return nil, asked.refused // it may be meant to be filtered
		}
		return s.letPast(ctx, h, asked, w, log)
	}
	mark := newMark()
	seen, bad := s.allow(world, asked, who, mark)
	if bad != nil {
		return nil, bad
	}
	leave, bad := s.seat(guest{user: seen.plan.Subject.User, tenant: seen.plan.Subject.Tenant})
	if bad != nil {
		return nil, bad
	}
	stays := false
	defer func() {
		if !stays {
			leave()
		}
	}()
	made, err := s.open(ctx, h, world, asked, seen, mark, log)
	if err != nil {
		return nil, err
	}
	made.leave, stays = leave, true
	return made, nil
}

// seat decides, for a client that may have a session, whether there is room for one more.
func (s *Server) seat(g guest) (leave func(), none *failure) {
	if s.isDraining() {
		return nil, &failure{state: stateCannotConnect, message: "the database system is shutting down", hint: "Try again."}
	}
	return s.seats.take(g, s.config.Limits())
}

// open connects a client to the server and tells it that it may go ahead.
func (s *Server) open(
	ctx context.Context, h *handshake, world *World, asked *startup, seen view, mark string, log zerolog.Logger,
) (*session, error) {
	begin := world.Rewriter.Begin(asked.settings)
	pending := newPending()
	pending.subjects = seen.share()
	server, err := s.lot.connect(ctx, wanted{
		settings: begin, shared: pending.subjects != nil, kept: !world.Snapshot.Schema.LeavesTraces, room: s.seats.left(s.config.Limits()),
	})
	if err != nil {
		return nil, connectFailure(err)
	}
	if name := adrift(server, begin); name != "" {
		server.close()
		return nil, &failure{state: stateConnection, message: couldNotConnect, reason: "the server does not keep a pinned setting: " + name}
	}
	party := s.partyOf(h, seen.who, seen.plan.Subject, world)
	if bad := s.served(party, server, seen.plan, 0); bad != nil {
		server.close()
		return nil, bad
	}
	pending.trail = s.config.Trail
	made := &session{
		link: link{
			config: &s.config, client: h.conn, server: server, in: h.in, loans: s.buffers, login: asked.user, work: pending, lot: s.lot,
			party: party, counters: s.counters, tenant: s.counters.begins(LaneFiltered, party.Tenant),
			log: log.With().Str("user", seen.plan.Subject.User).Str("tenant", seen.plan.Subject.Tenant).Logger(),
		},
		memory: s.memory, pending: pending, mark: mark, who: seen.who, view: seen,
		bounds: boundsOf(world.Snapshot.Schema.Limits),
	}
	key, err := s.welcome(h, &made.link, asked, 0, made.told())
	if err != nil {
		server.close()
		return nil, err
	}
	made.pid, made.view.values = key.pid, made.view.values.Of(key.pid)
	return made, nil
}

// allow decides, for a client that has proven who it is, whether there can be a session as asked.
func (s *Server) allow(world *World, asked *startup, who identity, mark string) (view, *failure) {
	seen, bad := look(world, who, s.config.Now(), mark)
	if bad != nil {
		return view{}, bad
	}
	seen.who.tenant = seen.plan.Subject.Tenant // which a reload must not change
	if asked.database != s.config.Database {
		return view{}, noDatabase(asked.database)
	}
	if asked.refused != nil {
		return view{}, asked.refused
	}
	if bad := world.unsettable(asked.settings); bad != nil {
		return view{}, bad
	}
	return seen, nil
}

// parameter is what the server has reported of one of its settings.
type parameter struct{ name, value string }

// told are the parameters that a filtered client is told of.
func (s *session) told() []parameter {
	var all []parameter
	for _, name := range reported() {
		if value, known := s.server.Parameters[name]; known {
			told, _ := toldValue(name, value, s.login)
			all = append(all, parameter{name, told})
		}
	}
	return all
}

// welcome sends what a client gets between AuthenticationOk and its first statement, and gives it a key to cancel with.
// The process is the one given, or one that we make up.
func (s *Server) welcome(h *handshake, made *link, asked *startup, pid uint32, told []parameter) (cancelKey, error) {
	owner := s.cancels.add(asked.speaks(), pid, h.conn.RemoteAddr(), made.server.cancel)
	key := owner.key
	made.cancel = func(ctx context.Context) { s.cancels.deliver(ctx, owner, "") }
	made.forget = func() { s.cancels.remove(key) }
	var b []byte
	for _, p := range told {
		b = appendParameterStatus(b, p.name, p.value)
	}
	b = appendMessage(b, 'K', func(b []byte) []byte {
		return append(binary.BigEndian.AppendUint32(b, key.pid), key.secret...)
	})
	if err := h.send(appendReady(b, 'I')); err != nil {
		made.forget()
		return cancelKey{}, err
	}
	return key, nil
}

// newMark makes the secret that tells our own failing statements from the client's.
func newMark() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // it never fails
	return hex.EncodeToString(random[:])
}
