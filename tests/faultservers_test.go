package tests

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stand is a server's place that is taken by PostgreSQL, or by one who plays what PostgreSQL once said, wrongly. The name of the
// application that is asked for decides: "record" is PostgreSQL, and is written down; "wrong 7" plays the seventh stream; "random 7" plays one
// that is made up from that seed; others are PostgreSQL.
type stand struct {
	net.Listener

	mu       sync.Mutex
	asked    []byte // what was recorded
	answered []byte
	wrongs   []wrong
	made     stream // what is made up is made of
}

func newStand(t testing.TB) *stand {
	t.Helper()
	s := &stand{}
	s.Listener = accepting(t, s.serve)
	return s
}

func (s *stand) serve(conn net.Conn) {
	defer conn.Close()
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return
	}
	startup := make([]byte, int(head[2])<<8+int(head[3]))
	copy(startup, head[:])
	if _, err := io.ReadFull(conn, startup[4:]); err != nil {
		return
	}
	fields := bytes.Split(startup, []byte{0})
	name := ""
	if at := slices.IndexFunc(fields, func(f []byte) bool { return string(f) == "application_name" }); at >= 0 {
		name = string(fields[at+1])
	}
	if w, wrongly := s.part(name); wrongly {
		(&player{conn: conn, left: w.stream, seed: w.seed, patient: w.patient}).play()
		return
	}
	s.relay(conn, startup, name == "record")
}

// part is what is played to an application; false for nothing.
func (s *stand) part(application string) (wrong, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number, ok := strings.CutPrefix(application, "wrong "); ok {
		n, err := strconv.Atoi(number)
		return s.wrongs[n], err == nil
	}
	number, ok := strings.CutPrefix(application, "random ")
	seed, err := strconv.ParseUint(number, 10, 64)
	if !ok || err != nil {
		return wrong{}, false
	}
	return oneFault(s.made, seed), true
}

// relay is PostgreSQL.
func (s *stand) relay(client net.Conn, startup []byte, record bool) {
	server, err := net.Dial("tcp", postgresAddress())
	if err != nil {
		return
	}
	defer server.Close()
	asked, answered := &bytes.Buffer{}, &bytes.Buffer{}
	if _, err := server.Write(startup); err != nil {
		return
	}
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(client, io.TeeReader(server, tap(answered, record)))
		_ = client.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(server, io.TeeReader(client, tap(asked, record)))
	_ = server.(*net.TCPConn).CloseWrite()
	<-back
	if record {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked, s.answered = asked.Bytes(), answered.Bytes()
	}
}

func tap(b *bytes.Buffer, on bool) io.Writer {
	if on {
		return b
	}
	return io.Discard
}

func postgresAddress() string {
	u, err := url.Parse(pg.admin)
	if err != nil {
		panic(fmt.Sprintf("a superuser's DSN must be a URL: %v", err))
	}
	return u.Host
}

// secretOfRefusals is the mark in the statements that stand for refusals, of which each session has its own.
var secretOfRefusals = regexp.MustCompile(`[0-9a-f]{32}`)

// recorded is what PostgreSQL has said to the recorded session, as one says it who asks for no password.
func (s *stand) recorded(t testing.TB) stream {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	mark := secretOfRefusals.Find(s.asked)
	require.NotNil(t, mark, "the session has no refusal in it")
	all, rest := splitStream(s.answered)
	require.Empty(t, rest)
	all = slices.DeleteFunc(all, func(m []byte) bool { return m[0] == 'R' && !bytes.Equal(m[5:], make([]byte, 4)) })
	for i, m := range all {
		all[i] = bytes.ReplaceAll(m, mark, placeOfMark)
	}
	return all
}

// placeOfMark stands for a session's mark in what is played.
var placeOfMark = []byte(strings.Repeat("#", 32))

// player plays a stream to a proxy. It says what comes up to the next ReadyForQuery when it has been asked for that, or, if it is not patient,
// when nothing was said to it for a while.
type player struct {
	conn net.Conn
	left stream
	mark []byte
	seed uint64
	held []byte // what was read, as far as it is no whole message
	due  int    // how many answers were asked for and not given

	patient bool // what it says is an answer
}

func (p *player) play() {
	p.due = 1 // of the login
	for len(p.left) > 0 {
		if p.due == 0 && !p.listen(p.silence()) {
			return
		}
		if p.due == 0 && p.patient {
			continue
		}
		if !p.answer() {
			return
		}
	}
	switch p.seed % 3 {
	case 0:
		_ = p.conn.(*net.TCPConn).SetLinger(0)
	case 1:
		_ = p.conn.(*net.TCPConn).CloseWrite()
		_ = p.conn.SetReadDeadline(time.Now().Add(patience))
		_, _ = io.Copy(io.Discard, p.conn)
	}
}

// silence is how long it listens before it speaks all the same.
func (p *player) silence() time.Duration {
	if p.patient {
		return patience
	}
	return 20 * time.Millisecond
}

// listen reads what the proxy says, and is false where that is gone.
func (p *player) listen(patience time.Duration) bool {
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	buf := make([]byte, 64<<10)
	n, err := p.conn.Read(buf)
	p.held = append(p.held, buf[:n]...)
	if p.mark == nil {
		p.mark = secretOfRefusals.Find(p.held)
	}
	whole, rest := splitStream(p.held)
	for _, m := range whole {
		if strings.Contains("QSc", string(m[:1])) {
			p.due++
		}
	}
	p.held = slices.Clone(rest)
	return err == nil || errors.Is(err, os.ErrDeadlineExceeded)
}

// answer says what comes up to the next ReadyForQuery or the next wish for rows.
func (p *player) answer() bool {
	end := slices.IndexFunc(p.left, func(m []byte) bool { return len(m) > 0 && (m[0] == 'Z' || m[0] == 'G') }) + 1
	if end == 0 {
		end = len(p.left)
	}
	said := p.left[:end].bytes()
	p.left, p.due = p.left[end:], max(p.due-1, 0)
	if p.mark != nil {
		said = bytes.ReplaceAll(said, placeOfMark, p.mark)
	}
	_, err := p.conn.Write(said)
	return err == nil
}

// TestHostileServersHarmNobody answers the representative session wrongly in every way, at every message and, cut off, at every byte.
// Honest sessions go on in the meantime, with PostgreSQL behind the same address.
func TestHostileServersHarmNobody(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	g := newGround(t, "faults_servers", s.Addr().String(), nil)
	right, recorded := g.record(t, s)
	s.wrongs = append([]wrong{{name: "nothing is wrong", stream: recorded, patient: true}}, everyFault(recorded, *faultSeed)...)
	s.wrongs = append(s.wrongs, everyCut(recorded, *faultSeed)...)
	played, err := g.hear(t, "wrong 0", true)
	require.NoError(t, err)
	require.Equal(t, audibleKinds(right), audibleKinds(played), "what is played is what was recorded")

	honest := g.startHonest(t, 1, 2)
	g.each(t, 0, s.wrongs, func(w wrong) ([]byte, error) {
		n := slices.IndexFunc(s.wrongs, func(o wrong) bool { return o.name == w.name })
		return g.hear(t, fmt.Sprintf("wrong %d", n), n%2 == 0)
	})
	honest.requireFine(t)
	g.requireNothingLeft(t)
	g.requireUntouched(t, 0, 1, 2, 3)
}

// record has the representative session with PostgreSQL, and gives what was heard and what PostgreSQL said.
func (g *ground) record(t testing.TB, s *stand) (heard []byte, said stream) {
	t.Helper()
	heard, err := converse(g.addr, g.said(t, 0, "record").bytes(), halfClose)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.answered != nil
	}, patience, tick)
	return heard, s.recorded(t)
}

// hear has the representative session with a server that plays a part, with a goodbye or without one.
func (g *ground) hear(t testing.TB, part string, goodbye bool) ([]byte, error) {
	said := g.said(t, 0, part)
	if !goodbye {
		said = said[:len(said)-1]
	}
	heard, err := converse(g.addr, said.bytes(), halfClose)
	asked := 1 // the login
	for _, kind := range kindsOf(said) {
		if strings.ContainsRune("QSF", kind) {
			asked++
		}
	}
	if got := strings.Count(audibleKinds(heard), "Z"); err == nil && got > asked {
		return heard, fmt.Errorf("it was told %d times to go on, and has asked %d times", got, asked)
	}
	return heard, err
}

func audibleKinds(heard []byte) string {
	messages, _ := splitStream(heard)
	return kindsOf(messages)
}
