package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// impostor is a server that a proxy logs in to, and that is not what it should be.
type impostor struct {
	net.Listener
	conns sync.WaitGroup
}

// newImpostor plays each connection from behind its startup packet.
func newImpostor(t *testing.T, play func(net.Conn)) *impostor {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	i := &impostor{Listener: listener}
	i.conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			i.conns.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(later())
				in := newInbound(conn, newBuffers())
				if in.fill(4) == nil && in.fill(int(binary.BigEndian.Uint32(in.bytes()))) == nil {
					play(conn)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		i.conns.Wait()
	})
	return i
}

const serviceSecret = "the-service-logins-password"

// reception is a house whose server is an impostor.
func reception(t *testing.T, play func(net.Conn)) *house {
	t.Helper()
	i := newImpostor(t, play)
	upstream, err := pgconn.ParseConfig(fmt.Sprintf("postgres://svc:%s@%s/app?sslmode=disable", serviceSecret, i.Addr()))
	require.NoError(t, err)
	return newHouse(t, func(c *Config) {
		c.Auth, c.Connector, c.Upstream, c.LoginTimeout = AuthTrust, nil, upstream, time.Second
	})
}

// endlessly says something until nobody listens.
func endlessly(conn net.Conn, said func(n int) []byte) {
	for n := 0; ; n++ {
		if _, err := conn.Write(said(n)); err != nil {
			return
		}
	}
}

// welcomed is what a server says to one who has come in.
func welcomed(more ...[]byte) []byte {
	return bytes.Join(append([][]byte{message('R', "\x00\x00\x00\x00"), message('S', "client_encoding\x00UTF8\x00")}, more...), nil)
}

func TestImpostorsGetNowhere(t *testing.T) {
	t.Parallel()
	sasl := message('R', "\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00")
	challenge := func(of string) []byte { return message('R', "\x00\x00\x00\x0b"+of) }
	key := message('K', "\x00\x00\x00\x09\x00\x00\x00\x07")
	for name, said := range map[string]string{
		"says nothing and goes":                      "",
		"ends in the middle of a message":            "R\x00\x00\x00\x08\x00",
		"claims a length below four":                 "R\x00\x00\x00\x03",
		"claims a negative length":                   "R\xff\xff\xff\xff",
		"claims a gigabyte":                          "S\x3f\xff\xff\xff",
		"claims two gigabytes":                       "S\x7f\xff\xff\xff",
		"says a kind that does not exist":            string(message('!', "")),
		"describes rows":                             string(message('T', "\x00\x00")),
		"asks for a method that does not exist":      string(message('R', "\x00\x00\x00\x63")),
		"asks for GSS":                               string(message('R', "\x00\x00\x00\x07")),
		"offers no mechanism":                        string(message('R', "\x00\x00\x00\x0a\x00")),
		"offers what nobody speaks":                  string(message('R', "\x00\x00\x00\x0aNONSENSE\x00\x00")),
		"offers without an end":                      string(message('R', "\x00\x00\x00\x0aSCRAM-SHA-256")),
		"goes on before it has begun":                string(challenge("r=x,s=AAAA,i=4096")),
		"sends a nonce of its own":                   string(sasl) + string(challenge("r=mine,s=AAAAAAAA,i=4096")),
		"sends a nonce of a megabyte":                string(sasl) + string(challenge("r="+strings.Repeat("n", 1<<20)+",s=AAAA,i=4096")),
		"sends a challenge of noise":                 string(sasl) + string(challenge("\x00\xff\xfe=,,,=")),
		"asks for no iterations":                     string(sasl) + string(challenge("r=,s=AAAA,i=0")),
		"asks for negative iterations":               string(sasl) + string(challenge("r=,s=AAAA,i=-1")),
		"is ready before anybody has come in":        string(ready),
		"is in the middle of a transaction":          string(welcomed(key, inBlock)),
		"goes on behind ReadyForQuery":               string(welcomed(key, ready, message('D', "\x00\x01\x00\x00\x00\x06secret"))),
		"fails without a code":                       string(message('E', "SFATAL\x00Msome text of the server\x00\x00")),
		"fails without a word":                       string(message('E', "\x00")),
		"fails without an end":                       string(message('E', "SFATAL\x00Cxx")),
		"fails with an empty message":                string(message('E', "")),
		"has a key without a process":                string(welcomed(message('K', "\x00\x00"), ready)),
		"moves a pinned setting":                     string(welcomed(message('S', "standard_conforming_strings\x00off\x00"), key, ready)),
		"speaks another encoding":                    string(message('R', "\x00\x00\x00\x00")) + string(message('S', "client_encoding\x00SJIS\x00")) + string(key) + string(ready),
		"negotiates without a count":                 string(message('v', "\x00")),
		"names more options than there are":          string(message('v', "\x00\x00\x00\x00\x7f\xff\xff\xff")),
		"sets a setting of a hundred kilobytes":      string(welcomed(message('S', "x\x00"+strings.Repeat("y", 100<<10)+"\x00"), key, ready)),
		"has a setting without an end":               string(welcomed(message('S', "x"), key, ready)),
		"proves nothing and says that it has proven": string(sasl) + string(message('R', "\x00\x00\x00\x0cv=AAAA")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := reception(t, func(conn net.Conn) { _, _ = conn.Write([]byte(said)) })
			p := h.dial()
			p.send(frame4(packet(protocol30, "user", "kim", "database", "app")))
			p.expect("R")
			f := parseErrorFields(p.expect("E"))
			require.Equal(t, "FATAL", f.fixedSeverity)
			require.True(t, f.code == stateConnection || f.code == stateProtocol, f.code)
			require.NotContains(t, f.message+f.detail+f.hint, "server's")
			p.expectEnd()
			require.NotContains(t, h.log.String(), serviceSecret)
			require.NotContains(t, h.log.String(), "panic")
		})
	}
}

// TestNoServerAsksForMuchWork plays a server that asks for the iterations that pgconn would still do, which would take a processor for seconds.
func TestNoServerAsksForMuchWork(t *testing.T) {
	t.Parallel()
	for _, iterations := range []string{"1048577", "9999999", "99999999999999999999"} {
		h := reception(t, func(conn net.Conn) {
			_, _ = conn.Write(message('R', "\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00"))
			hello := make([]byte, 1024)
			n, _ := conn.Read(hello)
			_, nonce, _ := strings.Cut(string(hello[:n]), "r=")
			challenge := message('R', "\x00\x00\x00\x0br="+nonce+"mine,s=AAAAAAAA,i="+iterations)
			for _, b := range challenge { // in pieces
				_, _ = conn.Write([]byte{b})
			}
		})
		p := h.dial()
		p.send(frame4(packet(protocol30, "user", "kim", "database", "app")))
		p.expect("R")
		require.Equal(t, stateConnection, parseErrorFields(p.expect("E")).code)
		p.expectEnd()
		require.Eventually(t, func() bool {
			return strings.Contains(h.log.String(), "iterations of SCRAM: at most 1048576 are done here")
		}, 5*time.Second, time.Millisecond, iterations)
	}
}

// TestServersMayHaveAnyKey is about what a server says at the end of a login that it may: there is a session.
func TestServersMayHaveAnyKey(t *testing.T) {
	t.Parallel()
	key := func(n int) []byte { return message('K', "\x00\x00\x00\x09"+strings.Repeat("k", n)) }
	for name, said := range map[string][]byte{
		"no key at all":           welcomed(ready),
		"a key of no bytes":       welcomed(key(0), ready),
		"a key of four":           welcomed(key(4), ready),
		"a key of 256":            welcomed(key(256), ready),
		"two keys":                welcomed(key(4), key(4), ready),
		"notices before the end":  welcomed(message('N', "SNOTICE\x00C00000\x00Mhello\x00\x00"), key(4), ready),
		"a negotiation of itself": append(message('v', "\x00\x00\x00\x00\x00\x00\x00\x00"), welcomed(key(4), ready)...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			done := make(chan struct{})
			defer close(done)
			h := reception(t, func(conn net.Conn) {
				_, _ = conn.Write(said)
				<-done
			})
			p := h.dial()
			p.send(frame4(packet(protocol30, "user", "kim", "database", "app")))
			if name == "a key of no bytes" {
				p.expect("RE") // pgproto3 reads none
				return
			}
			p.expect("RSKZ")
		})
	}
}

// TestLoginsToServersThatNeverEndAreEnded counts what such logins take. It is not parallel: it looks at the process's memory.
func TestLoginsToServersThatNeverEndAreEnded(t *testing.T) {
	for name, play := range map[string]func(net.Conn){
		"says nothing": func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) },
		"says a byte now and then": func(conn net.Conn) {
			endlessly(conn, func(int) []byte {
				time.Sleep(time.Millisecond)
				return []byte{'R'}
			})
		},
		"has ever more settings": func(conn net.Conn) {
			endlessly(conn, func(n int) []byte {
				return message('S', fmt.Sprintf("setting_%d\x00%s\x00", n, strings.Repeat("v", 1000)))
			})
		},
		"has ever more notices": func(conn net.Conn) {
			endlessly(conn, func(int) []byte {
				return message('N', "SNOTICE\x00C00000\x00M"+strings.Repeat("hello ", 100)+"\x00\x00")
			})
		},
		"asks for a billion iterations": func(conn net.Conn) {
			_, _ = conn.Write(message('R', "\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00"))
			buf := make([]byte, 1000)
			n, _ := conn.Read(buf)
			_, nonce, _ := strings.Cut(string(buf[:n]), "r=")
			_, _ = conn.Write(message('R', "\x00\x00\x00\x0br="+nonce+"more,s=AAAAAAAA,i=1000000000"))
			_, _ = conn.Read(buf)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := reception(t, play)
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range 2 {
				p := h.dial()
				p.send(frame4(packet(protocol30, "user", "kim", "database", "app")))
				p.expect("R")
				p.expectError(stateConnection)
			}
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20), "what two logins took, and the servers that the test plays")
		})
	}
}
