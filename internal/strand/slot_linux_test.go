package strand

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestAnEventReachesNobodyElse lets the end of a connection be told when another one has its slot already, whose end it would be taken for.
func TestAnEventReachesNobodyElse(t *testing.T) {
	t.Parallel()
	l, err := newLoop()
	require.NoError(t, err)
	defer func() { _, _ = unix.Close(l.epoll), unix.Close(l.alarm) }()
	far, near := line(t)
	first, err := newConn(l, near)
	require.NoError(t, err)
	require.NoError(t, near.Close())
	require.NoError(t, far.Close())
	events := make([]unix.EpollEvent, 1)
	for events[0].Events&unix.EPOLLRDHUP == 0 {
		_, err := unix.EpollWait(l.epoll, events, int(patient.Milliseconds()))
		require.NoError(t, err)
	}
	require.NoError(t, first.Close())
	_, near = line(t)
	second, err := newConn(l, near)
	require.NoError(t, err)
	require.NoError(t, near.Close())
	require.Equal(t, first.slot, second.slot)
	require.True(t, l.note(events))
	require.False(t, second.HasClosed())
	_, err = second.TryRead(make([]byte, 1))
	require.ErrorIs(t, err, ErrNothing)
	require.NoError(t, second.Close())
}

// TestWhatIsNotTakenOverIsNotWatched counts what a loop watches, by the system's word.
func TestWhatIsNotTakenOverIsNotWatched(t *testing.T) {
	t.Parallel()
	loops := startLoops(t, 1)
	_, near := line(t)
	pipe, end := net.Pipe()
	defer end.Close()
	defer pipe.Close()
	_, _, err := loops.Pair(near, pipe)
	require.ErrorIs(t, err, ErrUnfit)
	watched, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", loops.all[0].epoll))
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(watched), "tfd:"), "nothing but the alarm")
}
