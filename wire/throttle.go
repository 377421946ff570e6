package wire

import (
	"context"
	"crypto/sha256"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// freeFailures cost nothing: people mistype, and programs try again with what they were configured with.
	freeFailures = 5
	// mostFailures is how many are remembered, so that who stops guessing is soon forgiven.
	mostFailures = 14
	// forgiveness is how long it takes until one failure is forgotten.
	forgiveness = 6 * time.Second
	firstDelay  = 100 * time.Millisecond
	// crowd is how many logins may wait for one gate.
	crowd = 32
	// remembered is how many addresses, users and pairs of both are kept, each.
	remembered = 8192
)

// throttle slows down who guesses passwords, and closes no door to those who know theirs: a right password is never held back, a wrong one
// is, and few proofs at a time are judged for one address and for one user. Who has logged in before from the address that he comes from is
// judged apart from the rest, so neither guesses from elsewhere nor a neighbour's keep him waiting. It is told names alone, not
// whether there are such users.
type throttle struct {
	delay time.Duration // the longest for an address; zero or less is no throttle

	mu        sync.Mutex
	addresses *recent
	users     *recent
	familiar  *recent // pairs that have succeeded
}

func newThrottle(delay time.Duration) *throttle {
	return &throttle{
		delay:     delay,
		addresses: newRecent(remembered, 4, delay),
		users:     newRecent(remembered, 16, delay/4),
		familiar:  newRecent(remembered, 4, delay/4),
	}
}

// guesser is who a proof comes from, as far as that is known before it is judged.
type guesser struct {
	address, user, pair fingerprint
	near                bool // from this machine, which may be a balancer that stands for everybody
}

// fingerprint stands for what a client says, whatever its length.
type fingerprint [sha256.Size]byte

func newGuesser(from net.Addr, user string) guesser {
	network, near := origin(from)
	return guesser{
		address: sha256.Sum256([]byte(network)), user: sha256.Sum256([]byte(user)),
		pair: sha256.Sum256([]byte(network + "\x00" + user)), near: near,
	}
}

// origin is the network that one client has for itself: an address of IPv4, the first half of one of IPv6.
func origin(from net.Addr) (network string, near bool) {
	tcp, ok := from.(*net.TCPAddr)
	if !ok {
		return "", true
	}
	address, ok := netip.AddrFromSlice(tcp.IP)
	address = address.Unmap()
	if !ok || address.IsLoopback() {
		return "", true
	}
	if address.Is4() {
		return address.String(), false
	}
	half, err := address.Prefix(64)
	if err != nil {
		return address.String(), false
	}
	return half.String(), false
}

// judge runs verify when it is the guesser's turn, and returns what it says. After a wrong proof it takes its time, which it returns, whether or
// not the client waits for the answer. ctx bounds all of it.
func (t *throttle) judge(ctx context.Context, g guesser, verify func() bool) (right bool, held time.Duration, bad *failure) {
	if t == nil || t.delay <= 0 {
		return verify(), 0, nil
	}
	gates := t.gates(g)
	for i, one := range gates {
		if bad := t.enter(ctx, one); bad != nil {
			leave(gates[:i])
			return false, 0, bad
		}
	}
	defer leave(gates)
	if verify() {
		t.succeeded(g)
		return true, 0, nil
	}
	held = t.failed(gates)
	if held > 0 {
		select {
		case <-time.After(held):
		case <-ctx.Done():
		}
	}
	return false, held, nil
}

// gates are those that a guesser has to pass, in an order that is the same for all, so that nobody waits in a circle.
func (t *throttle) gates(g guesser) []*turnstile {
	t.mu.Lock()
	defer t.mu.Unlock()
	if own := t.familiar.known(g.pair); own != nil {
		return []*turnstile{own}
	}
	user := t.users.get(g.user)
	if g.near {
		return []*turnstile{user}
	}
	return []*turnstile{t.addresses.get(g.address), user}
}

// enter waits for a place at a gate.
func (t *throttle) enter(ctx context.Context, g *turnstile) *failure {
	t.mu.Lock()
	if g.waiting >= crowd {
		t.mu.Unlock()
		return crowded("too many wait already")
	}
	g.waiting++
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		g.waiting--
		t.mu.Unlock()
	}()
	select {
	case g.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return crowded("the login's time is over")
	}
}

func leave(gates []*turnstile) {
	for _, g := range gates {
		<-g.places
	}
}

// crowded is told who cannot be judged now. It says nothing of who exists.
func crowded(why string) *failure {
	return &failure{
		state: stateTooMany, message: "too many failed logins at this time", hint: "Try again in some seconds.",
		reason: "too many failed logins of this address or user: " + why,
	}
}

// succeeded remembers who is known where.
func (t *throttle) succeeded(g guesser) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.familiar.get(g.pair).failures = 0
}

// failed counts a failure and says how long its answer is held back.
func (t *throttle) failed(gates []*turnstile) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	held := time.Duration(0)
	for _, g := range gates {
		held = max(held, g.failed(time.Now()))
	}
	return held
}
