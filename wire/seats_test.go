package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSeats(t *testing.T) {
	t.Parallel()
	kim, lee, root := guest{user: "kim", tenant: "acme"}, guest{user: "lee", tenant: "acme"}, guest{user: "root", unfiltered: true}
	cases := []struct {
		name    string
		limits  Limits
		seated  []guest
		asks    guest
		refused string
	}{
		{"without limits there is room", Limits{}, []guest{kim, kim, lee}, kim, ""},
		{"the total is for all", Limits{MaxSessions: 2}, []guest{kim, root}, lee, "sorry, too many clients already"},
		{"the total is for logins that are not filtered, too", Limits{MaxSessions: 2, Reserved: 1}, []guest{kim, root}, root, "sorry, too many clients already"},
		{"the reserve is kept from filtered logins", Limits{MaxSessions: 2, Reserved: 1}, []guest{kim}, lee, "remaining connection slots are reserved for logins that are not filtered"},
		{"the reserve is there for others", Limits{MaxSessions: 2, Reserved: 1}, []guest{kim}, root, ""},
		{"a reserve without a total reserves nothing", Limits{Reserved: 5}, []guest{kim}, lee, ""},
		{"a user has a limit", Limits{MaxPerUser: 1}, []guest{kim}, kim, `too many connections for role "kim"`},
		{"one user's limit is not another's", Limits{MaxPerUser: 1}, []guest{kim}, lee, ""},
		{"a tenant has a limit over its users", Limits{MaxPerTenant: 1}, []guest{kim}, lee, `too many connections for tenant "acme"`},
		{"no tenant has none", Limits{MaxPerTenant: 1}, []guest{{user: "a"}}, guest{user: "b"}, ""},
		{"logins that are not filtered have neither", Limits{MaxPerUser: 1, MaxPerTenant: 1}, []guest{root}, root, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSeats()
			for _, g := range c.seated {
				_, none := s.take(g, Limits{})
				require.Nil(t, none)
			}
			leave, none := s.take(c.asks, c.limits)
			if c.refused == "" {
				require.Nil(t, none)
				leave()
				return
			}
			require.Equal(t, &failure{state: stateTooMany, message: c.refused}, none)
		})
	}
}

func TestASeatIsGivenBackOnce(t *testing.T) {
	t.Parallel()
	s, limits := newSeats(), Limits{MaxSessions: 1}
	leave, none := s.take(guest{user: "kim", tenant: "acme"}, limits)
	require.Nil(t, none)
	leave()
	leave()
	leave, none = s.take(guest{user: "kim"}, limits)
	require.Nil(t, none)
	_, none = s.take(guest{user: "kim"}, limits)
	require.NotNil(t, none)
	leave()
	require.Empty(t, s.users, "who has left is forgotten")
	require.Empty(t, s.tenants)
}

func TestALoginThatFailsTakesNoSeat(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config) {
		c.Limits = func() Limits { return Limits{MaxPerUser: 1} }
	})
	enter := func() *peer { return h.enter(protocol30, "right", "user", "kim", "database", "app") }
	for range 3 {
		h.enter(protocol30, "wrong", "user", "kim", "database", "app")
	}
	first := enter()
	first.expect("RSSSSKZ")
	second := enter()
	second.expect("R")
	f := second.expectError(stateTooMany)
	require.Equal(t, `too many connections for role "kim"`, f.message)
	second.expectEnd()

	first.send(message('X', ""))
	server := newPeer(t, <-h.backends.servers)
	server.expect("X")
	_ = server.Close()
	first.expectEnd()
	require.Eventually(t, func() bool { return h.Sessions() == 0 }, patient, tick)
	enter().expect("RSSSSKZ")
}
