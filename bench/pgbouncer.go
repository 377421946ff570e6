package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// debianPgBouncer is where Debian's package puts it, which is on nobody's PATH but root's.
const debianPgBouncer = "/usr/sbin/pgbouncer"

// startPgBouncer starts PgBouncer in session mode, the mode that does as little as it can, before the database with
// native row-level security.
func startPgBouncer(ctx context.Context, dir string, db *database) (*rival, error) {
	path, err := findPgBouncer(ctx)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	config := strings.Join([]string{
		"[databases]",
		fmt.Sprintf("%s = host=127.0.0.1 port=%d dbname=%s", databaseNative, db.server.Port, databaseNative),
		"[pgbouncer]",
		"listen_addr = 127.0.0.1",
		fmt.Sprintf("listen_port = %d", port),
		"unix_socket_dir =",
		"auth_type = scram-sha-256",
		"auth_file = " + filepath.Join(dir, "userlist.txt"),
		"pool_mode = session",
		"default_pool_size = 50",
		"log_connections = 0",
		"log_disconnections = 0",
		"",
	}, "\n")
	for name, text := range map[string]string{
		"pgbouncer.ini": config,
		"userlist.txt":  fmt.Sprintf("%q %q\n", user, userPassword),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, fmt.Errorf("configuring PgBouncer: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, path, filepath.Join(dir, "pgbouncer.ini"))
	cmd.Dir = dir
	if cmd.SysProcAttr, err = unprivileged(); err != nil {
		return nil, err
	}
	r := &rival{name: "PgBouncer + RLS", port: port, database: databaseNative, filtered: true}
	if r.process, err = begin(cmd); err != nil {
		return nil, err
	}
	if err := r.ready(ctx); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

// findPgBouncer looks for it and, as root, installs it.
func findPgBouncer(ctx context.Context) (string, error) {
	if path, ok := installedPgBouncer(); ok {
		return path, nil
	}
	missing := errors.New("no pgbouncer in PATH: install it (apt-get install pgbouncer), the figures are compared with its")
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return "", missing
	}
	for _, args := range [][]string{{"update", "-q"}, {"install", "-q", "-y", "--no-install-recommends", "pgbouncer"}} {
		fmt.Fprintln(os.Stderr, "apt-get", strings.Join(args, " "), "...")
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("installing PgBouncer: %w: %s", err, out)
		}
	}
	if path, ok := installedPgBouncer(); ok {
		return path, nil
	}
	return "", missing
}

func installedPgBouncer() (string, bool) {
	if path, err := exec.LookPath("pgbouncer"); err == nil {
		return path, true
	}
	_, err := os.Stat(debianPgBouncer)
	return debianPgBouncer, err == nil
}

// unprivileged lends root's children another user, since PgBouncer refuses to run as root.
func unprivileged() (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := osuser.Lookup("nobody")
	if err != nil {
		return nil, fmt.Errorf("looking for an unprivileged user: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the unprivileged user's ID: %w", err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the unprivileged user's group: %w", err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
