package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// environment says what was measured on what.
func (l *lab) environment(ctx context.Context) string {
	return fmt.Sprintf("PostgreSQL %s, %s, %s, %d cores, %s, load average at the start %s.\n"+
		"Medians of %d interleaved rounds of %g s; logins and warm-up do not count.\n",
		l.db.version, bouncerVersion(ctx), runtime.Version(), runtime.NumCPU(), processor(), loadAverage(), l.rounds, l.seconds)
}

// beneath is what stands below the chart.
func (l *lab) beneath(ctx context.Context) string {
	number, _, _ := strings.Cut(l.db.version, " ")
	return fmt.Sprintf("in parentheses: clients; PostgreSQL %s, %s, %d cores for all of them", number, bouncerVersion(ctx), runtime.NumCPU())
}

// bouncerVersion is the first line of `pgbouncer --version`.
func bouncerVersion(ctx context.Context) string {
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		path = debianPgBouncer
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return "PgBouncer of unknown version"
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

func processor() string {
	info, err := os.ReadFile(filepath.FromSlash("/proc/cpuinfo"))
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.SplitSeq(string(info), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
