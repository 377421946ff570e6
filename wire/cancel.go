package wire

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"net"
	"slices"
	"sync"
)

// cancelRequest is what a client sends on a connection of its own to cancel a statement of another one.
type cancelRequest struct {
	pid    uint32
	secret []byte
}

func parseCancel(body []byte) (*cancelRequest, bool) {
	if len(body) < 8 || len(body) > 4+256 {
		return nil, false
	}
	return &cancelRequest{pid: binary.BigEndian.Uint32(body), secret: append([]byte(nil), body[4:]...)}, true
}

// cancelKey is what a session hands out as BackendKeyData. Protocol 3.0 has room for four bytes only; such a key counts
// only from the address that the session came from.
type cancelKey struct {
	pid    uint32
	secret []byte
	from   string // host; empty for any
}

const longSecret = 32

// cancels knows which session a key belongs to, and bounds what requests cost: each takes a connection to the server.
type cancels struct {
	mu     sync.Mutex
	owners map[uint32][]*cancelOwner // by pid; sessions of which the pid is a server's may share one
	slots  *slots
}

// cancelOwner is a session that may be cancelled.
type cancelOwner struct {
	key    cancelKey
	cancel func(context.Context) error
	turn   chan struct{} // one request for this session is on its way at a time
	next   *delivery     // what waits for its turn, which later requests join; under the mu of cancels
}

// delivery is a request that is to be sent, for all who asked before it was.
type delivery struct {
	done   chan struct{}
	joined int
}

// maxJoined bounds the clients that wait for one delivery. The others are not told when it was made.
const maxJoined = 16

func newCancels(atOnce int) *cancels {
	return &cancels{owners: map[uint32][]*cancelOwner{}, slots: newSlots(atOnce)}
}

// add registers a session and makes its key, with the pid given, or, where that is 0, with one that no session has.
func (c *cancels) add(version, pid uint32, from net.Addr, cancel func(context.Context) error) *cancelOwner {
	owner := &cancelOwner{key: cancelKey{secret: make([]byte, longSecret)}, cancel: cancel, turn: make(chan struct{}, 1)}
	key := &owner.key
	if version < protocol32 {
		key.secret, key.from = key.secret[:4], host(from)
	}
	_, _ = rand.Read(key.secret) // it never fails
	c.mu.Lock()
	defer c.mu.Unlock()
	for key.pid = pid; key.pid == 0 || pid == 0 && c.owners[key.pid] != nil; {
		var made [4]byte
		_, _ = rand.Read(made[:])
		key.pid = binary.BigEndian.Uint32(made[:]) & 0x7fffffff
	}
	c.owners[key.pid] = append(c.owners[key.pid], owner)
	return owner
}

func (c *cancels) remove(key cancelKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := slices.DeleteFunc(c.owners[key.pid], func(o *cancelOwner) bool { return o.key.opens(key.secret) })
	if c.owners[key.pid] = left; len(left) == 0 {
		delete(c.owners, key.pid)
	}
}

// opens says whether a secret is that of the key.
func (k cancelKey) opens(secret []byte) bool {
	return subtle.ConstantTimeCompare(k.secret, secret) == 1
}

// owner is the session that a request is meant for; nil for none.
func (c *cancels) owner(r *cancelRequest) *cancelOwner {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.owners[r.pid] {
		if o.key.opens(r.secret) {
			return o
		}
	}
	return nil
}

// serve forwards a request to the server connection it is meant for. It never says what came of it.
func (c *cancels) serve(ctx context.Context, r *cancelRequest, from net.Addr) {
	owner := c.owner(r)
	if owner == nil {
		return
	}
	if owner.key.from != "" && owner.key.from != host(from) {
		return
	}
	c.deliver(ctx, owner, host(from))
}

// deliver returns when the server has been asked to cancel after the call, or cannot be within some seconds. Requests that wait are one: it will be
// sent after all of them were made. The empty address is our own.
func (c *cancels) deliver(ctx context.Context, owner *cancelOwner, from string) {
	ctx, stop := context.WithTimeout(ctx, cancelTimeout)
	defer stop()
	d, first := c.join(owner)
	switch {
	case first:
		defer close(d.done)
		c.send(ctx, owner, from)
	case d != nil:
		select {
		case <-d.done:
		case <-ctx.Done():
		}
	}
}

// join returns the delivery to wait for, and whether the caller is the one to make it. It is nil where enough wait.
func (c *cancels) join(owner *cancelOwner) (d *delivery, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if owner.next == nil {
		owner.next = &delivery{done: make(chan struct{})}
		return owner.next, true
	}
	if owner.next.joined++; owner.next.joined > maxJoined {
		return nil, false
	}
	return owner.next, false
}

// send makes the delivery that waits, when it is its turn. What comes of it is nobody's business.
func (c *cancels) send(ctx context.Context, owner *cancelOwner, from string) {
	free := c.wait(ctx, owner, from)
	c.mu.Lock()
	owner.next = nil // who asks from here on may mean the next statement
	c.mu.Unlock()
	if free == nil {
		return
	}
	defer free()
	// Once it is on its way, nothing but time takes the session's connection from under it.
	held, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer stop()
	_ = owner.cancel(held)
}

// wait returns when no other request for the session is on its way and there is room for one more; with nil where ctx has ended before.
func (c *cancels) wait(ctx context.Context, owner *cancelOwner, from string) (free func()) {
	select {
	case owner.turn <- struct{}{}:
	case <-ctx.Done():
		return nil
	}
	if !c.slots.acquire(ctx, from) {
		<-owner.turn
		return nil
	}
	return func() {
		c.slots.release(from)
		<-owner.turn
	}
}

func host(a net.Addr) string {
	h, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return h
}
