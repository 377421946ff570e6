package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// rival is one way to the rows: an address, and the process behind it where that is not PostgreSQL itself.
type rival struct {
	name     string
	port     int // on 127.0.0.1
	database string
	filtered bool
	process  *process // nil for PostgreSQL
}

func (r *rival) dsn() string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, userPassword), Path: "/" + r.database, RawQuery: "sslmode=disable",
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port)),
	}
	return u.String()
}

func (r *rival) stop() {
	if r.process != nil {
		r.process.stop()
	}
}

// ready waits for the first login.
func (r *rival) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, r.dsn())
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-r.process.ended:
			return fmt.Errorf("starting %s: it ended: %s", r.name, r.process.said())
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w: %s", r.name, err, r.process.said())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// sameRows holds the comparison to its promise: who filters shows the same rows, who does not shows all of them.
func sameRows(ctx context.Context, rivals []*rival) error {
	for _, r := range rivals {
		c, err := pgx.Connect(ctx, r.dsn())
		if err != nil {
			return fmt.Errorf("connecting to %s: %w", r.name, err)
		}
		var count, sum int64
		err = c.QueryRow(ctx, "SELECT count(*), sum(id)::bigint FROM item").Scan(&count, &sum)
		if err := errors.Join(err, c.Close(ctx)); err != nil {
			return fmt.Errorf("counting the rows of %s: %w", r.name, err)
		}
		want := int64(100_000)
		if r.filtered {
			want = 50_000
		}
		if count != want || sum != want*(want+1)/2 {
			return fmt.Errorf("%s shows %d rows with the sum %d, and not the first %d", r.name, count, sum, want)
		}
	}
	return nil
}

// process is a server of ours. stop ends it by its ID.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed by the goroutine that waits for it
	mu    sync.Mutex
	out   bytes.Buffer // guarded by mu; what it said, for errors
}

func begin(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p, p
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	go func() {
		defer close(p.ended)
		_ = cmd.Wait() // That it ended is what matters; why is in what it said.
	}()
	return p, nil
}

// Write keeps the first 64 kB of what the process says.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if room := 64<<10 - p.out.Len(); room > 0 {
		p.out.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func (p *process) stop() {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return // It has ended already.
	}
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("choosing a port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
