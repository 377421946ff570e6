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
	if o.profile != "" {
		return l.profiles(ctx)
	}
	about := l.environment(ctx)
	r, err := l.measure(ctx)
	if err != nil {
		return err
	}
	return r.report(o, about, l.beneath(ctx))
}

// measure goes through everything that is asked for.
func (l *lab) measure(ctx context.Context) (_ *results, err error) {
	r := &results{figures: figures{}}
	for _, w := range l.works() {
		r.contests = append(r.contests, contest{w, l.rivals})
	}
	if err := r.figures.measure(ctx, l.options, r.contests); err != nil {
		return nil, err
	}
	if l.wants("rewrite") {
		if r.rewriting, err = l.rewriting(ctx); err != nil {
			return nil, err
		}
	}
	if l.wants("idle") {
		if r.idle, err = l.idle(ctx); err != nil {
			return nil, err
		}
	}
	if l.wants("growth") {
		if r.growth, err = l.growth(ctx); err != nil {
			return nil, err
		}
		if err := r.figures.measure(ctx, l.options, r.growth); err != nil {
			return nil, err
		}
	}
	return r, nil
}
