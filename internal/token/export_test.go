package token

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
)

// SourceVia is a Source of a URL that is asked through a transport.
func SourceVia(u string, through http.RoundTripper) Source {
	parsed, err := url.Parse(u)
	if err != nil {
		panic(err)
	}
	client := newClient(nil)
	client.Transport = through
	return Source{url: parsed, client: client}
}

// SourceTrusting is a Source of a URL whose certificate is signed by an authority.
func SourceTrusting(u string, authority *x509.Certificate) Source {
	s, err := ParseSource(u)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	s.client = newClient(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
	return s
}
