package sqltree

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/stretchr/testify/require"
)

// pressureVariable names the pressure that this test binary is to put on the parser, when it runs as its own child.
const pressureVariable = "SQLTREE_PRESSURE"

// patience is how much CPU time each of parser, deparser and parser again may take for a text that Check lets through.
const patience = 2 * time.Second

// TestNoPressureEndsTheProcess puts the worst that Check lets through on the parser and the deparser, in a child process for each form, since a crash in C cannot be
// recovered from.
func TestNoPressureEndsTheProcess(t *testing.T) {
	t.Parallel()
	for claim := range pressures() {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestPressureChild$", "-test.count=1")
			child.Env = append(os.Environ(), pressureVariable+"="+claim)
			out, err := child.CombinedOutput()
			if len(out) > 2000 {
				out = out[:2000]
			}
			require.NoError(t, err, "%s", out)
		})
	}
}

// TestPressureChild is the child's side.
func TestPressureChild(t *testing.T) {
	p, ok := pressures()[os.Getenv(pressureVariable)]
	if !ok {
		t.Skip("it runs as a child of TestNoPressureEndsTheProcess only")
	}
	for _, n := range []int{most(p), 50_000, 1_000_000} {
		text := p.text(n)
		start := cpuTime(t)
		err := survive(text)
		spent := cpuTime(t) - start
		require.Less(t, spent, 3*patience, "%d repetitions", n)
		var limit *LimitError
		if err != nil && errors.As(err, &limit) {
			continue
		}
		t.Logf("%d repetitions pass in %s: %v", n, spent, err)
	}
}

// cpuTime is what this process has used so far. Unlike the clock it does not count what other tests do meanwhile.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// most is the largest number of repetitions that Check lets through.
func most(p repeated) int {
	low, high := 0, 1<<20
	for low < high {
		if n := (low + high + 1) / 2; Check(p.text(n)) == nil {
			low = n
		} else {
			high = n - 1
		}
	}
	return low
}

// survive takes a text the whole way. Errors are fine, crashes are not.
func survive(text string) error {
	if err := Check(text); err != nil {
		return err
	}
	tree, err := pg.Parse(text)
	if err != nil {
		return err
	}
	text, err = pg.Deparse(tree)
	if err != nil {
		return err
	}
	_, err = pg.Parse(text)
	return err
}
