package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/wherewall/wherewall/plan"
)

// smith lets sqlsmith write statements over the catalog as a subject sees it. It connects as an ordinary role and runs nothing.
func (f *field) smith(ctx context.Context, seed uint64, n int, subject plan.Subject) ([]string, error) {
	path, err := exec.LookPath("sqlsmith")
	if err != nil {
		return nil, fmt.Errorf("finding sqlsmith (apt-get install sqlsmith): %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	target := fmt.Sprintf("host=127.0.0.1 port=%d user=%s password=%s dbname=%s", f.Port, login(subject), password, f.read.native)
	//nolint:gosec // the arguments are the run's own
	cmd := exec.CommandContext(ctx, path, "--target="+target, "--dry-run", "--exclude-catalog",
		fmt.Sprintf("--seed=%d", seed), fmt.Sprintf("--max-queries=%d", n))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting sqlsmith: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting sqlsmith: %w", err)
	}
	text, err := io.ReadAll(out)
	if err != nil {
		return nil, fmt.Errorf("reading from sqlsmith: %w", err)
	}
	_ = cmd.Wait() // it ends with an error when it has made enough
	var all []string
	for _, sql := range strings.Split(string(text), ";\n") {
		sampled := strings.Contains(sql, "tablesample") // by chance, since sqlsmith never writes REPEATABLE
		if sql = strings.TrimSpace(sql); sql != "" && len(sql) < 12000 && !sampled {
			all = append(all, sql)
		}
	}
	return all, nil
}

// smithScript takes a statement of sqlsmith for a script. Its rows have no order that anybody could compare by.
func smithScript(sql string) *script {
	head := strings.ToLower(strings.TrimSpace(sql))
	reads := strings.HasPrefix(head, "select")
	return &script{kind: "sqlsmith", statements: []statement{{sql: sql}}, writes: !reads}
}
