package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// event is what go test -json says of this package's interest.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

// test runs the tests on one version. A test that fails is in the results; the error is that of a run that could not be read.
func test(ctx context.Context, table *results, major int, server string, args []string) error {
	args = append([]string{"test", "-json", "-count=1", "-timeout=30m"}, args...)
	command := exec.CommandContext(ctx, "go", args...)
	command.Env = append(os.Environ(), "PGBIN="+server, fmt.Sprintf("PGVERSION=%d", major), "WHEREWALL_TEST_PG=")
	// An interrupt goes on to go test, which lets the tests stop their servers.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 30 * time.Second
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("running go test: %w", err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("running go test: %w", err)
	}
	readErr := read(out, table, major)
	err = command.Wait()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case readErr != nil:
		return readErr
	case err != nil && !errors.As(err, &exit):
		return fmt.Errorf("running go test: %w", err)
	case err != nil && table.passed():
		// Something failed that no package answers for, such as a pattern without packages.
		return fmt.Errorf("running go test: %w", err)
	}
	return nil
}

// read notes how each package ended, and prints what a failed test and a failed package said.
func read(from io.Reader, table *results, major int) error {
	said := map[string]*bytes.Buffer{}
	events := json.NewDecoder(from)
	for {
		var e event
		err := events.Decode(&e)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading what go test says: %w", err)
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "build-output":
			fmt.Print(e.Output)
		case "output":
			if said[key] == nil {
				said[key] = &bytes.Buffer{}
			}
			said[key].WriteString(e.Output)
		case "fail", "pass", "skip":
			if e.Action == "fail" && said[key] != nil {
				fmt.Print(said[key])
			}
			delete(said, key)
			if e.Test == "" {
				v := verdictOf(e.Action)
				table.note(e.Package, major, v)
				fmt.Printf("  %-8s %6.1fs  %s\n", v, e.Elapsed, strings.TrimPrefix(e.Package, module))
			}
		}
	}
}
