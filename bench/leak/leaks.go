package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// overflow is SQLSTATE 22003, with which the conditions that may fail do so on a row whose amount has no successor.
const overflow = "22003"

// turns are settings for another plan than PostgreSQL's first choice, as other statistics would have it choose.
func turns() []string { return []string{"", "SET LOCAL enable_nestloop = off"} }

// findLeaks gives hidden rows a value on which the conditions fail, and asks for one that is hidden: an error tells of it.
func (t *table) findLeaks(ctx context.Context, l *lab) error {
	poison := fmt.Sprintf(`UPDATE app.task SET amount = 2147483647 WHERE NOT %s AND id %% 50 = 2;
		UPDATE app.note SET amount = 2147483647 WHERE NOT %s AND id %% 50 = 2;
		UPDATE app.bill SET amount = 2147483647 WHERE NOT %s`, guard("task"), guard("note"), guard("bill"))
	for _, database := range []string{"plain", "native"} {
		if err := l.admin(ctx, database, poison); err != nil {
			return err
		}
	}
	return t.each(0, func(c *cell, s statement, w *way, _ string) error {
		sql, err := w.write(s, s.hidden)
		if err != nil {
			return err
		}
		for _, turn := range turns() {
			err := w.undone(ctx, func() error { _, err := answer(ctx, w.conn, turn+";"+sql); return err })
			var failed *pgconn.PgError
			switch {
			case errors.As(err, &failed) && failed.Code == overflow:
				c.leaks = true
			case err != nil:
				return err
			}
		}
		return nil
	})
}
