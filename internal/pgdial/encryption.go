package pgdial

import (
	"crypto/tls"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// alpn is the name of PostgreSQL's protocol inside TLS (protocol chapter, "SSL session encryption").
const alpn = "postgresql"

// errNoALPN ends a direct TLS connection to a server that has not said that it speaks PostgreSQL's protocol there; libpq does the same.
var errNoALPN = errors.New("direct TLS connection without ALPN: the server does not say that it speaks PostgreSQL's protocol")

// checkTLS refuses what pgx would take for less than libpq does, and completes what it leaves out. It changes the TLS configurations in place.
func checkTLS(c *pgconn.Config) error {
	direct := false
	switch c.SSLNegotiation {
	case "", "postgres":
	case "direct":
		direct = true
	default:
		return fault("postgres or direct", "sslnegotiation is %q", c.SSLNegotiation)
	}
	if network, _ := pgconn.NetworkAddress(c.Host, c.Port); network == "unix" {
		return nil
	}
	for _, t := range ways(c) {
		switch {
		case t == nil && direct:
			return fault("use sslmode=verify-full, or at least require", "sslnegotiation=direct with an sslmode that also goes without TLS")
		case t == nil:
			continue
		case t.RootCAs == nil && verifies(t):
			// libpq does not start either: the authorities that a system trusts sign for everybody.
			return fault("name the authority's certificate, as in sslrootcert=/etc/wherewall/ca.crt; sslrootcert=system trusts those of the system",
				"sslmode asks for a certificate that can be verified, and no sslrootcert says by whom")
		case direct:
			t.VerifyConnection = func(s tls.ConnectionState) error {
				if s.NegotiatedProtocol != alpn {
					return errNoALPN
				}
				return nil
			}
		}
	}
	return nil
}

// ways are the TLS configurations of all ways to a host; nil is one without.
func ways(c *pgconn.Config) []*tls.Config {
	all := []*tls.Config{c.TLSConfig}
	for _, w := range c.Fallbacks {
		all = append(all, w.TLSConfig)
	}
	return all
}

// verifies says whether a certificate is looked at: verify-full by crypto/tls, and verify-ca by a function of pgx.
func verifies(t *tls.Config) bool { return !t.InsecureSkipVerify || t.VerifyPeerCertificate != nil }

// boundTLS takes a bound on the version of TLS for all hosts.
func (s *settings) boundTLS(name, value string) error {
	version := uint16(0)
	switch value {
	case "":
		return nil
	case "TLSv1.2":
		version = tls.VersionTLS12
	case "TLSv1.3":
		version = tls.VersionTLS13
	default:
		return fault("TLSv1.2 or TLSv1.3", "%s is %q", name, value)
	}
	for _, t := range ways(&s.config.Config) {
		if t == nil {
			continue
		}
		if name == "ssl_max_protocol_version" {
			t.MaxVersion = version
		} else {
			t.MinVersion = version
		}
	}
	return nil
}

// Unproven says what is missing for a server to be told from somebody who stands between: encryption, or a certificate that is verified. It is
// empty where nothing is, or where the way there does not leave this machine.
func (u *Upstream) Unproven() string {
	for _, at := range u.current.Load().servers {
		if local(at.config.Host) {
			continue
		}
		for _, t := range ways(at.config) {
			switch {
			case t == nil:
				return "connections to " + at.config.Host + " may go without encryption"
			case !verifies(t):
				return "the certificate of " + at.config.Host + " is not verified"
			case t.InsecureSkipVerify:
				return "the certificate of " + at.config.Host + " may be that of any server that the same authority has signed for"
			}
		}
	}
	return ""
}
