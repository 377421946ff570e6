package wire

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/token"
	"github.com/wherewall/wherewall/plan"
)

// enterWith opens a session by a token and returns it with the server's end.
func (g *gate) enterWith(user string, claims map[string]any) (client, server *peer) {
	g.t.Helper()
	p, asked := g.ask(user)
	require.Equal(g.t, cleartextQuestion, asked)
	p.give(g.id.Token(g.t, user, claims))
	p.expect("RSSSSKZ")
	return p, newPeer(g.t, <-g.backends.servers)
}

func TestASessionEndsAtTheFirstStatementAfterItsToken(t *testing.T) {
	t.Parallel()
	g := newGate(t, AuthToken, nil)
	for _, c := range []struct {
		name string
		sent []byte
	}{
		{"a query", message('Q', "select 1\x00")},
		{"a statement to prepare", message('P', "\x00select 1\x00\x00\x00")},
		{"a call of a function", message('F', "")},
	} {
		ends := time.Now().Add(time.Hour)
		g.change(func() { g.now = ends.Add(-time.Minute) })
		client, server := g.enterWith("ann", map[string]any{"exp": ends.Unix()})
		client.send(message('Q', "select 1\x00"))
		server.expect("Q")
		g.change(func() { g.now = ends })
		server.send(message('C', "SELECT 1\x00"), message('Z', "I"))
		client.expect("CZ") // what began before the end goes on
		client.send(c.sent)
		f := client.expectError(stateAuthorization)
		require.Equal(t, "FATAL", f.fixedSeverity, c.name)
		require.Contains(t, f.message, "expired")
		client.expectEnd()
		server.expectEnd()
	}
}

func TestASessionThatIsSilentHearsNothingAfterItsToken(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ends := time.Now()
	now := ends.Add(-time.Second)
	s.config.Now = func() time.Time { return now }
	p := newReplies(s.session)
	p.who = identity{login: "kim", token: &token.Identity{User: "kim", Expires: ends}}
	p.listener = view{
		world: s.world, who: p.who,
		plan: &plan.Plan{Subject: plan.Subject{User: "kim", Tenant: "acme"}, Allow: map[string]bool{"listen": true}},
	}
	require.True(t, p.mayHear())
	now = ends
	require.False(t, p.mayHear())
}

func TestAReloadJudgesATokenAgain(t *testing.T) {
	t.Parallel()
	number := expr.Type{Schema: "pg_catalog", Name: "int4"}
	typed := func(name string, as expr.Type) *World {
		w := tokenWorld(t)
		w.Snapshot.AttributeTypes = map[string]expr.Type{name: as}
		return NewWorld(w.Snapshot)
	}
	for _, c := range []struct {
		name   string
		world  *World
		passes bool
	}{
		{"the same policy again", typed("max", number), true},
		{"another type that fits", typed("max", expr.Type{Schema: "pg_catalog", Name: "text"}), true},
		{"a type that does not fit", typed("max", expr.Type{Schema: "pg_catalog", Name: "uuid"}), false},
		{"a list", typed("max", expr.Type{Schema: "pg_catalog", Name: "int4", Array: true}), false},
		{"no such attribute", typed("min", number), false},
	} {
		g := newGate(t, AuthToken, nil)
		g.change(func() { g.world = typed("max", number) })
		client, server := g.enterWith("ann", map[string]any{"max_amount": 7})
		g.change(func() { g.world = c.world })
		client.send(message('Q', "select 1\x00"))
		if c.passes {
			server.expect("Q")
			continue
		}
		require.Contains(t, client.expectError(stateAuthorization).message, "the token does not fit the policy", c.name)
		client.expectEnd()
	}
}

func TestAReloadThatMakesALoginAnothersEndsTheSession(t *testing.T) {
	t.Parallel()
	g := newGate(t, AuthToken, nil)
	client, _ := g.enterAt("moe@acme", "moe")
	g.change(func() {
		w := tokenWorld(t)
		w.Snapshot.Users["moe@acme"] = &catalog.User{Name: "moe@acme", Active: true}
		g.world = NewWorld(w.Snapshot)
	})
	client.send(message('Q', "select 1\x00"))
	client.expectError(stateAuthorization)
	client.expectEnd()
}

// enterAt is enterWith for a login that is not a user's name.
func (g *gate) enterAt(login, user string) (client, server *peer) {
	g.t.Helper()
	p, _ := g.ask(login)
	p.give(g.id.Token(g.t, user, nil))
	p.expect("RSSSSKZ")
	return p, newPeer(g.t, <-g.backends.servers)
}

func TestAnAttributeThatDoesNotFitIsToldAfterTheProof(t *testing.T) {
	t.Parallel()
	g := newGate(t, AuthToken, nil)
	p, _ := g.ask("ann")
	p.give(g.id.Token(t, "ann", map[string]any{"max_amount": "hush"}))
	p.expect("R")
	f := p.expectError(stateAuthorization)
	require.Contains(t, f.message, "max")
	require.NotContains(t, f.message, "hush")
	require.NotContains(t, g.log.String(), "hush")
	p.expectEnd()
}
