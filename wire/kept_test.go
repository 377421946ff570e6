package wire

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPreparedStatementsOfAllSessionsAreBounded fills what all sessions have together: long statements then are refused, short ones are not,
// and the end of a session gives back what it had.
func TestPreparedStatementsOfAllSessionsAreBounded(t *testing.T) {
	t.Parallel()
	long := message('P', "long\x00select '"+strings.Repeat("x", 3<<20)+"'\x00\x00\x00")
	prepare := func(s *stage, said []byte) {
		go func() { _, _ = s.client.Write(append(said, syncMessage...)) }()
		s.server.expect("PS")
		s.server.send(message('1', ""), ready)
		s.client.expect("1Z")
	}
	first, second := newStage(t), newStage(t)
	first.memory.mostKept = 4 << 20
	second.memory = first.memory
	first.start(t)
	second.start(t)
	prepare(first, long)
	require.Greater(t, first.memory.kept.Load(), int64(3<<20))
	prepare(second, message('P', "short\x00select 1\x00\x00\x00"))

	go func() { _, _ = second.client.Write(append(long[:len(long):len(long)], syncMessage...)) }()
	second.server.expect("H")
	second.expectRefusal(stateLimit)

	_ = first.client.Close()
	_ = first.server.Close()
	<-first.ended
	require.Eventually(t, func() bool { return first.memory.kept.Load() < keptStep }, 10*time.Second, time.Millisecond)
	prepare(second, long)
}
