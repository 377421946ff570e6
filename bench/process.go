package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

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
	if p == nil {
		return
	}
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

func (p *process) pid() int { return p.cmd.Process.Pid }

// resident is the memory that the process holds, in bytes.
func (p *process) resident() (int64, error) {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.pid()))
	if err != nil {
		return 0, fmt.Errorf("reading the resident memory: %w", err)
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0, fmt.Errorf("reading the resident memory: %q", statm)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading the resident memory: %w", err)
	}
	return pages * int64(os.Getpagesize()), nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("choosing a port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
