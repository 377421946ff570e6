package wire

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const sep = "\x01"

// bearerPairs is a client's first message with a token.
func bearerPairs(token string) string { return "n,," + sep + "auth=Bearer " + token + sep + sep }

func TestOAuthLogin(t *testing.T) {
	t.Parallel()
	g := newGate(t, AuthSCRAM|AuthOAuth, nil)
	for name, first := range map[string]string{
		"plain":                            bearerPairs(g.id.Token(t, "ann", nil)),
		"a scheme in capitals":             "n,," + sep + "auth=BEARER   " + g.id.Token(t, "ann", nil) + sep + sep,
		"a client that could bind":         "y,," + sep + "auth=bearer " + g.id.Token(t, "ann", nil) + sep + sep,
		"other pairs that say other hosts": "n,," + sep + "host=x.example" + sep + "port=5432" + sep + "auth=Bearer " + g.id.Token(t, "ann", nil) + sep + "x=" + sep + sep,
	} {
		p, asked := g.ask("ann")
		require.Equal(t, question("OAUTHBEARER"), asked)
		p.send(initial(mechOAuth, first))
		require.Equal(t, "\x00\x00\x00\x00", string(p.expect("R")), name)
		p.expect("SSSSKZ")
	}
	p, _ := g.ask("ann")
	p.send(message('p', "OAUTHBEARER\x00\xff\xff\xff\xff"))
	require.Equal(t, "\x00\x00\x00\x0b", string(p.expect("R")), "who says nothing yet is asked again")
	p.send(message('p', bearerPairs(g.id.Token(t, "ann", nil))))
	p.expect("RSSSSKZ")

	p, asked := g.ask("kim")
	require.Equal(t, question("SCRAM-SHA-256", "OAUTHBEARER"), asked, "who has a password may come with a token, too")
	p.send(initial(mechOAuth, bearerPairs(g.id.Token(t, "kim", nil))))
	p.expect("RSSSSKZ")
}

func TestWhoHasNoGoodTokenIsToldWhereToGetOne(t *testing.T) {
	t.Parallel()
	g := newGate(t, AuthSCRAM|AuthOAuth, nil)
	fail := func(login, first string) []string {
		p, asked := g.ask(login, "options", "-c wherewall.auth=oauth")
		p.send(initial(mechOAuth, first))
		challenge := string(p.expect("R"))
		p.send(message('p', sep))
		f := p.expectError(stateAuthorization)
		require.Equal(t, "FATAL", f.fixedSeverity)
		p.expectEnd()
		return []string{asked, challenge, strings.ReplaceAll(f.message, login, "?"), f.detail, f.hint}
	}
	want := fail("ann", "n,,"+sep+"auth="+sep+sep)
	require.Equal(t, `OAuth bearer authentication failed for user "?"`, want[2])
	require.Equal(t, "\x00\x00\x00\x0b", want[1][:4])
	var told map[string]string
	require.NoError(t, json.Unmarshal([]byte(want[1][4:]), &told))
	require.Equal(t, map[string]string{
		"status": "invalid_token", "openid-configuration": g.id.URL + "/.well-known/openid-configuration", "scope": "openid",
	}, told)
	for name, c := range map[string]struct{ login, first string }{
		"an unknown user who asks":     {"eve", "n,," + sep + "auth=" + sep + sep},
		"an unknown user with a token": {"eve", bearerPairs(g.id.Token(t, "eve", nil))},
		"another's token":              {"ann", bearerPairs(g.id.Token(t, "kim", nil))},
		"an expired token":             {"ann", bearerPairs(g.id.Token(t, "ann", map[string]any{"exp": 1}))},
		"no token":                     {"ann", bearerPairs("x")},
		"odd letters":                  {"ann", bearerPairs("{}")},
		"an empty token":               {"ann", bearerPairs("")},
		"a token after it":             {"ann", bearerPairs(g.id.Token(t, "ann", nil) + " x")},
		"another scheme":               {"ann", "n,," + sep + "auth=Basic YTpi" + sep + sep},
		"no scheme":                    {"ann", "n,," + sep + "auth=" + g.id.Token(t, "ann", nil) + sep + sep},
		"who has a password":           {"kim", bearerPairs("x.y.z")},
	} {
		require.Equal(t, want, fail(c.login, c.first), name)
	}
}

func TestMalformedOAuthMessages(t *testing.T) {
	t.Parallel()
	g := newGate(t, AuthOAuth, nil)
	good := g.id.Token(t, "ann", nil)
	for _, c := range []struct{ name, state, first string }{
		{"nothing", stateProtocol, ""},
		{"a bound client", stateProtocol, "p=tls-exporter,," + sep + "auth=Bearer " + good + sep + sep},
		{"another flag", stateProtocol, "x,," + sep + "auth=Bearer " + good + sep + sep},
		{"an authorization identity", stateUnsupported, "n,a=kim," + sep + "auth=Bearer " + good + sep + sep},
		{"no header", stateProtocol, sep + "auth=Bearer " + good + sep + sep},
		{"half a header", stateProtocol, "n"},
		{"another attribute", stateProtocol, "n,m=x," + sep + "auth=Bearer " + good + sep + sep},
		{"no separator", stateProtocol, "n,,auth=Bearer " + good + sep + sep},
		{"no end of the list", stateProtocol, "n,," + sep + "auth=Bearer " + good + sep},
		{"no end of the pair", stateProtocol, "n,," + sep + "auth=Bearer " + good},
		{"something behind the end", stateProtocol, "n,," + sep + "auth=Bearer " + good + sep + sep + "x"},
		{"no auth", stateProtocol, "n,," + sep + "host=x" + sep + sep},
		{"no pairs", stateProtocol, "n,," + sep + sep},
		{"two auths", stateProtocol, "n,," + sep + "auth=Bearer x" + sep + "auth=Bearer " + good + sep + sep},
		{"a key without a value", stateProtocol, "n,," + sep + "auth" + sep + sep},
		{"a value without a key", stateProtocol, "n,," + sep + "=x" + sep + "auth=Bearer " + good + sep + sep},
		{"a key with a digit", stateProtocol, "n,," + sep + "a1=x" + sep + "auth=Bearer " + good + sep + sep},
		{"a value with a zero byte", stateProtocol, "n,," + sep + "auth=Bearer " + good + "\x00" + sep + sep},
		{"a value with a letter beyond ASCII", stateProtocol, "n,," + sep + "auth=Bearer é" + sep + sep},
	} {
		p, _ := g.ask("ann")
		p.send(initial(mechOAuth, c.first))
		require.Equal(t, "FATAL", p.expectError(c.state).fixedSeverity, c.name)
		p.expectEnd()
	}
	for _, last := range []string{"", "x", sep + sep, bearerPairs(good)} {
		p, _ := g.ask("ann")
		p.send(initial(mechOAuth, "n,,"+sep+"auth="+sep+sep))
		p.expect("R")
		p.send(message('p', last))
		p.expectError(stateProtocol)
		p.expectEnd()
	}
	p, _ := g.ask("ann")
	p.send(initial(mechSCRAM, bearerPairs(good)))
	p.expectError(stateProtocol)
	require.Empty(t, g.backends.servers)
}

func FuzzBearerMessage(f *testing.F) {
	f.Add([]byte(bearerPairs("x.y.z")))
	f.Add([]byte("y,," + sep + "host=h" + sep + "auth=" + sep + sep))
	f.Add([]byte("n,a=kim," + sep + "auth=Bearer x" + sep + sep))
	f.Fuzz(func(t *testing.T, message []byte) {
		auth, bad := bearerMessage(message)
		if bad != nil {
			return
		}
		if !strings.Contains(string(message), sep+"auth="+auth+sep) || strings.Count(strings.ToLower(string(message)), sep+"auth=") < 1 {
			t.Errorf("%q has no auth %q", message, auth)
		}
	})
}
