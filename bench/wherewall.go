package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed policy.yaml
var policyYAML string

// build makes the product's binary, unless one is given.
func build(ctx context.Context, dir, binary string) (string, error) {
	if binary != "" {
		return binary, nil
	}
	binary = filepath.Join(dir, "wherewall")
	fmt.Fprintln(os.Stderr, "building wherewall ...")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/wherewall").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building wherewall: %w: %s", err, out)
	}
	return binary, nil
}

// proxy is how Wherewall is started.
type proxy struct {
	binary   string
	port     int    // of the server before which it stands
	database string // of the server
	more     string // policy beside policy.yaml
	tls      *certificate
}

func (p proxy) with(policy string) proxy { p.more = policy; return p }

func (p proxy) of(database string) proxy { p.database = database; return p }

// start starts the product as an operator would, before the database that does not filter.
func (p proxy) start(ctx context.Context, dir string, db *database) (*rival, error) {
	home, err := os.MkdirTemp(dir, "wherewall-")
	if err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	for name, text := range map[string]string{"policy.yaml": db.policy(), "more.yaml": p.more} {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("writing the policy: %w", err)
		}
	}
	r := &rival{name: wherewall, user: user, database: p.database, filtered: true, tls: p.tls != nil}
	if r.port, err = freePort(); err != nil {
		return nil, err
	}
	args := []string{
		"serve", "--upstream", address(service, servicePassword, p.database, p.port), "--policy", home, "--auth", "scram", "--console", "off",
		"--max-connections", "0", "--listen", "127.0.0.1:" + strconv.Itoa(r.port),
	}
	if p.tls != nil {
		args = append(args, "--tls-cert", p.tls.certificate, "--tls-key", p.tls.key)
	}
	if r.process, err = begin(exec.CommandContext(ctx, p.binary, args...)); err != nil {
		return nil, err
	}
	if err := r.ready(ctx); err != nil {
		r.process.stop()
		return nil, err
	}
	return r, nil
}

// policy is policy.yaml with the login's verifier.
func (db *database) policy() string { return strings.ReplaceAll(policyYAML, "VERIFIER", db.verifier) }
