package wire

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/token"
	"github.com/wherewall/wherewall/internal/token/tokentest"
)

// tokensOf verifies an issuer's tokens by the keys that it has now; they are looked at again only where a token asks for it.
func tokensOf(t *testing.T, id *tokentest.Issuer) *token.Verifier {
	t.Helper()
	source, err := token.ParseSource(id.URL + tokentest.KeysPath)
	require.NoError(t, err)
	keys := token.NewKeys(token.KeysConfig{Source: source, Apart: time.Nanosecond, Log: zerolog.Nop()})
	require.NoError(t, keys.Load(t.Context()))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		keys.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return token.NewVerifier(token.Config{
		Issuer: id.URL, Audience: tokentest.Audience, UserClaim: "sub", TenantClaim: "tenant", Attributes: map[string]string{"max": "max_amount"},
	}, keys)
}

// gate is a house whose users come with tokens, or with passwords, or with both.
type gate struct {
	*house
	id *tokentest.Issuer

	mu    sync.Mutex
	world *World
	now   time.Time
}

func newGate(t *testing.T, auth Auth, change func(*Config)) *gate {
	t.Helper()
	g := &gate{id: tokentest.NewPlain(t), world: tokenWorld(t), now: time.Now()}
	g.house = newHouse(t, func(c *Config) {
		c.Auth, c.Tokens, c.OAuth = auth, tokensOf(t, g.id), OAuth{Issuer: g.id.URL, Scope: "openid"}
		c.World = func() *World {
			g.mu.Lock()
			defer g.mu.Unlock()
			return g.world
		}
		c.Now = func() time.Time {
			g.mu.Lock()
			defer g.mu.Unlock()
			return g.now
		}
		if change != nil {
			change(c)
		}
	})
	return g
}

// tokenWorld has users with a password, kim and pat, and without, ann, moe and zoe.
func tokenWorld(t *testing.T) *World {
	t.Helper()
	w := testWorld()
	s := w.Snapshot
	s.Tenants = map[string]*catalog.Tenant{"acme": {ID: "acme", Active: true}, "globex": {ID: "globex", Active: true}}
	both := map[string][]string{"acme": nil, "globex": nil}
	s.Users = map[string]*catalog.User{
		"kim": {Name: "kim", Active: true, Password: verifierFor(t, "right")},
		"pat": {Name: "pat", Active: true, Password: verifierFor(t, "right")},
		"ann": {Name: "ann", Active: true},
		"moe": {Name: "moe", Active: true, Memberships: both},
		"zoe": {Name: "zoe"},
	}
	return NewWorld(s)
}

func (g *gate) change(how func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	how()
}

// ask opens a connection as a user and returns the server's question for a proof.
func (g *gate) ask(user string, pairs ...string) (*peer, string) {
	g.t.Helper()
	p := g.dial()
	p.send(frame4(packet(protocol30, append([]string{"user", user, "database", "app"}, pairs...)...)))
	return p, string(p.expect("R"))
}

const cleartextQuestion = "\x00\x00\x00\x03"

func question(mechanisms ...string) string {
	return "\x00\x00\x00\x0a" + strings.Join(mechanisms, "\x00") + "\x00\x00"
}

// give answers the question for a password.
func (p *peer) give(secret string) { p.send(message('p', secret+"\x00")) }

func TestAUserWithoutAPasswordIsAskedForAToken(t *testing.T) {
	t.Parallel()
	g := newGate(t, AuthSCRAM|AuthToken, nil)
	p, asked := g.ask("ann")
	require.Equal(t, cleartextQuestion, asked)
	p.give(g.id.Token(t, "ann", map[string]any{"jti": "t-17"}))
	p.expect("RSSSSK")
	p.expect("Z")
	require.Eventually(t, func() bool { return strings.Contains(g.log.String(), `"token_id":"t-17"`) }, 5*time.Second, time.Millisecond)

	_, asked = g.ask("kim")
	require.Equal(t, question("SCRAM-SHA-256"), asked)
}

func TestTheWayToLogInMayBeChosenAmongThoseThatAreOpen(t *testing.T) {
	t.Parallel()
	g := newGate(t, AuthSCRAM|AuthToken|AuthOAuth, nil)
	for _, c := range []struct{ user, way, asked string }{
		{"kim", "", question("SCRAM-SHA-256", "OAUTHBEARER")},
		{"kim", "scram", question("SCRAM-SHA-256")},
		{"kim", "token", cleartextQuestion},
		{"kim", "oauth", question("OAUTHBEARER")},
		{"ann", "", cleartextQuestion},
		{"ann", "scram", question("SCRAM-SHA-256")},
		{"ann", "oauth", question("OAUTHBEARER")},
		{"eve", "scram", question("SCRAM-SHA-256")},
		{"eve", "token", cleartextQuestion},
		{"eve", "oauth", question("OAUTHBEARER")},
	} {
		var pairs []string
		if c.way != "" {
			pairs = []string{"options", "-c wherewall.auth=" + c.way}
		}
		p, asked := g.ask(c.user, pairs...)
		require.Equal(t, c.asked, asked, "%s by %q", c.user, c.way)
		_ = p.Close()
	}
	p, _ := g.ask("kim", "options", "-c wherewall.auth=token")
	p.give(g.id.Token(t, "kim", nil))
	p.expect("RSSSSKZ")
	p, _ = g.ask("ann", "options", "-c wherewall.auth=ident")
	p.give(g.id.Token(t, "ann", nil))
	p.expect("R")
	p.expectError(stateBadParameter)

	only := newGate(t, AuthToken, nil)
	p = only.dial()
	p.send(frame4(packet(protocol30, "user", "kim", "database", "app", "options", "-c wherewall.auth=scram")))
	require.Equal(t, "FATAL", p.expectError(stateAuthorization).fixedSeverity)
	p.expectEnd()
}

func TestEveryTokenThatIsNotTheLoginsIsAWrongPassword(t *testing.T) {
	t.Parallel()
	g := newGate(t, AuthSCRAM|AuthToken, nil)
	now := time.Now()
	for name, c := range map[string]struct{ login, said string }{
		"another user's":              {"ann", g.id.Token(t, "kim", nil)},
		"of a user by another case":   {"ann", g.id.Token(t, "ANN", nil)},
		"of somebody unknown":         {"eve", g.id.Token(t, "eve", nil)},
		"of a login with its tenant":  {"moe@acme", g.id.Token(t, "moe@acme", nil)},
		"expired":                     {"ann", g.id.Token(t, "ann", map[string]any{"exp": now.Unix() - 1})},
		"not valid yet":               {"ann", g.id.Token(t, "ann", map[string]any{"nbf": now.Unix() + 60})},
		"for another audience":        {"ann", g.id.Token(t, "ann", map[string]any{"aud": "other"})},
		"by another issuer":           {"ann", g.id.Token(t, "ann", map[string]any{"iss": "other"})},
		"of another issuer's key":     {"ann", tokentest.NewPlain(t).Token(t, "ann", map[string]any{"iss": g.id.URL})},
		"cut short":                   {"ann", strings.TrimSuffix(g.id.Token(t, "ann", nil), "A")[:100]},
		"no token":                    {"ann", "right"},
		"a password that is right":    {"kim", "right"},
		"a verifier":                  {"kim", verifierFor(t, "right")},
		"not signed":                  {"ann", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ."},
		"oversized":                   {"ann", g.id.Token(t, "ann", map[string]any{"x": strings.Repeat("x", 46<<10)})},
		"an attribute that is no one": {"ann", g.id.Token(t, "ann", map[string]any{"max_amount": map[string]any{}})},
	} {
		p, asked := g.ask(c.login, "options", "-c wherewall.auth=token")
		require.Equal(t, cleartextQuestion, asked, name)
		p.give(c.said)
		f := p.expectError(statePassword)
		require.Equal(t, "FATAL", f.fixedSeverity)
		require.Equal(t, `password authentication failed for user "`+c.login+`"`, f.message, name)
		p.expectEnd()
		require.NotContains(t, g.log.String(), c.said, name)
	}
	require.Empty(t, g.backends.servers)
}

func TestWhatATokenIsAskedForTellsNothingOfWhoExists(t *testing.T) {
	t.Parallel()
	g := newGate(t, AuthSCRAM|AuthToken, func(c *Config) { c.Secret = []byte("secret") })
	asked := map[string]int{}
	for _, name := range strings.Fields("a b c d e f g h i j k l m n o p q r s t u v w x y z") {
		first, one := g.ask("nobody-" + name)
		again, two := g.ask("nobody-" + name + "@acme")
		require.Equal(t, one, two, "always the same for the same user")
		asked[one]++
		_, _ = first.Close(), again.Close()
	}
	require.Len(t, asked, 2, "some of those who do not exist seem to have a password, and others not")

	transcript := func(login string) []string {
		p, asked := g.ask(login, "options", "-c wherewall.auth=token")
		p.give("x.y.z")
		f := p.expectError(statePassword)
		p.expectEnd()
		return []string{asked, strings.ReplaceAll(f.message, login, "?"), f.detail, f.hint, f.fixedSeverity}
	}
	want := transcript("ann")
	for _, login := range []string{"kim", "zoe", "eve", "moe", "moe@acme", "moe@nowhere"} {
		require.Equal(t, want, transcript(login), login)
	}
}

func TestTheTenantOfATokenIsTheSessions(t *testing.T) {
	t.Parallel()
	g := newGate(t, AuthToken, nil)
	in := func(tenant any) string { return g.id.Token(t, "moe", map[string]any{"tenant": tenant}) }
	for _, c := range []struct {
		name, login, option, said, state string
	}{
		{"a token for one of two", "moe", "", in("acme"), ""},
		{"the same said twice", "moe@acme", "", in("acme"), ""},
		{"the same said thrice", "moe@acme", "-c wherewall.tenant=acme", in("acme"), ""},
		{"a token for no tenant", "moe@globex", "", in(nil), ""},
		{"a login of another", "moe@globex", "", in("acme"), stateAuthorization},
		{"options for another", "moe", "-c wherewall.tenant=globex", in("acme"), stateAuthorization},
		{"no member", "moe", "", in("initech"), stateAuthorization},
		{"nothing says which", "moe", "", in(nil), stateAuthorization},
		{"a user of no tenant", "ann", "", g.id.Token(t, "ann", map[string]any{"tenant": "acme"}), stateAuthorization},
	} {
		p, _ := g.ask(c.login, "options", c.option)
		p.give(c.said)
		p.expect("R")
		if c.state != "" {
			require.Equal(t, "FATAL", p.expectError(c.state).fixedSeverity, c.name)
			p.expectEnd()
			continue
		}
		p.expect("SSSSKZ")
	}
	p, _ := g.ask("zoe")
	p.give(g.id.Token(t, "zoe", nil))
	p.expect("R")
	require.Contains(t, p.expectError(stateAuthorization).message, "user_inactive")
}

func TestALoginWaitsForAKeyThatIsNew(t *testing.T) {
	t.Parallel()
	g := newGate(t, AuthToken, nil)
	g.id.Rotate(t, "k2")
	g.id.Withdraw("k1")
	p, _ := g.ask("ann")
	p.give(g.id.Token(t, "ann", nil))
	p.expect("RSSSSKZ")
	require.Equal(t, 2, g.id.Asked())
}

func TestTokensAreNotTakenInTheClear(t *testing.T) {
	t.Parallel()
	s := NewServer(Config{Auth: AuthSCRAM | AuthToken | AuthOAuth})
	near, far := net.Pipe() // an address that is no loopback
	defer near.Close()
	defer far.Close()
	open := &handshake{conn: near, guise: guise{}}
	ann := &catalog.User{Name: "ann"}
	ways, bad := s.ways(open, claimant{login: "ann", user: ann})
	require.Nil(t, bad)
	require.Equal(t, AuthSCRAM, ways, "who has no password is asked for one all the same")
	for _, way := range []Auth{AuthToken, AuthOAuth} {
		_, bad = s.ways(open, claimant{login: "ann", user: ann, way: way})
		require.Equal(t, stateAuthorization, bad.state)
		alone := NewServer(Config{Auth: way})
		_, bad = alone.ways(open, claimant{login: "ann", user: ann})
		require.Equal(t, stateAuthorization, bad.state)
		require.Contains(t, bad.message, "encryption")
		ways, bad = alone.ways(&handshake{conn: near, secured: &secured{}}, claimant{login: "ann", user: ann})
		require.Nil(t, bad)
		require.Equal(t, way, ways)
	}
}

func TestTokensNeedAnIssuer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	for _, auth := range []Auth{AuthToken, AuthOAuth, AuthSCRAM | AuthToken} {
		require.ErrorIs(t, NewServer(Config{Auth: auth}).Serve(t.Context(), listener), ErrAuth)
	}
}

func TestPasswordMessagesAreBounded(t *testing.T) {
	t.Parallel()
	g := newGate(t, AuthToken, nil)
	for _, c := range []struct {
		name, state string
		sent        []byte
	}{
		{"a message of more than 64 kB", stateProtocol, []byte{'p', 0, 1, 0, 5}},
		{"a message of a gigabyte", stateProtocol, []byte{'p', 0x40, 0, 0, 0}},
		{"a negative length", "", []byte{'p', 0xff, 0xff, 0xff, 0xff}},
		{"another message", stateProtocol, message('Q', "select 1\x00")},
		{"a text without an end", stateProtocol, message('p', "x")},
		{"two texts", stateProtocol, message('p', "x\x00y\x00")},
		{"nothing", stateProtocol, message('p', "")},
		{"an empty text", statePassword, message('p', "\x00")},
	} {
		p, _ := g.ask("ann")
		p.send(c.sent)
		if c.state != "" {
			require.Equal(t, "FATAL", p.expectError(c.state).fixedSeverity, c.name)
		}
		p.expectEnd()
	}
}
