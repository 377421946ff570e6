package wire

import (
	"bytes"
	"encoding/binary"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

// longBind is a Bind of statement a with one parameter of so many bytes and two result formats.
func longBind(size int) []byte {
	return appendMessage(nil, 'B', func(b []byte) []byte {
		b = append(b, "\x00a\x00\x00\x00\x00\x01"...)
		b = binary.BigEndian.AppendUint32(b, uint32(size))
		b = append(b, bytes.Repeat([]byte{'x'}, size)...)
		return append(b, 0, 2, 0, 0, 0, 1)
	})
}

func hiddenStage(t *testing.T, held int) *stage {
	t.Helper()
	return prepareHidden(t, newStage(t), held)
}

// hiddenStageOver is a hiddenStage whose client's connection is given.
func hiddenStageOver(t *testing.T, near, far net.Conn) *stage {
	t.Helper()
	s := newStage(t)
	s.client = newPeer(t, near)
	s.session.client, s.in = far, newInbound(far, s.loans)
	return prepareHidden(t, s, 16<<20)
}

func prepareHidden(t *testing.T, s *stage, held int) *stage {
	t.Helper()
	s.memory = newMemory(held)
	s.memory.patience = 10 * time.Millisecond
	s.knows("a", rewrite.Statement{Kind: rewrite.Insert, Hidden: rewrite.HiddenColumn})
	s.start(t)
	return s
}

// deadlines notes what happens to a connection's read deadline.
type deadlines struct {
	net.Conn
	mu    sync.Mutex
	notes []string
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	note := "set"
	if at.IsZero() {
		note = "cleared"
	}
	d.notes = append(d.notes, note)
	return d.Conn.SetReadDeadline(at)
}

func (d *deadlines) seen() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.notes, " ")
}

func TestLongBindWithAHiddenColumn(t *testing.T) {
	t.Parallel()
	const size, shared = 3 << 20, 16 << 20
	s := hiddenStage(t, shared)
	go func() { _, _ = s.client.Write(append(longBind(size), syncMessage...)) }()
	got := s.server.expect("B")
	require.Equal(t, "\x00\x03\x00\x00\x00\x01\x00\x00", string(got[len(got)-8:]))
	require.Len(t, got, len(longBind(size))-headerSize+2)
	s.server.expect("S")
	require.Eventually(t, func() bool { return s.memory.all.TryAcquire(shared) }, 5*time.Second, time.Millisecond, "all memory is given back")
}

func TestHeldMessagesAreBounded(t *testing.T) {
	t.Parallel()
	t.Run("a Bind that finds no memory is refused in its place", func(t *testing.T) {
		t.Parallel()
		s := hiddenStage(t, 1<<20)
		go func() { _, _ = s.client.Write(append(longBind(3<<20), syncMessage...)) }()
		s.expectRefusal(stateNoMemory)
		require.True(t, s.memory.all.TryAcquire(1<<20), "all memory is given back")
	})
	t.Run("a Bind beyond the limit is refused in its place, and not held", func(t *testing.T) {
		t.Parallel()
		s := hiddenStage(t, 1)
		go func() { _, _ = s.client.Write(append(longBind(maxHeldBind), syncMessage...)) }()
		s.expectRefusal(stateLimit)
	})
	t.Run("a statement that finds no memory is refused in its place", func(t *testing.T) {
		t.Parallel()
		s := hiddenStage(t, 1<<20)
		query := message('Q', "select '"+strings.Repeat("x", 3<<20)+"'\x00")
		go func() { _, _ = s.client.Write(query) }()
		sql := string(s.server.expect("Q"))
		s.server.send(serverError("ERROR", "22P02", sql), ready)
		s.client.expectError(stateNoMemory)
		s.client.expect("Z")
	})
	t.Run("a client that goes away in the middle gives its memory back", func(t *testing.T) {
		t.Parallel()
		s := hiddenStage(t, 16<<20)
		s.client.send(longBind(3 << 20)[:2<<20])
		require.Eventually(t, func() bool {
			if s.memory.all.TryAcquire(16 << 20) {
				s.memory.all.Release(16 << 20)
				return false
			}
			return true
		}, 5*time.Second, time.Millisecond)
		_ = s.client.Close()
		require.Eventually(t, func() bool { return s.memory.all.TryAcquire(16 << 20) }, 5*time.Second, time.Millisecond)
	})
	t.Run("one user gets half", func(t *testing.T) {
		t.Parallel()
		m := newMemory(100)
		m.patience = time.Millisecond
		require.True(t, m.acquire("kim", 40))
		require.False(t, m.acquire("kim", 20))
		require.True(t, m.acquire("lee", 50))
		require.True(t, m.acquire("kim", 10))
		require.False(t, m.acquire("ann", 1))
		m.release("kim", 50)
		m.release("lee", 50)
		require.Empty(t, m.users)
		require.True(t, m.all.TryAcquire(100))
	})
	t.Run("whoever holds memory must go on sending", func(t *testing.T) {
		t.Parallel()
		near, far := connected(t)
		in := &deadlines{Conn: far}
		s := hiddenStageOver(t, near, in)
		go func() { _, _ = s.client.Write(append(longBind(3<<20), syncMessage...)) }()
		s.server.expect("BS")
		require.Eventually(t, func() bool { return in.seen() == "set cleared" }, 5*time.Second, time.Millisecond)
	})
	t.Run("a Bind without a hidden column is not held", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.memory = newMemory(1)
		s.knows("a", rewrite.Statement{Kind: rewrite.Select})
		s.start(t)
		go func() { _, _ = s.client.Write(append(longBind(3<<20), syncMessage...)) }()
		s.server.expect("BS")
	})
}

func TestLongStatementPasses(t *testing.T) {
	t.Parallel()
	s := hiddenStage(t, 16<<20)
	literal := "'" + strings.Repeat("x", 1<<20) + "'"
	go func() { _, _ = s.client.Write(message('Q', "select "+literal+"\x00")) }()
	require.Equal(t, "SELECT "+literal+"\x00", string(s.server.expect("Q")))
}
