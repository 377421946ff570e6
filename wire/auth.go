package wire

import (
	"errors"
	"fmt"
	"net"
)

// Auth is the set of ways in which clients may prove who they are. The zero value is AuthSCRAM.
type Auth uint

// The ways to log in.
const (
	// AuthTrust asks for no proof: any declared user gets in. Loopback listeners only, and no other way beside it.
	AuthTrust Auth = 1 << iota
	// AuthSCRAM is SCRAM-SHA-256 against the verifiers of the snapshot, bound to the TLS connection where there is one.
	AuthSCRAM
	// AuthCertificate lets a client in whose certificate is the user's. Where there are other ways, a client without such a certificate
	// is asked for another proof.
	AuthCertificate
	// AuthToken takes a JSON Web Token as a password in the clear, from users who have no password. Inside TLS, or from this machine.
	AuthToken
	// AuthOAuth takes a JSON Web Token by the SASL mechanism OAUTHBEARER (RFC 7628). Inside TLS, or from this machine.
	AuthOAuth
)

// has says whether a way is among them.
func (a Auth) has(way Auth) bool { return a&way != 0 }

var (
	// ErrNotLoopback is returned by Serve where clients that need no proof could come from elsewhere.
	ErrNotLoopback = errors.New("trust is for loopback listeners only")
	// ErrAuth is returned by Serve for a configuration by which nobody could be told apart, or let in.
	ErrAuth = errors.New("the ways to log in do not fit each other")
)

// checkAuth says what is wrong with the ways to log in.
func (c *Config) checkAuth(listener net.Addr) error {
	switch {
	case c.Auth.has(AuthTrust) && !loopback(listener):
		return fmt.Errorf("listening on %s: %w", listener, ErrNotLoopback)
	case c.Auth.has(AuthTrust) && c.Auth != AuthTrust:
		return fmt.Errorf("%w: trust stands alone", ErrAuth)
	case (c.Auth.has(AuthToken) || c.Auth.has(AuthOAuth)) && c.Tokens == nil:
		return fmt.Errorf("%w: tokens of no issuer", ErrAuth)
	case c.Encryption != EncryptionOff && c.TLS == nil:
		return fmt.Errorf("%w: TLS without a certificate", ErrAuth)
	case c.Encryption == EncryptionOff && (c.Auth.has(AuthCertificate) || c.ClientCertificate != CertificateOptional):
		return fmt.Errorf("%w: client certificates without TLS", ErrAuth)
	default:
		return nil
	}
}
