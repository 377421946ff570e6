// Package examples holds the sample that the demo and the tests load, compiled into the binary: a database and the
// policy in front of it. It has data and no behaviour of the product.
package examples

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
)

// ServiceLogin is the role that the proxy logs in as, in every sample.
const ServiceLogin = "wherewall_svc"

// Password is every sample user's password.
const Password = "demo"

//go:embed saas/*.sql saas/policy/*.yaml
var files embed.FS

// Policy returns the policy documents of the sample SaaS.
func Policy() (fs.FS, error) {
	policy, err := fs.Sub(files, "saas/policy")
	if err != nil {
		return nil, fmt.Errorf("opening the sample policy: %w", err)
	}
	return policy, nil
}

// Load makes the sample SaaS in the database of conn, whose user is a superuser, and gives the service login
// a password.
func Load(ctx context.Context, conn *pgx.Conn, password string) error {
	for _, name := range []string{"saas/schema.sql", "saas/grants.sql", "saas/seed.sql"} {
		sql, err := files.ReadFile(name)
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		if _, err := conn.Exec(ctx, string(sql)); err != nil {
			return fmt.Errorf("loading %s: %w", name, err)
		}
	}
	// ALTER ROLE takes no parameters, so PostgreSQL quotes the password itself.
	var alter string
	err := conn.QueryRow(ctx, "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)", ServiceLogin, password).Scan(&alter)
	if err != nil {
		return fmt.Errorf("quoting the service login's password: %w", err)
	}
	if _, err := conn.Exec(ctx, alter); err != nil {
		return fmt.Errorf("giving %s its password: %w", ServiceLogin, err)
	}
	return nil
}
