package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/wherewall/wherewall/wire"
)

// tlsFlags say how clients encrypt, and what their certificates are good for.
type tlsFlags struct {
	TLS         string `name:"tls" enum:"auto,off,optional,required" default:"auto" help:"Whether clients may speak TLS: off, optional, or required. auto is required where --tls-cert is given, and else off."`
	TLSCert     string `name:"tls-cert" placeholder:"FILE" help:"The server's certificate in PEM, with the chain above it. This and the other files are read again when they change."`
	TLSKey      string `name:"tls-key" placeholder:"FILE" help:"The certificate's key in PEM."`
	TLSMin      string `name:"tls-min" enum:"1.2,1.3" default:"1.2" help:"The oldest version of TLS: 1.2 or 1.3."`
	TLSClientCA string `name:"tls-client-ca" placeholder:"FILE" help:"The authorities in PEM that vouch for the certificates of clients. Without it clients are not asked for any."`
	TLSCRL      string `name:"tls-crl" placeholder:"FILE" help:"The authorities' lists of revoked certificates, in PEM: one for each authority, and none out of date."`
	ClientCert  string `name:"client-cert" enum:"optional,verify-ca,verify-full" default:"optional" help:"What a session needs beside a password: verify-ca is a certificate that --tls-client-ca vouches for, verify-full one of the user's own."`
	ClientName  string `name:"client-name" enum:"cn,dn" default:"cn" help:"What of a client's certificate says whose it is: cn, its common name, or dn, the whole subject."`
	ClientMap   string `name:"client-map" placeholder:"FILE" help:"Which certificates are whose, in the manner of pg_ident.conf: a line has a name, or a pattern behind a /, and a user. Without it the name is the user."`
}

// encryption turns --tls into the wire's terms.
func (f *tlsFlags) encryption() wire.Encryption {
	switch {
	case f.TLS == "off", f.TLS == "auto" && f.TLSCert == "":
		return wire.EncryptionOff
	case f.TLS == "optional":
		return wire.EncryptionOptional
	default:
		return wire.EncryptionRequired
	}
}

// needs turns --client-cert into the wire's terms.
func (f *tlsFlags) needs() wire.ClientCertificate {
	switch f.ClientCert {
	case "verify-ca":
		return wire.CertificateRequired
	case "verify-full":
		return wire.CertificateOfUser
	default:
		return wire.CertificateOptional
	}
}

// validate says which flags do not fit each other. A flag that would have no effect is a mistake about what is protected.
func (f *tlsFlags) validate(auth wire.Auth) error {
	off := f.encryption() == wire.EncryptionOff
	certificates := f.ClientCert != "optional" || auth&wire.AuthCertificate != 0
	switch {
	case !off && (f.TLSCert == "" || f.TLSKey == ""):
		return usage(errors.New("--tls needs --tls-cert and --tls-key"))
	case off && (f.TLSKey != "" || f.TLSClientCA != ""):
		return usage(errors.New("--tls-key and --tls-client-ca have no effect without TLS: give --tls-cert, and no --tls off"))
	case f.TLSClientCA == "" && certificates:
		return usage(errors.New("--client-cert and --auth cert need --tls-client-ca: somebody has to vouch for the certificates of clients"))
	case f.TLSClientCA == "" && (f.TLSCRL != "" || f.ClientMap != ""):
		return usage(errors.New("--tls-crl and --client-map have no effect without --tls-client-ca"))
	case f.ClientMap != "" && f.ClientCert != "verify-full" && auth&wire.AuthCertificate == 0:
		return usage(errors.New("--client-map has no effect without --client-cert verify-full or --auth cert"))
	default:
		return nil
	}
}

// minimum turns --tls-min into crypto/tls's terms.
func (f *tlsFlags) minimum() uint16 {
	if f.TLSMin == "1.3" {
		return tls.VersionTLS13
	}
	return tls.VersionTLS12
}

// exposures is what is wrong with serving as these flags say on listeners, some of which the service manager may have opened.
func (f *tlsFlags) exposures(listeners []net.Listener) []weakness {
	var found []weakness
	for _, l := range listeners {
		if l.Addr().Network() != "unix" {
			found = append(found, f.exposure(l.Addr().String())...)
		}
	}
	return found
}

// exposure is what is wrong with serving as these flags say on an address.
func (f *tlsFlags) exposure(listen string) []weakness {
	if f.encryption() == wire.EncryptionRequired || onlyHere(listen) {
		return nil
	}
	return []weakness{{
		"listen_plain", fmt.Sprintf("clients of other machines may speak to %s without TLS: rows and statements can be read, and changed, on their way", listen),
		"give --tls-cert and --tls-key, and leave --tls optional out",
	}}
}

// onlyHere says whether an address can be reached from this machine alone.
func onlyHere(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
