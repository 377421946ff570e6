package wire

import (
	"bytes"
	"encoding/binary"
	"strings"
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
	s := newStage(t)
	s.memory = newMemory(held)
	s.memory.patience = 10 * time.Millisecond
	s.knows("a", rewrite.Statement{Kind: rewrite.Insert, Hidden: rewrite.HiddenColumn})
	s.start(t)
	return s
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
	require.Eventually(t, func() bool { return s.memory.bytes.TryAcquire(shared) }, 5*time.Second, time.Millisecond, "all memory is given back")
}

func TestHeldMessagesAreBounded(t *testing.T) {
	t.Parallel()
	t.Run("a Bind that finds no memory is refused in its place", func(t *testing.T) {
		t.Parallel()
		s := hiddenStage(t, 1<<20)
		go func() { _, _ = s.client.Write(append(longBind(3<<20), syncMessage...)) }()
		s.expectRefusal(stateNoMemory)
		require.True(t, s.memory.bytes.TryAcquire(1<<20), "all memory is given back")
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
			if s.memory.bytes.TryAcquire(16 << 20) {
				s.memory.bytes.Release(16 << 20)
				return false
			}
			return true
		}, 5*time.Second, time.Millisecond)
		_ = s.client.Close()
		require.Eventually(t, func() bool { return s.memory.bytes.TryAcquire(16 << 20) }, 5*time.Second, time.Millisecond)
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
