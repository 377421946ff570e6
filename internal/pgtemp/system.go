package pgtemp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// errNotRoot tells why the package manager was not asked.
var errNotRoot = errors.New("not root, so the system's package manager cannot be asked")

// packageManager is one system's way to install PostgreSQL's server.
type packageManager struct {
	program string
	prepare func() error // before anything is installed; nil for nothing
	steps   [][]string   // arguments of program, one run each
}

func packageManagers() []packageManager {
	return []packageManager{
		{"apt-get", forbidMainCluster, [][]string{
			{"update", "-q"},
			{"install", "-q", "-y", "--no-install-recommends", "postgresql"},
		}},
		{"dnf", nil, [][]string{{"install", "-q", "-y", "postgresql-server"}}},
		{"apk", nil, [][]string{{"add", "--no-cache", "postgresql"}}},
	}
}

// fetchPackage installs the distribution's PostgreSQL.
func fetchPackage(ctx context.Context, log io.Writer) (string, error) {
	if os.Geteuid() != 0 {
		return "", errNotRoot
	}
	for _, m := range packageManagers() {
		if _, err := exec.LookPath(m.program); err != nil {
			continue
		}
		if err := m.install(ctx, log); err != nil {
			return "", err
		}
		if dir, ok := installed(); ok {
			return dir, nil
		}
		return "", fmt.Errorf("%s installed PostgreSQL, but no initdb is in a known place", m.program)
	}
	return "", errors.New("no package manager that is known here (apt-get, dnf, apk)")
}

func (m packageManager) install(ctx context.Context, log io.Writer) error {
	if m.prepare != nil {
		if err := m.prepare(); err != nil {
			return err
		}
	}
	for _, args := range m.steps {
		line := m.program + " " + strings.Join(args, " ")
		fmt.Fprintf(log, "  %s ...\n", line)
		if err := run(ctx, exec.CommandContext(ctx, m.program, args...)); err != nil {
			return fmt.Errorf("running %s: %w", line, err)
		}
	}
	return nil
}

// forbidMainCluster keeps Debian's package from creating and starting a cluster of its own: somebody who runs a demo
// did not ask for a database service.
func forbidMainCluster() error {
	const dir = "/etc/postgresql-common/createcluster.d"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("forbidding the package's own cluster: %w", err)
	}
	if err := os.WriteFile(dir+"/wherewall.conf", []byte("create_main_cluster = false\n"), 0o644); err != nil {
		return fmt.Errorf("forbidding the package's own cluster: %w", err)
	}
	return nil
}

// run runs a command and, where it fails, returns the end of what it said.
func run(ctx context.Context, cmd *exec.Cmd) error {
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if cmd.Env == nil {
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	}
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return fmt.Errorf("%w: %s", err, tail(said.String(), 5))
	}
}

// tail returns the last n lines that say something.
func tail(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
