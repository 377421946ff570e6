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

// startWherewall starts the product as an operator would, before the database that does not filter.
func startWherewall(ctx context.Context, dir, binary string, db *database) (*rival, error) {
	if binary == "" {
		binary = filepath.Join(dir, "wherewall")
		fmt.Fprintln(os.Stderr, "building wherewall ...")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/wherewall").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("building wherewall: %w: %s", err, out)
		}
	}
	policy := filepath.Join(dir, "policy.yaml")
	if err := os.WriteFile(policy, []byte(strings.ReplaceAll(policyYAML, "VERIFIER", db.verifier)), 0o600); err != nil {
		return nil, fmt.Errorf("writing the policy: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, binary, "serve",
		"--upstream", db.server.DSN(service, servicePassword, databasePlain),
		"--policy", policy, "--auth", "scram", "--console", "off",
		"--listen", "127.0.0.1:"+strconv.Itoa(port))
	r := &rival{name: "Wherewall", port: port, database: databasePlain, filtered: true}
	if r.process, err = begin(cmd); err != nil {
		return nil, err
	}
	if err := r.ready(ctx); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}
