package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgdial"
)

// checkCmd validates a policy. It runs the very code that serve runs.
type checkCmd struct {
	sourceFlags
	Upstream string `placeholder:"DSN" help:"A database to check the names and conditions against; without it, the documents alone are checked."`
	passwordFlags
	Strict  bool `help:"Fail on warnings too."`
	Verbose bool `short:"v" help:"Say which tables the policy maps, and which it leaves out of reach."`
}

// Run prints every problem, and fails where one is an error.
func (c checkCmd) Run(ctx context.Context, std *streams) error {
	from, err := c.source()
	if err != nil {
		return err
	}
	policy, err := from.read(ctx)
	if policy == nil {
		return err
	}
	problems := policy.Problems()
	var snapshot *catalog.Snapshot
	against := ""
	if c.Upstream != "" {
		upstream, err := upstreamFlags{c.Upstream, c.passwordFlags}.open()
		if err != nil {
			return err
		}
		schema, err := readSchema(ctx, upstream)
		if err != nil {
			return err
		}
		snapshot, problems = catalog.Bind(policy, schema)
		against = " against database " + schema.Database
		if err := c.printLogin(ctx, std.out, upstream, snapshot); err != nil {
			return err
		}
	}
	if c.Verbose {
		inventory(std.out, policy, snapshot)
	}
	printProblems(std.out, problems)
	printUnfiltered(std.out, policy.Unfiltered())
	bad, warnings := count(problems)
	switch {
	case bad > 0:
		fmt.Fprintf(std.err, "wherewall: %s%s\n", plural(bad, "error"), withWarnings(warnings))
		return told(exitFailed)
	case c.Strict && warnings > 0:
		fmt.Fprintf(std.err, "wherewall: %s\n", plural(warnings, "warning"))
		return told(exitFailed)
	}
	fmt.Fprintf(std.out, "%s is valid%s%s\n", from, against, withWarnings(warnings))
	return nil
}

// printLogin shows what is not as it should be outside of the policy. It is no fault of the policy, so it does not count among its warnings: `serve
// --strict` is where it does.
func (c checkCmd) printLogin(ctx context.Context, out io.Writer, upstream *pgdial.Upstream, s *catalog.Snapshot) (err error) {
	if s == nil {
		return nil
	}
	conn, err := connect(ctx, upstream)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	found, err := shortcomings(ctx, upstream, conn, s)
	if err != nil {
		return err
	}
	printWeaknesses(out, found)
	return nil
}

// printProblems shows each problem with the line that it is about.
func printProblems(w io.Writer, problems catalog.Problems) {
	for _, p := range problems {
		fmt.Fprintln(w, p.String())
		if p.Excerpt != "" {
			fmt.Fprintln(w, p.Excerpt)
		}
	}
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
func bind(ctx context.Context, policyPath string, upstream *pgdial.Upstream) (*catalog.Snapshot, error) {
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
