package wire

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/xdg-go/scram"
)

// Encryption is whether clients may, or must, speak TLS.
type Encryption int

// What clients are told when they ask for TLS, and when they do not.
const (
	EncryptionOff      Encryption = iota // requests are declined
	EncryptionOptional                   // as the client wants it
	EncryptionRequired                   // a session without TLS is refused; cancel requests are not sessions
)

// ClientCertificate is what a session needs of the client's certificate, beside the proof that Config.Auth asks for. Whatever it is, a
// certificate that is shown and that no authority vouches for ends the handshake.
type ClientCertificate int

// What PostgreSQL calls clientcert: nothing, verify-ca and verify-full.
const (
	CertificateOptional ClientCertificate = iota
	CertificateRequired                   // of any owner
	CertificateOfUser                     // of the user who logs in
)

// protocolName is what clients of PostgreSQL name in ALPN.
const protocolName = "postgresql"

// TLSOptions are what a TLS is made of.
type TLSOptions struct {
	// Certificate is the server's own, with its key and the chain above it.
	Certificate tls.Certificate
	// Minimum is the oldest version of TLS that is spoken, such as tls.VersionTLS13. Default, and the oldest possible, 1.2.
	Minimum uint16
	// ClientCAs vouch for the certificates of clients. nil: clients are not asked for any.
	ClientCAs *x509.CertPool
	// Revoked are the authorities' lists of certificates that are void. Where there is one, there must be one for every authority of a
	// client's chain, and none may be out of date.
	Revoked []*x509.RevocationList
	// Users says whose a certificate is. nil: its common name is the user.
	Users *CertificateMap
}

// TLS is what new connections are encrypted with. It is immutable, and complete: a reload makes a new one, so no connection sees the
// certificate of one and the authorities of another.
type TLS struct {
	config  *tls.Config
	binding scram.ChannelBinding
	users   *CertificateMap
}

// NewTLS makes a TLS.
func NewTLS(o TLSOptions) (*TLS, error) {
	if len(o.Certificate.Certificate) == 0 || o.Certificate.PrivateKey == nil {
		return nil, errors.New("TLS needs a certificate and its key")
	}
	leaf, err := x509.ParseCertificate(o.Certificate.Certificate[0])
	if err != nil {
		return nil, fmt.Errorf("reading the server's certificate: %w", err)
	}
	t := &TLS{binding: endPoint(leaf), users: o.Users}
	t.config = &tls.Config{
		Certificates: []tls.Certificate{o.Certificate},
		MinVersion:   max(o.Minimum, tls.VersionTLS12),
		NextProtos:   []string{protocolName},
		// A resumed session would carry a client's certificate over, unchecked, and bind SCRAM to a server certificate of the past.
		SessionTicketsDisabled: true,
		// encrypted cuts records itself.
		DynamicRecordSizingDisabled: true,
	}
	if o.ClientCAs != nil {
		t.config.ClientAuth, t.config.ClientCAs = tls.VerifyClientCertIfGiven, o.ClientCAs
	}
	if len(o.Revoked) > 0 {
		if err := revocations(o.Revoked).whole(); err != nil {
			return nil, err
		}
		t.config.VerifyPeerCertificate = revocations(o.Revoked).check
	}
	return t, nil
}

// Binds says whether SCRAM can be bound to the certificate. It cannot where the certificate's signature names no hash, as Ed25519 does
// not: RFC 5929 leaves the binding undefined then.
func (t *TLS) Binds() bool { return t.binding.IsSupported() }

// endPoint is the channel binding tls-server-end-point of RFC 5929: the certificate's hash, by the hash function of its signature, or
// SHA-256 where that is a weak one.
func endPoint(c *x509.Certificate) scram.ChannelBinding {
	function := crypto.Hash(0)
	switch c.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1,
		x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.DSAWithSHA256, x509.ECDSAWithSHA256:
		function = crypto.SHA256
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		function = crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		function = crypto.SHA512
	case x509.UnknownSignatureAlgorithm, x509.MD2WithRSA, x509.PureEd25519:
		return scram.ChannelBinding{}
	default:
		return scram.ChannelBinding{}
	}
	hash := function.New()
	hash.Write(c.Raw)
	return scram.ChannelBinding{Type: scram.ChannelBindingTLSServerEndpoint, Data: hash.Sum(nil)}
}
