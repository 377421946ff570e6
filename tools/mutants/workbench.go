package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// suite is the tests of one package.
type suite struct {
	name string
	args []string
}

// suites lists the tests, the quickest first. What is drawn is drawn from one seed, so that a fate does not change from run to run.
func suites(only string) ([]suite, error) {
	match, err := regexp.Compile(only)
	if err != nil {
		return nil, fmt.Errorf("reading -suite: %w", err)
	}
	drawn := []string{"-rapid.seed=20", "-rapid.shrinktime=1ns", "-rapid.nofailfile"}
	var chosen []suite
	for _, s := range []suite{
		{"rewrite", []string{"./rewrite"}},
		{"plan", append([]string{"./plan", "-rapid.checks=30"}, drawn...)},
		{"tests", append([]string{"./tests", "-run=^TestProof"}, drawn...)},
	} {
		if match.MatchString(s.name) {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no package is called %q", only)
	}
	return chosen, nil
}

// workbench is where faults are tried.
type workbench struct {
	root   string // the module
	dir    string // for faulty sources
	suites []suite
	all    bool
}

// sound demands that the tests pass without a fault.
func (w *workbench) sound(ctx context.Context) error {
	for _, s := range w.suites {
		out, failed, err := w.test(ctx, s, "")
		if err != nil {
			return err
		}
		if failed {
			return fmt.Errorf("the tests of %s fail without a fault:\n%s", s.name, out[max(0, len(out)-2000):])
		}
	}
	return nil
}

// try makes a fault and names the packages whose tests fail. A fault that does not compile is an error.
func (w *workbench) try(ctx context.Context, f fault) ([]string, error) {
	overlay, err := w.overlay(f)
	if err != nil {
		return nil, err
	}
	if out, err := w.command(ctx, "build", "-overlay="+overlay, "./plan", "./rewrite").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compiling it: %w\n%s", err, out)
	}
	noticed := []string{}
	for _, s := range w.suites {
		_, failed, err := w.test(ctx, s, overlay)
		if err != nil {
			return nil, err
		}
		if failed {
			noticed = append(noticed, s.name)
			if !w.all {
				break
			}
		}
	}
	return noticed, nil
}

// test runs tests. That some fail is no error; that they could not run is.
func (w *workbench) test(ctx context.Context, s suite, overlay string) (out string, failed bool, err error) {
	args := []string{"test", "-count=1", "-vet=off", "-failfast", "-timeout=5m"}
	if overlay != "" {
		args = append(args, "-overlay="+overlay)
	}
	text, err := w.command(ctx, append(args, s.args...)...).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "", false, nil
	case ctx.Err() != nil:
		return "", false, ctx.Err()
	case !errors.As(err, &exit):
		return "", false, fmt.Errorf("running go: %w", err)
	case strings.Contains(string(text), "--- FAIL:") || strings.Contains(string(text), "panic:"):
		return string(text), true, nil
	default:
		return "", false, fmt.Errorf("the tests of %s did not run: %w\n%s", s.name, err, text)
	}
}

func (w *workbench) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir = w.root
	return c
}

// overlay writes the faulty files and says of what they stand in for.
func (w *workbench) overlay(f fault) (string, error) {
	files := map[string]string{}
	for _, e := range f.edits {
		path := filepath.Join(w.root, e.file)
		text, edited := files[path]
		if !edited {
			read, err := os.ReadFile(path)
			if err != nil {
				return "", fmt.Errorf("reading a source: %w", err)
			}
			text = string(read)
		}
		if n := strings.Count(text, e.old); n != 1 {
			return "", fmt.Errorf("%s holds the text to replace %d times, and not once:\n%s", e.file, n, e.old)
		}
		files[path] = strings.Replace(text, e.old, e.new, 1)
	}
	replace := map[string]string{}
	for path, text := range files {
		faulty := filepath.Join(w.dir, filepath.Base(filepath.Dir(path))+"-"+filepath.Base(path))
		if err := os.WriteFile(faulty, []byte(text), 0o600); err != nil {
			return "", fmt.Errorf("writing a faulty source: %w", err)
		}
		replace[path] = faulty
	}
	content, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("writing the overlay: %w", err)
	}
	overlay := filepath.Join(w.dir, "overlay.json")
	if err := os.WriteFile(overlay, content, 0o600); err != nil {
		return "", fmt.Errorf("writing the overlay: %w", err)
	}
	return overlay, nil
}
