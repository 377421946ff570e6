// Command copy measures what COPY FROM STDIN costs through Wherewall, which checks every row, beside the same COPY straight into the table: in
// text, CSV and binary, where the check stands in COPY itself and where the rows go through a temporary table.
//
// It starts a PostgreSQL and a Wherewall of its own, and writes nothing but the table that it prints, in Markdown.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// limit bounds the whole run.
const limit = 15 * time.Minute

// size is how much is measured.
type size struct {
	rows, rounds int
	policy       string
}

func main() {
	var n size
	flag.IntVar(&n.rows, "rows", 300_000, "rows of one COPY")
	flag.IntVar(&n.rounds, "rounds", 5, "measurements of each COPY, straight and through in turn; the median counts")
	flag.StringVar(&n.policy, "policy", "bench/copy/policy.yaml", "the policy")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, n, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "copy:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n size, out, log io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	l, err := startLab(ctx, n.policy, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.stop()) }()
	fmt.Fprintf(out, "%d rows, median of %d\n\n| COPY | straight | through Wherewall | of the speed |\n|---|---|---|---|\n", n.rows, n.rounds)
	for _, c := range copies() {
		straight, through, err := l.measure(ctx, c, n)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		fmt.Fprintf(out, "| %s | %d ms | %d ms | %.2f |\n", c.name, straight.Milliseconds(), through.Milliseconds(), float64(straight)/float64(through))
	}
	return nil
}

// measure times one COPY both ways, in turn, and gives the medians.
func (l *lab) measure(ctx context.Context, c load, n size) (straight, through time.Duration, err error) {
	data, err := l.data(ctx, c, n.rows)
	if err != nil {
		return 0, 0, err
	}
	var direct, checked []time.Duration
	for range n.rounds {
		for _, way := range []struct {
			dsn   string
			times *[]time.Duration
		}{{l.direct, &direct}, {l.proxy, &checked}} {
			took, err := l.time(ctx, way.dsn, c, data, n.rows)
			if err != nil {
				return 0, 0, err
			}
			*way.times = append(*way.times, took)
		}
	}
	slices.Sort(direct)
	slices.Sort(checked)
	return direct[len(direct)/2], checked[len(checked)/2], nil
}
