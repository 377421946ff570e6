package wire

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func tcp(address string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(address), Port: 5} }

// logsIn is how long a login takes that knows, or does not know, the password.
func (t *throttle) logsIn(g guesser, knows bool) (time.Duration, *failure) {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	began := time.Now()
	right, _, bad := t.judge(ctx, g, func() bool { return knows })
	if bad == nil && right != knows {
		panic("judged wrongly")
	}
	return time.Since(began), bad
}

// guess tries as many passwords as it can, on many connections, until ctx ends, and returns how many were judged.
func (t *throttle) guess(ctx context.Context, connections int, g guesser) (judged *atomic.Int64, wait func()) {
	judged = new(atomic.Int64)
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			for ctx.Err() == nil {
				_, _, bad := t.judge(ctx, g, func() bool {
					judged.Add(1)
					return false
				})
				if bad != nil {
					time.Sleep(time.Second)
				}
			}
		})
	}
	return judged, all.Wait
}

func TestWrongPasswordsAreAnsweredLaterAndLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		throttle := newThrottle(8 * time.Second)
		var took []time.Duration
		for i := range 11 {
			held, bad := throttle.logsIn(newGuesser(tcp("192.0.2.1"), fmt.Sprint("user", i)), false)
			require.Nil(t, bad)
			took = append(took, held)
		}
		require.Equal(t, []time.Duration{
			0, 0, 0, 0, 0, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond,
			1600 * time.Millisecond, 3200 * time.Millisecond,
		}, took)
		for range 4 {
			held, _ := throttle.logsIn(newGuesser(tcp("192.0.2.1"), "kim"), false)
			require.LessOrEqual(t, held, 8*time.Second)
		}
		held, bad := throttle.logsIn(newGuesser(tcp("192.0.2.1"), "lee"), true)
		require.Nil(t, bad)
		require.Zero(t, held, "a right password is never held back")
		held, _ = throttle.logsIn(newGuesser(tcp("192.0.2.2"), "max"), false)
		require.Zero(t, held, "another address has nothing to do with it")
		time.Sleep(2 * time.Minute)
		held, _ = throttle.logsIn(newGuesser(tcp("192.0.2.1"), "lee"), false)
		require.Zero(t, held, "it is forgotten")
	})
}

func TestGuessesOfOneAddressAreFew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		throttle := newThrottle(8 * time.Second)
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
		defer stop()
		judged, wait := throttle.guess(ctx, 200, newGuesser(tcp("192.0.2.1"), "kim"))
		wait()
		require.Less(t, judged.Load(), int64(340), "four at a time, of eight seconds each, for ten minutes")
	})
}

func TestNobodyIsLockedOut(t *testing.T) {
	t.Parallel()
	attacker, home, office := "203.0.113.9", "192.0.2.1", "192.0.2.2"
	attacked := func(t *testing.T, before func(*throttle), victim guesser, from ...string) (time.Duration, *failure) {
		t.Helper()
		var took time.Duration
		var bad *failure
		synctest.Test(t, func(t *testing.T) {
			throttle := newThrottle(8 * time.Second)
			before(throttle)
			ctx, stop := context.WithCancel(t.Context())
			var waits []func()
			for _, address := range from {
				_, wait := throttle.guess(ctx, 40, newGuesser(tcp(address), "kim"))
				waits = append(waits, wait)
			}
			time.Sleep(time.Minute)
			took, bad = throttle.logsIn(victim, true)
			stop()
			for _, wait := range waits {
				wait()
			}
		})
		return took, bad
	}
	known := func(t *throttle) { _, _ = t.logsIn(newGuesser(tcp(home), "kim"), true) }
	unknown := func(*throttle) {}
	t.Run("a victim of one address gets in from another", func(t *testing.T) {
		t.Parallel()
		took, bad := attacked(t, unknown, newGuesser(tcp(office), "kim"), attacker)
		require.Nil(t, bad)
		require.Less(t, took, 10*time.Second)
	})
	t.Run("a victim of many addresses gets in from where he has been before", func(t *testing.T) {
		t.Parallel()
		var many []string
		for i := range 60 {
			many = append(many, fmt.Sprintf("203.0.113.%d", i))
		}
		took, bad := attacked(t, known, newGuesser(tcp(home), "kim"), many...)
		require.Nil(t, bad)
		require.Zero(t, took)
	})
	t.Run("a neighbour of a guesser gets in where he has been before", func(t *testing.T) {
		t.Parallel()
		took, bad := attacked(t, func(t *throttle) { _, _ = t.logsIn(newGuesser(tcp(home), "lee"), true) }, newGuesser(tcp(home), "lee"), home)
		require.Nil(t, bad)
		require.Zero(t, took)
	})
	t.Run("others are not concerned", func(t *testing.T) {
		t.Parallel()
		took, bad := attacked(t, unknown, newGuesser(tcp(office), "lee"), attacker)
		require.Nil(t, bad)
		require.Zero(t, took)
	})
}

func TestACrowdIsTurnedAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		throttle := newThrottle(8 * time.Second)
		ctx, stop := context.WithCancel(t.Context())
		_, wait := throttle.guess(ctx, 60, newGuesser(tcp("192.0.2.1"), "kim"))
		time.Sleep(2 * time.Minute)
		refusals := 0
		for range 20 {
			if _, bad := throttle.logsIn(newGuesser(tcp("192.0.2.1"), "kim"), false); bad != nil {
				require.Equal(t, stateTooMany, bad.state)
				refusals++
			}
		}
		require.Positive(t, refusals)
		stop()
		wait()
		require.Zero(t, throttle.addresses.get(newGuesser(tcp("192.0.2.1"), "kim").address).waiting)
	})
}

func TestTheThrottleRemembersSoMuch(t *testing.T) {
	t.Parallel()
	throttle := newThrottle(time.Nanosecond)
	for i := range 3 * remembered {
		g := newGuesser(tcp(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)), fmt.Sprint(i))
		_, _ = throttle.logsIn(g, false)
		_, _ = throttle.logsIn(g, true)
	}
	for _, r := range []*recent{throttle.addresses, throttle.users, throttle.familiar} {
		require.Equal(t, remembered, r.order.Len())
		require.Len(t, r.at, remembered)
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64",
	} {
		network, near := origin(tcp(address))
		require.False(t, near)
		require.Equal(t, want, network)
	}
	for _, here := range []net.Addr{tcp("127.0.0.1"), tcp("127.1.2.3"), tcp("::1"), &net.UnixAddr{}, &net.TCPAddr{}} {
		_, near := origin(here)
		require.True(t, near)
	}
}

func TestNoAddressTakesTheWholeLobby(t *testing.T) {
	t.Parallel()
	l := newLobby(4, 2)
	one, other, here := tcp("192.0.2.1"), tcp("192.0.2.2"), tcp("127.0.0.1")
	require.True(t, l.enter(one))
	require.True(t, l.enter(one))
	require.False(t, l.enter(one))
	require.True(t, l.enter(other))
	l.leave(one)
	require.True(t, l.enter(one))
	require.True(t, l.enter(other))
	require.False(t, l.enter(tcp("192.0.2.3")), "all places are taken")
	for _, from := range []net.Addr{one, one, other, other} {
		l.leave(from)
	}
	for range 4 {
		require.True(t, l.enter(here), "a balancer stands for everybody")
	}
	require.False(t, l.enter(here))
	for range 4 {
		l.leave(here)
	}
	require.Empty(t, l.from)
	require.Zero(t, l.inside)
}

func TestGuessersAreSlowedDownWhoeverTheyGuess(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config) { c.LoginDelay = 40 * time.Millisecond })
	for _, user := range []string{"kim", "eve", "kim@a"} {
		for range freeFailures + 3 {
			p := h.dial()
			bound{mechSCRAM, "n,,", "", "wrong"}.try(t, p, user)
			require.Equal(t, statePassword, p.said.code)
		}
		require.Eventually(t, func() bool {
			return strings.Contains(h.log.String(), `user \"`+user+`\", as others before; told after`)
		}, patient, tick)
	}
	p := h.dial()
	bound{mechSCRAM, "n,,", "", "right"}.try(t, p, "kim")
	require.Empty(t, p.said.code)
}
