// Command leak measures what it costs to keep conditions that may fail away from hidden rows: statements with the guard written beside the
// condition by hand, as Wherewall sends them, over a sub-select with OFFSET 0, over a security_barrier view, and under native row-level
// security. It says which index each takes, how many rows each locks, and which of them leak.
//
// It starts a PostgreSQL of its own, and writes nothing but the tables that it prints, in Markdown.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// limit bounds the whole run.
const limit = 5 * time.Minute

func main() {
	var n size
	flag.IntVar(&n.wide, "wide", 300_000, "rows of the tables with 1,000 rows for each tenant")
	flag.IntVar(&n.big, "big", 40_000, "rows of the table of which half belong to one tenant")
	flag.IntVar(&n.rounds, "rounds", 51, "measurements of each statement; the median counts")
	flag.StringVar(&n.policy, "policy", "bench/leak/policy.yaml", "the policy")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, n, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "leak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n size, out, log io.Writer) (err error) {
	if n.wide < 3000 || n.big < 1000 || n.rounds < 1 {
		return errors.New("too little to measure: it takes 3000 rows of the one kind, 1000 of the other and a round")
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	l, err := startLab(ctx, n, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.server.Stop()) }()
	ways, err := l.ways(ctx)
	if err != nil {
		return err
	}
	for _, s := range statements(n) {
		if err := sameAnswers(ctx, ways, s); err != nil {
			return err
		}
	}
	t := newTable(n, ways)
	for _, step := range []func(context.Context, *lab) error{t.measure, t.explain, t.countLocks, t.findLeaks} {
		if err := step(ctx, l); err != nil {
			return err
		}
	}
	t.print(out)
	return nil
}
