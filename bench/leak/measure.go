package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// enough is how long a statement is measured under one way: what takes seconds is measured in fewer rounds.
const enough = 5 * time.Second

// sameAnswers says no to ways that see different rows: their times would mean nothing.
func sameAnswers(ctx context.Context, ways []way, s statement) error {
	want := ""
	for i := len(ways) - 1; i >= 0; i-- {
		w := ways[i]
		sql, err := w.write(s, s.seen)
		if err != nil {
			return err
		}
		if sql == "" {
			continue
		}
		got := ""
		if err := w.undone(ctx, func() (err error) { got, err = answer(ctx, w.conn, sql); return err }); err != nil {
			return err
		}
		if want == "" {
			want = got
		}
		if got == "" || got != want {
			return fmt.Errorf("%s, %s: the answer is %q, and %q under %s", s.title, w.name, got, want, ways[len(ways)-1].name)
		}
	}
	return nil
}

// each calls something for every statement and way, in turns.
func (t *table) each(round int, do func(c *cell, s statement, w *way, sql string) error) error {
	for row, s := range t.statements {
		for i := range t.ways {
			col := (i + round) % len(t.ways)
			w := &t.ways[col]
			sql, err := w.write(s, s.seen)
			if err != nil {
				return err
			}
			if sql == "" {
				continue
			}
			if err := do(&t.cells[row][col], s, w, sql); err != nil {
				return fmt.Errorf("%s, %s: %w", s.title, w.name, err)
			}
		}
	}
	return nil
}

// measure times what a client waits for an answer. Every round visits each statement and way, so that a slow second of the machine hits
// them alike; the order of the ways turns with the round, and the first round warms up.
func (t *table) measure(ctx context.Context, _ *lab) error {
	for round := range t.size.rounds + 1 {
		err := t.each(round, func(c *cell, _ statement, w *way, sql string) error {
			if c.total > enough {
				return nil
			}
			return w.undone(ctx, func() error {
				began := time.Now()
				if err := w.conn.Exec(ctx, sql).Close(); err != nil {
					return fmt.Errorf("running %.300s: %w", sql, err)
				}
				if round > 0 {
					took := time.Since(began)
					c.took, c.total = append(c.took, took), c.total+took
				}
				return nil
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func median(took []time.Duration) float64 {
	if len(took) == 0 {
		return 0
	}
	took = slices.Sorted(slices.Values(took))
	return float64(took[len(took)/2]) / float64(time.Millisecond)
}
