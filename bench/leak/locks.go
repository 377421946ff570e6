package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// countLocks counts the rows that a statement keeps from a second session: those that it has locked.
func (t *table) countLocks(ctx context.Context, l *lab) error {
	return t.each(0, func(c *cell, s statement, w *way, sql string) error {
		if !s.locks() {
			return nil
		}
		return w.undone(ctx, func() error {
			if _, err := answer(ctx, w.conn, sql); err != nil {
				return err
			}
			second, err := connect(ctx, l.server.AdminDSN(w.database))
			if err != nil {
				return err
			}
			defer second.Close(ctx)
			free, err := answer(ctx, second, "SELECT count(*) FROM (SELECT FROM app.task FOR UPDATE SKIP LOCKED) s")
			if err != nil {
				return err
			}
			left, err := strconv.Atoi(strings.TrimSpace(free))
			if err != nil {
				return fmt.Errorf("counting rows: %w", err)
			}
			c.locked = t.size.wide - left
			return nil
		})
	})
}
