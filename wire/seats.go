package wire

import (
	"fmt"
	"sync"
)

// seats counts the sessions that there are, in total, of each user and in each tenant.
type seats struct {
	mu      sync.Mutex
	total   int
	users   map[string]int
	tenants map[string]int
}

// guest is who asks for a seat.
type guest struct {
	user, tenant string // tenant is empty for none
	unfiltered   bool
}

func newSeats() *seats { return &seats{users: map[string]int{}, tenants: map[string]int{}} }

// take gives a client that has proven who it is a seat, which leave gives back, once. A failure has PostgreSQL's words where it has such a
// limit.
func (s *seats) take(g guest, l Limits) (leave func(), none *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if why := s.full(g, l); why != "" {
		return nil, &failure{state: stateTooMany, message: why}
	}
	s.total++
	s.users[g.user]++
	s.tenants[g.tenant]++
	return sync.OnceFunc(func() { s.leave(g) }), nil
}

// left is how many more sessions there may be; negative for any number.
func (s *seats) left(l Limits) int {
	if l.MaxSessions <= 0 {
		return -1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(l.MaxSessions-s.total, 0)
}

func (s *seats) full(g guest, l Limits) string {
	switch {
	case l.MaxSessions > 0 && s.total >= l.MaxSessions:
		return tooManyClients
	case !g.unfiltered && l.MaxSessions > 0 && s.total >= l.MaxSessions-l.Reserved:
		return "remaining connection slots are reserved for logins that are not filtered"
	case !g.unfiltered && l.MaxPerUser > 0 && s.users[g.user] >= l.MaxPerUser:
		return fmt.Sprintf("too many connections for role %q", g.user)
	case !g.unfiltered && l.MaxPerTenant > 0 && g.tenant != "" && s.tenants[g.tenant] >= l.MaxPerTenant:
		return fmt.Sprintf("too many connections for tenant %q", g.tenant)
	default:
		return ""
	}
}

func (s *seats) leave(g guest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	less(s.users, g.user)
	less(s.tenants, g.tenant)
}

// less counts one down. What nobody has is forgotten.
func less(counts map[string]int, of string) {
	if counts[of]--; counts[of] == 0 {
		delete(counts, of)
	}
}
