package wire

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// quay is a lot whose servers a test plays.
type quay struct {
	*lot
	t       *testing.T
	servers chan *peer
	clock   time.Time
	cancels chan struct{}
}

func newQuay(t *testing.T, pool ServerPool) *quay {
	t.Helper()
	q := &quay{t: t, servers: make(chan *peer, 16), clock: time.Now(), cancels: make(chan struct{}, 16)}
	q.lot = newLot(&Config{ServerPool: pool, Connector: q, Log: zerolog.Nop()}, newBuffers())
	q.now = func() time.Time { return q.clock }
	t.Cleanup(q.close)
	return q
}

func (q *quay) Connect(context.Context, map[string]string) (*Backend, error) {
	near, far := connected(q.t)
	q.servers <- newPeer(q.t, far)
	return &Backend{
		Conn: near, Parameters: map[string]string{"TimeZone": "UTC"}, Current: func() bool { return true },
		Cancel: func(context.Context) error { q.cancels <- struct{}{}; return nil },
	}, nil
}

// moor makes a connection.
func (q *quay) moor() (*Backend, *peer) {
	q.t.Helper()
	b, err := q.connect(q.t.Context(), wanted{kept: true, room: -1})
	require.NoError(q.t, err)
	return b, <-q.servers
}

// again is a connection that has been there before.
func (q *quay) again() *Backend {
	q.t.Helper()
	b, err := q.connect(q.t.Context(), wanted{kept: true, room: -1})
	require.NoError(q.t, err)
	require.Empty(q.t, q.servers, "it was there before")
	return b
}

// wash answers what makes a server forget, as one does that has nothing to report.
func (p *peer) wash(more ...[]byte) {
	p.t.Helper()
	require.Equal(p.t, "DISCARD ALL\x00", string(p.expect("Q")))
	require.Contains(p.t, string(p.expect("Q")), "SET seed = '")
	p.send(append(more, message('C', "DISCARD ALL\x00"), message('Z', "I"), message('C', "SET\x00"), message('T', "\x00\x00"), message('D', "{pg_catalog,public}"),
		message('C', "SELECT 1\x00"), message('Z', "I"))...)
}

func (q *quay) waits(n uint64) {
	q.t.Helper()
	require.Eventually(q.t, func() bool { return q.tally.parked.Load() == n }, 20*time.Second, time.Millisecond)
}

func (q *quay) drops(why Dropped, n uint64) {
	q.t.Helper()
	require.Eventually(q.t, func() bool { return q.tally.dropped[why].Load() == n }, 20*time.Second, time.Millisecond)
}

func TestReportedSettingsHaveToComeBack(t *testing.T) {
	t.Parallel()
	q := newQuay(t, ServerPool{Size: 2})
	b, server := q.moor()
	b.report("TimeZone", "Asia/Tokyo")
	q.park(b)
	server.wash(message('S', "TimeZone\x00UTC\x00"), message('A', "\x00\x00\x00\x01news\x00\x00"), message('N', "\x00"))
	q.waits(1)
	b = q.again()
	b.report("TimeZone", "Asia/Tokyo")
	q.park(b)
	server.wash()
	q.drops(DroppedUnclean, 1)
	server.expect("X")
	server.expectEnd()
}

func TestAServerThatDoesNotForgetIsLeft(t *testing.T) {
	t.Parallel()
	forgot := string(message('C', "DISCARD ALL\x00")) + string(message('Z', "I"))
	for name, answer := range map[string]string{
		"an error":               string(message('E', "SERROR\x00C25001\x00Mno\x00\x00")) + string(message('Z', "I")),
		"another tag":            string(message('C', "DISCARD PLANS\x00")) + string(message('Z', "I")),
		"a transaction":          string(message('C', "DISCARD ALL\x00")) + string(message('Z', "T")),
		"temporary tables":       forgot + string(message('C', "SET\x00")) + string(message('T', "")) + string(message('D', "{pg_temp_3,pg_catalog}")) + string(message('C', "SELECT 1\x00")) + string(message('Z', "I")),
		"a row that nobody asks": string(message('D', "x")),
		"a message too long":     "D\x00\x10\x00\x00",
		"a wrong length":         "C\x00\x00\x00\x00",
		"a setting without name": string(message('S', "x")),
		"more than asked": forgot + string(message('C', "SET\x00")) + string(message('T', "")) + string(message('D', "{}")) + string(message('C', "SELECT 1\x00")) +
			string(message('Z', "I")) + string(message('Z', "I")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newQuay(t, ServerPool{Size: 1})
			b, server := q.moor()
			q.park(b)
			server.expect("QQ")
			server.send([]byte(answer))
			q.drops(DroppedUnclean, 1)
			require.Zero(t, q.waiting())
		})
	}
}

func TestACancelThatComesLateHitsNobody(t *testing.T) {
	t.Parallel()
	q := newQuay(t, ServerPool{Size: 2})
	b, server := q.moor()
	q.park(b)
	server.wash()
	q.waits(1)
	require.NoError(t, b.cancel(t.Context()))
	require.Empty(t, q.cancels, "whoever cancels the former session finds nothing to cancel")
	next := q.again()
	require.Equal(t, b.Conn, next.Conn)
	require.NoError(t, next.cancel(t.Context()))
	require.Len(t, q.cancels, 1)
	q.park(next)
	q.drops(DroppedUnclean, 1)
	server.expect("X")
}

// TestACancelOnItsWayIsWaitedFor has a request that the server takes its time to note.
func TestACancelOnItsWayIsWaitedFor(t *testing.T) {
	t.Parallel()
	q := newQuay(t, ServerPool{Size: 1})
	b, server := q.moor()
	begun, end := make(chan struct{}), make(chan struct{})
	b.Cancel = func(context.Context) error { close(begun); <-end; return nil }
	cancelled := make(chan error, 1)
	go func() { cancelled <- b.cancel(context.Background()) }()
	<-begun
	q.park(b)
	require.Equal(t, 1, q.waiting())
	close(end)
	require.NoError(t, <-cancelled)
	q.drops(DroppedUnclean, 1)
	server.expect("X") // and nothing before
}

func TestConnectionsDoNotWaitForever(t *testing.T) {
	t.Parallel()
	q := newQuay(t, ServerPool{Size: 2, IdleTimeout: time.Minute, Lifetime: time.Hour})
	b, server := q.moor()
	q.park(b)
	server.wash()
	q.waits(1)
	q.clock = q.clock.Add(time.Minute - 1)
	q.sweep()
	require.Equal(t, 1, q.waiting())
	q.clock = q.clock.Add(1)
	q.sweep()
	require.Zero(t, q.waiting())
	require.Equal(t, uint64(1), q.tally.dropped[DroppedIdle].Load())
	server.expect("X")
	b, server = q.moor()
	q.clock = q.clock.Add(time.Hour)
	q.park(b)
	q.drops(DroppedOld, 1)
	server.expect("X")
}

func TestNoMoreThanSoManyWait(t *testing.T) {
	t.Parallel()
	q := newQuay(t, ServerPool{Size: 1})
	first, one := q.moor()
	second, two := q.moor()
	q.park(first)
	q.park(second)
	q.drops(DroppedFull, 1)
	two.expect("X")
	one.wash()
	q.waits(1)
}

// TestAConnectionThatHasWaitedIsAsked has servers that are silent, have said something, or have gone.
func TestAConnectionThatHasWaitedIsAsked(t *testing.T) {
	t.Parallel()
	parked := func(t *testing.T) (*quay, *Backend, *peer) {
		q := newQuay(t, ServerPool{Size: 1})
		b, server := q.moor()
		q.park(b)
		server.wash()
		q.waits(1)
		return q, b, server
	}
	t.Run("after a second it answers", func(t *testing.T) {
		t.Parallel()
		q, b, server := parked(t)
		q.clock = q.clock.Add(time.Second)
		go func() {
			if k, _ := server.receive(); k == 'Q' {
				server.send(message('I', ""), message('Z', "I"))
			}
		}()
		require.Equal(t, b.Conn, q.again().Conn)
	})
	for name, says := range map[string][]byte{
		"it is in a transaction":   append(message('I', ""), message('Z', "T")...),
		"it reports another value": append(message('S', "TimeZone\x00Asia/Tokyo\x00"), append(message('I', ""), message('Z', "I")...)...),
		"it was ended":             message('E', "SFATAL\x00C57P01\x00\x00"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, _, server := parked(t)
			q.clock = q.clock.Add(time.Second)
			server.send(says)
			_, _ = q.moor()
			require.Equal(t, uint64(1), q.tally.dropped[DroppedDead].Load())
		})
	}
	t.Run("it has hung up", func(t *testing.T) {
		t.Parallel()
		q, _, server := parked(t)
		require.NoError(t, server.Close())
		_, _ = q.moor()
		require.Equal(t, uint64(1), q.tally.dropped[DroppedDead].Load())
	})
}

func TestALotThatClosesWaitsForNoServer(t *testing.T) {
	t.Parallel()
	q := newQuay(t, ServerPool{Size: 1})
	b, server := q.moor()
	q.park(b)
	server.expect("QQ") // and no answer
	q.close()
	require.Zero(t, q.waiting())
	late, _ := q.moor()
	q.park(late)
	require.Zero(t, q.waiting())
}
