package wire

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// heavyAtOnce is how many long statements are rewritten at once: parsing takes many times their length.
	heavyAtOnce = 2
	// memoryPatience is how long a message waits for others to give memory back.
	memoryPatience = 5 * time.Second
)

// memory lends what long messages take, over all sessions. One user's sessions together get half of it at most.
type memory struct {
	all       *semaphore.Weighted
	half      int64
	patience  time.Duration
	rewriting chan struct{}
	// kept is what the prepared statements of all sessions take, and mostKept what they may; see requests.full.
	kept     atomic.Int64
	mostKept int64

	mu    sync.Mutex
	users map[string]*share
}

// share is what one user may take.
type share struct {
	*semaphore.Weighted
	held int64 // with what is being waited for
}

func newMemory(bytes int) *memory {
	return &memory{
		all: semaphore.NewWeighted(int64(bytes)), half: int64(bytes) / 2, patience: memoryPatience,
		rewriting: make(chan struct{}, heavyAtOnce), users: map[string]*share{}, mostKept: int64(bytes),
	}
}

// acquire takes so many bytes for a user. It is false where there are none for too long.
func (m *memory) acquire(user string, n int64) bool {
	ctx, stop := context.WithTimeout(context.Background(), m.patience)
	defer stop()
	own := m.share(user, n)
	if own.Acquire(ctx, n) != nil {
		m.forget(user, n)
		return false
	}
	if m.all.Acquire(ctx, n) != nil {
		own.Release(n)
		m.forget(user, n)
		return false
	}
	return true
}

func (m *memory) release(user string, n int64) {
	m.all.Release(n)
	m.mu.Lock()
	own := m.users[user]
	m.mu.Unlock()
	own.Release(n)
	m.forget(user, n)
}

// share returns a user's share and notes that n bytes of it are in use or wanted.
func (m *memory) share(user string, n int64) *share {
	m.mu.Lock()
	defer m.mu.Unlock()
	own := m.users[user]
	if own == nil {
		own = &share{Weighted: semaphore.NewWeighted(m.half)}
		m.users[user] = own
	}
	own.held += n
	return own
}

// forget undoes share. A share that nobody needs is dropped.
func (m *memory) forget(user string, n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	own := m.users[user]
	if own.held -= n; own.held == 0 {
		delete(m.users, user)
	}
}
