package wire

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/strand"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// peer is one end of a connection that a test plays by hand.
type peer struct {
	net.Conn
	t    *testing.T
	in   *inbound
	said errorFields // by the server, where a test wants to know
}

func newPeer(t *testing.T, conn net.Conn) *peer {
	t.Helper()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	t.Cleanup(func() { _ = conn.Close() })
	return &peer{Conn: conn, t: t, in: newInbound(conn, newBuffers())}
}

func (p *peer) send(parts ...[]byte) {
	p.t.Helper()
	var all []byte
	for _, b := range parts {
		all = append(all, b...)
	}
	_, err := p.Write(all)
	require.NoError(p.t, err)
}

// receive reads one message.
func (p *peer) receive() (byte, []byte) {
	p.t.Helper()
	f, err := p.in.header()
	require.NoError(p.t, err)
	body, err := p.in.whole(f)
	require.NoError(p.t, err)
	return f.kind, append([]byte(nil), body...)
}

// expect reads messages of these kinds and returns the last one's body.
func (p *peer) expect(kinds string) []byte {
	p.t.Helper()
	var body []byte
	for _, want := range []byte(kinds) {
		var got byte
		got, body = p.receive()
		require.Equal(p.t, string(want), string(got), "%q", body)
	}
	return body
}

func (p *peer) expectError(state string) errorFields {
	p.t.Helper()
	f := parseErrorFields(p.expect("E"))
	require.Equal(p.t, state, f.code, f.message)
	return f
}

func (p *peer) expectEnd() {
	p.t.Helper()
	_, err := p.in.header()
	require.ErrorIs(p.t, err, io.EOF)
}

func message(kind byte, body string) []byte {
	return appendMessage(nil, kind, func(b []byte) []byte { return append(b, body...) })
}

// connected returns two ends of a TCP connection.
func connected(t *testing.T) (net.Conn, net.Conn) {
	t.Helper()
	near, far, err := tcpPair()
	require.NoError(t, err)
	return near, far
}

func tcpPair() (near, far net.Conn, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	if near, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		return nil, nil, err
	}
	if far, err = listener.Accept(); err != nil {
		_ = near.Close()
		return nil, nil, err
	}
	return near, far, nil
}

// stage is a session between two peers that a test plays.
type stage struct {
	*session
	client, server *peer
	worlds         atomic.Pointer[World]
	world          *World // the first one
	cancelled      chan struct{}
	ended          chan struct{}
}

const testMark = "0123456789abcdef0123456789abcdef"

func testWorld() *World {
	snapshot := &catalog.Snapshot{Schema: &catalog.Schema{
		SearchPath: []string{"public"}, Limits: catalog.Limits{Timeouts: map[string]int64{"statement_timeout": 0}},
	}, Users: map[string]*catalog.User{
		"kim": {Name: "kim", Active: true},
	}}
	// WHEREWALL_STATEMENT_CACHE=off or verify runs the tests without the cache, or with one that is proven again at every hit.
	of, err := rewrite.ParseRemembering(cmp.Or(os.Getenv("WHEREWALL_STATEMENT_CACHE"), "shapes"))
	if err != nil {
		panic(err)
	}
	return NewWorld(snapshot, rewrite.WithMemory(rewrite.Memory{Of: of}))
}

func newStage(t *testing.T) *stage {
	t.Helper()
	clientNear, clientFar := connected(t)
	if os.Getenv(stagesInsideTLS) != "" {
		clientNear, clientFar = insideTLS(t, clientNear, clientFar)
	}
	serverNear, serverFar := connected(t)
	s := &stage{
		client: newPeer(t, clientNear), server: newPeer(t, serverFar),
		world: testWorld(), cancelled: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	loans := newBuffers()
	s.worlds.Store(s.world)
	config := Config{World: s.worlds.Load}.withDefaults()
	p := &plan.Plan{Snapshot: s.world.Snapshot, Subject: plan.Subject{User: "kim"}}
	pending := newPending()
	s.session = &session{
		link: link{
			config: &config, log: zerolog.Nop(), client: clientFar, server: &Backend{Conn: serverNear, Login: "svc"},
			in: newInbound(clientFar, loans), loans: loans, login: "kim", work: pending, party: &Party{}, counters: newCounters(0),
			forget: func() {}, leave: func() {}, cancel: func(context.Context) { s.cancelled <- struct{}{} },
		},
		memory: newMemory(config.MaxHeld), pending: pending, mark: testMark, who: identity{login: "kim"},
		view: view{world: s.world, plan: p, values: rewrite.NewValues(p, testMark)},
	}
	return s
}

// start runs the session until the test's end.
func (s *stage) start(t *testing.T) {
	t.Helper()
	s.join(stageLoops(t))
	go s.run(context.Background(), func() { close(s.ended) })
	t.Cleanup(func() {
		_ = s.client.Close()
		_ = s.server.Close()
		<-s.ended
	})
}

// stageLoops is an event loop for a stage; nil where the system has none.
func stageLoops(t *testing.T) *strand.Loops {
	t.Helper()
	loops, err := strand.Start(1)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	require.NoError(t, err)
	t.Cleanup(loops.Stop)
	return loops
}

// knows makes the session know a prepared statement, as after a ParseComplete.
func (s *stage) knows(name string, statements ...rewrite.Statement) {
	made := &prepared{
		statement: statement{template: &rewrite.Template{Statements: statements}, values: s.view.values},
		name:      name,
	}
	v := &version{name: name, is: made, confirmed: true}
	s.pending.names.add(v)
}

func bindMessage(portal, name string, formats ...byte) []byte {
	body := portal + "\x00" + name + "\x00\x00\x00\x00\x00\x00" + string([]byte{byte(len(formats))})
	for _, f := range formats {
		body += "\x00" + string([]byte{f})
	}
	return message('B', body)
}

func executeMessage(portal string, limit byte) []byte {
	return message('E', portal+"\x00\x00\x00\x00"+string([]byte{limit}))
}

func serverError(severity, state, text string) []byte {
	return message('E', strings.Join([]string{"S" + severity, "V" + severity, "C" + state, "M" + strings.ReplaceAll(text, "\x00", "|"), "DKey (id)=(1) secret", "Wcontext", "qquery", ""}, "\x00")+"\x00")
}

var (
	syncMessage = message('S', "")
	ready       = message('Z', "I")
	inBlock     = message('Z', "T")
)

// count is how many connections have not logged in.
func (l *lobby) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inside
}
