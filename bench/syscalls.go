package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// systemCalls counts what each proxy asks of the kernel for a transaction, by strace. Being traced slows a process down many times over, so
// that it finds more work waiting whenever it looks: the counts are for proxies under pressure.
func (l *lab) systemCalls(ctx context.Context) error {
	strace, err := exec.LookPath("strace")
	if err != nil {
		fmt.Println("no strace here: system calls are not counted")
		return nil
	}
	for _, w := range l.works() {
		for _, r := range l.rivals {
			if r.process == nil {
				continue
			}
			if err := l.traced(ctx, strace, w, r); err != nil {
				return fmt.Errorf("counting the system calls of %s: %w", r.name, err)
			}
		}
	}
	return nil
}

// eachTraced is how many transactions a client does while calls are counted: so many that its login hardly counts.
const eachTraced = 500

func (l *lab) traced(ctx context.Context, strace string, w work, r *rival) error {
	load, ok := w.load.(script)
	if !ok {
		return nil // Only transactions are counted.
	}
	home, err := os.MkdirTemp(l.dir, "pgbench-")
	if err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	defer os.RemoveAll(home)
	cmd, err := load.command(ctx, home, r, w.clients, "--transactions="+strconv.Itoa(eachTraced))
	if err != nil {
		return err
	}
	tracer, err := begin(exec.CommandContext(ctx, strace, "--follow-forks", "--summary-only", "--attach="+strconv.Itoa(r.process.pid())))
	if err != nil {
		return err
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	if err := errors.Join(err, tracer.cmd.Process.Signal(syscall.SIGINT)); err != nil {
		return err
	}
	<-tracer.ended
	fmt.Printf("\nsystem calls of %s, %s, for each\n", r.name, w)
	n := float64(w.clients * eachTraced)
	for line := range strings.Lines(tracer.said()) {
		if name, calls, ok := parseSummary(line); ok && float64(calls) >= n/100 {
			fmt.Printf("  %-20s %6.2f\n", name, float64(calls)/n)
		}
	}
	return nil
}

// parseSummary reads a line of strace's table: share, seconds, microseconds a call, calls, errors if any, name.
func parseSummary(line string) (name string, calls int, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 5 {
		return "", 0, false
	}
	if _, err := strconv.ParseFloat(fields[0], 64); err != nil {
		return "", 0, false
	}
	calls, err := strconv.Atoi(fields[3])
	return fields[len(fields)-1], calls, err == nil
}
