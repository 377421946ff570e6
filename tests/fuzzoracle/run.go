package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// run is one run of the command.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	remembers, err := rewrite.ParseRemembering(o.cache)
	if err != nil {
		return fmt.Errorf("-statement-cache: %w", err)
	}
	c, err := startCluster(ctx, remembers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	var fields []*field
	defer func() {
		for _, f := range fields {
			err = errors.Join(err, f.close())
		}
	}()
	for _, s := range samples(o.root) {
		if !slices.Contains(strings.Split(o.samples, ","), s.name) {
			continue
		}
		f, err := c.newField(ctx, s)
		if err != nil {
			return err
		}
		fields = append(fields, f)
	}
	if len(fields) == 0 {
		return fmt.Errorf("there is no sample among %q", o.samples)
	}
	r, err := newReport(o, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.file.Close()) }()
	fmt.Fprintf(out, "seed %d, %d statements\n", o.seed, o.n)
	if o.smith > 0 {
		for _, f := range fields {
			if f.smithed, err = f.smith(ctx, o.seed, o.smith, f.sample.subjects[len(f.sample.subjects)-1]); err != nil {
				return err
			}
			fmt.Fprintf(out, "%d statements of sqlsmith over %s\n", len(f.smithed), f.sample.name)
		}
	}
	if err := work(ctx, o, fields, r); err != nil {
		return errors.Join(err, r.end()) // what was found until then
	}
	return r.end()
}

// work gives the numbers of the run to its workers.
func work(ctx context.Context, o options, fields []*field, r *report) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	if o.only >= 0 {
		next.Store(int64(o.only))
		o.workers = 1
	}
	var all sync.WaitGroup
	for number := range o.workers {
		all.Go(func() {
			if err := worker(ctx, o, fields, r, number, &next); err != nil {
				cancel(err)
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-done:
			if err := context.Cause(ctx); err != nil {
				return err
			}
			return nil
		case <-tick.C:
			r.progress()
		}
	}
}

func worker(ctx context.Context, o options, fields []*field, r *report, number int, next *atomic.Int64) (err error) {
	lanes := make([]*lane, len(fields))
	for i, f := range fields {
		if lanes[i], err = f.newLane(ctx, number); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, lanes[i].close(ctx)) }()
	}
	for ctx.Err() == nil {
		n := next.Add(1) - 1
		l, subject, sc := draw(o, uint64(n), lanes) //nolint:gosec // it counts from 0
		if sc == nil || o.only >= 0 && n > int64(o.only) {
			return nil
		}
		if err := handle(ctx, o, r, l, subject, sc, n); err != nil {
			return fmt.Errorf("statement %d of seed %d, as %s: %s: %w", n, o.seed, login(subject), sc.text(), err)
		}
	}
	return nil
}

// draw makes a statement from its seed and number, and chooses who runs it. Those of sqlsmith come after the generated ones; nil is the end.
func draw(o options, number uint64, lanes []*lane) (*lane, plan.Subject, *script) {
	rest := int(number) - o.n //nolint:gosec // both are small
	for _, l := range lanes {
		if rest >= 0 && rest < len(l.smithed) {
			return l, chosen(l, number), smithScript(l.smithed[rest])
		}
		rest -= len(l.smithed)
	}
	if number >= uint64(o.n) { //nolint:gosec // it is not negative
		return nil, plan.Subject{}, nil
	}
	// Two thirds are of the first sample, which has more tables.
	l := lanes[0]
	if len(lanes) > 1 && number%3 == 2 {
		l = lanes[1]
	}
	subject := chosen(l, number)
	g := newGenerator(o.seed, number, l.tables, l.rights[subject])
	g.user, g.tenant = subject.User, subject.Tenant
	g.masked = l.sample.shown != nil
	return l, subject, g.script()
}

func chosen(l *lane, number uint64) plan.Subject {
	return l.sample.subjects[(number*2654435761>>7)%uint64(len(l.sample.subjects))]
}

func handle(ctx context.Context, o options, r *report, l *lane, subject plan.Subject, sc *script, n int64) error {
	f, err := l.judge(ctx, subject, sc)
	if err != nil {
		return err
	}
	show := r.count(sc, f)
	if o.verbose || o.only >= 0 {
		r.tell("%d %s %s: %s\n%s\n\n", n, login(subject), f.verdict, f.reason, sc.text())
	}
	if !show {
		return nil
	}
	if o.minimise {
		if sc, f, err = l.minimise(ctx, subject, sc, f); err != nil {
			return err
		}
	}
	return r.write(o.seed, n, l, subject, sc, f)
}
