package wire

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAClientThatStaysIsLeftAlone lets the server die while a client says something long, which it finishes, and then neither closes its
// connection nor says another word: its session must end all the same.
func TestAClientThatStaysIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, rest := range map[string]int{"a message that is finished": 0, "a message that is not": 1000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hiddenStage(t, 16<<20)
			query := message('Q', "select '"+strings.Repeat("x", 2*freeHold)+"'\x00")
			s.client.send(query[:freeHold+1000])
			require.Eventually(t, func() bool {
				s.memory.mu.Lock()
				defer s.memory.mu.Unlock()
				return len(s.memory.users) > 0
			}, 10*time.Second, time.Millisecond)
			_ = s.server.Close()
			s.client.expectError(stateConnection)
			_, err := s.client.in.header()
			require.ErrorIs(t, err, io.EOF)
			s.client.send(query[freeHold+1000 : len(query)-rest])
			<-s.ended
		})
	}
}
