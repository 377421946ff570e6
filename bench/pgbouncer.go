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

// startPgBouncer starts PgBouncer in session mode, the mode that does as little as it can, before both databases of a server. Clients prove
// themselves by SCRAM and so does PgBouncer, from the same verifier: the way that costs it least.
func startPgBouncer(ctx context.Context, dir string, db *database, port int, tls *certificate) (*rival, error) {
	path, err := findPgBouncer(ctx)
	if err != nil {
		return nil, err
	}
	r := &rival{name: pgbouncerRLS, user: user, database: databaseNative, filtered: true, tls: tls != nil}
	if r.port, err = freePort(); err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp(dir, "pgbouncer-")
	if err != nil {
		return nil, fmt.Errorf("configuring PgBouncer: %w", err)
	}
	if err := os.Chmod(home, 0o755); err != nil { // It runs as another user.
		return nil, fmt.Errorf("configuring PgBouncer: %w", err)
	}
	config := []string{"[databases]"}
	for _, name := range []string{databasePlain, databaseNative, databaseIdle} {
		config = append(config, fmt.Sprintf("%s = host=127.0.0.1 port=%d dbname=%s", name, port, name))
	}
	config = append(config,
		"[pgbouncer]",
		"listen_addr = 127.0.0.1",
		fmt.Sprintf("listen_port = %d", r.port),
		"unix_socket_dir =",
		"auth_type = scram-sha-256",
		"auth_file = "+filepath.Join(home, "userlist.txt"),
		"pool_mode = session",
		"default_pool_size = 20000",
		"max_client_conn = 20000",
		"log_connections = 0",
		"log_disconnections = 0",
	)
	if tls != nil {
		config = append(config, "client_tls_sslmode = require", "client_tls_key_file = "+tls.key, "client_tls_cert_file = "+tls.certificate)
	}
	for name, text := range map[string]string{
		"pgbouncer.ini": strings.Join(config, "\n") + "\n",
		"userlist.txt":  fmt.Sprintf("%q %q\n", user, db.verifier),
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o644); err != nil {
			return nil, fmt.Errorf("configuring PgBouncer: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, path, filepath.Join(home, "pgbouncer.ini"))
	cmd.Dir = home
	if cmd.SysProcAttr, err = unprivileged(); err != nil {
		return nil, err
	}
	if r.process, err = begin(cmd); err != nil {
		return nil, err
	}
	if err := r.ready(ctx); err != nil {
		r.process.stop()
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
