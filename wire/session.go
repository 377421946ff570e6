package wire

import (
	"context"
	"sync/atomic"

	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// session is a client whose statements are rewritten, and its server connection. Its two halves, requests and replies, share the pending requests and what
// the link has under mu.
type session struct {
	link
	memory  *memory
	pending *pending
	mark    string   // in errors that stand for refusals; never leaves
	who     identity // of the login; its tenant is the subject's
	pid     uint32   // what the client was told to be

	// hearing is set while the requests half waits for the client to say something: nothing that it has said waits to be sent.
	hearing  atomic.Bool
	bounds   bounds
	received atomic.Uint64 // counts what is read from the server
	silence  sighting      // what overdue saw of that, and its own

	// Of the requests half.
	view view

	// Under the link's mu.
	channels map[string]string // of those listened to whose names the server has as digests: the client's name for each
}

// view is what the session's subject may see under one world. It is replaced whole.
type view struct {
	world  *World
	who    identity
	values *rewrite.Values
	plan   *plan.Plan
	name   string           // see whose; empty until somebody asks
	shared bool             // of the session of a shared login, which has other views too
	barred *rewrite.Refusal // of a subject that is none any more: nothing passes but what leads back; nil for others
}

// run relays until one side is gone or the session has to end. It closes both connections, and has recorded what was left open.
func (s *session) run(ctx context.Context, over func()) {
	replies := newReplies(s)
	s.relay(ctx, halves{requests: newRequests(s).loop, replies: replies.loop, farewell: replies.sayFarewell}, func() {
		replies.abandoned()
		over()
	})
}
