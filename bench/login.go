package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// logins are connections that log in by SCRAM-SHA-256, read one row, and go.
type logins struct{}

const oneRow = "SELECT id, title, status, created_at FROM item WHERE id = 1"

func (logins) measure(ctx context.Context, r *rival, clients int, length time.Duration) (sample, error) {
	c, err := newCaller(r, "")
	if err != nil {
		return sample{}, err
	}
	deadline := time.Now().Add(length)
	events, failures := make([][]event, clients), make([]error, clients)
	var running sync.WaitGroup
	for i := range clients {
		running.Go(func() {
			for done := 0; failures[i] == nil && (time.Now().Before(deadline) || length == 0 && done < 3); done++ {
				var e event
				if e, failures[i] = c.visit(ctx); failures[i] == nil {
					events[i] = append(events[i], e)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { running.Wait(); close(ended) }()
	w, err := watch(r, length, func() bool { return true }, ended)
	<-ended
	if err := errors.Join(append(failures, err)...); err != nil {
		return sample{}, fmt.Errorf("logging in: %w", err)
	}
	var all []event
	for _, e := range events {
		all = append(all, e...)
	}
	return w.judge(all), nil
}

// visit is one connection from its beginning to its end.
func (c *caller) visit(ctx context.Context) (event, error) {
	started := time.Now()
	k, err := c.dial(ctx)
	if err != nil {
		return event{}, err
	}
	defer k.close()
	if _, err := k.read(oneRow, make([]byte, 4096)); err != nil {
		return event{}, err
	}
	now := time.Now()
	return event{now, now.Sub(started)}, nil
}
