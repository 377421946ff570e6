package wire

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
)

// backends is a Connector whose servers a test plays.
type backends struct {
	settings  chan map[string]string
	servers   chan net.Conn
	cancelled chan struct{}
	err       error
}

func newBackends() *backends {
	return &backends{
		settings: make(chan map[string]string, 64), servers: make(chan net.Conn, 64), cancelled: make(chan struct{}, 64),
	}
}

func (b *backends) Connect(_ context.Context, settings map[string]string) (*Backend, error) {
	if b.err != nil {
		return nil, b.err
	}
	near, far, err := tcpPair()
	if err != nil {
		return nil, err
	}
	b.settings <- settings
	b.servers <- far
	return &Backend{
		Conn: near, Login: "svc",
		Parameters: map[string]string{"server_version": "15.0", "session_authorization": "svc", "is_superuser": "on", "TimeZone": "UTC", "secret": "x"},
		Cancel: func(context.Context) error {
			b.cancelled <- struct{}{}
			return nil
		},
	}, nil
}

// log collects what the server logs.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// house is a running Server.
type house struct {
	*Server
	t        *testing.T
	addr     string
	backends *backends
	log      *log
}

func newHouse(t *testing.T, change func(*Config)) *house {
	t.Helper()
	return newHouseAt(t, change, func(l net.Listener) net.Listener { return l })
}

// newHouseAt is a house whose listener is not an ordinary one.
func newHouseAt(t *testing.T, change func(*Config), of func(net.Listener) net.Listener) *house {
	t.Helper()
	h := &house{t: t, backends: newBackends(), log: &log{}}
	world := testWorld()
	world.Snapshot.Users["kim"].Password = verifierFor(t, "right")
	world.Snapshot.Users["lee"] = &catalog.User{
		Name: "lee", Active: true, Password: verifierFor(t, "right"), Memberships: map[string][]string{"a": nil, "b": nil},
	}
	world.Snapshot.Users["ann"] = &catalog.User{Name: "ann", Password: verifierFor(t, "right")}
	config := Config{
		Upstream: &pgconn.Config{Database: "app"}, Connector: h.backends, World: func() *World { return world },
		Log: zerolog.New(h.log),
	}
	if change != nil {
		change(&config)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h.Server, h.addr = NewServer(config), listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- h.Serve(ctx, of(listener)) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-served)
	})
	return h
}

func (h *house) dial() *peer {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.addr)
	require.NoError(h.t, err)
	return newPeer(h.t, conn)
}

// enter sends a startup packet and proves the password.
func (h *house) enter(version uint32, password string, pairs ...string) *peer {
	h.t.Helper()
	p := h.dial()
	p.send(frame4(packet(version, pairs...)))
	p.expect("R")
	const first = "n=,r=clientnonce"
	p.send(initial(mechSCRAM, "n,,"+first))
	challenge := p.expect("R")
	var e exchange
	e.answer(h.t, p, first, string(challenge[4:]), password, "n")
	return p
}

func TestWelcome(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	p := h.enter(protocol30, "right", "user", "kim", "database", "app", "timezone", "CET", "search_path", "public")
	require.Equal(t, "\x00\x00\x00\x00", string(p.expect("R")))
	require.Equal(t, "is_superuser\x00off\x00", string(p.expect("S")))
	require.Equal(t, "server_version\x0015.0\x00", string(p.expect("S")))
	require.Equal(t, "session_authorization\x00kim\x00", string(p.expect("S")))
	require.Equal(t, "TimeZone\x00UTC\x00", string(p.expect("S")))
	require.Len(t, p.expect("K"), 8)
	require.Equal(t, "I", string(p.expect("Z")))
	settings := <-h.backends.settings
	require.Equal(t, "CET", settings["timezone"])
	require.Equal(t, "public, pg_temp", settings["search_path"])
	require.Equal(t, "on", settings["row_security"])
	p.send(message('X', ""))
	server := newPeer(t, <-h.backends.servers)
	server.expect("X")
	_ = server.Close()
	p.expectEnd()
	require.Eventually(t, func() bool { return bytes.Contains([]byte(h.log.String()), []byte("session ended")) }, 5*time.Second, time.Millisecond)
	require.NotContains(t, h.log.String(), "SCRAM-SHA-256")
}

func TestNoEntry(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, password string
		pairs          []string
		state, says    string
	}{
		{"a wrong password", "wrong", []string{"user", "kim", "database", "app"}, statePassword, `password authentication failed for user "kim"`},
		{"an unknown user", "right", []string{"user", "eve", "database", "app"}, statePassword, `password authentication failed for user "eve"`},
		{"a wrong password is said before a wrong database", "wrong", []string{"user", "kim", "database", "other"}, statePassword, ""},
		{"a wrong password is said before a refused setting", "wrong", []string{"user", "kim", "role", "x"}, statePassword, ""},
		{"a wrong password is said before a missing tenant", "wrong", []string{"user", "lee", "database", "app"}, statePassword, ""},
		{"another database", "right", []string{"user", "kim", "database", "other"}, stateNoDatabase, `database "other" does not exist`},
		{"a missing tenant", "right", []string{"user", "lee", "database", "app"}, stateAuthorization, "tenant_required"},
		{"a foreign tenant", "right", []string{"user", "kim", "database", "app", "options", "-c wherewall.tenant=x"}, stateAuthorization, "tenant_not_member"},
		{"an inactive user", "right", []string{"user", "ann", "database", "app"}, stateAuthorization, "user_inactive"},
		{"a refused setting", "right", []string{"user", "kim", "database", "app", "role", "x"}, stateDenied, `"role"`},
		{"another search path", "right", []string{"user", "kim", "database", "app", "search_path", "evil"}, stateDenied, "search_path"},
		{"replication", "right", []string{"user", "kim", "database", "app", "replication", "database"}, stateDenied, "replication"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			// The exchange's last answer is read by answer; a wrong password's is the error itself.
			p := h.dial()
			p.send(frame4(packet(protocol30, c.pairs...)))
			p.expect("R")
			p.send(initial(mechSCRAM, "n,,n=,r=clientnonce"))
			challenge := p.expect("R")
			p.send(message('p', proof(t, string(challenge[4:]), c.password)))
			if c.state != statePassword {
				p.expect("RR")
			}
			f := p.expectError(c.state)
			require.Contains(t, f.message, c.says)
			require.Equal(t, "FATAL", f.fixedSeverity)
			p.expectEnd()
			require.Empty(t, h.backends.servers)
		})
	}
}

func TestUnreachableServerTellsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config) { c.Connector.(*backends).err = errors.New("10.0.0.7 said svc has a bad password") })
	p := h.enter(protocol30, "right", "user", "kim", "database", "app")
	p.expect("R")
	f := p.expectError(stateConnection)
	require.Equal(t, couldNotConnect, f.message)
}

func TestCancelKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		version uint32
		size    int
	}{{"protocol 3.0", protocol30, 4}, {"protocol 3.2", protocol32, longSecret}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			p := h.enter(c.version, "right", "user", "kim", "database", "app")
			p.expect("RSSSS")
			key := p.expect("K")
			require.Len(t, key, 4+c.size)
			p.expect("Z")
			cancel := func(key []byte) {
				p := h.dial()
				p.send(frame4(append(binary.BigEndian.AppendUint32(nil, codeCancel), key...)))
				p.expectEnd()
			}
			wrong := bytes.Clone(key)
			wrong[5]++
			cancel(wrong)
			require.Empty(t, h.backends.cancelled)
			cancel(key)
			require.Len(t, h.backends.cancelled, 1)
			p.send(message('X', ""))
			server := newPeer(t, <-h.backends.servers)
			server.expect("X")
			_ = server.Close()
			p.expectEnd()
			require.Eventually(t, func() bool {
				h.cancels.mu.Lock()
				defer h.cancels.mu.Unlock()
				return len(h.cancels.owners) == 0
			}, 5*time.Second, time.Millisecond)
			cancel(key)
			require.Len(t, h.backends.cancelled, 1, "the key died with its session")
		})
	}
}

func TestTrustIsForLoopback(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	s := NewServer(Config{Auth: AuthTrust, Upstream: &pgconn.Config{}})
	require.ErrorIs(t, s.Serve(t.Context(), listener), ErrNotLoopback)
}

func TestTrustStillNeedsADeclaredUser(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config) { c.Auth = AuthTrust })
	p := h.dial()
	p.send(frame4(packet(protocol30, "user", "eve", "database", "app")))
	p.expect("R")
	require.Contains(t, p.expectError(stateAuthorization).message, "unknown_user")
}

func TestLoginLimits(t *testing.T) {
	t.Parallel()
	t.Run("a login that takes too long ends", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, func(c *Config) { c.LoginTimeout = 50 * time.Millisecond })
		h.dial().expectEnd()
	})
	t.Run("one login too many is told so", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, func(c *Config) { c.MaxUnauthenticated = 1 })
		first := h.dial()
		first.send(frame4(packet(protocol30, "user", "kim", "database", "app")))
		first.expect("R")
		h.dial().expectError(stateTooMany)
	})
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	t.Run("an idle session ends and new ones are not accepted", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, nil)
		p := h.enter(protocol30, "right", "user", "kim", "database", "app")
		p.expect("RSSSSKZ")
		require.NoError(t, h.Shutdown(t.Context()))
		p.expectError(stateShutdown)
		_, err := net.Dial("tcp", h.addr)
		require.Error(t, err)
	})
	t.Run("a session that does not end in time is ended", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, nil)
		p := h.enter(protocol30, "right", "user", "kim", "database", "app")
		p.expect("RSSSSKZ")
		p.send(syncMessage)
		server := newPeer(t, <-h.backends.servers)
		server.expect("S")
		ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer stop()
		require.ErrorIs(t, h.Shutdown(ctx), context.DeadlineExceeded)
		p.expectError(stateShutdown)
		require.Len(t, h.backends.cancelled, 1, "what it was doing is cancelled")
	})
	t.Run("a login in progress ends with the time", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, nil)
		p := h.dial()
		p.send(frame4(packet(protocol30, "user", "kim", "database", "app")))
		p.expect("R")
		ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer stop()
		require.ErrorIs(t, h.Shutdown(ctx), context.DeadlineExceeded)
		p.expectEnd()
	})
}

func TestPanicOfALoginEndsThatLoginAlone(t *testing.T) {
	t.Parallel()
	first := true
	h := newHouse(t, func(c *Config) {
		world := c.World
		c.World = func() *World {
			if first {
				first = false
				panic("no world")
			}
			return world()
		}
	})
	p := h.dial()
	p.send(frame4(packet(protocol30, "user", "kim", "database", "app")))
	p.expectEnd()
	h.enter(protocol30, "right", "user", "kim", "database", "app").expect("R")
}
