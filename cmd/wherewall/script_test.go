package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/examples"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

// TestMain lets the scripts run this binary as `wherewall`.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"wherewall": main})
}

// TestScripts runs testdata/script/*.txtar against a database that holds the sample. Each script finds there
//
//	$UPSTREAM, $ADMIN   the database as the service login and as the superuser
//	$SAMPLE             the sample's policy
//	$LISTEN, $TAKEN     an address that is free, and one that is not
//
// and the certificates of putCertificates, and, beside testscript's own commands: sql, refused, admin, until, signal, secure and shows.
func TestScripts(t *testing.T) {
	server := pgtest.Start(t)
	template := pgtest.Connect(t, server.AdminDSN("postgres"))
	_, err := template.Exec(t.Context(), "CREATE DATABASE sample")
	require.NoError(t, err)
	loader, err := pgx.Connect(t.Context(), server.AdminDSN("sample"))
	require.NoError(t, err)
	require.NoError(t, examples.Load(t.Context(), loader, "svc"))
	require.NoError(t, loader.Close(t.Context()))
	sample, err := filepath.Abs("../../examples/saas/policy")
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			database := "db_" + strings.TrimPrefix(filepath.Base(env.WorkDir), "script-")
			if _, err := queryOne(server.AdminDSN("postgres"), "CREATE DATABASE "+database+" TEMPLATE sample"); err != nil {
				return err
			}
			env.Setenv("ADMIN", server.AdminDSN(database))
			env.Setenv("UPSTREAM", server.DSN(examples.ServiceLogin, "svc", database))
			env.Setenv("SAMPLE", sample)
			env.Setenv("LISTEN", freeAddress(t))
			env.Setenv("TAKEN", fmt.Sprintf("127.0.0.1:%d", server.Port))
			env.Setenv("NO_COLOR", "1")
			env.Setenv("PGBIN", os.Getenv("PGBIN"))
			env.Setenv("DATABASE", database)
			putCertificates(t, env.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sql": scriptSQL, "refused": scriptRefused, "admin": scriptAdmin, "until": scriptUntil, "signal": scriptSignal,
			"secure": scriptSecure, "shows": scriptShows,
		},
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// sql LOGIN QUERY WANT asks the proxy as a user of the sample; the first column of all rows, joined by commas, is WANT.
func scriptSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: sql LOGIN QUERY WANT")
	}
	got, err := queryOne(proxyDSN(ts, args[0]), args[1])
	ts.Check(err)
	if got != args[2] {
		ts.Fatalf("%s got %q, not %q", args[0], got, args[2])
	}
}

// refused LOGIN QUERY SQLSTATE asks the proxy for something that it must refuse.
func scriptRefused(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: refused LOGIN QUERY SQLSTATE")
	}
	got, err := queryOne(proxyDSN(ts, args[0]), args[1])
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != args[2] {
		ts.Fatalf("%s got %q and %v, not SQLSTATE %s", args[0], got, err, args[2])
	}
}

// admin QUERY runs a statement on the database itself.
func scriptAdmin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: admin QUERY")
	}
	_, err := queryOne(ts.Getenv("ADMIN"), args[0])
	ts.Check(err)
}

// until FILE TEXT waits for a text in a file, which a command in the background writes.
func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: until FILE TEXT")
	}
	for range 200 {
		if text, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && strings.Contains(string(text), args[1]) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s never said %q:\n%s", args[0], args[1], ts.ReadFile(args[0]))
}

// signal NAME PIDFILE signals the process whose id is in a file.
func scriptSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal HUP|TERM|INT PIDFILE")
	}
	signals := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT}
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile(args[1])))
	ts.Check(err)
	ts.Check(syscall.Kill(pid, signals[args[0]]))
}

func proxyDSN(ts *testscript.TestScript, login string) string {
	return fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", escaped(login), examples.Password, ts.Getenv("LISTEN"), ts.Getenv("DATABASE"))
}

func queryOne(dsn, query string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	result := conn.ExecParams(ctx, query, nil, nil, nil, nil).Read()
	values := make([]string, 0, len(result.Rows))
	for _, row := range result.Rows {
		values = append(values, string(row[0]))
	}
	return strings.Join(values, ","), result.Err
}
