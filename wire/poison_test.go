package wire

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatIsGivenBackIsUnreadable holds the race detector's builds to what the other tests rely on: bytes that were borrowed for too
// long are not those of a message.
func TestWhatIsGivenBackIsUnreadable(t *testing.T) {
	t.Parallel()
	if !poisons {
		t.Skip("only builds with the race detector do it")
	}
	unreadable := func(b []byte) bool { return len(bytes.Trim(b, string([]byte{poisonByte}))) == 0 }
	t.Run("a large buffer", func(t *testing.T) {
		t.Parallel()
		loans := newBuffers()
		b := loans.get()
		copy(b[:], "somebody's row")
		loans.put(b)
		require.True(t, unreadable(b[:]))
	})
	t.Run("what was read before the next read", func(t *testing.T) {
		t.Parallel()
		in := newInbound(&pieces{data: bytes.Join([][]byte{message('Q', "one\x00"), message('Q', "two\x00")}, nil), sizes: []byte{8}}, newBuffers())
		f, err := in.header()
		require.NoError(t, err)
		body, err := in.whole(f)
		require.NoError(t, err)
		require.Equal(t, "one\x00", string(body))
		_, err = in.header()
		require.NoError(t, err)
		require.NotEqual(t, "one\x00", string(body))
	})
	t.Run("what an outbox has sent", func(t *testing.T) {
		t.Parallel()
		near, far := connected(t)
		defer near.Close()
		defer far.Close()
		o := newOutbox(near, newBuffers())
		require.NoError(t, o.write([]byte("somebody's row")))
		sent := o.buf
		require.NoError(t, o.flush())
		require.True(t, unreadable(sent))
	})
}
