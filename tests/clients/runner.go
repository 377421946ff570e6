package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// result is what a run of one client gave.
type result struct {
	client  *client
	version string
	checks  []check
	failure string // why it could not run at all
	took    time.Duration
}

func (r *result) passed() bool {
	if r.failure != "" {
		return false
	}
	for _, c := range r.checks {
		if !c.passed {
			return false
		}
	}
	return true
}

// runClient installs a client, runs it, and prints a line for each check.
func runClient(ctx context.Context, w *world, o options, c *client) *result {
	began := time.Now()
	r := &result{client: c}
	fmt.Printf("%s\n", c.Name)
	if err := r.run(ctx, w, o); err != nil {
		r.failure = err.Error()
		fmt.Printf("  not ok - %s\n", r.failure)
	}
	for _, c := range r.checks {
		switch {
		case !c.passed:
			fmt.Printf("  not ok - %s: %s\n", c.name, c.reason)
		case c.skipped != "":
			fmt.Printf("  ok - %s # SKIP %s\n", c.name, c.skipped)
		default:
			fmt.Printf("  ok - %s\n", c.name)
		}
	}
	r.took = time.Since(began)
	return r
}

func (r *result) run(ctx context.Context, w *world, o options) error {
	c := r.client
	if err := c.install(ctx); err != nil {
		return err
	}
	version, err := c.shell(ctx, c.Version)
	if err != nil {
		return fmt.Errorf("asking for its version: %w", err)
	}
	r.version = strings.TrimSpace(version)
	env, err := w.environment(ctx)
	if err != nil {
		return err
	}
	var before position
	if o.capture {
		if before, err = w.logPosition(ctx); err != nil {
			return err
		}
	}
	output, complaints := c.runScript(ctx, env)
	r.checks = readChecks(output)
	if complaints != "" && !r.passed() {
		for line := range strings.SplitSeq(lastLines(complaints, 12), " | ") {
			fmt.Printf("    %.200s\n", line)
		}
	}
	if o.capture {
		return w.capture(ctx, c, before)
	}
	return nil
}

// runScript gives what the client's script printed, and what it complained about where it did.
func (c *client) runScript(ctx context.Context, env []string) (output, complaints string) {
	ctx, cancel := context.WithTimeout(ctx, c.patience())
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", c.Run)
	cmd.Dir = c.home
	cmd.Env = append(os.Environ(), env...)
	inGroup(cmd)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	if failure := cmd.Run(); failure != nil {
		fmt.Fprintf(&err, "%s: %v\n", c.Run, failure)
		if ctx.Err() != nil {
			fmt.Fprintf(&err, "it was ended after %s\n", c.patience())
		}
	}
	return out.String(), err.String()
}
