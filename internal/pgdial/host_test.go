package pgdial

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

var errSilence = errors.New("connection refused")

func starting() error {
	return &pgconn.PgError{Code: "57P03", Message: "the database system is starting up"}
}

// fails lets attempts fail one after the other until the host pauses, and returns how many it took.
func fails(h *host, now time.Time, err error) int {
	for n := 1; ; n++ {
		a, refused := h.ask(now)
		if refused != nil {
			return n - 1
		}
		h.answered(a, now, err)
	}
}

func TestALoneHostMayFailOnceOrTwice(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, c := range map[string]struct {
		lone bool
		err  error
		want int
	}{
		"a lone one that does not answer":         {true, errSilence, indulgence},
		"a lone one that is starting":             {true, starting(), indulgence},
		"one of several that does not answer":     {false, errSilence, 1},
		"one of several that is at least polite":  {false, starting(), indulgence},
		"one of several with another certificate": {false, errors.New("tls: unknown authority"), 1},
	} {
		require.Equal(t, c.want, fails(&host{lone: c.lone}, now, c.err), name)
	}
}

func TestPausesGrowAndEnd(t *testing.T) {
	t.Parallel()
	h, now := &host{lone: true}, time.Now()
	fails(h, now, errSilence)
	longest := time.Duration(0)
	for range 12 {
		pause := h.until.Sub(now)
		require.Greater(t, pause, longest/4, "but for its jitter it grows")
		require.LessOrEqual(t, pause, longPause*3/2)
		longest = max(longest, pause)
		_, err := h.ask(now.Add(pause - 1))
		var paused *PausedError
		require.ErrorAs(t, err, &paused)
		require.ErrorIs(t, err, errSilence, "the reason is told")
		require.EqualValues(t, 1, paused.For)

		now = now.Add(pause)
		probe, err := h.ask(now)
		require.NoError(t, err)
		_, err = h.ask(now)
		require.ErrorAs(t, err, &paused, "one asks, and the others wait for what comes of it")
		h.answered(probe, now, errSilence)
	}
	require.Greater(t, longest, longPause/2)

	now = h.until
	probe, err := h.ask(now)
	require.NoError(t, err)
	h.unasked(probe)
	probe, err = h.ask(now)
	require.NoError(t, err, "who asked has left before there was an answer")
	require.True(t, h.answered(probe, now, nil), "that is worth a line in the log")
	require.Equal(t, indulgence, fails(h, now, errSilence), "all is forgotten")
}

func TestFailuresAtOnceAreOne(t *testing.T) {
	t.Parallel()
	h, now := &host{lone: true}, time.Now()
	var all []attempt
	for range 100 {
		a, err := h.ask(now)
		require.NoError(t, err)
		all = append(all, a)
	}
	for _, a := range all {
		h.answered(a, now.Add(time.Second), errSilence)
	}
	require.Equal(t, 1, h.failures)
	require.True(t, h.until.IsZero())
}

func TestWhatAFailureSaysOfTheHost(t *testing.T) {
	t.Parallel()
	refusal := func(code string) error { return &pgconn.PgError{Code: code} }
	for code, want := range map[string]outcome{
		"57P03": goOn, "57P01": goOn, "57P02": goOn, "28P01": stop, "28000": stop, "3D000": stop,
		"53300": theirs, "22023": theirs, "42704": theirs, "42501": theirs,
	} {
		require.Equal(t, want, judge(t.Context(), 0, refusal(code)), code)
	}
	require.Equal(t, goOn, judge(t.Context(), 0, errSilence))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, abandoned, judge(ctx, time.Hour, errSilence))
	late, done := context.WithDeadline(t.Context(), time.Now().Add(-1))
	defer done()
	require.Equal(t, goOn, judge(late, fairTime, context.DeadlineExceeded), "a server that hangs does not answer")
	require.Equal(t, abandoned, judge(late, fairTime-1, context.DeadlineExceeded), "who came with no time left says nothing of the server")
}

// TestWhoHasNoTimeHoldsNobodyUp has clients come to the server just before their time is up, again and again.
func TestWhoHasNoTimeHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	_, port, _ := net.SplitHostPort(silent.Addr().String())
	u, err := Parse("host=127.0.0.1 user=u sslmode=disable port="+port, Options{})
	require.NoError(t, err)
	for range 10 {
		ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
		_, err := u.Dial(ctx, nil)
		stop()
		require.Error(t, err)
	}
	_, refused := u.hosts[0].ask(time.Now())
	require.NoError(t, refused)
}
