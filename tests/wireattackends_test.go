package tests

import (
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// bytesOf is what a client sends for a conversation, its login included.
func bytesOf(t testing.TB, database string, said []utterance) []byte {
	t.Helper()
	all, err := (&pgproto3.StartupMessage{
		ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "app", "database": database},
	}).Encode(nil)
	require.NoError(t, err)
	for _, u := range said {
		all, err = u.through.Encode(all)
		require.NoError(t, err)
	}
	return all
}

// awaitNobody waits until the server has no session of a database, and so Wherewall none that holds one.
func awaitNobody(t testing.TB, database string) {
	t.Helper()
	count := "SELECT count(*) FROM pg_stat_activity WHERE datname = '" + database + "'"
	require.Eventually(t, func() bool { return pg.rows(t, "postgres", count)[0][0] == "0" }, patience, 50*time.Millisecond)
}

// TestClientsVanishAnywhere cuts random conversations off at a random byte, in every way that a connection can end.
func TestClientsVanishAnywhere(t *testing.T) {
	t.Parallel()
	const database = "vanish_anywhere"
	newWireTables(t, database)
	p := startChanging(t, database, "", wirePolicy(writeItems))
	var clients sync.WaitGroup
	for worker := range uint64(6) {
		clients.Go(func() {
			for i := range uint64(40) {
				r := rand.New(rand.NewPCG(worker, i))
				all := bytesOf(t, database, conversation(r))
				vanish(t, p.addr, r, all[:r.IntN(len(all)+1)])
			}
		})
	}
	clients.Wait()
	awaitNobody(t, database)
}

func vanish(t testing.TB, addr string, r *rand.Rand, said []byte) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	_, _ = conn.Write(said)
	switch r.IntN(4) {
	case 0: // a reset
		_ = conn.(*net.TCPConn).SetLinger(0)
	case 1: // half-closed, listening
		_ = conn.(*net.TCPConn).CloseWrite()
		_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		_, _ = io.Copy(io.Discard, conn)
	case 2: // a little later
		time.Sleep(time.Duration(r.IntN(10)) * time.Millisecond)
	}
}

// misfortune is what happens to the bytes of a server.
type misfortune int

const (
	cutOff misfortune = iota
	resets
	halfCloses
	flipsBits
	insertsGarbage
	claimsHugeRow
	misfortunes // their number
)

// unluckyServer stands before PostgreSQL and lets logins pass; then its misfortune strikes after some bytes.
type unluckyServer struct {
	net.Listener
	to    string
	fate  func() (misfortune, int, *rand.Rand)
	conns sync.WaitGroup
}

func newUnluckyServer(t testing.TB, fate func() (misfortune, int, *rand.Rand)) *unluckyServer {
	t.Helper()
	u, err := url.Parse(pg.admin)
	require.NoError(t, err)
	s := &unluckyServer{to: u.Host, fate: fate}
	t.Cleanup(s.conns.Wait)
	s.Listener = accepting(t, s.serve)
	return s
}

func (s *unluckyServer) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", s.to)
	if err != nil {
		return
	}
	defer server.Close()
	s.conns.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	})
	what, after, r := s.fate()
	buf := make([]byte, 4096)
	for loggedIn := false; ; {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		if loggedIn && n > after {
			if !strike(client, what, buf[:n], after, r) {
				return
			}
			after = 200 + r.IntN(400) // and again
			continue
		}
		if loggedIn {
			after -= n
		}
		loggedIn = loggedIn || strings.HasSuffix(string(buf[:n]), "Z\x00\x00\x00\x05I")
		_, _ = client.Write(buf[:n])
	}
}

// strike forwards b with a misfortune at a place, and says whether the connection goes on.
func strike(client net.Conn, what misfortune, b []byte, at int, r *rand.Rand) bool {
	switch what {
	case resets:
		_ = client.(*net.TCPConn).SetLinger(0)
		return false
	case halfCloses:
		_, _ = client.Write(b[:at])
		_ = client.(*net.TCPConn).CloseWrite()
		time.Sleep(100 * time.Millisecond)
		return false
	case flipsBits:
		for range 1 + r.IntN(3) {
			b[at+r.IntN(len(b)-at)] ^= 1 << r.IntN(8)
		}
		_, _ = client.Write(b)
		return true
	case insertsGarbage, claimsHugeRow:
		garbage := []byte("D\x7f\xff\xff\xff\x00\x02")
		for i := range garbage {
			if what == insertsGarbage {
				garbage[i] = byte(r.Uint32())
			}
		}
		_, _ = client.Write(append(append(append([]byte{}, b[:at]...), garbage...), b[at:]...))
		return true
	default:
		_, _ = client.Write(b[:at])
		return false
	}
}

// TestServersFailAnywhere lets the server's connection break, lie and babble at a random byte of random conversations. What the
// client then hears is anybody's guess, but the session ends or goes on, and the process lives.
func TestServersFailAnywhere(t *testing.T) {
	t.Parallel()
	const database = "fail_anywhere"
	newWireTables(t, database)
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(21, 0))
	server := newUnluckyServer(t, func() (misfortune, int, *rand.Rand) {
		mu.Lock()
		defer mu.Unlock()
		return misfortune(r.IntN(int(misfortunes))), r.IntN(600), rand.New(rand.NewPCG(r.Uint64(), 0))
	})
	p := startChanging(t, database, server.Addr().String(), wirePolicy(writeItems))
	var clients sync.WaitGroup
	for worker := range uint64(8) {
		clients.Go(func() {
			for i := range uint64(15) {
				all := bytesOf(t, database, conversation(rand.New(rand.NewPCG(worker, 100+i))))
				conn, err := net.Dial("tcp", p.addr)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = conn.Write(all)
				_ = conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}
		})
	}
	clients.Wait()
	awaitNobody(t, database)
}
