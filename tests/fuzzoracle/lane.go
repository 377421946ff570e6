package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/plan"
)

// lane is one worker's part of a field: databases of its own to write to, and connections.
type lane struct {
	*field
	writes         *pair
	behind, native *store
	clients        map[string]*client // by DSN
}

func (f *field) newLane(ctx context.Context, number int) (*lane, error) {
	ctx, cancel := setUp(ctx)
	defer cancel()
	l := &lane{field: f, clients: map[string]*client{}}
	var err error
	if l.writes, err = f.newPair(ctx, fmt.Sprint("w", number)); err != nil {
		return nil, err
	}
	if l.behind, err = f.openStore(ctx, f.sample, l.writes.through.database); err != nil {
		return nil, err
	}
	l.native, err = f.openStore(ctx, f.sample, l.writes.native)
	return l, err
}

func (l *lane) close(ctx context.Context) error {
	for _, c := range l.clients {
		c.close()
	}
	return errors.Join(l.behind.conn.Close(ctx), l.native.conn.Close(ctx), l.writes.through.stop())
}

func (l *lane) client(ctx context.Context, dsn string) (*client, error) {
	if c := l.clients[dsn]; c != nil {
		return c, nil
	}
	c, err := dial(ctx, dsn)
	if err == nil {
		l.clients[dsn] = c
	}
	return c, err
}

// play runs a script on one connection and leaves the connection as it was.
func (l *lane) play(ctx context.Context, dsn string, sc *script, before ...string) ([]*outcome, error) {
	c, err := l.client(ctx, dsn)
	if err != nil {
		return nil, err
	}
	var all []*outcome
	for _, sql := range before {
		if _, err := c.run(statement{sql: sql}); err != nil {
			return nil, err
		}
	}
	for _, s := range sc.statements {
		o, err := c.run(s)
		if err != nil {
			l.drop(dsn)
			return []*outcome{{code: "BROKEN", message: err.Error()}}, nil
		}
		all = append(all, o)
	}
	if c.status != 'I' {
		if _, err := c.run(statement{sql: "ROLLBACK"}); err != nil {
			l.drop(dsn)
		}
	}
	if len(before) > 0 || sc.kind == "prepare" || sc.kind == "setting" {
		l.drop(dsn)
	}
	return all, nil
}

func (l *lane) drop(dsn string) {
	if c := l.clients[dsn]; c != nil {
		c.close()
		delete(l.clients, dsn)
	}
}

// sides are the two answers to a script, and how the tables differ afterwards.
type sides struct {
	got, want []*outcome
	tables    string
	changed   bool // Wherewall's side has changed tables that the other has not, or otherwise
}

// compare runs a script on both sides.
func (l *lane) compare(ctx context.Context, subject plan.Subject, sc *script) (*sides, error) {
	through, plain, err := l.addresses(ctx, subject, sc)
	if err != nil {
		return nil, err
	}
	b := &sides{}
	if b.got, err = l.play(ctx, through, sc); err != nil {
		return nil, err
	}
	if b.want, err = l.play(ctx, plain, sc); err != nil {
		return nil, err
	}
	if sc.writes {
		err = l.compareTables(ctx, b)
	}
	return b, err
}

func (l *lane) addresses(ctx context.Context, subject plan.Subject, sc *script) (through, plain string, err error) {
	at := l.read
	if sc.writes {
		at = l.writes
	}
	through, native := proxyDSN(at.through.addr, login(subject), at.through.database), at.native
	if !sc.writes {
		own, err := l.own(ctx, subject)
		if err != nil {
			return "", "", err
		}
		if own != "" {
			native = own
		}
	}
	return through, l.DSN(login(subject), password, native), nil
}

// compareTables looks at what both sides left, and brings the tables back.
func (l *lane) compareTables(ctx context.Context, b *sides) error {
	behind, err := l.behind.changed(ctx)
	if err != nil {
		return err
	}
	native, err := l.native.changed(ctx)
	if err != nil {
		return err
	}
	all := slices.Concat(behind, native)
	slices.Sort(all)
	for _, i := range slices.Compact(all) {
		have, err := l.behind.content(ctx, i)
		if err != nil {
			return err
		}
		want, err := l.native.content(ctx, i)
		if err != nil {
			return err
		}
		if !slices.Equal(have, want) {
			b.changed = true
			b.tables += fmt.Sprintf("%s: %s", l.behind.tables[i].name, difference(have, want))
		}
	}
	if len(behind) > 0 {
		if err := l.behind.restore(ctx, behind); err != nil {
			return err
		}
	}
	if len(native) > 0 {
		return l.native.restore(ctx, native)
	}
	return nil
}

// difference shows some rows that only one of two sorted lists has.
func difference(have, want []string) string {
	var b strings.Builder
	for _, side := range []struct {
		name string
		a, b []string
	}{{"only through", have, want}, {"only native", want, have}} {
		count := map[string]int{}
		for _, r := range side.b {
			count[r]++
		}
		shown := 0
		for _, r := range side.a {
			if count[r]--; count[r] < 0 && shown < 3 {
				shown++
				fmt.Fprintf(&b, " [%s] %.200s", side.name, r)
			}
		}
	}
	return b.String()
}
