package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wherewall/wherewall/internal/pgtemp"
)

// user is who the tests are, and the name of their database: lib/pq's expect it.
const user = "pqgo"

// way is how the tests reach PostgreSQL.
type way string

const (
	direct     way = "direct"     // as a superuser
	unfiltered way = "unfiltered" // through Wherewall, as a user without a filter; in PostgreSQL the same superuser
	filtered   way = "filtered"   // through Wherewall, as a user with all that a policy can allow; in PostgreSQL a service login
)

// world is a PostgreSQL that trusts everybody on this machine, and Wherewall built from this folder.
type world struct {
	server *pgtemp.Server
	home   string
	binary string
	keep   string // the folder that takes what go test says; empty for none
}

func openWorld(ctx context.Context, keep string) (_ *world, err error) {
	w := &world{keep: keep}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.home, err = os.MkdirTemp("", "wherewall-drivers-"); err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	if err := os.Chmod(w.home, 0o755); err != nil { //nolint:gosec // the server's user reads hba.conf in it
		return nil, fmt.Errorf("opening the folder to the server's user: %w", err)
	}
	trust := filepath.Join(w.home, "hba.conf")
	if err := os.WriteFile(trust, []byte("local all all trust\nhost all all 127.0.0.1/32 trust\n"), 0o644); err != nil { //nolint:gosec // as above
		return nil, fmt.Errorf("writing hba.conf: %w", err)
	}
	w.server, err = pgtemp.Start(ctx, pgtemp.Options{
		Log:      os.Stderr,
		Settings: map[string]string{"hba_file": trust, "max_connections": "200", "autovacuum": "off", "jit": "off"},
	})
	if err != nil {
		return nil, err
	}
	if err := w.exec(ctx, "postgres", "CREATE ROLE "+user+" SUPERUSER LOGIN; CREATE ROLE service LOGIN"); err != nil {
		return nil, err
	}
	fmt.Println("building wherewall")
	w.binary = filepath.Join(w.home, "wherewall")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", w.binary, "./cmd/wherewall").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building wherewall: %w: %s", err, out)
	}
	return w, nil
}

func (w *world) close() error {
	var errs []error
	if w.server != nil {
		errs = append(errs, w.server.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(w.home))...)
}

// exec runs statements as the superuser.
func (w *world) exec(ctx context.Context, database string, statements ...string) error {
	conn, err := pgconn.Connect(ctx, w.server.AdminDSN(database))
	if err != nil {
		return fmt.Errorf("connecting as the superuser: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql).ReadAll(); err != nil {
			return fmt.Errorf("running %q: %w", sql, err)
		}
	}
	return nil
}

// freshDatabase makes the database anew, with what the suites want to find in it.
func (w *world) freshDatabase(ctx context.Context) error {
	if err := w.exec(ctx, "postgres", "DROP DATABASE IF EXISTS "+user+" WITH (FORCE)", "CREATE DATABASE "+user+" TEMPLATE template0 OWNER "+user); err != nil {
		return err
	}
	return w.exec(ctx, user, "CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE DOMAIN uint64 AS numeric(20,0); GRANT CREATE ON SCHEMA public TO service; "+
		"CREATE TABLE kind (id int PRIMARY KEY, u uint64); GRANT SELECT, INSERT, UPDATE, DELETE ON kind TO service")
}

// proxy is `wherewall serve`.
type proxy struct {
	cmd  *exec.Cmd
	log  bytes.Buffer
	done chan error
	port int
}

const policy = `wherewall: 1
tenants: {all: {}}
entities:
  kind: {table: public.kind, key: id, tenant: global}
permissions:
  use_kinds: [kind.read, kind.create, kind.update, kind.delete]
roles:
  everything: {can: [use_kinds], allow: [explain, listen, temp_tables, advisory_locks, with_hold]}
users:
  pqgo: %s
`

// startProxy serves the database to a user who is filtered or not.
func (w *world) startProxy(ctx context.Context, by way) (*proxy, error) {
	rights := "{tenants: {all: [everything]}}"
	if by == unfiltered {
		rights = "{unfiltered: true}"
	}
	path := filepath.Join(w.home, string(by)+".yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, policy, rights), 0o600); err != nil {
		return nil, fmt.Errorf("writing the policy: %w", err)
	}
	p := &proxy{done: make(chan error, 1)}
	var err error
	if p.port, err = freePort(); err != nil {
		return nil, err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port))
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), w.binary, "serve", "--policy", path, "--auth", "trust", "--listen", address, "--drain", "2s", //nolint:gosec // our own binary
		"--upstream", w.server.DSN("service", "", user), "--unfiltered-upstream", w.server.DSN(user, "", user))
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting wherewall: %w", err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	return p, p.answers(ctx, address)
}

// answers waits until the port takes connections.
func (p *proxy) answers(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-p.done:
			p.done <- err
			return fmt.Errorf("wherewall ended at once: %w: %s", err, p.log.String())
		case <-ctx.Done():
			return fmt.Errorf("waiting for wherewall: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends it in order.
func (p *proxy) stop() error {
	if p.cmd.Process == nil {
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	if err := <-p.done; err != nil {
		return fmt.Errorf("wherewall ended badly: %w", err)
	}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("choosing a port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
