package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// outcome is what became of a test: pass, fail, skip or none, and what it said.
type outcome struct{ is, said string }

// runSuite runs a suite in one way, on a fresh database, and returns what became of each test by its name.
// Those that are expected to fail do so once.
func (w *world) runSuite(ctx context.Context, s suite, by way, expected func(test string) bool) (_ map[string]outcome, err error) {
	folder, err := w.copyOf(ctx, s.module)
	if err != nil {
		return nil, err
	}
	if err := w.freshDatabase(ctx); err != nil {
		return nil, err
	}
	port := w.server.Port
	if by != direct {
		p, err := w.startProxy(ctx, by)
		if p != nil {
			defer func() { err = errors.Join(err, p.stop()) }()
		}
		if err != nil {
			return nil, err
		}
		port = p.port
	}
	run := func(only string) (map[string]outcome, error) {
		return goTest(ctx, filepath.Join(folder, s.folder), w.kept(s, by, only), port, only)
	}
	outcomes, err := run(".")
	if err != nil {
		return nil, err
	}
	return outcomes, runAgain(outcomes, expected, run)
}

// kept is the file that takes what go test says; empty for none.
func (w *world) kept(s suite, by way, only string) string {
	if w.keep == "" {
		return ""
	}
	name := strings.ReplaceAll(s.name, "/", "_") + "." + string(by)
	if only != "." {
		name += ".again"
	}
	return filepath.Join(w.keep, name+".json")
}

// runAgain runs those tests again that another one took down with the process, without that one, and then those that have failed, which may
// have been for the haste of their own time limits.
func runAgain(outcomes map[string]outcome, expected func(test string) bool, run func(only string) (map[string]outcome, error)) error {
	for _, which := range []string{"none", "none", "fail", "fail"} {
		again := topLevel(outcomes, which)
		if which == "fail" {
			again = slices.DeleteFunc(again, expected)
		}
		if len(again) == 0 {
			continue
		}
		now, err := run("^(" + strings.Join(again, "|") + ")$")
		if err != nil {
			return err
		}
		for test, o := range now {
			if o.is != "none" && outcomes[test].is != "pass" {
				outcomes[test] = o
			}
		}
	}
	return nil
}

// topLevel are the tests with an outcome that are not part of others.
func topLevel(outcomes map[string]outcome, which string) []string {
	var all []string
	for test, o := range outcomes {
		if o.is == which && !strings.Contains(test, "/") {
			all = append(all, test)
		}
	}
	slices.Sort(all)
	return all
}

// goTest runs tests of a folder. That some fail is no error; that none ran is one.
func goTest(ctx context.Context, folder, keep string, port int, only string) (map[string]outcome, error) {
	const atMost = "4m"                                                                                       // after which what hangs has failed
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-count=1", "-timeout", atMost, "-run", only, ".") //nolint:gosec // names of tests
	cmd.Dir = folder
	cmd.Env = append(withoutPostgres(os.Environ()), "GOWORK=off", "PGPORT="+strconv.Itoa(port), "PGHOST=localhost", "PGUSER="+user, "PGDATABASE="+user, "PGSSLMODE=disable",
		fmt.Sprintf("PGX_TEST_DATABASE=host=127.0.0.1 port=%d user=%s dbname=%s sslmode=disable", port, user, user),
		fmt.Sprintf("PGX_TEST_TCP_CONN_STRING=host=127.0.0.1 port=%d user=%s dbname=%s sslmode=disable", port, user, user))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, fmt.Errorf("running go test: %w", err)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if keep != "" {
		if err := os.WriteFile(keep, out.Bytes(), 0o600); err != nil {
			return nil, fmt.Errorf("keeping what go test says: %w", err)
		}
	}
	outcomes, err := readOutcomes(out.Bytes())
	if err == nil && len(outcomes) == 0 {
		err = fmt.Errorf("no test ran: %s", errs.String())
	}
	return outcomes, err
}

// withoutPostgres is the environment without what would lead libpq's heirs elsewhere.
func withoutPostgres(environment []string) []string {
	return slices.DeleteFunc(environment, func(v string) bool { return strings.HasPrefix(v, "PG") })
}

// readOutcomes takes pass, fail or skip of each test from what go test -json prints. A test that began and did not end, as all do where one
// of them takes the process down, has the outcome none.
func readOutcomes(text []byte) (map[string]outcome, error) {
	outcomes := map[string]outcome{}
	chance := regexp.MustCompile(`\d{6,}`) // in the names of folders
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e struct{ Action, Test, Output string }
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Test == "" {
			continue
		}
		e.Test = chance.ReplaceAllString(e.Test, "N")
		o := outcomes[e.Test]
		switch e.Action {
		case "run":
			o = outcome{is: "none"}
		case "pass", "fail", "skip":
			o.is = e.Action
		case "output":
			o.said += e.Output
		}
		outcomes[e.Test] = o
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading what go test says: %w", err)
	}
	return outcomes, nil
}

// tally counts outcomes.
func tally(outcomes map[string]outcome) string {
	count := map[string]int{}
	for _, o := range outcomes {
		count[o.is]++
	}
	var words []string
	for _, o := range []string{"pass", "fail", "skip", "none"} {
		words = append(words, fmt.Sprintf("%4d %s", count[o], o))
	}
	return strings.Join(words, ", ")
}
