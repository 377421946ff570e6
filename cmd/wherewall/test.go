package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/cmd/wherewall/casebook"
)

// testCmd runs policy tests.
type testCmd struct {
	policyFlags
	Upstream string   `placeholder:"DSN" help:"A live database to try the cases in, each in a transaction that is rolled back; without it, a throwaway PostgreSQL gets the files' datasets."`
	Verbose  bool     `short:"v" help:"Name the cases that hold, too, and show the throwaway server's progress."`
	Strict   bool     `help:"Fail where no case touches an entity, a permission or a role."`
	Files    []string `arg:"" name:"file" help:"Files of cases."`
}

// Run tries every case, and fails where one does not hold.
func (c testCmd) Run(ctx context.Context, std *streams) error {
	policy, err := catalog.ReadPolicy(c.Policy)
	if err != nil {
		return problemsTold(err)
	}
	files, err := casebook.Read(c.Files...)
	if err != nil {
		return c.unreadable(std, err)
	}
	runner := &casebook.Runner{Policy: policy}
	if c.Verbose {
		runner.Log = std.err
	}
	if c.Upstream != "" {
		if runner.Upstream, err = pgx.ParseConfig(c.Upstream); err != nil {
			return usage(fmt.Errorf("reading --upstream: %w", err))
		}
	}
	report, err := runner.Run(ctx, files)
	if err != nil {
		return problemsTold(err)
	}
	report.Print(std.out, c.Verbose)
	if report.Failed() > 0 || c.Strict && len(report.Untouched()) > 0 {
		return told(exitFailed)
	}
	return nil
}

// unreadable shows what is wrong with the files, each in its place.
func (c testCmd) unreadable(std *streams, err error) error {
	var problems catalog.Problems
	if !errors.As(err, &problems) {
		return err
	}
	printProblems(std.out, problems)
	fmt.Fprintf(std.err, "wherewall: %s\n", plural(len(problems), "error"))
	return told(exitFailed)
}
