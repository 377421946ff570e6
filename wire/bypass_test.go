package wire

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/token"
)

// past is a running Server with the unfiltered user root, whose worlds a test may change.
type past struct {
	*house
	worlds atomic.Pointer[World]
}

func newPast(t *testing.T) *past {
	t.Helper()
	p := &past{}
	p.house = newHouse(t, func(c *Config) {
		w := c.World()
		w.Snapshot.Users["root"] = &catalog.User{Name: "root", Active: true, Unfiltered: true, Password: verifierFor(t, "right")}
		p.worlds.Store(w)
		c.World = p.worlds.Load
	})
	return p
}

// enterPast logs root in and returns both ends.
func (h *past) enterPast(pairs ...string) (client, server *peer) {
	h.t.Helper()
	client = h.enter(protocol30, "right", append([]string{"user", "root", "database", "app"}, pairs...)...)
	client.expect("RSSSSSKZ")
	return client, newPeer(h.t, <-h.backends.servers)
}

// revoke makes a world in which root is filtered.
func (h *past) revoke() {
	w := testWorld()
	w.Snapshot.Users["root"] = &catalog.User{Name: "root", Active: true}
	h.worlds.Store(w)
}

func TestTheBypassIsByteForByte(t *testing.T) {
	t.Parallel()
	random := func(size int) []byte {
		b := make([]byte, size)
		_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(b)
		return b
	}
	for _, c := range []struct {
		name           string
		client, server []byte
	}{
		{"nothing but noise", random(5 << 20), random(6 << 20)},
		{"a length that is none", []byte("Q\x00\x00\x00\x00 and more"), []byte("Z\xff\xff\xff\xff and more")},
		{"messages of every kind", everyKind(), everyKind()},
		{"one long message", message('d', strings.Repeat("x", 3<<20)), message('d', strings.Repeat("y", 3<<20))},
		{"an unfinished header", []byte("Q\x00"), []byte("D")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client, server := newPast(t).enterPast()
			go func() { _, _ = client.Write(c.client) }()
			go func() { _, _ = server.Write(c.server) }()
			heard := make(chan [32]byte)
			go func() { heard <- digest(server, len(c.client)) }()
			require.Equal(t, sha256.Sum256(c.server), digest(client, len(c.server)))
			require.Equal(t, sha256.Sum256(c.client), <-heard)
		})
	}
}

func everyKind() []byte {
	var all []byte
	for kind := range 256 {
		all = append(all, message(byte(kind), strings.Repeat("b", kind))...)
	}
	return all
}

func digest(r io.Reader, size int) [32]byte {
	b := make([]byte, size)
	_, _ = io.ReadFull(r, b)
	return sha256.Sum256(b)
}

func TestNobodyElseIsLetPast(t *testing.T) {
	t.Parallel()
	now := time.Now()
	world := func(u catalog.User) *World {
		w := testWorld()
		u.Name = "root"
		w.Snapshot.Users["root"] = &u
		return w
	}
	root, login := catalog.User{Active: true, Unfiltered: true}, identity{login: "root"}
	require.NotNil(t, waiverOf(world(root), login, now))
	require.NotNil(t, waiverOf(world(root), identity{login: "root", token: &token.Identity{User: "root", Expires: now.Add(1)}}, now))

	// Whatever else a user is: without the flag there is no way past.
	kind := reflect.TypeFor[catalog.User]()
	for i := range kind.NumField() {
		f := kind.Field(i)
		if f.Type.Kind() != reflect.Bool || f.Name == "Unfiltered" {
			continue
		}
		u := catalog.User{Active: true}
		reflect.ValueOf(&u).Elem().Field(i).SetBool(true)
		require.Nil(t, waiverOf(world(u), login, now), f.Name)
	}
	for name, c := range map[string]struct {
		w   *World
		who identity
	}{
		"no world":            {nil, login},
		"a zero user":         {world(catalog.User{}), login},
		"an inactive user":    {world(catalog.User{Unfiltered: true}), login},
		"one who may be many": {world(catalog.User{Active: true, Unfiltered: true, Impersonate: catalog.ImpersonateByToken}), login},
		"another user":        {world(root), identity{login: "kim"}},
		"an unknown user":     {world(root), identity{login: "eve"}},
		"nobody":              {world(root), identity{}},
		"other letters":       {world(root), identity{login: "Root"}},
		"a tenant":            {world(root), identity{login: "root", tenant: "acme"}},
		"a tenant behind @":   {world(root), identity{login: "root@acme"}},
		"nothing behind @":    {world(root), identity{login: "root@"}},
		"another's token":     {world(root), identity{login: "root", token: &token.Identity{User: "kim", Expires: now.Add(1)}}},
		"an expired token":    {world(root), identity{login: "root", token: &token.Identity{User: "root", Expires: now}}},
	} {
		require.Nil(t, waiverOf(c.w, c.who, now), name)
	}
}

// TestOneWayPast pins who makes what leads past the policy.
func TestOneWayPast(t *testing.T) {
	t.Parallel()
	uses := usesIn(t, "waiverOf", "waiver", "letPast", "openPast", "bypass", "UnfilteredConnector")
	require.Equal(t, []string{"Server.login", "bypass.revoked"}, uses["waiverOf"])
	require.Equal(t, []string{"waiverOf"}, uses["waiver"])
	require.Equal(t, []string{"Server.login"}, uses["letPast"])
	require.Equal(t, []string{"Server.letPast"}, uses["openPast"])
	require.Equal(t, []string{"Config.withDefaults", "Server.openPast"}, uses["UnfilteredConnector"])
	require.Equal(t, []string{"Server.openPast"}, uses["bypass"])
}

func TestUnfilteredLogin(t *testing.T) {
	t.Parallel()
	h := newPast(t)
	client := h.enter(protocol32, "right", "user", "root", "database", "app", "search_path", "evil", "replication", "database",
		"options", "-c role=x -c a=b")
	require.Equal(t, map[string]string{"search_path": "evil", "replication": "database", "options": "-c role=x -c a=b"}, <-h.backends.settings)
	client.expect("R")
	told := ""
	for range 5 {
		told += string(client.expect("S"))
	}
	require.Equal(t, "is_superuser\x00on\x00server_version\x0015.0\x00session_authorization\x00svc\x00TimeZone\x00UTC\x00secret\x00x\x00", told)
	require.Len(t, client.expect("K"), 4+longSecret)
	client.expect("Z")
	server := newPeer(t, <-h.backends.servers)
	client.send(message('Q', "DROP TABLE t\x00"))
	require.Equal(t, "DROP TABLE t\x00", string(server.expect("Q")))
	server.send(message('C', "DROP TABLE\x00"), ready)
	client.expect("CZ")
	client.send(message('X', ""))
	server.expect("X")
	_ = server.Close()
	client.expectEnd()
	require.Eventually(t, func() bool { return strings.Contains(h.log.String(), "unfiltered session ended") }, 5*time.Second, time.Millisecond)
	for _, said := range []string{
		`"level":"warn"`, `"message":"unfiltered session started"`, `"user":"root"`, `"server_login":"svc"`, `"client":"127.0.0.1:`,
		`"bytes_from_client":23`, `"bytes_from_server":22`,
	} {
		require.Contains(t, h.log.String(), said)
	}
	require.NotContains(t, h.log.String(), "DROP")
}

func TestATenantThatCannotBeReadIsNoWayPast(t *testing.T) {
	t.Parallel()
	h := newPast(t)
	for _, asked := range [][]string{
		{"options", `-c wherewall.tenant=a \`},
		{"options", `-c Whe\rewall.tenant=a \`},
		{"options", "-c wherewall.tenant"},
		{"wherewall.tenant", "\xff"},
		{"Wherewall.Tenant", "a\nb"},
	} {
		client := h.enter(protocol32, "right", append([]string{"user", "root", "database", "app"}, asked...)...)
		client.expect("R")
		client.expect("E")
		client.expectEnd()
	}
}

func TestUnfilteredLoginProvesItselfLikeAnyOther(t *testing.T) {
	t.Parallel()
	h := newPast(t)
	p := h.dial()
	p.send(frame4(packet(protocol30, "user", "root", "database", "app")))
	p.expect("R")
	p.send(initial(mechSCRAM, "n,,n=,r=clientnonce"))
	challenge := p.expect("R")
	p.send(message('p', proof(t, string(challenge[4:]), "wrong")))
	p.expectError(statePassword)
	p.expectEnd()
	require.Empty(t, h.backends.servers)

	p = h.enter(protocol30, "right", "user", "root", "database", "other")
	p.expect("R")
	p.expectError(stateNoDatabase)
	require.Empty(t, h.backends.servers)
}

func TestAWithdrawnBypassEnds(t *testing.T) {
	t.Parallel()
	t.Run("what is said next does not arrive", func(t *testing.T) {
		t.Parallel()
		h := newPast(t)
		client, server := h.enterPast()
		h.revoke()
		client.send(message('Q', "SELECT 1\x00"))
		require.Equal(t, "FATAL", client.expectError(stateAuthorization).fixedSeverity)
		client.expectEnd()
		server.expectEnd()
	})
	t.Run("a result is cut between two messages", func(t *testing.T) {
		t.Parallel()
		h := newPast(t)
		client, server := h.enterPast()
		client.send(message('Q', "SELECT 1\x00"))
		server.expect("Q")
		server.send(message('D', "\x00\x00"))
		client.expect("D")
		h.revoke()
		_, _ = server.Write(message('D', "\x00\x00"))
		client.expectError(stateAuthorization)
		client.expectEnd()
		<-h.backends.cancelled
	})
	t.Run("nothing is said in the middle of a message", func(t *testing.T) {
		t.Parallel()
		h := newPast(t)
		client, server := h.enterPast()
		server.send([]byte{'D', 0, 0, 0, 9, 1})
		_, err := io.ReadFull(client, make([]byte, 6))
		require.NoError(t, err)
		h.revoke()
		_, _ = server.Write([]byte{2, 3, 4, 5})
		client.expectEnd()
	})
	t.Run("who is silent is ended too", func(t *testing.T) {
		t.Parallel()
		h := newPast(t)
		client, server := h.enterPast()
		h.worlds.Store(nil)
		client.expectError(stateAuthorization)
		client.expectEnd()
		server.expectEnd()
	})
	t.Run("a new policy that says the same changes nothing", func(t *testing.T) {
		t.Parallel()
		h := newPast(t)
		client, server := h.enterPast()
		w := testWorld()
		w.Snapshot.Users["root"] = h.worlds.Load().Snapshot.Users["root"]
		h.worlds.Store(w)
		client.send(syncMessage)
		server.expect("S")
		server.send(ready)
		client.expect("Z")
	})
}

func TestTheEndOfABypass(t *testing.T) {
	t.Parallel()
	t.Run("a server that says goodbye has the last word", func(t *testing.T) {
		t.Parallel()
		client, server := newPast(t).enterPast()
		farewell := serverError("FATAL", stateShutdown, adminShutdown)
		server.send(farewell)
		_ = server.Close()
		require.Equal(t, string(farewell[headerSize:]), string(client.expect("E")))
		client.expectEnd()
	})
	t.Run("the end of a server that says nothing is passed on as that", func(t *testing.T) {
		t.Parallel()
		client, server := newPast(t).enterPast()
		_ = server.Close()
		client.expectEnd()
	})
	t.Run("a client that vanishes has its statement cancelled", func(t *testing.T) {
		t.Parallel()
		h := newPast(t)
		client, server := h.enterPast()
		client.send(message('Q', "SELECT 1\x00"))
		server.expect("Q")
		_ = client.Close()
		<-h.backends.cancelled
		server.expectEnd()
	})
	t.Run("a client that vanishes at rest cancels nothing", func(t *testing.T) {
		t.Parallel()
		h := newPast(t)
		client, server := h.enterPast()
		_ = client.Close()
		server.expectEnd()
		require.Empty(t, h.backends.cancelled)
	})
}

func TestDrainOfABypass(t *testing.T) {
	t.Parallel()
	h := newPast(t)
	client, server := h.enterPast()
	streaming, walsender := h.enterPast("replication", "database")
	streaming.send(message('Q', "START_REPLICATION\x00"))
	walsender.expect("Q")
	walsender.send(message('W', "\x00\x00\x00"))
	streaming.expect("W")
	client.send(message('Q', "BEGIN\x00"))
	server.expect("Q")
	server.send(inBlock)
	client.expect("Z")
	drained := make(chan error, 1)
	go func() { drained <- h.Shutdown(t.Context()) }()
	streaming.expectError(stateShutdown) // it has no end of its own
	client.send(message('Q', "COMMIT\x00"), syncMessage)
	server.expect("QS")
	server.send(ready)
	client.expect("Z")
	server.send(ready)
	client.expect("Z")
	client.expectError(stateShutdown)
	client.expectEnd()
	require.NoError(t, <-drained)
}

func TestAnIdleBypassHoldsNoBuffers(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	in := newInbound(near, newBuffers())
	go func() {
		_, _ = far.Write(bytes.Repeat([]byte("x"), 40<<10))
		_ = far.Close()
	}()
	largest, total := 0, 0
	for in.more() == nil {
		largest, total = max(largest, in.buffered()), total+in.buffered()
		in.skip(in.buffered())
	}
	require.Equal(t, largeBuffer, largest)
	require.Equal(t, 40<<10, total)
	require.Nil(t, in.large)
}
