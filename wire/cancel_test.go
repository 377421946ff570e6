package wire

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cancelling is an owner whose requests arrive at begun and end when the test sends to end.
type cancelling struct {
	*cancels
	owner      *cancelOwner
	begun, end chan struct{}
	sent       atomic.Int64
}

func newCancelling(t *testing.T, atOnce int) *cancelling {
	t.Helper()
	c := &cancelling{cancels: newCancels(atOnce), begun: make(chan struct{}, 100), end: make(chan struct{})}
	c.owner = c.another()
	return c
}

// another is one more session.
func (c *cancelling) another() *cancelOwner {
	return c.add(protocol32, 0, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, func(context.Context) error {
		c.sent.Add(1)
		c.begun <- struct{}{}
		<-c.end
		return nil
	})
}

func TestRequestsThatWaitAreOne(t *testing.T) {
	t.Parallel()
	c := newCancelling(t, 4)
	var all sync.WaitGroup
	all.Go(func() { c.deliver(t.Context(), c.owner, "a") })
	<-c.begun
	for range 200 {
		all.Go(func() { c.deliver(t.Context(), c.owner, "a") })
	}
	// One of them waits for its turn, maxJoined for it, and the others have gone.
	require.Eventually(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.owner.next != nil && c.owner.next.joined == 199
	}, 10*time.Second, time.Millisecond)
	require.EqualValues(t, 1, c.sent.Load())
	close(c.end)
	all.Wait()
	require.EqualValues(t, 2, c.sent.Load(), "who asks while one is on its way may mean the next statement")
	c.deliver(t.Context(), c.owner, "a")
	require.EqualValues(t, 3, c.sent.Load())
}

func TestAFloodFromOneAddressLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	c := newCancelling(t, 4)
	var all sync.WaitGroup
	for range 50 {
		owner := c.another()
		all.Go(func() { c.deliver(t.Context(), owner, "flood") })
	}
	<-c.begun
	<-c.begun
	all.Go(func() { c.deliver(t.Context(), c.owner, "other") })
	<-c.begun
	require.EqualValues(t, 3, c.sent.Load(), "two of the flood, and the other one")
	close(c.end)
	all.Wait()
	require.EqualValues(t, 51, c.sent.Load())
	require.Empty(t, c.slots.addresses)
}

func TestARequestIsDroppedWhenItsTimeIsUp(t *testing.T) {
	t.Parallel()
	c := newCancelling(t, 1)
	var all sync.WaitGroup
	all.Go(func() { c.deliver(t.Context(), c.owner, "a") })
	<-c.begun
	ctx, stop := context.WithCancel(t.Context())
	stop()
	c.deliver(ctx, c.owner, "a")
	c.deliver(ctx, c.another(), "b")
	require.EqualValues(t, 1, c.sent.Load())
	close(c.end)
	all.Wait()
	require.Empty(t, c.slots.addresses)
}

func TestAServerConnectionOutlivesItsCancels(t *testing.T) {
	t.Parallel()
	near, far := connected(t)
	defer far.Close()
	begun, end := make(chan struct{}), make(chan struct{})
	b := &Backend{Conn: near, Cancel: func(context.Context) error {
		close(begun)
		<-end
		_, err := near.Write([]byte("still ours"))
		return err
	}}
	cancelled, closed := make(chan error, 1), make(chan struct{})
	go func() { cancelled <- b.cancel(t.Context()) }()
	<-begun
	go func() {
		defer close(closed)
		b.close()
	}()
	close(end)
	require.NoError(t, <-cancelled)
	<-closed
	require.NoError(t, b.cancel(t.Context()), "and nothing is cancelled after it")
}

func TestWhatASessionLeavesIsCancelledWhileItIsOurs(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	closed := make(chan error, 1)
	s.session.cancel = func(context.Context) {
		_, err := s.session.server.Conn.Write([]byte("x"))
		closed <- err
	}
	s.start(t)
	s.client.send(message('F', ""))
	s.server.expect("Q")
	s.fail(&failure{state: stateShutdown, message: adminShutdown})
	require.NoError(t, <-closed, "the connection was open")
	s.client.expectError(stateShutdown)
	s.client.expectEnd()
}

func TestCancelRequestsWithoutAnOwnerCostNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for range 200 {
		p := h.dial()
		p.send(frame4(append(binary.BigEndian.AppendUint32(nil, codeCancel), "\x00\x00\x00\x01\x00\x00\x00\x01"...)))
		p.expectEnd()
	}
	require.Empty(t, h.backends.cancelled)
	require.Empty(t, h.cancels.slots.addresses)
}

func TestSessionsWithOnePidAreToldApartByTheirSecrets(t *testing.T) {
	t.Parallel()
	c := newCancels(1)
	var cancelled []string
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	note := func(name string) func(context.Context) error {
		return func(context.Context) error {
			cancelled = append(cancelled, name)
			return nil
		}
	}
	one, two := c.add(protocol32, 4711, from, note("one")), c.add(protocol32, 4711, from, note("two"))
	require.Equal(t, uint32(4711), one.key.pid)
	require.Equal(t, uint32(4711), two.key.pid)
	c.serve(t.Context(), &cancelRequest{pid: 4711, secret: two.key.secret}, from)
	c.remove(two.key)
	c.serve(t.Context(), &cancelRequest{pid: 4711, secret: two.key.secret}, from)
	c.serve(t.Context(), &cancelRequest{pid: 4711, secret: one.key.secret}, from)
	c.remove(one.key)
	require.Equal(t, []string{"two", "one"}, cancelled)
	require.Empty(t, c.owners)
}
