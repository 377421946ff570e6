package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProcessorTimeIsReadBehindAnyName(t *testing.T) {
	t.Parallel()
	got, err := parseStat("7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 9 0 100 1 2 3")
	require.NoError(t, err)
	require.Equal(t, usage{user: 2500 * time.Millisecond, system: 500 * time.Millisecond}, got)

	for _, bad := range []string{"", "7 (a) S 1", "7 (a) S 1 7 7 0 -1 4194560 1 2 3 4 x y 0 0"} {
		_, err := parseStat(bad)
		require.Error(t, err, bad)
	}
}

func TestFailedTransactionsAreNoFigure(t *testing.T) {
	t.Parallel()
	const good = "number of transactions actually processed: 11873\nnumber of failed transactions: 0 (0.000%)\n"
	require.NoError(t, succeeded(good))
	require.Error(t, succeeded("number of transactions actually processed: 10\nnumber of failed transactions: 1 (10%)\n"))
	require.Error(t, succeeded(""))
}

func TestOnlyTheMiddleOfAMeasurementCounts(t *testing.T) {
	t.Parallel()
	start := time.Now()
	var events []event
	for i := range 100 {
		e, err := parseEvent(fmt.Sprintf("0 %d %d 0 %d %d", i, i, start.Unix()+int64(i), start.Nanosecond()/1000))
		require.NoError(t, err)
		events = append(events, e)
	}
	w := window{from: start.Add(40500 * time.Millisecond), to: start.Add(50500 * time.Millisecond), used: usage{ran: time.Second, user: 3, system: 1}}
	got := w.judge(events)
	require.InDelta(t, 1.0, got.rate, 0.001)
	require.Equal(t, []time.Duration{46 * time.Microsecond, 50 * time.Microsecond}, []time.Duration{got.p50, got.p99})
	require.Equal(t, []time.Duration{75 * time.Millisecond, 25 * time.Millisecond}, []time.Duration{got.user, got.system})
	require.Zero(t, w.judge(nil))

	_, err := parseEvent("0 1 x 0 1 1")
	require.Error(t, err)
}

func TestScannerFindsTheEndHoweverBytesAreCut(t *testing.T) {
	t.Parallel()
	answer := oneAnswer()
	for size := 1; size <= len(answer); size++ {
		var s scanner
		for piece := range slices.Chunk(answer, size) {
			require.False(t, s.ready)
			require.NoError(t, s.scan(piece))
		}
		require.True(t, s.ready)
	}
}

func TestMedianIsTheMiddle(t *testing.T) {
	t.Parallel()
	require.Equal(t, 2, median([]int{3, 1, 2}))
	require.Equal(t, 2, median([]int{4, 3, 1, 2}))
	require.Zero(t, median[int](nil))
}
