package wire

import (
	"crypto/tls"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/tlstest"
)

// beginSCRAM goes as far as the server's challenge, and returns it.
func (p *peer) beginSCRAM() string {
	p.t.Helper()
	p.send(asKim)
	p.expect("R")
	p.send(initial(mechSCRAM, "n,,n=,r=clientnonce"))
	return string(p.expect("R")[4:])
}

// vacant waits until no login of a house is in progress, and no session has come of those that there were.
func (h *house) vacant() {
	h.t.Helper()
	require.Eventually(h.t, func() bool { return h.lobby.count() == 0 && h.Sessions() == 0 }, 10*time.Second, time.Millisecond)
	require.Empty(h.t, h.backends.servers, "no server connection is made for those who prove nothing")
}

// TestNobodyDawdlesBeforeTheLogin stops at every phase of a login, or goes on a byte at a time: all end with the time for logins.
func TestNobodyDawdlesBeforeTheLogin(t *testing.T) {
	t.Parallel()
	o := TLSOptions{Certificate: tlstest.New(t, "authority").Server(t)}
	for name, play := range map[string]func(p *peer){
		"nothing":                             func(*peer) {},
		"half a length":                       func(p *peer) { p.send(asKim[:2]) },
		"half a startup packet":               func(p *peer) { p.send(asKim[:20]) },
		"a length and no packet":              func(p *peer) { p.send([]byte{0, 0, 0x27, 0x10}) },
		"half a request for encryption":       func(p *peer) { p.send(sslRequest[:5]) },
		"a request for GSS and no more":       func(p *peer) { p.send(gssRequest); p.expectByte('N') },
		"a request for TLS and no handshake":  func(p *peer) { p.send(sslRequest); p.expectByte('S') },
		"half a handshake":                    func(p *peer) { p.send(sslRequest); p.expectByte('S'); p.send([]byte("\x16\x03\x01\x02\x00\x01\x00")) },
		"half a handshake of direct TLS":      func(p *peer) { p.send([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")) },
		"nothing inside TLS":                  func(p *peer) { p.askTLS(&tls.Config{}) },
		"half a startup packet inside TLS":    func(p *peer) { p.askTLS(&tls.Config{}).send(asKim[:20]) },
		"no choice of a mechanism":            func(p *peer) { p.send(asKim); p.expect("R") },
		"half a choice of a mechanism":        func(p *peer) { p.send(asKim); p.expect("R"); p.send(initial(mechSCRAM, "n,,n=,r=x")[:9]) },
		"no proof":                            func(p *peer) { p.beginSCRAM() },
		"half a proof":                        func(p *peer) { p.send(message('p', proof(p.t, p.beginSCRAM(), "right"))[:30]) },
		"the length of a proof and no proof":  func(p *peer) { p.beginSCRAM(); p.send([]byte{'p', 0, 0, 0xff, 0xff}) },
		"a byte of a startup packet at times": func(p *peer) { drip(p, asKim) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, func(c *Config) {
				withTLS(t, EncryptionOptional, o)(c)
				c.LoginTimeout = 500 * time.Millisecond
			})
			p := h.dial()
			play(p)
			for { // What it is told before the end is what the phase has.
				if _, err := p.Read(make([]byte, 1000)); err != nil {
					break
				}
			}
			h.vacant()
		})
	}
}

func drip(p *peer, said []byte) {
	for _, b := range said {
		if _, err := p.Write([]byte{b}); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestLoginsEndAnywhere breaks a login with a password off at every byte, in both ways that a connection can end.
func TestLoginsEndAnywhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	choice := initial(mechSCRAM, "n,,n=,r=clientnonce")
	flights := []struct {
		begin func(p *peer) []byte // leads up to a flight, and returns it
		size  int
	}{
		{func(*peer) []byte { return asKim }, len(asKim)},
		{func(p *peer) []byte { p.send(asKim); p.expect("R"); return choice }, len(choice)},
		{func(p *peer) []byte { return message('p', proof(p.t, p.beginSCRAM(), "right")) }, 100},
	}
	for _, flight := range flights {
		for n := range flight.size {
			p := h.dial()
			p.send(flight.begin(p)[:n])
			if n%2 == 0 {
				require.NoError(t, p.Conn.(*net.TCPConn).SetLinger(0))
			}
			_ = p.Close()
		}
	}
	h.vacant()
	require.NotContains(t, h.log.String(), "panic")
}

// TestNegotiationComesOnce asks for a version and for options that nobody knows: the answer comes once, before anything else.
func TestNegotiationComesOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	p := h.dial()
	p.send(frame4(packet(3<<16|9999, "user", "kim", "database", "app", "_pq_.grease", "1")))
	p.expect("vR")
	p.send(initial(mechSCRAM, "n,,n=,r=clientnonce"))
	p.send(message('p', proof(t, string(p.expect("R")[4:]), "right")))
	p.expect("RRSSSS")
	require.Len(t, p.expect("K"), 4+longSecret, "the key is as long as the version allows")
	p.expect("Z")
}

// TestOnlyOneStartupPacketIsHeard says another one when the first has been heard: who somebody is does not change.
func TestOnlyOneStartupPacketIsHeard(t *testing.T) {
	t.Parallel()
	asLee := frame4(packet(protocol30, "user", "lee", "database", "app"))
	for name, play := range map[string]func(p *peer){
		"before a mechanism is chosen": func(p *peer) { p.send(asKim); p.expect("R"); p.send(asLee) },
		"before the proof":             func(p *peer) { p.beginSCRAM(); p.send(asLee) },
		"a request for TLS":            func(p *peer) { p.beginSCRAM(); p.send(sslRequest) },
		"a statement without a proof":  func(p *peer) { p.beginSCRAM(); p.send(message('Q', "select 1\x00")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			p := h.dial()
			play(p)
			p.expectError(stateProtocol)
			p.expectEnd()
			h.vacant()
		})
	}
}

// TestEveryKindOfMessageIsDecided says each of the 256 kinds, of which all but those of the protocol end a session: from a client, and
// from a server that was asked for nothing.
func TestEveryKindOfMessageIsDecided(t *testing.T) {
	t.Parallel()
	for kind := range 256 {
		ofClients, ofServers := isOneOf(kind, "QPBDECSHFdcfX"), isOneOf(kind, "NSA")
		t.Run(fmt.Sprintf("%q", byte(kind)), func(t *testing.T) {
			t.Parallel()
			if !ofClients {
				s := newStage(t)
				s.start(t)
				s.client.send(message(byte(kind), "a\x00"))
				s.client.expectError(stateProtocol)
				s.client.expectEnd()
			}
			if !ofServers {
				s := newStage(t)
				s.start(t)
				s.server.send(message(byte(kind), "a\x00"))
				s.client.expectError(expectedOf(kind))
				s.client.expectEnd()
			}
		})
	}
}

func isOneOf(kind int, kinds string) bool {
	for _, k := range []byte(kinds) {
		if int(k) == kind {
			return true
		}
	}
	return false
}

// expectedOf is what an idle session's client hears of a kind of message that its server has said.
func expectedOf(kind int) string {
	if kind == 'E' { // An error without a severity is taken for the end.
		return stateInternal
	}
	return stateProtocol
}
