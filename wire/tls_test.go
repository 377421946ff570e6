package wire

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/tlstest"
)

// withTLS makes a house serve TLS, with clients' certificates where there is an authority for them.
func withTLS(t *testing.T, how Encryption, o TLSOptions) func(*Config) {
	t.Helper()
	made, err := NewTLS(o)
	require.NoError(t, err)
	return func(c *Config) { c.Encryption, c.TLS = how, func() *TLS { return made } }
}

// startTLS speaks TLS as a client that has done what comes before it.
func (p *peer) startTLS(c *tls.Config) *peer {
	p.t.Helper()
	c.InsecureSkipVerify = true
	conn := tls.Client(p.Conn, c)
	require.NoError(p.t, conn.Handshake())
	return newPeer(p.t, conn)
}

// askTLS sends an SSLRequest and speaks TLS.
func (p *peer) askTLS(c *tls.Config) *peer {
	p.t.Helper()
	p.send(sslRequest)
	p.expectByte('S')
	return p.startTLS(c)
}

var (
	sslRequest = frame4(packet(codeSSL)[:4])
	gssRequest = frame4(packet(codeGSS)[:4])
	asKim      = frame4(packet(protocol30, "user", "kim", "database", "app"))
)

func (p *peer) logIn() {
	p.t.Helper()
	p.send(asKim)
	p.expect("R")
	const first = "n=,r=clientnonce"
	p.send(initial(mechSCRAM, "n,,"+first))
	challenge := p.expect("R")
	var e exchange
	e.answer(p.t, p, first, string(challenge[4:]), "right", "n")
	p.expect("RSSSSKZ")
}

func TestTLSOpening(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t, "authority")
	o := TLSOptions{Certificate: authority.Server(t)}
	alpn := &tls.Config{NextProtos: []string{protocolName}}
	t.Run("a session inside TLS says everything there", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, withTLS(t, EncryptionRequired, o))
		p := h.dial().askTLS(&tls.Config{})
		p.logIn()
		p.send(message('X', ""))
		server := newPeer(t, <-h.backends.servers)
		server.expect("X")
		_ = server.Close()
		p.expectEnd()
	})
	t.Run("GSS may be asked for before TLS, and neither inside it", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, withTLS(t, EncryptionRequired, o))
		for _, request := range [][]byte{sslRequest, gssRequest} {
			p := h.dial()
			p.send(gssRequest)
			p.expectByte('N')
			inside := p.askTLS(&tls.Config{})
			inside.send(request)
			inside.expectError(stateUnsupported)
			inside.expectEnd()
		}
	})
	t.Run("TLS may be begun without asking, by clients that name the protocol", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, withTLS(t, EncryptionRequired, o))
		h.dial().startTLS(alpn.Clone()).logIn()
		h.dial().startTLS(&tls.Config{}).expectEnd()
		other := tls.Client(h.dial().Conn, &tls.Config{NextProtos: []string{"h2"}, InsecureSkipVerify: true})
		require.ErrorContains(t, other.Handshake(), "no application protocol")
	})
	t.Run("encryption inside direct TLS is declined", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, withTLS(t, EncryptionRequired, o))
		p := h.dial().startTLS(alpn.Clone())
		p.send(sslRequest)
		p.expectByte('N')
		p.send(gssRequest)
		p.expectByte('N')
		p.logIn()
	})
	t.Run("bytes behind an SSLRequest end the connection before TLS", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, withTLS(t, EncryptionRequired, o))
		p := h.dial()
		p.send(sslRequest, asKim)
		p.expectEnd()
	})
	t.Run("a plain session is refused where TLS is required, and a request to cancel is not", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, withTLS(t, EncryptionRequired, o))
		p := h.dial()
		p.send(asKim)
		require.Contains(t, p.expectError(stateAuthorization).message, "without TLS")
		inside := h.dial().askTLS(&tls.Config{})
		inside.send(asKim)
		inside.expect("R")
		session := h.enterTLS()
		key := session.expect("RSSSSK")
		session.expect("Z")
		for _, canceller := range []*peer{h.dial(), h.dial().askTLS(&tls.Config{}), h.dial().startTLS(alpn.Clone())} {
			canceller.send(frame4(append(binary.BigEndian.AppendUint32(nil, codeCancel), key...)))
			canceller.expectEnd()
			<-h.backends.cancelled
		}
	})
	t.Run("TLS is a choice where it is optional", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, withTLS(t, EncryptionOptional, o))
		h.dial().logIn()
		h.dial().askTLS(&tls.Config{}).logIn()
	})
	t.Run("old versions of TLS are refused", func(t *testing.T) {
		t.Parallel()
		strict := o
		strict.Minimum = tls.VersionTLS13
		for version, house := range map[uint16]*house{
			tls.VersionTLS11: newHouse(t, withTLS(t, EncryptionOptional, o)),
			tls.VersionTLS12: newHouse(t, withTLS(t, EncryptionOptional, strict)),
		} {
			p := house.dial()
			p.send(sslRequest)
			p.expectByte('S')
			conn := tls.Client(p.Conn, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
			require.ErrorContains(t, conn.Handshake(), "protocol version")
		}
	})
	t.Run("sessions are not resumed", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, withTLS(t, EncryptionOptional, o))
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			c := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(4), ServerName: "localhost", MaxVersion: version}
			for range 2 {
				p := h.dial().askTLS(c)
				p.logIn()
				require.False(t, p.Conn.(*tls.Conn).ConnectionState().DidResume)
			}
		}
	})
}

// enterTLS logs in as kim and has read up to the end of the exchange.
func (h *house) enterTLS() *peer {
	h.t.Helper()
	p := h.dial().askTLS(&tls.Config{})
	p.send(asKim)
	p.expect("R")
	const first = "n=,r=clientnonce"
	p.send(initial(mechSCRAM, "n,,"+first))
	challenge := p.expect("R")
	var e exchange
	e.answer(h.t, p, first, string(challenge[4:]), "right", "n")
	return p
}

func TestATLSClientThatVanishesIsNoticed(t *testing.T) {
	t.Parallel()
	near, far := connected(t)
	o := TLSOptions{Certificate: tlstest.New(t, "authority").Server(t)}
	made, err := NewTLS(o)
	require.NoError(t, err)
	conn := &encrypted{Conn: tls.Server(far, made.config), raw: far}
	client := tls.Client(near, &tls.Config{InsecureSkipVerify: true})
	done := make(chan error, 1)
	go func() { done <- client.Handshake() }()
	require.NoError(t, conn.Handshake())
	require.NoError(t, <-done)
	require.False(t, hasClosed(conn))
	_, err = client.Write([]byte("said before it went"))
	require.NoError(t, err)
	require.NoError(t, client.Close())
	require.Eventually(t, func() bool { return hasClosed(conn) }, 5*time.Second, time.Millisecond)
	_ = conn.Close()
}

func TestTLSRecordsAreShort(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	made, err := NewTLS(TLSOptions{Certificate: tlstest.New(t, "authority").Server(t)})
	require.NoError(t, err)
	conn := &encrypted{Conn: tls.Server(far, made.config), raw: far}
	client := tls.Client(near, &tls.Config{InsecureSkipVerify: true})
	sent := make(chan error, 1)
	go func() {
		n, err := conn.Write(make([]byte, 100_000))
		if err == nil && n != 100_000 {
			err = net.ErrClosed
		}
		sent <- err
	}()
	received := 0
	for buf := make([]byte, 64<<10); received < 100_000; {
		n, err := client.Read(buf) // of one record
		require.NoError(t, err)
		require.LessOrEqual(t, n, recordSize)
		received += n
	}
	require.NoError(t, <-sent)
}

func TestTheBindingIsOfTheCertificatesOwnHash(t *testing.T) {
	t.Parallel()
	for by, function := range map[x509.SignatureAlgorithm]crypto.Hash{
		x509.SHA256WithRSA: crypto.SHA256, x509.SHA384WithRSA: crypto.SHA384, x509.SHA512WithRSA: crypto.SHA512,
		x509.SHA256WithRSAPSS: crypto.SHA256, x509.SHA512WithRSAPSS: crypto.SHA512,
		x509.ECDSAWithSHA256: crypto.SHA256, x509.ECDSAWithSHA384: crypto.SHA384,
	} {
		c := tlstest.SelfSigned(t, by)
		hash := function.New()
		hash.Write(c.Certificate[0])
		require.Equal(t, hash.Sum(nil), endPoint(c.Leaf).Data, by)
	}
	weak := *tlstest.SelfSigned(t, x509.SHA256WithRSA).Leaf
	hash := crypto.SHA256.New()
	hash.Write(weak.Raw)
	for _, by := range []x509.SignatureAlgorithm{x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1} {
		weak.SignatureAlgorithm = by
		require.Equal(t, hash.Sum(nil), endPoint(&weak).Data, by)
	}
	require.False(t, endPoint(tlstest.SelfSigned(t, x509.PureEd25519).Leaf).IsSupported())
	weak.SignatureAlgorithm = 1000
	require.False(t, endPoint(&weak).IsSupported(), "what is not known is not bound")
}
