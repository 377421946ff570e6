package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// pieces is a connection that delivers its bytes in pieces of the given sizes, over and over.
type pieces struct {
	net.Conn
	data  []byte
	sizes []byte
	at    int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	size := 1
	if len(p.sizes) > 0 {
		size += int(p.sizes[p.at%len(p.sizes)])
		p.at++
	}
	n := copy(b, p.data[:min(size, len(p.data))])
	p.data = p.data[n:]
	return n, nil
}

func TestLongMessageTakesMemoryAsItArrives(t *testing.T) {
	t.Parallel()
	data := append([]byte{'Q', 0x3f, 0xff, 0xff, 0xff}, make([]byte, 100)...)
	in := newInbound(&pieces{data: data, sizes: []byte{255}}, newBuffers())
	f, err := in.header()
	require.NoError(t, err)
	body, err := in.whole(f)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Nil(t, body)
}

// FuzzFrames reads messages from bytes that come in pieces, and wants the same bytes back, frame by frame.
func FuzzFrames(f *testing.F) {
	f.Add(bytes.Join([][]byte{message('Q', "select 1\x00"), message('S', ""), message('D', string(make([]byte, 20000)))}, nil), []byte{0, 4, 200})
	f.Add([]byte{'Q', 0, 0, 0, 3}, []byte{1})
	f.Add([]byte{'B', 0xff, 0xff, 0xff, 0xff, 1, 2, 3}, []byte{})
	f.Fuzz(func(t *testing.T, data, sizes []byte) {
		in := newInbound(&pieces{data: bytes.Clone(data), sizes: sizes}, newBuffers())
		var back []byte
		for {
			h, err := in.header()
			var bad *protocolError
			if errors.As(err, &bad) {
				break
			}
			if err != nil {
				require.Less(t, len(data)-len(back), headerSize)
				return
			}
			body, err := in.whole(h)
			if err != nil {
				require.Less(t, len(data)-len(back), headerSize+h.size)
				return
			}
			require.Len(t, body, h.size)
			back = append(back, message(h.kind, string(body))...)
			in.rest()
		}
		require.True(t, bytes.HasPrefix(data, back))
	})
}

// FuzzBind wants that whatever the parser of Bind messages accepts has its formats where it says.
func FuzzBind(f *testing.F) {
	f.Add(bindMessage("p", "s", 1, 0)[headerSize:])
	f.Fuzz(func(t *testing.T, body []byte) {
		at, ok := resultFormats(body)
		if !ok {
			return
		}
		count, after, ok := count16(body, at)
		require.True(t, ok)
		require.Len(t, body, after+2*count)
	})
}
