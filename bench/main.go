// Command bench measures what Wherewall costs, beside others who do the same or less: PostgreSQL itself, with native row-level security and
// without, a raw TCP relay, PgBouncer before both, and Wherewall's own lane for unfiltered logins, on one machine and in interleaved rounds.
// All of them log in by SCRAM-SHA-256, and the filtered ones must show the same rows before any of them is timed.
//
// It starts every server itself, on private ports, and stops them by their process IDs. docs/performance.md says what the figures mean.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	o, err := parseOptions(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err == nil:
		err = start(context.Background(), o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, o options) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch {
	case o.relay != "":
		return serveHelper(ctx, relayTo(o.relay))
	case o.peer != "":
		return serveHelper(ctx, playFor(o.peer))
	default:
		return run(ctx, o)
	}
}

func run(ctx context.Context, o options) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Hour)
	defer cancel()
	l, err := newLab(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	text := l.environment(ctx)
	var contests []contest
	for _, w := range l.works() {
		contests = append(contests, contest{w, l.rivals})
	}
	f := figures{}
	if err := f.measure(ctx, o, contests); err != nil {
		return err
	}
	text += "\n" + f.table(contests)
	if l.wants("idle") {
		weights, err := l.idle(ctx)
		if err != nil {
			return err
		}
		text += idleTable(weights)
	}
	fmt.Print(text)
	if o.out == "" {
		return nil
	}
	if err := os.WriteFile(o.out, []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	return nil
}
