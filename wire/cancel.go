package wire

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"net"
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

// cancels knows which session a key belongs to.
type cancels struct {
	mu      sync.Mutex
	owners  map[uint32]*cancelOwner
	forward chan struct{} // one slot per request that is being forwarded
}

type cancelOwner struct {
	key    cancelKey
	cancel func(context.Context) error
}

func newCancels(atOnce int) *cancels {
	return &cancels{owners: map[uint32]*cancelOwner{}, forward: make(chan struct{}, atOnce)}
}

// add registers a session and returns its key.
func (c *cancels) add(version uint32, from net.Addr, cancel func(context.Context) error) cancelKey {
	key := cancelKey{secret: make([]byte, longSecret)}
	if version < protocol32 {
		key.secret, key.from = key.secret[:4], host(from)
	}
	_, _ = rand.Read(key.secret) // it never fails
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		var pid [4]byte
		_, _ = rand.Read(pid[:])
		key.pid = binary.BigEndian.Uint32(pid[:]) & 0x7fffffff
		if c.owners[key.pid] == nil && key.pid != 0 {
			c.owners[key.pid] = &cancelOwner{key: key, cancel: cancel}
			return key
		}
	}
}

func (c *cancels) remove(key cancelKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.owners, key.pid)
}

// serve forwards a request to the server connection it is meant for. It never says what came of it.
func (c *cancels) serve(ctx context.Context, r *cancelRequest, from net.Addr) {
	c.mu.Lock()
	owner := c.owners[r.pid]
	c.mu.Unlock()
	if owner == nil || subtle.ConstantTimeCompare(owner.key.secret, r.secret) != 1 {
		return
	}
	if owner.key.from != "" && owner.key.from != host(from) {
		return
	}
	c.send(ctx, owner.cancel)
}

// send forwards a cancel request when there is a slot for it. Its outcome is nobody's business.
func (c *cancels) send(ctx context.Context, cancel func(context.Context) error) {
	ctx, stop := context.WithTimeout(ctx, cancelTimeout)
	defer stop()
	select {
	case c.forward <- struct{}{}:
		defer func() { <-c.forward }()
		_ = cancel(ctx)
	case <-ctx.Done():
	}
}

func host(a net.Addr) string {
	h, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return h
}
