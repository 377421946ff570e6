package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
)

// checkCmd validates a policy. It runs the very code that serve runs.
type checkCmd struct {
	policyFlags
	Upstream string `placeholder:"DSN" help:"A database to check the names and conditions against; without it, the documents alone are checked."`
}

// Run prints every problem, and fails where one is an error.
func (c checkCmd) Run(ctx context.Context, std *streams) error {
	policy, err := catalog.ReadPolicy(c.Policy)
	if policy == nil {
		return err
	}
	problems := policy.Problems()
	against := ""
	if c.Upstream != "" {
		upstream, err := upstreamFlags{c.Upstream}.config()
		if err != nil {
			return err
		}
		schema, err := readSchema(ctx, upstream)
		if err != nil {
			return err
		}
		_, problems = catalog.Bind(policy, schema)
		against = " against database " + schema.Database
	}
	for _, p := range problems {
		fmt.Fprintln(std.out, p.String())
		if p.Excerpt != "" {
			fmt.Fprintln(std.out, p.Excerpt)
		}
	}
	bad, warnings := count(problems)
	if bad > 0 {
		fmt.Fprintf(std.err, "wherewall: %s\n", plural(bad, "error"))
		return told(exitFailed)
	}
	fmt.Fprintf(std.out, "%s is valid%s%s\n", c.Policy, against, withWarnings(warnings))
	return nil
}

func count(problems catalog.Problems) (bad, warnings int) {
	for _, p := range problems {
		if p.Warning {
			warnings++
		} else {
			bad++
		}
	}
	return bad, warnings
}

func withWarnings(n int) string {
	if n == 0 {
		return ""
	}
	return ", with " + plural(n, "warning")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// bind reads a policy and binds it to a database, for commands that ask one question.
func bind(ctx context.Context, policyPath string, upstream *pgx.ConnConfig) (*catalog.Snapshot, error) {
	policy, err := catalog.ReadPolicy(policyPath)
	if err != nil {
		return nil, problemsTold(err)
	}
	schema, err := readSchema(ctx, upstream)
	if err != nil {
		return nil, err
	}
	snapshot, problems := catalog.Bind(policy, schema)
	if err := problems.Err(); err != nil {
		return nil, problemsTold(err)
	}
	return snapshot, nil
}

// problemsTold says how to see a policy's problems one by one.
func problemsTold(err error) error {
	var problems catalog.Problems
	if errors.As(err, &problems) {
		return hinted(fmt.Errorf("the policy has errors:\n%w", err), "wherewall check shows each in its place")
	}
	return err
}
