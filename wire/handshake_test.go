package wire

import (
	"encoding/binary"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// frame4 puts the length before a startup packet's body.
func frame4(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(4+len(body))), body...)
}

// greet runs a handshake's opening against a client played by the test, and returns what came of it.
func greet(t *testing.T, play func(*peer)) (*opening, error) {
	t.Helper()
	near, far := net.Pipe()
	client := newPeer(t, near)
	type result struct {
		opening *opening
		err     error
	}
	results := make(chan result, 1)
	go func() {
		defer far.Close()
		h := &handshake{conn: far, in: newInbound(far, newBuffers())}
		o, err := h.open()
		results <- result{o, err}
	}()
	play(client)
	r := <-results
	return r.opening, r.err
}

func (p *peer) expectByte(want byte) {
	p.t.Helper()
	require.NoError(p.t, p.in.fill(1))
	require.Equal(p.t, string(want), string(p.in.bytes()[0]))
	p.in.skip(1)
}

func TestOpening(t *testing.T) {
	t.Parallel()
	ssl, gss := frame4(packet(codeSSL)[:4]), frame4(packet(codeGSS)[:4])
	start := frame4(packet(protocol30, "user", "kim"))
	t.Run("encryption is declined, each kind once, in any order", func(t *testing.T) {
		t.Parallel()
		for _, order := range [][][]byte{{ssl, gss}, {gss, ssl}, {ssl}, {gss}, {}} {
			o, err := greet(t, func(p *peer) {
				for _, request := range order {
					p.send(request)
					p.expectByte('N')
				}
				p.send(start)
			})
			require.NoError(t, err)
			require.Equal(t, "kim", o.startup.user)
		}
	})
	t.Run("a second request of a kind is no startup packet", func(t *testing.T) {
		t.Parallel()
		_, err := greet(t, func(p *peer) {
			p.send(ssl)
			p.expectByte('N')
			p.send(ssl)
		})
		var f *failure
		require.ErrorAs(t, err, &f)
		require.Equal(t, stateUnsupported, f.state)
	})
	t.Run("bytes behind an encryption request end the connection", func(t *testing.T) {
		t.Parallel()
		_, err := greet(t, func(p *peer) { p.send(ssl, start) })
		require.ErrorIs(t, err, errSilent)
	})
	t.Run("a packet in pieces is read", func(t *testing.T) {
		t.Parallel()
		o, err := greet(t, func(p *peer) {
			for _, b := range start {
				p.send([]byte{b})
			}
		})
		require.NoError(t, err)
		require.Equal(t, "kim", o.startup.user)
	})
	t.Run("a length beyond the limit gets no answer and no memory", func(t *testing.T) {
		t.Parallel()
		for _, length := range []uint32{0, 4, 7, maxStartupPacket + 1, 1 << 31, 1<<32 - 1} {
			_, err := greet(t, func(p *peer) { p.send(binary.BigEndian.AppendUint32(nil, length)) })
			require.ErrorIs(t, err, errSilent)
		}
	})
	t.Run("a cancel request is taken apart", func(t *testing.T) {
		t.Parallel()
		body := append(packet(codeCancel)[:4], 0, 0, 0, 9, 's', 'e', 'c', 'r', 'e', 't')
		o, err := greet(t, func(p *peer) { p.send(frame4(body)) })
		require.NoError(t, err)
		require.Equal(t, &cancelRequest{pid: 9, secret: []byte("secret")}, o.cancel)
	})
	t.Run("a cancel request without a secret gets no answer", func(t *testing.T) {
		t.Parallel()
		_, err := greet(t, func(p *peer) { p.send(frame4(append(packet(codeCancel)[:4], 0, 0, 0, 9))) })
		require.ErrorIs(t, err, errSilent)
	})
}

func TestNegotiate(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	client := newPeer(t, near)
	s, bad := parseStartup(packet(3<<16|9999, "user", "kim", "_pq_.grease", "1"))
	require.Nil(t, bad)
	failed := make(chan error, 1)
	go func() { failed <- (&handshake{conn: far}).negotiate(s) }()
	require.Equal(t, "\x00\x03\x00\x02\x00\x00\x00\x01_pq_.grease\x00", string(client.expect("v")))
	require.NoError(t, errors.Join(<-failed, far.Close()))
}
