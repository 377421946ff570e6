package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/PID/stat: USER_HZ, which is 100 a second on every Linux.
const tick = 10 * time.Millisecond

// usage is processor time: the scheduler's sum, in nanoseconds, and how that splits, in ticks.
type usage struct{ ran, user, system time.Duration }

func (u usage) minus(v usage) usage {
	return usage{u.ran - v.ran, u.user - v.user, u.system - v.system}
}

// split is the sum in user and in kernel mode.
func (u usage) split() (user, system time.Duration) {
	if u.user+u.system == 0 {
		return u.ran, 0
	}
	user = time.Duration(float64(u.ran) * float64(u.user) / float64(u.user+u.system))
	return user, u.ran - user
}

// usage is the processor time that the process has used so far; zero for no process.
func (p *process) usage() (usage, error) {
	if p == nil {
		return usage{}, nil
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid()))
	if err != nil {
		return usage{}, fmt.Errorf("reading the processor time: %w", err)
	}
	u, err := parseStat(string(stat))
	if err != nil {
		return usage{}, err
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.pid()))
	if err != nil {
		return usage{}, fmt.Errorf("reading the processor time: %w", err)
	}
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // The thread has ended.
		}
		first, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return usage{}, fmt.Errorf("reading the processor time: %w", err)
		}
		u.ran += time.Duration(ns)
	}
	if u.ran == 0 { // A kernel without the scheduler's statistics.
		u.ran = u.user + u.system
	}
	return u, nil
}

// parseStat reads fields 14 and 15. The second field is the program's name in parentheses and may hold anything, so the
// fields are counted from the last parenthesis.
func parseStat(stat string) (usage, error) {
	_, rest, ok := strings.Cut(stat[strings.LastIndexByte(stat, ')')+1:], " ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 13 {
		return usage{}, fmt.Errorf("reading the processor time: %q", stat)
	}
	var ticks [2]time.Duration
	for i, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return usage{}, fmt.Errorf("reading the processor time: %w", err)
		}
		ticks[i] = time.Duration(n) * tick
	}
	return usage{user: ticks[0], system: ticks[1]}, nil
}
