package wire

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

// A client that does not read must not make the proxy keep what the server sends. The test is not parallel: it looks at
// the process's memory.
func TestSlowReaderTakesNoMemory(t *testing.T) {
	const megabytes = 64
	s := newStage(t)
	s.knows("a", rewrite.Statement{Kind: rewrite.Select})
	s.start(t)
	s.client.send(bindMessage("", "a"), executeMessage("", 0), syncMessage)
	s.server.expect("BES")
	runtime.GC()
	var before, during runtime.MemStats
	runtime.ReadMemStats(&before)
	sent := make(chan error, 1)
	go func() {
		_, err := s.server.Write(message('2', ""))
		header := appendMessage(nil, 'D', func(b []byte) []byte { return b })
		size := uint32(megabytes<<20 + 4)
		header[1], header[2], header[3], header[4] = byte(size>>24), byte(size>>16), byte(size>>8), byte(size)
		if err == nil {
			_, err = s.server.Write(header)
		}
		chunk := make([]byte, 1<<20)
		for i := 0; i < megabytes && err == nil; i++ {
			_, err = s.server.Write(chunk)
		}
		if err == nil {
			_, err = s.server.Write(append(message('C', "SELECT 1\x00"), ready...))
		}
		sent <- err
	}()
	s.client.expect("2")
	total := s.client.in.buffered()
	buf := make([]byte, 64<<10)
	highest := uint64(0)
	want := headerSize + megabytes<<20 + headerSize + len("SELECT 1\x00") + len(ready)
	for total < want {
		n, err := s.client.Read(buf)
		require.NoError(t, err)
		total += n
		runtime.ReadMemStats(&during)
		highest = max(highest, during.HeapInuse)
	}
	require.NoError(t, <-sent)
	require.Equal(t, want, total)
	require.Less(t, highest, before.HeapInuse+8<<20)
}
