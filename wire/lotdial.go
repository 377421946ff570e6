package wire

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// connect gives a session a connection that waits for one like it, or else makes one.
func (l *lot) connect(ctx context.Context, w wanted) (*Backend, error) {
	if l.pool.Size <= 0 || !w.kept {
		return l.open(ctx, w)
	}
	at := &berth{key: w.key(), born: l.now(), renewed: l.age()}
	for {
		b := l.take(at.key)
		if b == nil {
			break
		}
		err := b.answers(ctx, l.loans, l.now())
		if err == nil {
			l.tally.reused.Add(1)
			return b, nil
		}
		l.drop(b, DroppedDead)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break // so would the next one be, and the client waits
		}
	}
	b, err := l.open(ctx, w)
	if err == nil && b.Current != nil {
		b.berth = at
	}
	return b, err
}

// What a server gets to take note of connections that were closed to make room.
const (
	firstPause = 10 * time.Millisecond
	lastPause  = 320 * time.Millisecond
)

// open makes a connection. Where the server has no room for one more, those that wait for other sessions make it.
func (l *lot) open(ctx context.Context, w wanted) (*Backend, error) {
	if w.room >= 0 {
		l.shrink(w.room)
	}
	b, err := l.connector.Connect(ctx, w.settings)
	if isFull(err) && l.shrink(0) > 0 {
		for pause := firstPause; isFull(err) && pause <= lastPause; pause *= 2 {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return nil, err
			}
			b, err = l.connector.Connect(ctx, w.settings)
		}
	}
	if err == nil {
		l.tally.opened.Add(1)
	}
	return b, err //nolint:wrapcheck // it is the connector's to say
}

func isFull(err error) bool {
	var refusal *pgconn.PgError
	return errors.As(err, &refusal) && refusal.Code == stateTooMany
}
