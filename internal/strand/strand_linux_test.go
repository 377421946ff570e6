package strand

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patient bounds what a test waits for.
const patient = 20 * time.Second

// line is a connection between a test, which has far, and a loop.
func line(t *testing.T) (far, near net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	far, err = net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	near, err = listener.Accept()
	require.NoError(t, err)
	require.NoError(t, far.SetDeadline(time.Now().Add(patient)))
	t.Cleanup(func() { _, _ = far.Close(), near.Close() })
	return far, near
}

// relay is two connections of a loop with tests at their far ends.
type relay struct {
	client, server net.Conn // the far ends
	a, b           *Conn    // of the client, and of the server
}

func newRelay(t *testing.T, loops *Loops) *relay {
	t.Helper()
	r := &relay{}
	var a, b net.Conn
	r.client, a = line(t)
	r.server, b = line(t)
	var err error
	r.a, r.b, err = loops.Pair(a, b)
	require.NoError(t, err)
	return r
}

func startLoops(t *testing.T, n int) *Loops {
	t.Helper()
	loops, err := Start(n)
	require.NoError(t, err)
	t.Cleanup(loops.Stop)
	return loops
}

// pump is a function of a strand that relays what it reads, and rests where there is nothing. At the end it says why.
func pump(from, to *Conn, ended chan<- error) func(*Strand) Verdict {
	buffer := make([]byte, 1000)
	return func(*Strand) Verdict {
		for {
			n, err := from.TryRead(buffer)
			if errors.Is(err, ErrNothing) {
				return Resting
			}
			if err == nil {
				_, err = to.Write(buffer[:n])
			}
			if err != nil {
				_ = to.CloseWrite()
				ended <- err
				return Over
			}
		}
	}
}

// run relays in both directions until either ends, and closes both connections then.
func (r *relay) run(t *testing.T) (ended chan error) {
	t.Helper()
	ended = make(chan error, 2)
	done := make(chan error, 2)
	Run(r.a, r.b, pump(r.a, r.b, done))
	Run(r.b, r.a, pump(r.b, r.a, done))
	over := make(chan struct{})
	go func() {
		defer close(over)
		for range 2 {
			ended <- <-done
		}
		_, _ = r.a.Close(), r.b.Close()
	}()
	t.Cleanup(func() {
		_, _ = r.client.Close(), r.server.Close()
		<-over
	})
	return ended
}

func TestWhatIsSaidArrives(t *testing.T) {
	t.Parallel()
	const volume = 4 << 20
	loops := startLoops(t, 2)
	for _, said := range []string{"by the client", "by the server"} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()
			r := newRelay(t, loops)
			r.run(t)
			from, to := r.client, r.server
			if said == "by the server" {
				from, to = to, from
			}
			sent := make([]byte, volume)
			_, _ = rand.NewChaCha8([32]byte{1}).Read(sent)
			go func() {
				for at := 0; at < volume; {
					n, err := from.Write(sent[at:min(at+1+rand.IntN(70_000), volume)])
					if at += n; err != nil {
						return
					}
				}
				_ = from.(*net.TCPConn).CloseWrite()
			}()
			got, err := io.ReadAll(to)
			require.NoError(t, err)
			require.True(t, bytes.Equal(sent, got), "%d bytes of %d", len(got), len(sent))
		})
	}
}

func TestAnEndRightBehindTheLastBytesIsNoticed(t *testing.T) {
	t.Parallel()
	loops := startLoops(t, 1)
	for range 200 {
		r := newRelay(t, loops)
		_, err := r.client.Write([]byte("goodbye"))
		require.NoError(t, err)
		go func() { _ = r.client.(*net.TCPConn).CloseWrite() }()
		ended := r.run(t)
		got, err := io.ReadAll(r.server)
		require.NoError(t, err)
		require.Equal(t, "goodbye", string(got))
		require.ErrorIs(t, <-ended, io.EOF)
	}
}

// The test is not parallel: it counts the goroutines of the process.
func TestWhoeverRestsHasNoGoroutine(t *testing.T) {
	const many = 50
	loops := startLoops(t, 1)
	before := runtime.NumGoroutine()
	over := make(chan Verdict)
	relays := make([]*relay, many)
	for i := range relays {
		r := newRelay(t, loops)
		relays[i] = r
		for _, c := range []*Conn{r.a, r.b} {
			Run(c, map[*Conn]*Conn{r.a: r.b, r.b: r.a}[c], func(s *Strand) Verdict {
				if !c.Ready() {
					return Resting
				}
				s.Leave()
				_ = c.Close()
				over <- Over
				return Over
			})
		}
	}
	for _, r := range relays { // whose first bytes come after the first look of all before it
		_, err := r.client.Write([]byte("a"))
		require.NoError(t, err)
		<-over
	}
	for end := time.Now().Add(patient); runtime.NumGoroutine() > before; runtime.Gosched() {
		require.True(t, time.Now().Before(end), "goroutines are left")
	}
	for _, r := range relays {
		_, err := r.server.Write([]byte("a"))
		require.NoError(t, err)
		<-over
	}
}

func TestAWaitHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	loops := startLoops(t, 1)
	waits, other := newRelay(t, loops), newRelay(t, loops)
	let, over := make(chan struct{}), make(chan struct{})
	Run(waits.a, waits.b, func(s *Strand) Verdict {
		if !waits.a.Ready() {
			return Resting
		}
		s.Leave()
		<-let
		_, _ = waits.a.Close(), waits.b.Close()
		close(over)
		return Over
	})
	_, err := waits.client.Write([]byte("wait"))
	require.NoError(t, err)
	other.run(t)
	for range 100 {
		_, err := other.client.Write([]byte("ping"))
		require.NoError(t, err)
		var got [4]byte
		_, err = io.ReadFull(other.server, got[:])
		require.NoError(t, err)
	}
	close(let)
	<-over
}

func TestDeadlinesEndReads(t *testing.T) {
	t.Parallel()
	loops := startLoops(t, 1)
	for name, deadline := range map[string]time.Duration{"passed": -time.Hour, "to come": 20 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, waits := range []bool{true, false} {
				r := newRelay(t, loops)
				result, began := make(chan error, 1), make(chan struct{})
				once := false
				Run(r.a, r.b, func(*Strand) Verdict {
					if !once {
						once = true
						close(began)
					}
					if !waits && !r.a.Ready() {
						return Resting
					}
					_, err := r.a.Read(make([]byte, 1))
					result <- err
					return Over
				})
				<-began
				require.NoError(t, r.a.SetReadDeadline(time.Now().Add(deadline)))
				require.ErrorIs(t, <-result, os.ErrDeadlineExceeded)
				require.NoError(t, r.a.SetReadDeadline(time.Time{}))
				require.NoError(t, r.a.SetReadDeadline(time.Now().Add(time.Hour)))
				require.False(t, r.a.readOver.Load())
				_, _ = r.a.Close(), r.b.Close()
			}
		})
	}
}

func TestWritesWaitForRoomUntilADeadlineOrTheEnd(t *testing.T) {
	t.Parallel()
	loops := startLoops(t, 1)
	for name, end := range map[string]struct {
		now  func(*relay)
		want error
	}{
		"a deadline": {func(r *relay) { _ = r.b.SetWriteDeadline(time.Now().Add(-1)) }, os.ErrDeadlineExceeded},
		"Close":      {func(r *relay) { _ = r.b.Close() }, net.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRelay(t, loops)
			result, sent := make(chan error, 1), make(chan struct{}, 1)
			Run(r.a, r.b, func(*Strand) Verdict {
				for {
					_, err := r.b.Write(make([]byte, 1<<20))
					if err != nil {
						result <- err
						return Over
					}
					select {
					case sent <- struct{}{}:
					default:
					}
				}
			})
			require.Eventually(t, func() bool { return !r.b.writable.Load() }, patient, time.Millisecond)
			end.now(r)
			require.ErrorIs(t, <-result, end.want)
			_, _ = r.a.Close(), r.b.Close()
		})
	}
}

func TestCloseEndsAReadAndGivesTheDescriptorBack(t *testing.T) {
	t.Parallel()
	loops := startLoops(t, 1)
	r := newRelay(t, loops)
	ended := r.run(t)
	require.NoError(t, r.a.Close())
	require.ErrorIs(t, <-ended, net.ErrClosed)
	_, err := r.client.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.ErrorIs(t, r.a.Close(), net.ErrClosed)
	require.ErrorIs(t, r.a.SetReadDeadline(time.Now()), net.ErrClosed)
	require.ErrorIs(t, r.a.CloseWrite(), net.ErrClosed)
}

func TestAReleasedConnectionIsAnOrdinaryOne(t *testing.T) {
	t.Parallel()
	loops := startLoops(t, 1)
	r := newRelay(t, loops)
	left := make(chan struct{})
	Run(r.b, r.a, func(*Strand) Verdict {
		close(left)
		return Over
	})
	<-left
	conn, err := r.b.Release()
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("still here"))
	require.NoError(t, err)
	got := make([]byte, len("still here"))
	_, err = io.ReadFull(r.server, got)
	require.NoError(t, err)
	require.Equal(t, "still here", string(got))
	_, err = r.b.Release()
	require.ErrorIs(t, err, net.ErrClosed)
	_ = r.a.Close()
}

// TestAReleasedConnectionIsWatchedNoMore takes one over again and again, which the loop would refuse for a descriptor that it still watched.
func TestAReleasedConnectionIsWatchedNoMore(t *testing.T) {
	loops := startLoops(t, 1)
	r := newRelay(t, loops)
	for range 5 {
		client, near := line(t)
		conn, err := r.b.Release()
		require.NoError(t, err)
		b, a, err := loops.Pair(conn, near)
		require.NoError(t, err)
		require.NoError(t, r.a.Close())
		r.client, r.a, r.b = client, a, b
	}
	ended := make(chan error, 1)
	Run(r.a, r.b, pump(r.a, r.b, ended))
	_, err := r.client.Write([]byte("after all"))
	require.NoError(t, err)
	said := make([]byte, 9)
	_, err = io.ReadFull(r.server, said)
	require.NoError(t, err)
	require.Equal(t, "after all", string(said))
	require.NoError(t, r.client.Close())
	require.ErrorIs(t, <-ended, io.EOF)
	require.NoError(t, r.a.Close())
	require.NoError(t, r.b.Close())
}

func TestOnlySocketsAreForLoops(t *testing.T) {
	t.Parallel()
	loops := startLoops(t, 1)
	far, near := line(t)
	pipe, end := net.Pipe()
	defer end.Close()
	for _, pair := range [][2]net.Conn{{near, pipe}, {pipe, near}} {
		_, _, err := loops.Pair(pair[0], pair[1])
		require.ErrorIs(t, err, ErrUnfit)
	}
	_, err := near.Write([]byte("as before"))
	require.NoError(t, err)
	_, err = io.ReadFull(far, make([]byte, len("as before")))
	require.NoError(t, err)
	require.NoError(t, pipe.Close())
}

func TestAStreamLeavesTheLoopToOthers(t *testing.T) {
	t.Parallel()
	loops := startLoops(t, 1)
	stream, other := newRelay(t, loops), newRelay(t, loops)
	stream.run(t)
	other.run(t)
	stop := make(chan struct{})
	go func() {
		for {
			if _, err := stream.client.Write(make([]byte, 1<<16)); err != nil {
				return
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	go func() { _, _ = io.Copy(io.Discard, stream.server) }()
	for range 50 {
		_, err := other.client.Write([]byte("ping"))
		require.NoError(t, err)
		_, err = io.ReadFull(other.server, make([]byte, 4))
		require.NoError(t, err)
	}
	close(stop)
}

func TestConversationsEndWhileOthersGoOn(t *testing.T) {
	t.Parallel()
	loops := startLoops(t, 2)
	for i := range 8 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for range 20 {
				r := newRelay(t, loops)
				r.run(t)
				for range i {
					_, err := r.client.Write([]byte("ping"))
					require.NoError(t, err)
					_, err = io.ReadFull(r.server, make([]byte, 4))
					require.NoError(t, err)
				}
				require.NoError(t, r.client.Close())
				require.NoError(t, r.server.Close())
			}
		})
	}
}
