package strand

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// loop is an event loop. One goroutine leads it at a time; see Strand.Leave.
type loop struct {
	epoll, alarm int // descriptors; the alarm is for others to end the loop's wait
	ended        chan struct{}

	// Of the goroutine that leads.
	events [64]unix.EpollEvent
	ready  []*Strand // to be called, which are notified
	next   int       // of them

	mu       sync.Mutex
	conns    []*Conn // by slot
	free     []int32 // slots
	epoch    int32   // of the connection that was taken in last
	posted   []*Strand
	stopping bool
}

// alarmSlot is no slot of a connection.
const alarmSlot = -1

func newLoop() (*loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making an event loop: %w", err)
	}
	alarm, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making the alarm of an event loop: %w", err), unix.Close(epoll))
	}
	l := &loop{epoll: epoll, alarm: alarm, ended: make(chan struct{})}
	if err := l.watch(alarm, alarmSlot, 0, unix.EPOLLIN); err != nil {
		return nil, errors.Join(err, unix.Close(epoll), unix.Close(alarm))
	}
	return l, nil
}

func (l *loop) watch(fd int, slot, epoch int32, events uint32) error {
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events | unix.EPOLLET, Fd: slot, Pad: epoch}); err != nil {
		return fmt.Errorf("watching a socket: %w", err)
	}
	return nil
}

// lead leads the loop until it is stopped or another goroutine leads it.
func (l *loop) lead() {
	for {
		for l.next < len(l.ready) {
			s := l.ready[l.next]
			l.ready[l.next] = nil
			l.next++
			if !s.drive() {
				return
			}
		}
		l.ready, l.next = l.ready[:0], 0
		if !l.wait() {
			close(l.ended)
			return
		}
	}
}

// wait waits until something happens, and takes note of it. It is false where the loop is to stop.
func (l *loop) wait() bool {
	n, err := unix.EpollWait(l.epoll, l.events[:], -1)
	if err != nil {
		return errors.Is(err, unix.EINTR)
	}
	return l.note(l.events[:n])
}

// note takes note of events, which may be about connections that were closed since: then the slot has another epoch, or nobody.
func (l *loop) note(events []unix.EpollEvent) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		if e.Fd == alarmSlot {
			var count [8]byte
			_, _ = unix.Read(l.alarm, count[:])
			l.ready = append(l.ready, l.posted...)
			clear(l.posted)
			l.posted = l.posted[:0]
		} else if c := l.conns[e.Fd]; c != nil && c.epoch == e.Pad {
			l.happened(c, e.Events)
		}
	}
	return !l.stopping
}

// happened tells a connection's strands.
func (l *loop) happened(c *Conn, events uint32) {
	const ended = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
	if events&ended != 0 {
		c.ending.Store(true)
	}
	if events&(unix.EPOLLIN|ended) != 0 {
		c.readable.Store(true)
		l.call(c.reader.Load())
	}
	// A writer has tried once more since it said that there is no room.
	if events&ended != 0 || events&unix.EPOLLOUT != 0 && !c.writable.Load() {
		c.writable.Store(true)
		l.call(c.writer.Load())
	}
}

// call is wake for the goroutine that leads.
func (l *loop) call(s *Strand) {
	switch {
	case s == nil:
	case s.state.Swap(notified) == resting:
		l.ready = append(l.ready, s)
	default:
		s.ring()
	}
}

// post puts a strand in line, which is notified.
func (l *loop) post(s *Strand) {
	l.mu.Lock()
	l.posted = append(l.posted, s)
	first := len(l.posted) == 1
	l.mu.Unlock()
	if first {
		l.sound()
	}
}

func (l *loop) sound() { _, _ = unix.Write(l.alarm, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }

// stop ends the loop and waits for that.
func (l *loop) stop() {
	l.mu.Lock()
	l.stopping = true
	l.mu.Unlock()
	l.sound()
	<-l.ended
	_, _ = unix.Close(l.epoll), unix.Close(l.alarm)
}

// add takes a connection in.
func (l *loop) add(c *Conn) error {
	l.mu.Lock()
	if last := len(l.free) - 1; last >= 0 {
		c.slot, l.free = l.free[last], l.free[:last]
		l.conns[c.slot] = c
	} else {
		c.slot = int32(len(l.conns)) //nolint:gosec // there are fewer descriptors
		l.conns = append(l.conns, c)
	}
	l.epoch++ // It may come round to the same number again, after four thousand million others.
	c.epoch = l.epoch
	l.mu.Unlock()
	if err := l.watch(c.fd, c.slot, c.epoch, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLRDHUP); err != nil {
		l.remove(c)
		return err
	}
	return nil
}

func (l *loop) remove(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c.slot] = nil
	l.free = append(l.free, c.slot)
}
