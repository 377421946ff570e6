package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// session is a client that has logged in and its server connection. Two goroutines share it: requests (client to server)
// and replies (server to client). What both touch is pending, and the fields under mu.
type session struct {
	config  *Config
	log     zerolog.Logger
	client  net.Conn
	server  *Backend
	in      *inbound // of the client
	loans   *buffers
	memory  *memory
	pending *pending
	mark    string // in errors that stand for refusals; never leaves
	login   string
	tenant  string // of the subject; empty for none
	pid     uint32 // what the client was told to be
	forget  func() // makes the cancel key worthless
	// cancel asks the server to stop what it does for this session, within the limit of such requests.
	cancel func(context.Context)

	// stalls counts where the requests goroutine waits for the server, and is odd while it does. lastStall is what
	// endIfAbandoned saw of it, and its own.
	stalls    atomic.Uint64
	lastStall uint64

	// Of the requests goroutine.
	view view

	mu       sync.Mutex
	farewell *failure // set once: what the replies goroutine tells the client before it ends
	parting  parting
	draining bool
	lost     bool              // the server connection is of no use any more
	channels map[string]string // of those listened to whose names the server has as digests: the client's name for each
	reason   string            // set once: why the session ended, for the log
}

// view is what the session's subject may see under one world. It is replaced whole.
type view struct {
	world  *World
	values *rewrite.Values
	plan   *plan.Plan
}

// run relays until one side is gone or the session has to end. It closes both connections.
func (s *session) run(ctx context.Context) {
	defer s.forget()
	replies := newReplies(s)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.guard(replies.loop)
		s.guard(replies.sayFarewell)
		s.pending.close()
		s.letServerFinish()
		_ = s.server.Conn.Close()
		hangUp(s.client)
	}()
	s.guard(newRequests(s).loop)
	s.settle(ctx, ended)
	<-ended
	linger(s.client)
	_ = s.client.Close()
}

// guard runs one half of the session. A panic ends this session and no other.
func (s *session) guard(half func() error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error().Str("panic", fmt.Sprint(p)).Msg("session failed")
			s.fail(&failure{state: stateInternal, message: internalFailure, reason: "panic"})
		}
	}()
	if err := half(); err != nil {
		var f *failure
		if errors.As(err, &f) {
			s.fail(f)
			return
		}
		s.because(err.Error())
	}
}

// settle ends the session after the requests goroutine has returned. The replies goroutine gets some time to relay or say the
// last words; a statement that nobody waits for any more is cancelled.
func (s *session) settle(ctx context.Context, ended chan struct{}) {
	s.pending.close()
	defer s.server.Conn.Close() // ends the replies goroutine
	s.tellServer()
	select {
	case <-ended:
	case <-s.lastWords():
	}
	if s.pending.busy() && !s.serverLost() {
		// The server notices a vanished client only when it writes, which may be in an hour.
		s.cancel(context.WithoutCancel(ctx))
	}
}

// fail makes the session end with a FATAL error. Any goroutine may call it; the first failure counts. The replies goroutine is the
// only one that writes to the client, so it is woken to do it.
func (s *session) fail(f *failure) {
	s.mu.Lock()
	if s.farewell == nil {
		s.farewell = f
	}
	s.mu.Unlock()
	reason := f.reason
	if reason == "" {
		reason = f.message
	}
	s.because(reason)
	_ = s.client.SetWriteDeadline(time.Now().Add(farewellTimeout))
	s.wake()
}

// drain makes the session end at its next transaction boundary.
func (s *session) drain() {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	s.wake()
}

// wake interrupts the replies goroutine's read. It is called after the fields that tell why are set.
func (s *session) wake() { _ = s.server.Conn.SetReadDeadline(time.Unix(1, 0)) }

func (s *session) leaving() *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.farewell
}

func (s *session) isDraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

func (s *session) loseServer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = true
}

func (s *session) serverLost() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// because notes why the session ends; the first reason counts.
func (s *session) because(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason == "" {
		s.reason = reason
	}
}

func (s *session) endReason() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason
}
