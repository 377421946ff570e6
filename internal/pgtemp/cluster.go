package pgtemp

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// initdb makes the cluster. The password goes by a file, since arguments are visible to every user of the machine.
func (s *Server) initdb(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	secret := filepath.Join(s.dir, "password")
	if err := os.WriteFile(secret, []byte(s.password+"\n"), 0o600); err != nil {
		return fmt.Errorf("writing the superuser's password: %w", err)
	}
	defer os.Remove(secret)
	if err := s.as.own(secret); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"), "-D", s.data(), "-U", Superuser, "--pwfile", secret,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions")
	cmd.Dir = s.dir
	cmd.Env = environment(s.bin)
	cmd.SysProcAttr = s.as.attributes(syscall.SIGKILL)
	if err := run(ctx, cmd); err != nil {
		return fmt.Errorf("running initdb: %w", err)
	}
	return nil
}

// configure appends our settings and then the caller's to postgresql.conf, where the last one counts.
func (s *Server) configure(settings map[string]string) error {
	ours := map[string]string{
		"listen_addresses":        "127.0.0.1",
		"unix_socket_directories": "",
		"fsync":                   "off",
		"synchronous_commit":      "off",
		"full_page_writes":        "off",
		"shared_buffers":          "64MB",
		"log_line_prefix":         "%m [%p] %q%u@%d ",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"password_encryption":     "scram-sha-256",
	}
	maps.Copy(ours, settings)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		fmt.Fprintf(&b, "%s = '%s'\n", name, strings.ReplaceAll(ours[name], "'", "''"))
	}
	f, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("writing the server's settings: %w", err)
	}
	defer f.Close()
	if _, err := f.WriteString(b.String()); err != nil {
		return fmt.Errorf("writing the server's settings: %w", err)
	}
	return nil
}

// serve starts the server itself.
func (s *Server) serve() (*process, error) {
	log, err := os.Create(s.LogFile())
	if err != nil {
		return nil, fmt.Errorf("making the server's log: %w", err)
	}
	defer log.Close() // The server has its own copy.
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), "-D", s.data(), "-p", fmt.Sprint(s.Port))
	cmd.Dir = s.dir
	cmd.Env = environment(s.bin)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = s.as.attributes(syscall.SIGQUIT)
	p, err := begin(cmd)
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	return p, nil
}

// environment is what the server's programs see: nothing of ours but PATH, since a PGDATA or LC_ALL of the caller would
// change what they do. A fetched PostgreSQL brings its libraries along.
func environment(bin string) []string {
	env := []string{"PATH=" + bin + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	native := filepath.Dir(bin)
	if _, err := os.Stat(filepath.Join(native, "pg-symlinks.json")); err == nil {
		env = append(env, "LD_LIBRARY_PATH="+filepath.Join(native, "lib"))
	}
	return env
}
