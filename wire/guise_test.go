package wire

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
)

func TestMadeUpVerifiers(t *testing.T) {
	t.Parallel()
	secret := []byte("secret")
	salt := func(g guise, login string) string { return madeUp(secret, g, login).Salt }
	t.Run("whatever tenant is asked for, the salt is the user's", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, salt(guise{}, "nobody"), salt(guise{}, "nobody@acme"))
		require.NotEqual(t, salt(guise{}, "nobody"), salt(guise{}, "other"))
	})
	t.Run("servers with one secret make up the same", func(t *testing.T) {
		t.Parallel()
		salt := func(c Config) string { return madeUp(NewServer(c).secret, guise{}, "nobody").Salt }
		require.Equal(t, salt(Config{Secret: secret}), salt(Config{Secret: secret}))
		require.NotEqual(t, salt(Config{}), salt(Config{}))
	})
	t.Run("addresses are users where all users have addresses", func(t *testing.T) {
		t.Parallel()
		g := guiseOf(&catalog.Snapshot{Users: map[string]*catalog.User{"kim@x.org": {}, "kim@y.org": {}}})
		require.NotEqual(t, salt(g, "a@x.org"), salt(g, "a@y.org"))
		require.NotEqual(t, salt(g, "a"), salt(g, "a@y.org"))
		require.Equal(t, salt(g, "a@x.org"), salt(g, "a@x.org@acme"))
		require.Equal(t, salt(g, "a"), salt(g, "a@acme"), "nobody has such an address")
	})
	t.Run("where only some have addresses, the made-up ones are of both kinds", func(t *testing.T) {
		t.Parallel()
		g := guiseOf(&catalog.Snapshot{Users: map[string]*catalog.User{"kim@x.org": {}, "lee": {}}})
		same := 0
		for i := range 200 {
			name := fmt.Sprint("made up ", i)
			require.Equal(t, salt(g, name), salt(g, name+"@acme"), "as lee and lee@acme have the same")
			require.Equal(t, salt(g, name+"@x.org"), salt(g, name+"@x.org"))
			if salt(g, name) == salt(g, name+"@x.org") {
				same++
			}
		}
		require.InDelta(t, 100, same, 40)
	})
	t.Run("they look like the policy's own", func(t *testing.T) {
		t.Parallel()
		own := func(iterations string) *catalog.User {
			return &catalog.User{Password: "SCRAM-SHA-256$" + iterations + ":AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA$" +
				"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
		}
		g := guiseOf(&catalog.Snapshot{Users: map[string]*catalog.User{"a": own("10000"), "b": own("10000"), "c": own("4096"), "d": {}}})
		require.Equal(t, guise{factors: factors{iterations: 10000, salt: 24}, passwords: 192, domains: map[string]bool{}, addresses: 128}, g)
		made := madeUp(secret, g, "nobody")
		require.Equal(t, 10000, made.Iters)
		require.Len(t, made.Salt, 24)
	})
}

func TestGuessesAtAUserAreCountedTogetherWhateverTenantTheyName(t *testing.T) {
	t.Parallel()
	s := &catalog.Snapshot{Users: map[string]*catalog.User{
		"kim@x.org": {Name: "kim@x.org", Password: "any"}, "lee": {Name: "lee", Password: "any"}, "ann": {Name: "ann"},
	}}
	h := &handshake{secret: []byte("secret"), guise: guiseOf(s)}
	counted := func(login string) string { return h.guessed(loginUser(&World{Snapshot: s}, login), login) }
	for _, login := range []string{"lee", "lee@", "lee@acme", "lee@x.org", "lee@made up"} {
		require.Equal(t, "lee", counted(login), login)
	}
	for _, login := range []string{"kim@x.org", "kim@x.org@acme", "kim@x.org@x.org"} {
		require.Equal(t, "kim@x.org", counted(login), login)
	}
	for _, nobody := range []string{"max", "ann"} {
		require.Equal(t, nobody, counted(nobody))
		require.Equal(t, nobody, counted(nobody+"@acme"))
	}
}

func TestSubjectNeverChanges(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	moved := testWorld()
	moved.Snapshot.Tenants = map[string]*catalog.Tenant{"acme": {Active: true}}
	moved.Snapshot.Users["kim"].Memberships = map[string][]string{"acme": nil}
	s.worlds.Store(moved)
	s.client.send(message('Q', "select 1\x00"))
	require.Equal(t, "FATAL", s.client.expectError(stateAuthorization).fixedSeverity)
	s.client.expectEnd()
}

func TestOneRuleForSettings(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	cases := []struct {
		name, setting, value string
		ok                   bool
	}{
		{"a zone by name passes", "timezone", "Europe/Berlin", true},
		{"a zone by path is refused", "timezone", "../../../etc/passwd", false},
		{"a style passes", "datestyle", "ISO, DMY", true},
		{"a wrong style is refused", "datestyle", "x", false},
		{"a quote passes in a name", "application_name", `it's \x`, true},
		{"digits pass", "extra_float_digits", "3", true},
		{"a timeout passes", "statement_timeout", "5000", true},
		{"the pins have been judged", "client_encoding", "UTF8", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.ok, s.world.unsettable(map[string]string{c.setting: c.value}) == nil)
		})
	}
}

func TestUnknownStatusEndsTheSession(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	s.client.send(syncMessage)
	s.server.expect("S")
	s.server.send(message('Z', "Y"))
	s.client.expectError(stateProtocol)
	s.client.expectEnd()
}

func TestErrorsAreComplete(t *testing.T) {
	t.Parallel()
	f := parseErrorFields([]byte("SERROR\x00Mm\x00\x00"))
	require.Equal(t, "ERROR", f.fixedSeverity)
	require.Equal(t, stateInternal, f.code)
}
