package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/rewrite"
)

// exportCmd writes SQL for the database behind the proxy.
type exportCmd struct {
	RLS    exportRLSCmd    `cmd:"" name:"rls" help:"Print the policy as native row-level security, for PostgreSQL 15 to 18."`
	Grants exportGrantsCmd `cmd:"" name:"grants" help:"Print the rights that the service login needs, and close what it does not."`
	Policy exportPolicyCmd `cmd:"" name:"policy" help:"Print what a store holds as a policy in YAML, which declares the same."`
}

type exportFlags struct {
	policyFlags
	upstreamFlags
	Login string `placeholder:"NAME" help:"The service login; the user of --upstream where it is left out."`
}

// snapshot binds the policy to the database, and names the service login.
func (f exportFlags) snapshot(ctx context.Context) (*catalog.Snapshot, *pgdial.Upstream, string, error) {
	upstream, err := f.upstreamFlags.open()
	if err != nil {
		return nil, nil, "", err
	}
	snapshot, err := bind(ctx, f.Policy, upstream)
	if err != nil {
		return nil, nil, "", err
	}
	login := f.Login
	if login == "" {
		login = upstream.User()
	}
	return snapshot, upstream, login, nil
}

type exportRLSCmd struct{ exportFlags }

// Run prints the script.
func (c exportRLSCmd) Run(ctx context.Context, std *streams) error {
	snapshot, _, login, err := c.snapshot(ctx)
	if err != nil {
		return err
	}
	script, err := rewrite.ExportRLS(snapshot, login)
	if err != nil {
		return fmt.Errorf("writing row-level security: %w", err)
	}
	return printScript(std.out, script)
}

type exportGrantsCmd struct{ exportFlags }

// Run prints the script. The script would take a superuser's power away, so a superuser is no service login.
func (c exportGrantsCmd) Run(ctx context.Context, std *streams) error {
	snapshot, upstream, login, err := c.snapshot(ctx)
	if err != nil {
		return err
	}
	views, super, err := serverFacts(ctx, upstream, login)
	if err != nil {
		return err
	}
	if super {
		return hinted(fmt.Errorf("%s is a superuser, and the script would make it a weak login", login), "name the service login by --login")
	}
	script, err := rewrite.ExportGrants(snapshot, login, views)
	if err != nil {
		return fmt.Errorf("writing grants: %w", err)
	}
	return printScript(std.out, script)
}

func printScript(out io.Writer, script string) error {
	if _, err := io.WriteString(out, script); err != nil {
		return fmt.Errorf("printing the script: %w", err)
	}
	return nil
}

// serverFacts are the views of pg_catalog, and whether the login is a superuser.
func serverFacts(ctx context.Context, upstream *pgdial.Upstream, login string) (views []string, super bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	conn, err := connect(ctx, upstream)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	const sql = `SELECT c.relname::text FROM pg_catalog.pg_class c
		WHERE c.relkind = 'v' AND c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace ORDER BY 1`
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, false, fmt.Errorf("reading the server's views: %w", err)
	}
	if views, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return nil, false, fmt.Errorf("reading the server's views: %w", err)
	}
	const rights = "SELECT coalesce(pg_catalog.bool_or(rolsuper), false) FROM pg_catalog.pg_roles WHERE rolname = $1"
	if err := conn.QueryRow(ctx, rights, login).Scan(&super); err != nil {
		return nil, false, fmt.Errorf("reading the service login's rights: %w", err)
	}
	return views, super, nil
}
