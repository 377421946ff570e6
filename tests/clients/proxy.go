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

	"github.com/wherewall/wherewall/examples"
)

// process is `wherewall serve`, with its folder.
type process struct {
	cmd  *exec.Cmd
	home string
	done chan error
	log  *bytes.Buffer // read after done
}

// startProxy builds Wherewall, writes the policy and serves the sample on a free port.
func (w *world) startProxy(ctx context.Context, password string) (err error) {
	p := &process{done: make(chan error, 1), log: &bytes.Buffer{}}
	if p.home, err = os.MkdirTemp("", "wherewall-clients-"); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	w.proxy = p
	fmt.Println("Building wherewall")
	binary := filepath.Join(p.home, "wherewall")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/wherewall").CombinedOutput(); err != nil {
		return fmt.Errorf("building wherewall: %w: %s", err, out)
	}
	policy, err := p.writePolicy()
	if err != nil {
		return err
	}
	if w.port, err = freePort(); err != nil {
		return err
	}
	address := net.JoinHostPort(w.host, strconv.Itoa(w.port))
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), binary, "serve", "--policy", policy, "--upstream", w.server.DSN(examples.ServiceLogin, password, database), "--listen", address, "--drain", "2s")
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	inGroup(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("starting wherewall: %w", err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	return p.answers(ctx, address)
}

// writePolicy puts the sample's policy and what the clients need beside it into one folder.
func (p *process) writePolicy() (string, error) {
	folder := filepath.Join(p.home, "policy")
	if err := os.CopyFS(folder, os.DirFS("examples/saas/policy")); err != nil {
		return "", fmt.Errorf("writing the policy: %w", err)
	}
	more, err := os.ReadFile(root + "/sample/more.yaml")
	if err != nil {
		return "", fmt.Errorf("reading the policy: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "more.yaml"), more, 0o600); err != nil {
		return "", fmt.Errorf("writing the policy: %w", err)
	}
	return folder, nil
}

// answers waits until the port takes connections.
func (p *process) answers(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-p.done:
			p.done <- err
			return fmt.Errorf("wherewall ended at once: %w: %s", err, p.log.String())
		case <-ctx.Done():
			return fmt.Errorf("waiting for wherewall: %w", errors.Join(ctx.Err(), err))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// close ends it in order and removes its folder.
func (p *process) close() error {
	var errs []error
	if p.cmd != nil && p.cmd.Process != nil {
		errs = append(errs, p.cmd.Process.Signal(syscall.SIGTERM))
		if err := <-p.done; err != nil {
			errs = append(errs, fmt.Errorf("wherewall ended badly: %w: %s", err, lastLines(p.log.String(), 10)))
		}
	}
	return errors.Join(append(errs, os.RemoveAll(p.home))...)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("choosing a port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// inGroup lets a command and what it starts end together, and not by the Ctrl-C that is meant for us.
func inGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
}
