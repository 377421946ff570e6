package tests

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgtemp"
)

// serviceRole is what Wherewall logs in to PostgreSQL as: no superuser, owner of nothing.
const (
	serviceRole     = "svc"
	servicePassword = "service"
)

// cluster is the one PostgreSQL of this package.
type cluster struct {
	admin string // the superuser's URL, of the database postgres
	stop  func() error
	major int // the major version of PostgreSQL
	samples
}

func startCluster(ctx context.Context) (*cluster, error) {
	if dsn := os.Getenv("WHEREWALL_TEST_PG"); dsn != "" {
		c := &cluster{admin: dsn, stop: func() error { return nil }}
		return c, c.prepare(ctx)
	}
	s, err := pgtemp.Start(ctx, pgtemp.Options{
		Log:      os.Stderr,
		Settings: map[string]string{"max_connections": "200", "jit": "off", "autovacuum": "off", "shared_buffers": "128MB"},
	})
	if err != nil {
		return nil, err
	}
	c := &cluster{admin: s.AdminDSN("postgres"), stop: s.Stop}
	if err := c.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return c, nil
}

func (c *cluster) prepare(ctx context.Context) error {
	number, err := settingAt(ctx, c.admin, "server_version_num")
	if err != nil {
		return err
	}
	if c.major, err = strconv.Atoi(number); err != nil {
		return fmt.Errorf("reading the server's version: %w", err)
	}
	c.major /= 10000
	return execAt(ctx, c.admin, fmt.Sprintf(`DO $$ BEGIN
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '%[1]s') THEN
			CREATE ROLE %[1]s LOGIN PASSWORD '%[2]s';
		END IF;
	END $$`, serviceRole, servicePassword))
}

// adminDSN is the superuser's URL of a database.
func (c *cluster) adminDSN(database string) string { return changeURL(c.admin, nil, database) }

// dsn is a user's URL of a database, past Wherewall.
func (c *cluster) dsn(user, password, database string) string {
	return changeURL(c.admin, url.UserPassword(user, password), database)
}

func changeURL(dsn string, user *url.Userinfo, database string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(fmt.Sprintf("a superuser's DSN must be a URL: %v", err))
	}
	if user != nil {
		u.User = user
	}
	u.Path = "/" + database
	return u.String()
}

// createDatabase makes a database from a template and drops it with the test.
func (c *cluster) createDatabase(t testing.TB, name, template string) {
	t.Helper()
	c.exec(t, "postgres", "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	c.exec(t, "postgres", "CREATE DATABASE "+name+" TEMPLATE "+template)
	t.Cleanup(func() { c.exec(t, "postgres", "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
}

// exec runs statements as the superuser.
func (c *cluster) exec(t testing.TB, database, sql string) {
	t.Helper()
	require.NoError(t, execAt(context.Background(), c.adminDSN(database), sql))
}

// execFile runs a file of statements as the superuser.
func (c *cluster) execFile(t testing.TB, database, path string) {
	t.Helper()
	sql, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, execAt(context.Background(), c.adminDSN(database), string(sql)), path)
}

// rows runs one query as the superuser and gives its values as text.
func (c *cluster) rows(t testing.TB, database, sql string) [][]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgconn.Connect(ctx, c.adminDSN(database))
	require.NoError(t, err)
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, sql).ReadAll()
	require.NoError(t, err, sql)
	var all [][]string
	for _, r := range results {
		for _, row := range r.Rows {
			words := make([]string, len(row))
			for i, v := range row {
				words[i] = string(v)
			}
			all = append(all, words)
		}
	}
	return all
}

func settingAt(ctx context.Context, dsn, name string) (string, error) {
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return "", fmt.Errorf("connecting as the superuser: %w", err)
	}
	defer conn.Close(ctx)
	result := conn.ExecParams(ctx, "SELECT current_setting($1)", [][]byte{[]byte(name)}, nil, nil, nil).Read()
	if result.Err != nil {
		return "", fmt.Errorf("reading a setting: %w", result.Err)
	}
	return string(result.Rows[0][0]), nil
}

func execAt(ctx context.Context, dsn, sql string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connecting as the superuser: %w", err)
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql).ReadAll()
	// Roles are one for all databases, and PostgreSQL refuses to change one in two sessions at once. The statements are one transaction.
	for range 10 {
		if err == nil || !strings.Contains(err.Error(), "tuple concurrently updated") {
			break
		}
		_, err = conn.Exec(ctx, sql).ReadAll()
	}
	if err != nil {
		return fmt.Errorf("running statements as the superuser: %w", err)
	}
	return nil
}
