package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/pgtemp"
	"github.com/wherewall/wherewall/rewrite"
	"github.com/wherewall/wherewall/wire"
)

const (
	service  = "wherewall_svc"
	password = "service"
	// statementTimeout ends a statement that joins too much with too much. It says nothing then.
	statementTimeout = "1500ms"
)

// cluster is the PostgreSQL of a run.
type cluster struct {
	*pgtemp.Server
	remembers rewrite.Remembering
}

func startCluster(ctx context.Context, remembers rewrite.Remembering) (*cluster, error) {
	s, err := pgtemp.Start(ctx, pgtemp.Options{Settings: map[string]string{
		"max_connections": "400", "jit": "off", "autovacuum": "off", "shared_buffers": "128MB", "max_parallel_workers_per_gather": "0",
		"statement_timeout": statementTimeout, "log_min_messages": "fatal", "log_min_error_statement": "panic",
	}})
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	return &cluster{Server: s, remembers: remembers}, nil
}

// exec runs statements as the superuser.
func (c *cluster) exec(ctx context.Context, database, sql string) error {
	conn, err := pgconn.Connect(ctx, c.AdminDSN(database))
	if err != nil {
		return fmt.Errorf("connecting as the superuser: %w", err)
	}
	defer conn.Close(ctx)
	for _, one := range []string{"SET statement_timeout = 0", sql} {
		if _, err := conn.Exec(ctx, one).ReadAll(); err != nil {
			return fmt.Errorf("running %.200s: %w", sql, err)
		}
	}
	return nil
}

// query gives the rows of a statement of the superuser as text.
func (c *cluster) query(ctx context.Context, database, sql string) ([][]string, error) {
	conn, err := pgx.Connect(ctx, c.AdminDSN(database))
	if err != nil {
		return nil, fmt.Errorf("connecting as the superuser: %w", err)
	}
	defer conn.Close(ctx)
	return textRows(ctx, conn.PgConn(), sql)
}

func textRows(ctx context.Context, conn *pgconn.PgConn, sql string) ([][]string, error) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("running %.200s: %w", sql, err)
	}
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
	return all, nil
}

// clone makes a database from another one.
func (c *cluster) clone(ctx context.Context, s *sample, name, template string) error {
	if err := c.exec(ctx, "postgres", fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy", name, template)); err != nil {
		return err
	}
	return c.exec(ctx, "postgres", fmt.Sprintf("ALTER ROLE %s IN DATABASE %s SET search_path = %s", service, name, s.path))
}

// makeTemplate loads a sample.
func (c *cluster) makeTemplate(ctx context.Context, s *sample) error {
	name := s.template()
	if err := c.exec(ctx, "postgres", "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return err
	}
	for _, file := range s.scripts {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("reading a sample: %w", err)
		}
		if err := c.exec(ctx, name, string(text)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	if err := c.exec(ctx, name, s.thin); err != nil {
		return err
	}
	for _, sql := range []string{"VACUUM FULL", "ANALYZE"} {
		if err := c.exec(ctx, name, sql); err != nil {
			return err
		}
	}
	if err := c.exec(ctx, name, keepPristine(s)); err != nil {
		return err
	}
	return c.exec(ctx, "postgres", fmt.Sprintf("ALTER ROLE %s PASSWORD '%s'; ALTER ROLE %s IN DATABASE %s SET search_path = %s", service, password, service, name, s.path))
}

func (s *sample) template() string { return "fuzz_" + s.name }

// keepPristine keeps every table's rows, and every sequence's value, in a schema that the superuser alone sees.
func keepPristine(s *sample) string {
	schemas := "'" + strings.Join(s.schemas, "', '") + "'"
	return fmt.Sprintf(`CREATE SCHEMA pristine;
		DO $$ DECLARE t record; BEGIN
			FOR t IN SELECT c.oid::regclass AS name, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'r' AND nspname IN (%[1]s) LOOP
				EXECUTE format('CREATE TABLE pristine.%%I AS SELECT * FROM %%s', t.oid::text, t.name);
			END LOOP;
		END $$;
		CREATE TABLE pristine.sequence AS SELECT format('%%I.%%I', schemaname, sequencename) AS name, last_value FROM pg_sequences WHERE schemaname IN (%[1]s)`, schemas)
}

// world reads a sample's policy and binds it to a database.
func (c *cluster) world(ctx context.Context, s *sample, database string) (*wire.World, error) {
	folder, err := os.MkdirTemp("", "fuzz-oracle-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(folder)
	if err := gather(folder, s.policy); err != nil {
		return nil, err
	}
	policy, err := catalog.ReadPolicy(folder)
	if err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	conn, err := pgx.Connect(ctx, c.DSN(service, password, database))
	if err != nil {
		return nil, fmt.Errorf("connecting as the service login: %w", err)
	}
	defer conn.Close(ctx)
	schema, err := catalog.LoadSchema(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	snapshot, problems := catalog.Bind(policy, schema)
	if snapshot == nil {
		return nil, fmt.Errorf("binding the policy: %w", problems)
	}
	return wire.NewWorld(snapshot, rewrite.WithMemory(rewrite.Memory{Of: c.remembers})), nil
}

// gather copies a policy's documents into one folder.
func gather(folder string, paths []string) error {
	for _, path := range paths {
		files := []string{path}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			if files, err = filepath.Glob(filepath.Join(path, "*.yaml")); err != nil {
				return fmt.Errorf("listing the policy: %w", err)
			}
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				return fmt.Errorf("reading the policy: %w", err)
			}
			if err := os.WriteFile(filepath.Join(folder, filepath.Base(f)), text, 0o600); err != nil {
				return fmt.Errorf("copying the policy: %w", err)
			}
		}
	}
	return nil
}

// proxyDSN is the URL of a login through a proxy.
func proxyDSN(addr, login, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(login, "demo"), Host: addr, Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// setUp bounds the set-up of one database.
func setUp(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 2*time.Minute)
}
