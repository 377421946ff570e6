package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// measured are results in which every work has been measured, ours at half the rate of theirs.
func measured() *results {
	theirs, ours := &rival{name: pgbouncerRLS}, &rival{name: wherewall, process: &process{}}
	r := &results{figures: figures{}, idle: []idleFigure{{wherewall, scripted, false, 10, 12_000}}}
	for _, w := range new(lab).works() {
		r.contests = append(r.contests, contest{w, []*rival{theirs, ours}})
		r.figures.add(w, theirs.name, sample{rate: 100, user: 20 * time.Microsecond})
		r.figures.add(w, ours.name, sample{rate: 50, user: 12500 * time.Nanosecond})
	}
	return r
}

func TestATargetIsMetOrMissedAndSaysSo(t *testing.T) {
	t.Parallel()
	got := measured().judged()
	require.Regexp(t, `rate, prepared, 16 clients +>= 1 x +0.50 x +missed`, got)
	require.Regexp(t, `proxy's CPU, prepared, 16 clients +<= 1.2 x +0.62 x +met`, got)
	require.Regexp(t, `idle session, no TLS +<= 12 kB +12.00 kB +met`, got)
	require.NotContains(t, got, "entities", "what was not measured is not judged")
}

func TestTheChartIsWellFormedAndShowsEveryWork(t *testing.T) {
	t.Parallel()
	r := measured()
	bars := 0
	for d := xml.NewDecoder(strings.NewReader(chart(r.bars(), "on a <machine>"))); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "rect" {
			bars++
		}
	}
	require.Equal(t, len(r.contests)+1, bars) // The page is one too.
}

func TestEveryWorkHasATitleAndALine(t *testing.T) {
	t.Parallel()
	r := measured()
	table, short := r.figures.table(r.contests), r.markdown("")
	for _, c := range r.contests {
		require.Contains(t, table, c.work.String())
		require.Contains(t, short, "| "+c.work.title()+" |")
		require.NotEqual(t, " (", c.work.title()[:2])
	}
}

func TestFlagsNameWhatThereIs(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-only", "prepard"}, {"-rivals", "pgpool"}, {"-clients", "many"}, {"prepared"}} {
		_, err := parseOptions(args)
		require.Error(t, err, args)
	}
	for _, w := range new(lab).works() {
		require.Contains(t, workNames(), w.kind)
	}
	o, err := parseOptions([]string{"-only", "login,idle", "-rivals", "wherewall"})
	require.NoError(t, err)
	require.Equal(t, []bool{true, false, true, false}, []bool{o.wants("idle"), o.wants("growth"), o.wantsRival(wherewall), o.wantsRival(relay)})
}

func TestFiguresReplaceOldOnes(t *testing.T) {
	t.Parallel()
	got, err := replaceFigures("a\n"+figuresBegin+"old\n"+figuresEnd+"b\n", "new\n")
	require.NoError(t, err)
	require.Equal(t, "a\n"+figuresBegin+"new\n"+figuresEnd+"b\n", got)

	_, err = replaceFigures("no marks", "new")
	require.Error(t, err)
}

// TestMain is the relay or the scripted server where the smoke run asks this binary to be.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "-relay" || os.Args[1] == "-peer") {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestTheWholeHarnessRuns(t *testing.T) {
	if _, found := installedPgBouncer(); !found && os.Geteuid() != 0 {
		t.Skip("there is no PgBouncer, and only root can install it")
	}
	t.Chdir("..") // The product is built from its sources.
	dir := t.TempDir()
	readme := filepath.Join(dir, "README.md")
	require.NoError(t, os.WriteFile(readme, []byte(figuresBegin+figuresEnd), 0o600))
	o, err := parseOptions([]string{"-smoke", "-out", filepath.Join(dir, "out.txt"), "-chart", filepath.Join(dir, "chart.svg"), "-readme", readme})
	require.NoError(t, err)
	require.NoError(t, run(t.Context(), o))

	text, err := os.ReadFile(filepath.Join(dir, "out.txt"))
	require.NoError(t, err)
	for _, target := range targets() {
		require.Contains(t, string(text), target.about, "every target is measured")
	}
	for _, name := range rivalNames() {
		require.Contains(t, string(text), "\n  "+name+" ")
	}
	short, err := os.ReadFile(readme)
	require.NoError(t, err)
	require.Contains(t, string(short), "| select by key, prepared (16) |")
}
