package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/examples"
	"github.com/wherewall/wherewall/internal/pgtemp"
)

const (
	database = "saas"
	user     = "dana" // who every client is
)

// world is what clients run against.
type world struct {
	server *pgtemp.Server
	bin    string // PostgreSQL's programs
	proxy  *process
	host   string
	port   int
	alone  bool // there is nothing but dana's rows
	native bool // clients reach PostgreSQL itself, under row-level security
}

// openWorld starts PostgreSQL with the sample, changed as the options ask, and Wherewall before it.
func openWorld(ctx context.Context, o options) (_ *world, err error) {
	w := &world{host: "127.0.0.1", native: o.direct, alone: o.capture}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.bin, err = pgtemp.Find(ctx, os.Stdout); err != nil {
		return nil, err
	}
	settings := map[string]string{"max_connections": "100", "shared_buffers": "128MB", "autovacuum": "off", "jit": "off"}
	if o.capture {
		settings["logging_collector"], settings["log_destination"], settings["log_statement"] = "on", "jsonlog", "all"
	}
	if w.server, err = pgtemp.Start(ctx, pgtemp.Options{BinDir: w.bin, Log: os.Stdout, Settings: settings}); err != nil {
		return nil, err
	}
	password := rand.Text()
	if err := w.load(ctx, o, password); err != nil {
		return nil, err
	}
	w.port = w.server.Port
	if o.direct || o.capture {
		return w, nil
	}
	return w, w.startProxy(ctx, password)
}

// load makes the sample's database, as it is or as what dana may see.
func (w *world) load(ctx context.Context, o options, password string) error {
	for _, sql := range []string{
		"CREATE DATABASE " + database + " TEMPLATE template0",
		"CREATE ROLE " + user + " LOGIN PASSWORD '" + examples.Password + "'", "CREATE DATABASE restored TEMPLATE template0 OWNER " + user,
	} {
		if err := w.run(ctx, "postgres", sql); err != nil {
			return err
		}
	}
	conn, err := pgx.Connect(ctx, w.server.AdminDSN(database))
	if err != nil {
		return fmt.Errorf("connecting to the sample's database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := examples.Load(ctx, conn, password); err != nil {
		return err
	}
	files := []string{"more.sql", "readings.sql"} // specimens.sql comes before each client
	switch {
	case o.capture:
		files = append(files, "visible.sql", "rows.sql")
	case o.direct:
		files = append(files, "visible.sql", "rls.sql")
	}
	for _, name := range files {
		if err := loadFile(ctx, conn, name); err != nil {
			return err
		}
	}
	return nil
}

// loadFile runs a file of sample/.
func loadFile(ctx context.Context, conn *pgx.Conn, name string) error {
	sql, err := os.ReadFile(root + "/sample/" + name)
	if err != nil {
		return fmt.Errorf("reading the sample: %w", err)
	}
	if _, err := conn.PgConn().Exec(ctx, string(sql)).ReadAll(); err != nil {
		return fmt.Errorf("loading %s: %w", name, err)
	}
	return nil
}

// run runs statements as the superuser.
func (w *world) run(ctx context.Context, database, sql string) error {
	conn, err := pgx.Connect(ctx, w.server.AdminDSN(database))
	if err != nil {
		return fmt.Errorf("connecting as the superuser: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		return fmt.Errorf("running %s: %w", sql, err)
	}
	return nil
}

// counts are queries for the rows that are dana's, with her tenant's condition written by hand.
func counts() map[string]string {
	return map[string]string{
		"WANT_TASKS":    "SELECT count(*) FROM app.task t JOIN app.project p ON p.id = t.project_id WHERE p.org_id = 'acme'",
		"WANT_PROJECTS": "SELECT count(*) FROM app.project WHERE org_id = 'acme'",
		"WANT_MEMBERS":  "SELECT count(*) FROM app.member WHERE org_id = 'acme'",
		"WANT_COMMENTS": "SELECT count(*) FROM app.comment c JOIN app.task t ON t.id = c.task_id JOIN app.project p ON p.id = t.project_id WHERE p.org_id = 'acme'",
		"WANT_INVOICES": "SELECT count(*) FROM billing.invoice WHERE org_id = 'acme'",
		"WANT_READINGS": "SELECT count(*) FROM app.reading WHERE org_id = 'acme'",
	}
}

// environment puts back what an earlier client may have left behind, and is what the next one learns of the world: where to connect, and what it
// ought to find.
func (w *world) environment(ctx context.Context) ([]string, error) {
	env := []string{
		"PGHOST=" + w.host, "PGPORT=" + strconv.Itoa(w.port), "PGUSER=" + user, "PGPASSWORD=" + examples.Password, "PGDATABASE=" + database,
		"PGSSLMODE=disable", "DATABASE_URL=" + w.url(), "PSQL_BIN=" + w.bin,
		"RESTORE_URL=" + w.server.DSN(user, examples.Password, "restored"), "LC_ALL=C.UTF-8", "TZ=UTC", "PAGER=",
		"WANT_TABLES=app.comment app.country app.member app.membership app.org app.project app.reading app.specimen app.task billing.invoice",
		"SLOW_QUERY=SELECT count(*) FROM reading a, reading b, reading c",
	}
	native := "NATIVE="
	if w.native {
		native += "1"
	}
	env = append(env, native)
	conn, err := pgx.Connect(ctx, w.server.AdminDSN(database))
	if err != nil {
		return nil, fmt.Errorf("connecting as the superuser: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	specimens := []string{"specimens.sql"}
	if w.alone {
		specimens = append(specimens, "rows.sql")
	}
	for _, name := range specimens {
		if err := loadFile(ctx, conn, name); err != nil {
			return nil, err
		}
	}
	for name, query := range counts() {
		var n int
		if err := conn.QueryRow(ctx, query).Scan(&n); err != nil {
			return nil, fmt.Errorf("counting %s: %w", strings.ToLower(name), err)
		}
		env = append(env, fmt.Sprintf("%s=%d", name, n))
	}
	return env, nil
}

func (w *world) url() string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, examples.Password), Host: fmt.Sprintf("%s:%d", w.host, w.port), Path: "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// close ends what was started, the last first.
func (w *world) close() error {
	var errs []error
	if w.proxy != nil {
		errs = append(errs, w.proxy.close())
	}
	if w.server != nil {
		errs = append(errs, w.server.Stop())
	}
	return errors.Join(errs...)
}
