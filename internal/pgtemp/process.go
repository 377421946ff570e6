package pgtemp

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a child that runs until it is ended. Its goroutine waits for it and closes done.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// begin starts cmd. The kernel sends the parent's death signal when the thread that forked ends, not when the process
// does, so a thread is kept for the child's whole life.
func begin(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // How it ended is in its log; that it ended is what callers ask.
		}
	}()
	return p, <-started
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// end signals the process, by its id, and kills it where it has not ended in time.
func (p *process) end(sig syscall.Signal, patience time.Duration) error {
	if p.ended() {
		return nil
	}
	if err := p.cmd.Process.Signal(sig); err != nil && !p.ended() {
		return fmt.Errorf("stopping process %d: %w", p.cmd.Process.Pid, err)
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(patience):
	}
	err := p.cmd.Process.Kill()
	<-p.done
	if err != nil {
		return fmt.Errorf("killing process %d: %w", p.cmd.Process.Pid, err)
	}
	return nil
}
