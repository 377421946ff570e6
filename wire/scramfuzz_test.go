package wire

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xdg-go/scram"

	"github.com/wherewall/wherewall/internal/tlstest"
)

// script is a connection on which a client says what it will whatever it hears.
type script struct {
	net.Conn
	says []byte
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.says) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.says)
	s.says = s.says[n:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error)      { return len(p), nil }
func (s *script) Close() error                     { return nil }
func (s *script) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *script) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// FuzzSCRAM says anything in the place of the client's messages, with and without a binding to offer. Whoever cannot know the server's nonce
// gets in with nothing, and every end has a reason that may be told.
func FuzzSCRAM(f *testing.F) {
	first := initial(mechSCRAM, "n,,n=,r=clientnonce")
	final := message('p', "c=biws,r=clientnonce,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	f.Add(append(first, final...), false)
	f.Add(append(initial(mechSCRAMPlus, "p=tls-server-end-point,,n=,r=x"), final...), true)
	f.Add(append(initial(mechSCRAM, "y,a=b,n=c=2C,r=,m=x"), message('p', "c=eSws,r=,p=")...), true)
	f.Add(initial(mechSCRAM, ""), false)
	f.Add(append([]byte{'p', 0, 0, 0, 8, 'S', 0, 0xff, 0xff}, message('p', "")...), false)
	authority := tlstest.New(f, "authority")
	made, err := NewTLS(TLSOptions{Certificate: authority.Server(f)})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, says []byte, inside bool) {
		conn := &script{says: says}
		h := &handshake{conn: conn, in: newInbound(conn, newBuffers()), secret: []byte("secret")}
		if inside {
			h.secured = &secured{by: made}
		}
		chosen, message, err := h.sasl(h.scramOffer())
		if err == nil {
			err = h.scram("kim", "", chosen, message)
		}
		require.Error(t, err)
		var told *failure
		if errors.As(err, &told) {
			require.Contains(t, []string{stateProtocol, statePassword, stateAuthorization, stateUnsupported}, told.state)
		}
	})
}

// FuzzOpening says anything before the login.
func FuzzOpening(f *testing.F) {
	for _, seed := range [][]byte{asKim, sslRequest, gssRequest, append(gssRequest, asKim...), {0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3}, {0, 0, 0, 0}} {
		f.Add(seed)
	}
	made, err := NewTLS(TLSOptions{Certificate: tlstest.New(f, "authority").Server(f)})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, says []byte) {
		conn := &script{says: says}
		loans := newBuffers()
		h := &handshake{
			conn: conn, in: newInbound(conn, loans), loans: loans, encryption: EncryptionOptional,
			tls: func() *TLS { return made },
		}
		opened, err := h.open()
		if err == nil {
			require.True(t, (opened.cancel == nil) != (opened.startup == nil))
		}
	})
}

// FuzzVerifier reads verifiers of a policy.
func FuzzVerifier(f *testing.F) {
	f.Add("SCRAM-SHA-256$4096:MDEyMzQ1Njc4OWFiY2RlZg==$AAAA:BBBB")
	f.Fuzz(func(t *testing.T, verifier string) {
		made, err := parseVerifier(verifier)
		if err != nil {
			require.Equal(t, scram.StoredCredentials{}, made)
			return
		}
		require.Positive(t, made.Iters)
		require.LessOrEqual(t, made.Iters, maxIterations)
	})
}

// FuzzCertificateMap reads maps, and asks those that can be read about names.
func FuzzCertificateMap(f *testing.F) {
	f.Add("kim kim\n\"CN=a b\" c # d\n/(.*)@x \\1\n", "kim")
	authority := tlstest.New(f, "authority")
	f.Fuzz(func(t *testing.T, text, name string) {
		m, err := ParseCertificateMap("map", text, CommonName)
		if err != nil {
			return
		}
		require.False(t, m.owns(authority.Certificate, ""), "nobody is nobody's")
		for _, line := range m.lines {
			_ = line.gives(name)
		}
	})
}
