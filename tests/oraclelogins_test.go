package tests

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// logins keeps one connection per subject on one side.
type logins struct {
	dsn  func(subject string) string
	open map[string]*client
}

func newLogins(dsn func(string) string) *logins { return &logins{dsn: dsn, open: map[string]*client{}} }

func (l *logins) of(t testing.TB, subject string) *client {
	t.Helper()
	if c := l.open[subject]; c != nil {
		return c
	}
	c, err := tryDial(l.dsn(subject))
	require.NoError(t, err)
	l.open[subject] = c
	return c
}

// settle ends a transaction that a case left open, and gives up a connection that is beyond that.
func (l *logins) settle(t testing.TB, subject string) {
	t.Helper()
	c := l.open[subject]
	if c == nil || c.status == 'I' {
		return
	}
	if o, err := c.simple("ROLLBACK"); err != nil || o.status != 'I' {
		l.drop(subject)
	}
}

func (l *logins) drop(subject string) {
	if c := l.open[subject]; c != nil {
		c.close()
		delete(l.open, subject)
	}
}

func (l *logins) close() {
	for subject := range l.open {
		l.drop(subject)
	}
}
