package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// script reads one row that the user may see. The statement is the same everywhere; the filter is not in it.
const script = `\set id random(1, 50000)
SELECT id, title, status, created_at FROM item WHERE id = :id;
`

// benchCase is one load.
type benchCase struct {
	mode    string // pgbench's -M: the protocol
	clients int
}

func (c benchCase) String() string {
	if c.clients == 1 {
		return c.mode + ", 1 client"
	}
	return fmt.Sprintf("%s, %d clients", c.mode, c.clients)
}

func cases() []benchCase {
	var all []benchCase
	for _, clients := range []int{1, 16} {
		for _, mode := range []string{"simple", "extended", "prepared"} {
			all = append(all, benchCase{mode, clients})
		}
	}
	return all
}

// sample is one measurement.
type sample struct {
	tps float64       // transactions per second, logins left out
	cpu time.Duration // the process's own time for each transaction; 0 where there is no process in between
}

type pgbench struct{ path, script string }

func newPgbench(dir, bin string) (*pgbench, error) {
	b := &pgbench{path: filepath.Join(bin, "pgbench"), script: filepath.Join(dir, "select.sql")}
	if _, err := os.Stat(b.path); err != nil {
		if b.path, err = exec.LookPath("pgbench"); err != nil {
			return nil, fmt.Errorf("finding pgbench beside %s and in PATH: %w", bin, err)
		}
	}
	if err := os.WriteFile(b.script, []byte(script), 0o644); err != nil {
		return nil, fmt.Errorf("writing pgbench's script: %w", err)
	}
	return b, nil
}

// sample runs pgbench once. A single failed transaction fails it: a refusal is fast, and would look like a good figure.
func (b *pgbench) sample(ctx context.Context, r *rival, c benchCase, seconds int) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second+30*time.Second)
	defer cancel()
	before, err := r.process.cpuTime()
	if err != nil {
		return sample{}, err
	}
	cmd := exec.CommandContext(ctx, b.path, "--no-vacuum", "--protocol="+c.mode, "--client="+strconv.Itoa(c.clients), "--jobs=1",
		"--time="+strconv.Itoa(seconds), "--file="+b.script, "--host=127.0.0.1", "--port="+strconv.Itoa(r.port),
		"--username="+user, r.database)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+userPassword, "PGSSLMODE=disable", "PGGSSENCMODE=disable")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("running pgbench: %w: %s", err, out)
	}
	after, err := r.process.cpuTime()
	if err != nil {
		return sample{}, err
	}
	result, err := parse(string(out))
	if err != nil {
		return sample{}, fmt.Errorf("reading pgbench's output: %w: %s", err, out)
	}
	if result.transactions == 0 { // The machine stood still; the median of the rounds leaves this one out.
		return sample{}, nil
	}
	return sample{tps: result.tps, cpu: (after - before) / time.Duration(result.transactions)}, nil
}

// result is what pgbench says of a run.
type result struct {
	transactions int64
	tps          float64
}

func parse(out string) (result, error) {
	count, err := figure(out, `number of transactions actually processed: (\d+)`)
	if err != nil {
		return result{}, err
	}
	failed, err := figure(out, `number of failed transactions: (\d+)`)
	if err != nil {
		return result{}, err
	}
	if failed != 0 {
		return result{}, errors.New("some transactions failed")
	}
	if count == 0 {
		return result{}, nil // pgbench then says nothing of a rate
	}
	tps, err := figure(out, `tps = ([0-9.]+) `)
	if err != nil {
		return result{}, err
	}
	return result{int64(count), tps}, nil
}

func figure(out, pattern string) (float64, error) {
	found := regexp.MustCompile(pattern).FindStringSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("no %q", pattern)
	}
	f, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		return 0, fmt.Errorf("reading %q: %w", found[0], err)
	}
	return f, nil
}
