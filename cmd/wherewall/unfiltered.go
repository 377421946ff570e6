package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// unfilteredFlags are for the users whom the policy does not filter.
type unfilteredFlags struct {
	UnfilteredUpstream string `placeholder:"DSN" help:"The login that unfiltered users have in the database, where the service login is too weak for what they do: as --upstream, and of the same database."`
}

// config parses the DSN; nil where there is none. It has to name the database that the policy is bound to.
func (f unfilteredFlags) config(upstream *pgx.ConnConfig) (*pgconn.Config, error) {
	if f.UnfilteredUpstream == "" {
		return nil, nil
	}
	c, err := pgconn.ParseConfig(f.UnfilteredUpstream)
	if err != nil {
		return nil, usage(fmt.Errorf("reading --unfiltered-upstream: %w", err))
	}
	if c.Database != upstream.Database {
		return nil, usage(fmt.Errorf("--unfiltered-upstream names the database %q, and --upstream %q: they have to be one", c.Database, upstream.Database))
	}
	return c, nil
}

// printUnfiltered names those whom the policy does not hold for.
func printUnfiltered(w io.Writer, users []string) {
	if len(users) > 0 {
		fmt.Fprintf(w, "%s past the policy: %s\n", plural(len(users), "user"), strings.Join(users, ", "))
	}
}
