package wire

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/tlstest"
)

const (
	plusHeader  = "p=tls-server-end-point,,"
	clientFirst = "n=,r=clientnonce"
)

// bound is what a client sends to log in as kim with a header and a binding of its choice.
type bound struct {
	mechanism    mechanism
	header, data string
	password     string
}

// try goes through the exchange as far as it goes.
func (b bound) try(t *testing.T, p *peer, user string) {
	t.Helper()
	p.send(frame4(packet(protocol30, "user", user, "database", "app")))
	p.expect("R")
	p.send(initial(b.mechanism, b.header+clientFirst))
	kind, challenge := p.receive()
	if kind != 'R' {
		p.said = parseErrorFields(challenge)
		return
	}
	p.send(message('p', b.final(t, string(challenge[4:]))))
	if kind, body := p.receive(); kind == 'E' {
		p.said = parseErrorFields(body)
	}
}

func (b bound) final(t *testing.T, challenge string) string {
	t.Helper()
	parts := strings.Split(challenge, ",")
	salt, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(parts[1], "s="))
	require.NoError(t, err)
	final := "c=" + base64.StdEncoding.EncodeToString([]byte(b.header+b.data)) + "," + parts[0]
	key, stored, _ := keys(t, b.password, salt)
	signature := sign(stored, clientFirst+","+challenge+","+final)
	for i := range key {
		key[i] ^= signature[i]
	}
	return final + ",p=" + base64.StdEncoding.EncodeToString(key)
}

func TestChannelBinding(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t, "authority")
	server := authority.Server(t)
	data := string(endPoint(server.Leaf).Data)
	other := string(endPoint(authority.Server(t).Leaf).Data)
	cases := []struct {
		name  string
		with  bound
		state string
	}{
		{"a client that binds gets in", bound{mechSCRAMPlus, plusHeader, data, "right"}, ""},
		{"a client that cannot bind gets in", bound{mechSCRAM, "n,,", "", "right"}, ""},
		{"a client that binds to another server's certificate does not", bound{mechSCRAMPlus, plusHeader, other, "right"}, stateAuthorization},
		{"a client that binds to nothing does not", bound{mechSCRAMPlus, plusHeader, "", "right"}, stateAuthorization},
		{"a client that was told of no binding does not", bound{mechSCRAM, "y,,", "", "right"}, stateAuthorization},
		{"a client that binds with a wrong password does not", bound{mechSCRAMPlus, plusHeader, data, "wrong"}, statePassword},
		{"a client that chooses binding and does not bind does not", bound{mechSCRAMPlus, "n,,", "", "right"}, stateProtocol},
		{"a client that chooses binding and denies it does not", bound{mechSCRAMPlus, "y,,", "", "right"}, stateProtocol},
		{"a client that binds under the other name does not", bound{mechSCRAM, plusHeader, data, "right"}, stateProtocol},
		{"a client that binds otherwise does not", bound{mechSCRAMPlus, "p=tls-unique,,", data, "right"}, stateProtocol},
		{"a client that acts for somebody else does not", bound{mechSCRAMPlus, "p=tls-server-end-point,a=root,", data, "right"}, stateUnsupported},
	}
	for _, c := range cases {
		t.Run(c.name+", and an unknown user is told the same", func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, withTLS(t, EncryptionRequired, TLSOptions{Certificate: server}))
			p := h.dial().askTLS(&tls.Config{})
			c.with.try(t, p, "kim")
			require.Equal(t, c.state, p.said.code, p.said.message)
			if c.state == "" {
				p.expect("R")
				return
			}
			p.expectEnd()
			unknown := h.dial().askTLS(&tls.Config{})
			c.with.try(t, unknown, "eve")
			p.said.message = strings.ReplaceAll(p.said.message, "kim", "eve")
			require.Equal(t, p.said, unknown.said)
		})
	}
	t.Run("the mechanisms are offered by what the connection can", func(t *testing.T) {
		t.Parallel()
		both, one := "SCRAM-SHA-256-PLUS\x00SCRAM-SHA-256\x00\x00", "SCRAM-SHA-256\x00\x00"
		offered := func(certificate tls.Certificate, encrypt bool) string {
			p := newHouse(t, withTLS(t, EncryptionOptional, TLSOptions{Certificate: certificate})).dial()
			if encrypt {
				p = p.askTLS(&tls.Config{})
			}
			p.send(asKim)
			return string(p.expect("R")[4:])
		}
		require.Equal(t, both, offered(server, true))
		require.Equal(t, one, offered(server, false))
		require.Equal(t, one, offered(tlstest.SelfSigned(t, x509.PureEd25519), true), "there is no binding to such a certificate")
	})
	t.Run("a client may say that it binds where it was not offered", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, withTLS(t, EncryptionRequired, TLSOptions{Certificate: tlstest.SelfSigned(t, x509.PureEd25519)}))
		p := h.dial().askTLS(&tls.Config{})
		bound{mechSCRAM, "y,,", "", "right"}.try(t, p, "kim")
		p.expect("R")
	})
}

func TestAClientMayChooseBeforeItSpeaks(t *testing.T) {
	t.Parallel()
	p := newHouse(t, nil).dial()
	p.send(asKim)
	p.expect("R")
	p.send(appendMessage(nil, 'p', func(b []byte) []byte { return append(appendString(b, string(mechSCRAM)), 0xff, 0xff, 0xff, 0xff) }))
	require.Equal(t, []byte{0, 0, 0, authSASLContinue}, p.expect("R"))
	p.send(message('p', "n,,"+clientFirst))
	challenge := p.expect("R")
	p.send(message('p', proof(t, string(challenge[4:]), "right")))
	require.True(t, bytes.HasPrefix(p.expect("R"), []byte{0, 0, 0, authSASLFinal}))
}
