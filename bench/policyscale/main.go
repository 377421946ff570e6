// Command policyscale measures how the policy grows: for policies of a hundred to a million users it loads the files, binds them, and makes
// plans for subjects. Each size is measured in a process of its own, so that none inherits another's memory.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
)

func main() {
	users := flag.Int("users", 0, "measure the one size of so many users, and print it as JSON")
	most := flag.Int("max", 1_000_000, "the most users to measure")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *users, *most); err != nil {
		fmt.Fprintln(os.Stderr, "policyscale:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, users, most int) error {
	if users > 0 {
		for _, n := range sizes() {
			if n.Users == users {
				return json.NewEncoder(os.Stdout).Encode(measured(n))
			}
		}
		return fmt.Errorf("no size has %d users", users)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "users\ttenants\troles\tentities\tfiles MiB\tload s\theap MiB\tprocess MiB\tfirst plan µs\tplan µs\tplan and rule µs\t")
	for _, n := range sizes() {
		if n.Users > most {
			continue
		}
		f, err := inProcess(ctx, n)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%.1f\t%.2f\t%.0f\t%.0f\t%.0f\t%.1f\t%.1f\t\n", n.Users, n.Tenants, n.Roles, n.Entities,
			f.Files, f.Load, f.Heap, f.Process, f.First, f.Plan, f.Rule)
	}
	return table.Flush()
}

// inProcess measures a size in a process of its own.
func inProcess(ctx context.Context, n size) (figures, error) {
	self, err := os.Executable()
	if err != nil {
		return figures{}, fmt.Errorf("finding this program: %w", err)
	}
	var out strings.Builder
	command := exec.CommandContext(ctx, self, "-users", fmt.Sprint(n.Users))
	command.Stdout, command.Stderr = &out, os.Stderr
	if err := command.Run(); err != nil {
		return figures{}, fmt.Errorf("measuring %d users: %w", n.Users, err)
	}
	var answer struct {
		Figures figures
		Failure string
	}
	if err := json.Unmarshal([]byte(out.String()), &answer); err != nil {
		return figures{}, fmt.Errorf("reading what was measured: %w", err)
	}
	if answer.Failure != "" {
		return figures{}, fmt.Errorf("measuring %d users: %s", n.Users, answer.Failure)
	}
	return answer.Figures, nil
}

// measured is what a process prints.
func measured(n size) any {
	f, err := measure(n)
	failure := ""
	if err != nil {
		failure = err.Error()
	}
	return struct {
		Figures figures
		Failure string
	}{f, failure}
}
