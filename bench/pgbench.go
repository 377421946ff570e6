package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// script is a load by pgbench.
type script struct {
	lab      *lab
	protocol string // pgbench's -M
	text     string
	before   string // what the superuser runs before each measurement, so that they all find the same tables
}

func (l *lab) script(protocol, text, before string) script { return script{l, protocol, text, before} }

// findPgbench looks beside the server's programs and in PATH.
func findPgbench(bin string) (string, error) {
	path := filepath.Join(bin, "pgbench")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	path, err := exec.LookPath("pgbench")
	if err != nil {
		return "", fmt.Errorf("finding pgbench beside %s and in PATH: %w", bin, err)
	}
	return path, nil
}

// measure runs pgbench once. A single failed transaction fails it: a refusal is fast, and would look like a good figure.
func (s script) measure(ctx context.Context, r *rival, clients int, length time.Duration) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, length+time.Minute)
	defer cancel()
	if s.before != "" {
		if err := s.lab.db.script(ctx, r.database, s.before); err != nil {
			return sample{}, err
		}
	}
	home, err := os.MkdirTemp(s.lab.dir, "pgbench-")
	if err != nil {
		return sample{}, fmt.Errorf("making a directory: %w", err)
	}
	defer os.RemoveAll(home)
	amount := "--transactions=5"
	if length > 0 {
		amount = "--time=" + strconv.Itoa(max(1, int(length.Seconds()+0.5)))
	}
	cmd, err := s.command(ctx, home, r, clients, amount)
	if err != nil {
		return sample{}, err
	}
	p, err := begin(cmd)
	if err != nil {
		return sample{}, err
	}
	w, err := watch(r, length, func() bool { return logged(home) }, p.ended)
	<-p.ended
	if err := succeeded(p.said()); err != nil {
		return sample{}, fmt.Errorf("running pgbench: %w: %s", err, p.said())
	}
	if errors.Is(err, errEndedEarly) {
		return sample{}, nil // The machine stood still, or logins took all the time: nothing was measured.
	}
	if err != nil {
		return sample{}, err
	}
	events, err := readLogs(home)
	return w.judge(events), err
}

// command is pgbench, which works in a directory of its own and logs there.
func (s script) command(ctx context.Context, home string, r *rival, clients int, amount string) (*exec.Cmd, error) {
	file := filepath.Join(home, "script.sql")
	if err := os.WriteFile(file, []byte(s.text), 0o644); err != nil {
		return nil, fmt.Errorf("writing pgbench's script: %w", err)
	}
	cmd := exec.CommandContext(ctx, s.lab.pgbench, "--no-vacuum", "--protocol="+s.protocol, "--client="+strconv.Itoa(clients), "--jobs=1", amount,
		"--file="+file, "--log", "--log-prefix="+filepath.Join(home, "log"),
		"--host=127.0.0.1", "--port="+strconv.Itoa(r.port), "--username="+r.user, r.database)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password, "PGSSLMODE=disable", "PGGSSENCMODE=disable")
	return cmd, nil
}

// succeeded reads what pgbench says of a run.
func succeeded(out string) error {
	if _, err := figure(out, `number of transactions actually processed: (\d+)`); err != nil {
		return err
	}
	failed, err := figure(out, `number of failed transactions: (\d+)`)
	if err == nil && failed != 0 {
		return errors.New("some transactions failed")
	}
	return err
}

func figure(out, pattern string) (int, error) {
	found := regexp.MustCompile(pattern).FindStringSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("no %q", pattern)
	}
	return strconv.Atoi(found[1])
}

// logged says whether pgbench has written of a transaction.
func logged(dir string) bool {
	paths, err := filepath.Glob(filepath.Join(dir, "log.*"))
	return err == nil && slices.ContainsFunc(paths, func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.Size() > 0
	})
}

// readLogs reads what pgbench --log wrote.
func readLogs(dir string) ([]event, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "log.*"))
	if err != nil {
		return nil, fmt.Errorf("looking for pgbench's log: %w", err)
	}
	var all []event
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("reading pgbench's log: %w", err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			e, err := parseEvent(lines.Text())
			if err != nil {
				return nil, err
			}
			all = append(all, e)
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("reading pgbench's log: %w", err)
		}
	}
	return all, nil
}

// parseEvent reads a line of pgbench's log: client, transaction, microseconds, script, and the time in seconds and microseconds.
func parseEvent(line string) (event, error) {
	fields := strings.Fields(line)
	if len(fields) < 6 {
		return event{}, fmt.Errorf("reading pgbench's log: %q", line)
	}
	var n [6]int64
	for i := range n {
		var err error
		if n[i], err = strconv.ParseInt(fields[i], 10, 64); err != nil {
			return event{}, fmt.Errorf("reading pgbench's log: %q: %w", line, err)
		}
	}
	return event{time.Unix(n[4], n[5]*1000), time.Duration(n[2]) * time.Microsecond}, nil
}
