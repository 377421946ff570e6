package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// scripted is the server that idle sessions are counted before.
const scripted = "scripted server"

// idleFigure is what idle sessions weigh.
type idleFigure struct {
	rival    string
	server   string // who is behind the proxy
	tls      bool
	sessions int
	bytes    int64 // resident, for each
}

func (f idleFigure) String() string {
	tls := "plain"
	if f.tls {
		tls = "TLS"
	}
	return fmt.Sprintf("%-14s %-16s %-6s %6d sessions %8.1f kB each", f.rival, f.server, tls, f.sessions, float64(f.bytes)/1000)
}

// place is where idle sessions are counted.
type place struct {
	server   string
	port     int
	sessions int
	tls      *certificate
}

// idle opens sessions that have asked one thing and then say nothing: before PostgreSQL, and, many more, before the scripted server.
func (l *lab) idle(ctx context.Context) ([]idleFigure, error) {
	peer, port, err := startHelper(ctx, "-peer", l.db.server.Port)
	if err != nil {
		return nil, err
	}
	defer peer.stop()
	secure, err := newCertificate(l.dir)
	if err != nil {
		return nil, err
	}
	var all []idleFigure
	for _, where := range []place{{"PostgreSQL", l.db.server.Port, l.real, nil}, {scripted, port, l.sessions, nil}, {scripted, port, l.sessions, secure}} {
		for _, name := range []string{pgbouncerRLS, wherewall} {
			if where.sessions == 0 || !l.wantsRival(name) {
				continue
			}
			f, err := l.idleAt(ctx, where, name)
			if err != nil {
				return nil, fmt.Errorf("opening idle sessions of %s: %w", name, err)
			}
			all = append(all, f)
			fmt.Fprintln(os.Stderr, f)
		}
	}
	return all, nil
}

// idleAt counts at one place. The proxy is started anew for it, since memory that an earlier load left behind would hide what comes now.
func (l *lab) idleAt(ctx context.Context, where place, name string) (idleFigure, error) {
	var r *rival
	var err error
	if name == pgbouncerRLS {
		r, err = startPgBouncer(ctx, l.dir, l.db, where.port, where.tls)
	} else {
		r, err = proxy{binary: l.binary, port: where.port, database: databasePlain, tls: where.tls}.start(ctx, l.dir, l.db)
	}
	if err != nil {
		return idleFigure{}, err
	}
	defer r.process.stop()
	played := where.server == scripted
	if played && name == pgbouncerRLS {
		r.database = databaseIdle // It does not tell the server who the application is before it has logged in.
	}
	n, bytes, err := l.weigh(ctx, r, where.sessions, played)
	return idleFigure{name, where.server, where.tls != nil, n, bytes}, err
}

// weigh opens sessions and tells how many there are and what each holds once they are quiet.
func (l *lab) weigh(ctx context.Context, r *rival, sessions int, played bool) (int, int64, error) {
	sessions = mayOpen(sessions)
	before, err := r.process.resident()
	if err != nil {
		return 0, 0, err
	}
	open, err := crowd(ctx, r, sessions, played)
	defer leave(open)
	if err != nil {
		return 0, 0, err
	}
	settle := settled
	if l.smoke {
		settle = (*process).resident
	}
	after, err := settle(r.process)
	return sessions, (after - before) / int64(sessions), err
}

// crowd opens sessions of which each has asked one thing.
func crowd(ctx context.Context, r *rival, sessions int, played bool) ([]*client, error) {
	application := ""
	if played {
		application = idle
	}
	c, err := newCaller(r, application)
	if err != nil {
		return nil, err
	}
	const workers = 8
	open, failures := make([][]*client, workers), make([]error, workers)
	var opening sync.WaitGroup
	for w := range workers {
		opening.Go(func() {
			buffer := make([]byte, 4096)
			for i := w; i < sessions && failures[w] == nil; i += workers {
				k, err := c.dial(ctx)
				if err != nil {
					failures[w] = err
					return
				}
				open[w] = append(open[w], k)
				_, failures[w] = k.read(oneRow, buffer)
			}
		})
	}
	opening.Wait()
	var all []*client
	for _, some := range open {
		all = append(all, some...)
	}
	return all, errors.Join(failures...)
}

func leave(all []*client) {
	for _, k := range all {
		_ = k.conn.Close() // The proxy is stopped next.
	}
}

// settled waits until a process has held the same memory for two seconds, or for twenty seconds at most.
func settled(p *process) (int64, error) {
	last, err := p.resident()
	for quiet, waited := 0, 0; err == nil && quiet < 8 && waited < 80; waited++ {
		time.Sleep(250 * time.Millisecond)
		var now int64
		if now, err = p.resident(); now == last {
			quiet++
		} else {
			quiet, last = 0, now
		}
	}
	return last, err
}

// mayOpen bounds a number of sessions by the files that a process may open here, of which a session takes two of the proxy's.
func mayOpen(sessions int) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return sessions
	}
	return min(sessions, int(min(limit.Max, 1<<20))/2-50)
}
