package wire

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/tlstest"
)

// doorway is a house that asks its clients for certificates.
func doorway(t *testing.T, authority *tlstest.Authority, auth Auth, needs ClientCertificate, change func(*TLSOptions)) *house {
	t.Helper()
	o := TLSOptions{Certificate: authority.Server(t), ClientCAs: authority.Pool()}
	if change != nil {
		change(&o)
	}
	encrypt := withTLS(t, EncryptionRequired, o)
	return newHouse(t, func(c *Config) {
		encrypt(c)
		c.Auth, c.ClientCertificate = auth, needs
	})
}

func (h *house) show(certificates ...tls.Certificate) *peer {
	h.t.Helper()
	// Only TLS 1.2 tells a client that its certificate is bad before the handshake ends.
	return h.dial().askTLS(&tls.Config{Certificates: certificates, MaxVersion: tls.VersionTLS12})
}

func TestLoginByCertificateAlone(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t, "authority")
	kim, lee := authority.Client(t, "kim"), authority.Client(t, "lee")
	h := doorway(t, authority, AuthCertificate, CertificateOptional, nil)
	t.Run("its owner gets in", func(t *testing.T) {
		t.Parallel()
		p := h.show(kim)
		p.send(asKim)
		require.Equal(t, []byte{0, 0, 0, authOK}, p.expect("R"))
	})
	t.Run("a tenant may be named behind the user", func(t *testing.T) {
		t.Parallel()
		p := h.show(lee)
		p.send(frame4(packet(protocol30, "user", "lee@a", "database", "app")))
		require.Equal(t, []byte{0, 0, 0, authOK}, p.expect("R"))
	})
	t.Run("whoever else is told the same, whether there is such a user or not", func(t *testing.T) {
		t.Parallel()
		for _, shown := range [][]tls.Certificate{{lee}, {authority.Client(t, "eve")}, {authority.Client(t, "")}} {
			for _, user := range []string{"kim", "eve"} {
				p := h.show(shown...)
				p.send(frame4(packet(protocol30, "user", user, "database", "app")))
				require.Equal(t, errorFields{
					severity: "FATAL", fixedSeverity: "FATAL", code: stateAuthorization, message: `certificate authentication failed for user "` + user + `"`,
				}, p.expectError(stateAuthorization))
				p.expectEnd()
			}
		}
	})
	t.Run("whoever shows none is told so", func(t *testing.T) {
		t.Parallel()
		for _, user := range []string{"kim", "eve"} {
			p := h.show()
			p.send(frame4(packet(protocol30, "user", user, "database", "app")))
			require.Equal(t, "connection requires a valid client certificate", p.expectError(stateAuthorization).message)
		}
	})
	t.Run("no authority, no handshake", func(t *testing.T) {
		t.Parallel()
		for _, stranger := range []tls.Certificate{
			tlstest.New(t, "another").Client(t, "kim"), tlstest.New(t, "authority").Client(t, "kim"), tlstest.SelfSigned(t, x509.ECDSAWithSHA256),
			authority.Sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "kim"}, NotAfter: time.Now().Add(-time.Minute)}),
			authority.Sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "kim"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}),
		} {
			p := h.dial()
			p.send(sslRequest)
			p.expectByte('S')
			require.Error(t, tls.Client(p.Conn, &tls.Config{
				InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12,
				GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &stranger, nil },
			}).Handshake())
		}
	})
}

func TestTrustTakesNobodyElsesCertificate(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t, "authority")
	h := doorway(t, authority, AuthTrust, CertificateOfUser, nil)
	for _, user := range []string{"kim", "eve"} {
		p := h.show(authority.Client(t, "lee"))
		p.send(frame4(packet(protocol30, "user", user, "database", "app")))
		require.Equal(t, `certificate authentication failed for user "`+user+`"`, p.expectError(stateAuthorization).message)
	}
	p := h.show(authority.Client(t, "kim"))
	p.send(asKim)
	require.Equal(t, []byte{0, 0, 0, authOK}, p.expect("R"))
}

func TestWhereACertificateIsNeededPlainIsNotEnough(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t, "authority")
	encrypt := withTLS(t, EncryptionOptional, TLSOptions{Certificate: authority.Server(t), ClientCAs: authority.Pool()})
	for _, needs := range []func(*Config){
		func(c *Config) { c.Auth = AuthCertificate },
		func(c *Config) { c.ClientCertificate = CertificateRequired },
		func(c *Config) { c.ClientCertificate = CertificateOfUser },
	} {
		h := newHouse(t, func(c *Config) {
			encrypt(c)
			needs(c)
		})
		p := h.dial()
		p.send(asKim)
		require.Contains(t, p.expectError(stateAuthorization).message, "requires a valid client certificate")
	}
}

func TestCertificateBesideAPassword(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t, "authority")
	kim, lee := authority.Client(t, "kim"), authority.Client(t, "lee")
	for _, c := range []struct {
		name     string
		auth     Auth
		needs    ClientCertificate
		shown    []tls.Certificate
		password string // what is asked for; empty where none is
		state    string
	}{
		{"scram: a certificate is not needed", AuthSCRAM, CertificateOptional, nil, "right", ""},
		{"scram: a certificate is no password", AuthSCRAM, CertificateOptional, []tls.Certificate{kim}, "wrong", statePassword},
		{"verify-ca: a certificate is needed", AuthSCRAM, CertificateRequired, nil, "", stateAuthorization},
		{"verify-ca: anybody's will do", AuthSCRAM, CertificateRequired, []tls.Certificate{lee}, "right", ""},
		{"verify-full: the owner's will do", AuthSCRAM, CertificateOfUser, []tls.Certificate{kim}, "right", ""},
		{"verify-full: another one's looks like a wrong password", AuthSCRAM, CertificateOfUser, []tls.Certificate{lee}, "right", statePassword},
		{"verify-full: it is no password", AuthSCRAM, CertificateOfUser, []tls.Certificate{kim}, "wrong", statePassword},
		{"either: the owner's will do", AuthSCRAM | AuthCertificate, CertificateOptional, []tls.Certificate{kim}, "", ""},
		{"either: without it there is the password", AuthSCRAM | AuthCertificate, CertificateOptional, nil, "right", ""},
		{"either: another one's is none", AuthSCRAM | AuthCertificate, CertificateOptional, []tls.Certificate{lee}, "wrong", statePassword},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := doorway(t, authority, c.auth, c.needs, nil).show(c.shown...)
			switch {
			case c.password != "":
				bound{mechSCRAM, "n,,", "", c.password}.try(t, p, "kim")
				require.Equal(t, c.state, p.said.code)
			case c.state != "":
				p.send(asKim)
				p.expectError(c.state)
			default:
				p.send(asKim)
				require.Equal(t, []byte{0, 0, 0, authOK}, p.expect("R"))
			}
		})
	}
}

func TestRevokedCertificates(t *testing.T) {
	t.Parallel()
	authority, other := tlstest.New(t, "authority"), tlstest.New(t, "authority")
	kim := authority.Client(t, "kim")
	soon, past := time.Now().Add(time.Hour), time.Now().Add(-time.Minute)
	for _, c := range []struct {
		name  string
		lists []*x509.RevocationList
		fails string
	}{
		{"a certificate that is not listed is good", []*x509.RevocationList{authority.Revoke(t, soon)}, ""},
		{"a certificate that is listed is void", []*x509.RevocationList{authority.Revoke(t, soon), authority.Revoke(t, soon, kim)}, "revoked"},
		{"a list out of date says nothing", []*x509.RevocationList{authority.Revoke(t, past)}, "up to date"},
		{"a list of the future says nothing", []*x509.RevocationList{authority.Revoke(t, soon.Add(3*time.Hour))}, "up to date"},
		{"a list that somebody else signed says nothing", []*x509.RevocationList{other.Revoke(t, soon)}, "up to date"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := revocations(c.lists).check(nil, [][]*x509.Certificate{{kim.Leaf, authority.Certificate}})
			if c.fails == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.fails)
		})
	}
	t.Run("a list that is only part of one is refused", func(t *testing.T) {
		t.Parallel()
		delta := authority.Revoke(t, soon)
		delta.Extensions = append(delta.Extensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true})
		_, err := NewTLS(TLSOptions{Certificate: authority.Server(t), ClientCAs: authority.Pool(), Revoked: []*x509.RevocationList{authority.Revoke(t, soon), delta}})
		require.ErrorContains(t, err, "2.5.29.27")
	})
	t.Run("a void certificate ends the handshake, and no certificate does not", func(t *testing.T) {
		t.Parallel()
		h := doorway(t, authority, AuthSCRAM, CertificateOptional, func(o *TLSOptions) { o.Revoked = []*x509.RevocationList{authority.Revoke(t, soon, kim)} })
		h.show().logIn()
		p := h.dial()
		p.send(sslRequest)
		p.expectByte('S')
		require.Error(t, tls.Client(p.Conn, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{kim}}).Handshake())
	})
}

func TestOneCommonName(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t, "authority")
	cn := func(values ...any) *x509.Certificate {
		var names []pkix.AttributeTypeAndValue
		for _, v := range values {
			names = append(names, pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: v})
		}
		return authority.Sign(t, &x509.Certificate{Subject: pkix.Name{ExtraNames: names}}).Leaf
	}
	name, ok := commonName(cn("kim"))
	require.True(t, ok)
	require.Equal(t, "kim", name)
	for _, c := range []*x509.Certificate{cn(), cn(""), cn("kim", "root"), cn("kim\x00.example")} {
		_, ok := commonName(c)
		require.False(t, ok)
	}
}

func TestCertificateMap(t *testing.T) {
	t.Parallel()
	const text = `
# certificate            user
"kim@example.com"        kim     # exact
lee                      "lee a"
/(.*)@acme\.example      \1
/bot-[0-9]+              bot
"/CN=.*,OU=Desk 1" desk
"CN=Ann Lee,O=Acme\, Inc" ann
`
	authority := tlstest.New(t, "authority")
	parse := func(name CertificateName) *CertificateMap {
		m, err := ParseCertificateMap("people.map", text, name)
		require.NoError(t, err)
		return m
	}
	byCommon, byWhole := parse(CommonName), parse(DistinguishedName)
	named := func(name string) *x509.Certificate { return authority.Client(t, name).Leaf }
	for _, c := range []struct {
		certificate, user string
		owns              bool
	}{
		{"kim@example.com", "kim", true},
		{"KIM@example.com", "kim", false},
		{"lee", "lee a", true},
		{"lee", "lee", false},
		{"kim", "kim", false},
		{"pat@acme.example", "pat", true},
		{"pat@acme.example", "kim", false},
		{"pat@acme.example.evil", "pat", false},
		{"@acme.example", "", false},
		{"bot-7", "bot", true},
		{"x bot-7", "bot", false},
		{"bot-7\nx", "bot", false},
	} {
		require.Equal(t, c.owns, byCommon.owns(named(c.certificate), c.user), "%s as %s", c.certificate, c.user)
	}
	acme := authority.Sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "Ann Lee", Organization: []string{"Acme, Inc"}}}).Leaf
	require.Equal(t, `CN=Ann Lee,O=Acme\, Inc`, distinguishedName(acme))
	require.True(t, byWhole.owns(acme, "ann"))
	require.False(t, byCommon.owns(acme, "ann"))
	require.True(t, NewCertificateMap(CommonName).owns(named("kim"), "kim"))
	require.False(t, NewCertificateMap(CommonName).owns(named("kim"), "kim "))
	require.False(t, (&CertificateMap{name: 7}).owns(named("kim"), "kim"))
}

func TestCertificateMapsThatAreWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a b\nkim":         "people.map:2: a certificate's name and a user are expected, not 1 words",
		"a b c":            "people.map:1: a certificate's name and a user are expected, not 3 words",
		`"a b`:             "people.map:1: a quote is not closed",
		`"a"b c`:           "people.map:1: a quote is not closed, or goes on after its end",
		`a"b c`:            "people.map:1: a quote in the middle of a word",
		`"" kim`:           "people.map:1: a certificate's name and a user are expected",
		"/( kim":           "people.map:1: reading a pattern",
		"/a)|(b kim":       "people.map:1: reading a pattern",
		`/abc \1`:          `people.map:1: user "\\1": \1 needs a pair of parentheses`,
		"kim +admins":      `people.map:1: user "+admins": one user is expected`,
		"# fine\n\na /^b$": `people.map:3: user "/^b$": one user is expected`,
	} {
		_, err := ParseCertificateMap("people.map", text, CommonName)
		require.ErrorContains(t, err, want, text)
	}
}
