package wire

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
)

// secured is what is known of a connection inside TLS.
type secured struct {
	by *TLS
	// certificate is the client's, which an authority vouches for; nil for none.
	certificate *x509.Certificate
	version     string
}

// tlsHandshake is the first byte of a TLS connection. Startup packets begin with their length, which is never as large as that says.
const tlsHandshake = 0x16

// direct begins TLS where the client does so without asking.
func (h *handshake) direct() error {
	if err := h.in.fill(1); err != nil {
		return fmt.Errorf("reading the first byte: %w", err)
	}
	if h.in.bytes()[0] != tlsHandshake || !h.offersTLS() {
		return nil
	}
	first := bytes.Clone(h.in.bytes())
	h.in.skip(len(first))
	if err := h.encrypt(&replay{Conn: h.conn, first: first}); err != nil {
		return err
	}
	if state := h.conn.(*encrypted).ConnectionState(); state.NegotiatedProtocol != protocolName {
		return fmt.Errorf("direct TLS without the protocol %s in ALPN: %w", protocolName, errSilent)
	}
	return nil
}

// offersTLS says whether this connection can be encrypted. Sockets of this machine are not, as in PostgreSQL.
func (h *handshake) offersTLS() bool {
	_, local := h.conn.LocalAddr().(*net.UnixAddr)
	return h.encryption != EncryptionOff && h.secured == nil && !local
}

// answerSSL answers an SSLRequest. What the client has sent behind it may have been put there by somebody else.
func (h *handshake) answerSSL() error {
	if !h.offersTLS() {
		return h.decline()
	}
	if err := h.answer('S'); err != nil {
		return err
	}
	return h.encrypt(h.conn)
}

// encrypt moves the connection inside TLS, which reads from what it is given: nothing read before may be left over.
func (h *handshake) encrypt(from net.Conn) error {
	by := h.tls()
	if by == nil {
		return fmt.Errorf("there is no certificate to serve: %w", errSilent)
	}
	conn := &encrypted{Conn: tls.Server(from, by.config), raw: h.conn}
	if err := conn.Handshake(); err != nil {
		// The alert that says why must not be lost because of what the client has sent since.
		hangUp(h.conn)
		linger(h.conn)
		return fmt.Errorf("TLS handshake: %w", err)
	}
	h.in.rest()
	h.conn, h.in = conn, newInbound(conn, h.loans)
	h.secured = newSecured(by, conn.ConnectionState())
	return nil
}

func newSecured(by *TLS, state tls.ConnectionState) *secured {
	s := &secured{by: by, version: tls.VersionName(state.Version)}
	if len(state.VerifiedChains) > 0 {
		s.certificate = state.PeerCertificates[0]
	}
	return s
}

// checkEncryption says what is wrong with how a client has come, before it is asked anything.
func (s *Server) checkEncryption(h *handshake, login string) *failure {
	_, local := h.conn.LocalAddr().(*net.UnixAddr)
	if h.secured == nil && !local && s.config.Encryption == EncryptionRequired {
		return &failure{
			state: stateAuthorization, message: fmt.Sprintf("connections without TLS are not accepted: user %q, no encryption", login),
			hint: "Connect with sslmode=require, or with sslmode=verify-full to be sure of the server.",
		}
	}
	needed := s.config.ClientCertificate != CertificateOptional || s.config.Auth == AuthCertificate
	if needed && (h.secured == nil || h.secured.certificate == nil) {
		return &failure{
			state: stateAuthorization, message: "connection requires a valid client certificate",
			hint: "Name the files of your certificate and its key by sslcert and sslkey.",
		}
	}
	return nil
}
