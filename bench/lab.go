package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
)

// lab is what a run measures in: the servers, and the proxies before them.
type lab struct {
	options
	dir     string
	db      *database
	pgbench string
	binary  string
	rivals  []*rival // those that are asked for, in the order of rivalNames
	stops   []func() error
}

func newLab(ctx context.Context, o options) (_ *lab, err error) {
	l := &lab{options: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.dir, err = os.MkdirTemp("", "wherewall-bench-"); err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	l.stops = append(l.stops, func() error { return os.RemoveAll(l.dir) })
	if err := os.Chmod(l.dir, 0o755); err != nil { // PgBouncer runs as another user.
		return nil, fmt.Errorf("opening the directory to PgBouncer's user: %w", err)
	}
	if l.db, err = startDatabase(ctx, os.Stderr); err != nil {
		return nil, err
	}
	l.stops = append(l.stops, func() error { return l.db.server.Stop() })
	megabytes := 1 // The policy names the tables, so they are there in any case.
	if slices.ContainsFunc(streams(), func(s stream) bool { return o.wants(s.name) }) {
		megabytes = o.stream
	}
	fmt.Fprintln(os.Stderr, "loading the rows ...")
	for _, name := range []string{databasePlain, databaseNative} {
		if err := l.db.streams(ctx, name, megabytes); err != nil {
			return nil, err
		}
	}
	if l.pgbench, err = findPgbench(l.db.bin); err != nil {
		return nil, err
	}
	if l.binary, err = build(ctx, l.dir, o.binary); err != nil {
		return nil, err
	}
	if l.rivals, err = l.start(ctx); err != nil {
		return nil, err
	}
	return l, sameRows(ctx, l.db, l.rivals)
}

// start starts all rivals before PostgreSQL itself.
func (l *lab) start(ctx context.Context) ([]*rival, error) {
	bouncer, err := startPgBouncer(ctx, l.dir, l.db, l.db.server.Port, nil)
	if err != nil {
		return nil, err
	}
	l.keep(bouncer.process)
	wall, err := proxy{binary: l.binary, port: l.db.server.Port, database: databasePlain}.start(ctx, l.dir, l.db)
	if err != nil {
		return nil, err
	}
	l.keep(wall.process)
	raw, port, err := startHelper(ctx, "-relay", l.db.server.Port)
	if err != nil {
		return nil, err
	}
	l.keep(raw)
	all := []*rival{
		l.db.direct(direct, databasePlain),
		l.db.direct(directRLS, databaseNative),
		{name: relay, port: port, user: user, database: databasePlain, process: raw},
		bouncer.named(pgbouncer, user, databasePlain),
		bouncer,
		wall.named(unfiltered, administrator, databasePlain),
		wall,
	}
	return slices.DeleteFunc(all, func(r *rival) bool { return !l.wantsRival(r.name) }), nil
}

// keep stops a process when the lab is closed.
func (l *lab) keep(p *process) {
	l.stops = append(l.stops, func() error { p.stop(); return nil })
}

// close stops everything, the last first.
func (l *lab) close() error {
	var all error
	for _, stop := range slices.Backward(l.stops) {
		all = errors.Join(all, stop())
	}
	return all
}
