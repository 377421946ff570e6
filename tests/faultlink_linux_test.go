package tests

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// lossyLink is a network of two hosts: this one, and one in a network namespace of its own. Every packet between them passes through
// the test, which loses, delays, reorders, repeats and damages some. The kernel's own queueing discipline for that, netem, is missing in
// many kernels; two TUN devices and CAP_NET_ADMIN are all that this needs.
type lossyLink struct {
	here, there string // addresses
	home, away  int    // the namespaces
	devices     [2]*os.File
	ends        sync.WaitGroup
	closed      atomic.Bool
	down        atomic.Bool
	counts      linkCounts
}

// linkCounts are what became of packets.
type linkCounts struct{ passed, lost, late, repeated, damaged atomic.Int64 }

func (c *linkCounts) String() string {
	return fmt.Sprintf("%d packets passed, %d lost, %d late, %d repeated, %d damaged",
		c.passed.Load(), c.lost.Load(), c.late.Load(), c.repeated.Load(), c.damaged.Load())
}

// newLossyLink makes a link until the end of the test. It is an error where this process may not.
func newLossyLink(t testing.TB, seed uint64) (*lossyLink, error) {
	t.Helper()
	net := byte(rand.IntN(256)) // of the addresses for measurements, RFC 2544
	l := &lossyLink{here: fmt.Sprintf("198.18.%d.1", net), there: fmt.Sprintf("198.18.%d.2", net), home: -1, away: -1}
	t.Cleanup(l.close)
	if err := l.make(net); err != nil {
		return nil, err
	}
	for side := range l.devices {
		l.ends.Go(func() { l.carry(l.devices[side], l.devices[1-side], rand.New(rand.NewPCG(seed, uint64(side)))) })
	}
	l.ends.Go(l.breakDown)
	return l, nil
}

func (l *lossyLink) make(net byte) error {
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its goroutine, wherever it is
		failed <- func() (err error) {
			if l.home, err = namespace(); err != nil {
				return err
			}
			if l.devices[0], err = tun("wwnear", [4]byte{198, 18, net, 1}); err != nil {
				return err
			}
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("making a network namespace: %w", err)
			}
			if l.away, err = namespace(); err != nil {
				return err
			}
			l.devices[1], err = tun("wwfar", [4]byte{198, 18, net, 2})
			return err
		}()
	}()
	return <-failed
}

func (l *lossyLink) close() {
	l.closed.Store(true)
	for _, d := range l.devices {
		if d != nil {
			_ = d.Close()
		}
	}
	l.ends.Wait()
	for _, ns := range []int{l.home, l.away} {
		if ns >= 0 {
			_ = unix.Close(ns)
		}
	}
}

// namespace is the network namespace of this thread.
func namespace() (int, error) {
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("opening the network namespace: %w", err)
	}
	return fd, nil
}

// tun makes a device in this thread's namespace, with an address out of a net of four.
func tun(name string, address [4]byte) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("opening the device: %w", err)
	}
	err = func() error {
		r, err := unix.NewIfreq(name)
		if err != nil {
			return err
		}
		r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, r); err != nil {
			return err
		}
		return configure(name, address)
	}()
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("making the device %s: %w", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

func configure(name string, address [4]byte) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	for _, step := range []struct {
		request uint
		value   [4]byte
	}{{unix.SIOCSIFADDR, address}, {unix.SIOCSIFNETMASK, [4]byte{255, 255, 255, 252}}} {
		r, err := unix.NewIfreq(name)
		if err != nil {
			return err
		}
		if err := r.SetInet4Addr(step.value[:]); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(socket, step.request, r); err != nil {
			return err
		}
	}
	r, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, r)
}

// carry moves packets to the other side.
func (l *lossyLink) carry(from, to *os.File, r *rand.Rand) {
	packet := make([]byte, 1<<16)
	for {
		n, err := from.Read(packet)
		if err != nil {
			return
		}
		l.pass(to, append([]byte(nil), packet[:n]...), r)
	}
}

func (l *lossyLink) pass(to *os.File, packet []byte, r *rand.Rand) {
	copies, delay := 1, time.Millisecond
	switch n := r.IntN(1000); {
	case l.down.Load() || n < 15:
		l.counts.lost.Add(1)
		return
	case n < 20: // One bit, which no checksum misses.
		packet[r.IntN(len(packet))] ^= 1 << r.IntN(8)
		l.counts.damaged.Add(1)
	case n < 30:
		copies = 2
		l.counts.repeated.Add(1)
	case n < 100: // Behind those that come after it.
		delay += time.Duration(r.IntN(30)) * time.Millisecond
		l.counts.late.Add(1)
	}
	l.counts.passed.Add(1)
	for range copies {
		l.ends.Add(1)
		time.AfterFunc(delay+time.Duration(r.IntN(1000))*time.Microsecond, func() {
			defer l.ends.Done()
			_, _ = to.Write(packet)
		})
	}
}

// breakDown loses everything for a moment, again and again.
func (l *lossyLink) breakDown() {
	for !l.closed.Load() {
		for range 40 {
			time.Sleep(50 * time.Millisecond)
			if l.closed.Load() {
				return
			}
		}
		l.down.Store(true)
		time.Sleep(150 * time.Millisecond)
		l.down.Store(false)
	}
}

// inThere runs something whose sockets are the other host's.
func (l *lossyLink) inThere(do func() error) error {
	runtime.LockOSThread()
	if err := unix.Setns(l.away, unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("going there: %w", err)
	}
	err := do()
	if back := unix.Setns(l.home, unix.CLONE_NEWNET); back != nil {
		return errors.Join(err, back) // the thread stays locked, and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}

// dialFromThere connects the other host with an address of this one.
func (l *lossyLink) dialFromThere(address string) (conn net.Conn, err error) {
	err = l.inThere(func() error {
		conn, err = (&net.Dialer{Timeout: time.Minute}).Dial("tcp4", address)
		return err
	})
	return conn, err
}

// listenThere listens on the other host.
func (l *lossyLink) listenThere() (listener net.Listener, err error) {
	err = l.inThere(func() error {
		listener, err = net.Listen("tcp4", l.there+":0")
		return err
	})
	return listener, err
}
