package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProcessorTimeIsReadBehindAnyName(t *testing.T) {
	t.Parallel()
	got, err := parseStat("7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 9 0 100 1 2 3")
	require.NoError(t, err)
	require.Equal(t, 3*time.Second, got)

	for _, bad := range []string{"", "7 (a) S 1", "7 (a) S 1 7 7 0 -1 4194560 1 2 3 4 x y 0 0"} {
		_, err := parseStat(bad)
		require.Error(t, err, bad)
	}
}

func TestPgbenchOutputIsRead(t *testing.T) {
	t.Parallel()
	const good = `transaction type: select.sql
number of transactions actually processed: 11873
number of failed transactions: 0 (0.000%)
latency average = 0.252 ms
tps = 3961.250198 (without initial connection time)
`
	got, err := parse(good)
	require.NoError(t, err)
	require.Equal(t, result{transactions: 11873, tps: 3961.250198}, got)
}

func TestFailedTransactionsAreNoFigure(t *testing.T) {
	t.Parallel()
	_, err := parse("number of transactions actually processed: 10\nnumber of failed transactions: 1 (10%)\ntps = 5.0 (x)\n")
	require.Error(t, err)
	_, err = parse("")
	require.Error(t, err)
}

func TestARunWithoutATransactionIsZero(t *testing.T) {
	t.Parallel()
	got, err := parse("number of transactions actually processed: 0\nnumber of failed transactions: 0 (NaN%)\n")
	require.NoError(t, err)
	require.Zero(t, got)
}

func TestMedianIsTheMiddle(t *testing.T) {
	t.Parallel()
	require.Equal(t, 2, median([]int{3, 1, 2}))
	require.Equal(t, 2, median([]int{4, 3, 1, 2}))
	require.Zero(t, median[int](nil))
}

func TestTableHasALineForEachCase(t *testing.T) {
	t.Parallel()
	theirs, ours := &rival{name: "theirs"}, &rival{name: "ours"}
	f := figures{}
	for _, c := range cases() {
		f.add(theirs, c, sample{tps: 100, cpu: 20 * time.Microsecond})
		f.add(ours, c, sample{tps: 150, cpu: 12500 * time.Nanosecond})
	}
	table := f.table([]*rival{theirs, ours})
	require.Contains(t, table, "prepared, 16 clients")
	require.Contains(t, table, "1.50")
	require.Contains(t, table, "12.5")
}

func TestFiguresReplaceOldOnes(t *testing.T) {
	t.Parallel()
	got, err := replaceFigures("a\n"+figuresBegin+"old\n"+figuresEnd+"b\n", "new\n")
	require.NoError(t, err)
	require.Equal(t, "a\n"+figuresBegin+"```text\nnew\n```\n"+figuresEnd+"b\n", got)

	_, err = replaceFigures("no marks", "new")
	require.Error(t, err)
}
