package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// installTimeout bounds each installation and each build.
const installTimeout = 10 * time.Minute

// install gives a client what it needs, and says what it does. What is there already is left alone.
func (c *client) install(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	if err := c.installPackages(ctx); err != nil {
		return err
	}
	if err := c.copy(); err != nil {
		return err
	}
	if err := c.installNode(ctx); err != nil {
		return err
	}
	if c.has("go.mod") {
		if _, err := c.step(ctx, "building a Go module", "go build -o client ."); err != nil {
			return err
		}
	}
	if c.Build != "" {
		if _, err := c.step(ctx, "building", c.Build); err != nil {
			return err
		}
	}
	return nil
}

// installPackages installs the Debian packages that are missing.
func (c *client) installPackages(ctx context.Context) error {
	var missing []string
	for command, name := range c.Commands {
		if _, err := exec.LookPath(command); err != nil {
			missing = append(missing, name)
		}
	}
	for _, name := range c.Apt {
		out, _ := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${Status}", name).Output()
		if string(out) != "install ok installed" {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	list := strings.Join(slices.Compact(missing), " ")
	if err := os.MkdirAll(c.home, 0o755); err != nil {
		return fmt.Errorf("making a client's folder: %w", err)
	}
	install := "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends " + list
	if _, err := c.step(ctx, "installing "+list, install); err == nil {
		return nil
	}
	_, err := c.step(ctx, "installing "+list+" after apt-get update", "apt-get update -qq && "+install)
	return err
}

// installNode installs npm packages once for each content of package.json and its lock.
func (c *client) installNode(ctx context.Context) error {
	if !c.has("package.json") {
		return nil
	}
	sum, how := sha256.New(), "npm install"
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(c.path, name))
		if err == nil && name == "package-lock.json" {
			how = "npm ci"
		}
		sum.Write(text)
	}
	stamp, want := filepath.Join(c.home, "node_modules", ".stamp"), hex.EncodeToString(sum.Sum(nil))
	if got, err := os.ReadFile(stamp); err == nil && string(got) == want {
		return nil
	}
	if _, err := c.step(ctx, how, how+" --no-audit --no-fund --loglevel=error"); err != nil {
		return err
	}
	if err := os.WriteFile(stamp, []byte(want), 0o644); err != nil {
		return fmt.Errorf("remembering what was installed: %w", err)
	}
	return nil
}

func (c *client) has(file string) bool {
	_, err := os.Stat(filepath.Join(c.path, file))
	return err == nil
}

// step runs a shell command in the client's home after a line that says so.
func (c *client) step(ctx context.Context, what, command string) (string, error) {
	fmt.Printf("  %s: %s\n", c.folder, what)
	return c.shell(ctx, command)
}

// shell gives what a command prints; its error has the end of what it complained about.
func (c *client) shell(ctx context.Context, command string) (string, error) {
	cmd := exec.CommandContext(ctx, "bash", "-eu", "-o", "pipefail", "-c", command)
	cmd.Dir = c.home
	inGroup(cmd)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", command, errors.Join(ctx.Err(), err), lastLines(out.String()+complaints.String(), 6))
	}
	return out.String(), nil
}

// lastLines are the last n lines that are not empty, in one.
func lastLines(text string, n int) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}
