package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/console/metrics"
	"github.com/wherewall/wherewall/examples"
	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/internal/pgtemp"
	"github.com/wherewall/wherewall/wire"
)

// demoDatabase is the sample's database in the throwaway server.
const demoDatabase = "saas"

// demoCmd shows Wherewall at work on a machine where nothing was prepared.
type demoCmd struct {
	listenFlags
	Once     bool   `help:"End after the showcase, instead of serving until Ctrl-C."`
	LogLevel string `enum:"debug,info,warn,error" default:"warn" help:"What to log: debug, info, warn or error."`
}

// Run starts everything, shows it, serves, and leaves nothing behind, also where a step fails or Ctrl-C comes early.
func (c demoCmd) Run(ctx context.Context, std *streams) (err error) {
	if err := c.listenFlags.validate(); err != nil {
		return err
	}
	// A closed terminal or a reader that has gone (`| head`) ends a demo as Ctrl-C does: in order.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	d := &demo{std: std, color: paletteFor(std.out)}
	defer func() {
		err = errors.Join(err, d.close())
		if errors.Is(ctx.Err(), context.Canceled) && errors.Is(err, context.Canceled) {
			err = nil // Ctrl-C is how a demo ends.
		}
	}()
	d.greet()
	for _, step := range []func(context.Context) error{d.startPostgres, d.loadSample, func(ctx context.Context) error { return d.startProxy(ctx, c) }} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := d.show(ctx); err != nil {
		return err
	}
	if c.Once {
		return nil
	}
	d.invite()
	return d.proxy.wait(ctx, nil)
}

// demo is what a demonstration has started, to be ended in the opposite order.
type demo struct {
	std   *streams
	color palette

	postgres   *pgtemp.Server
	upstream   *pgdial.Upstream
	policyHome string
	proxy      *proxy
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.std.out, format+"\n", args...) }

// done tells of a finished step and how long it took.
func (d *demo) done(since time.Time, format string, args ...any) {
	took := d.color.faint(fmt.Sprintf("%.1f s", time.Since(since).Seconds()))
	d.say("  %s %s  %s", d.color.green("✓"), fmt.Sprintf(format, args...), took)
}

func (d *demo) startPostgres(ctx context.Context) (err error) {
	began := time.Now()
	bin, err := pgtemp.Find(ctx, indented{d.std.out, "  "})
	if err != nil {
		return err
	}
	if d.postgres, err = pgtemp.Start(ctx, pgtemp.Options{BinDir: bin}); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, d.postgres.AdminDSN("postgres"))
	if err != nil {
		return fmt.Errorf("connecting to the throwaway PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+demoDatabase); err != nil {
		return fmt.Errorf("making the sample's database: %w", err)
	}
	version, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), " ")
	d.done(began, "PostgreSQL %s, a throwaway one, on 127.0.0.1:%d", version, d.postgres.Port)
	return nil
}

func (d *demo) loadSample(ctx context.Context) (err error) {
	began := time.Now()
	conn, err := pgx.Connect(ctx, d.postgres.AdminDSN(demoDatabase))
	if err != nil {
		return fmt.Errorf("connecting to the sample's database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	password := rand.Text()
	if err := examples.Load(ctx, conn, password); err != nil {
		return err
	}
	if d.upstream, err = pgdial.Parse(d.postgres.DSN(examples.ServiceLogin, password, demoDatabase), pgdial.Options{}); err != nil {
		return fmt.Errorf("naming the sample's database: %w", err)
	}
	var tenants, tasks, comments, invoices int
	err = conn.QueryRow(ctx, `SELECT (SELECT count(*) FROM app.org), (SELECT count(*) FROM app.task),
		(SELECT count(*) FROM app.comment), (SELECT count(*) FROM billing.invoice)`).Scan(&tenants, &tasks, &comments, &invoices)
	if err != nil {
		return fmt.Errorf("counting the sample's rows: %w", err)
	}
	d.done(began, "A sample SaaS: %d tenants in the same tables, with %d tasks, %d comments and %d invoices", tenants, tasks, comments, invoices)
	return nil
}

// startProxy starts the proxy as `serve` does, from a policy that lies in files, so that a person may change it.
func (d *demo) startProxy(ctx context.Context, c demoCmd) error {
	began := time.Now()
	if err := d.writePolicy(); err != nil {
		return err
	}
	log, err := logFlags{LogLevel: c.LogLevel, LogFormat: "auto"}.logger(d.std)
	if err != nil {
		return err
	}
	w := &watched{stages: metrics.NewStages()}
	k := &keeper{source: source{path: d.policyHome}, upstream: d.upstream, log: log, follow: followFiles, watched: w}
	if err := k.load(ctx); err != nil {
		return err
	}
	if d.proxy, err = startProxy(k, c.Listen, wire.Config{}, time.Second); err != nil {
		return err
	}
	if err := d.proxy.watchBy(ctx, c.Console, w); err != nil {
		return err
	}
	d.done(began, "Wherewall, in front of it, on %s", d.proxy.address())
	return nil
}

func (d *demo) writePolicy() error {
	policy, err := examples.Policy()
	if err != nil {
		return err
	}
	if d.policyHome, err = os.MkdirTemp("", "wherewall-demo-"); err != nil {
		return fmt.Errorf("making a folder for the policy: %w", err)
	}
	if err := os.CopyFS(d.policyHome, policy); err != nil {
		return fmt.Errorf("writing the policy: %w", err)
	}
	return filepath.WalkDir(d.policyHome, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600) // Embedded files are read-only, and these are there to be edited.
	})
}

func (d *demo) close() error {
	var errs []error
	if d.proxy != nil {
		errs = append(errs, d.proxy.close())
	}
	if d.policyHome != "" {
		errs = append(errs, os.RemoveAll(d.policyHome))
	}
	if d.postgres != nil {
		errs = append(errs, d.postgres.Stop())
	}
	return errors.Join(errs...)
}

// dsn is how a sample user connects through the proxy.
func (d *demo) dsn(login string) string {
	return fmt.Sprintf("postgres://%s:%s@%s/%s", escaped(login), examples.Password, d.proxy.address(), demoDatabase)
}

// indented writes lines with an indent.
type indented struct {
	to     io.Writer
	indent string
}

func (i indented) Write(line []byte) (int, error) {
	if _, err := io.WriteString(i.to, i.indent+string(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}
