package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/examples"
	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

// TestWeaknesses gives the service login one power after another, and takes it back.
func TestWeaknesses(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	admin := pgtest.Connect(t, server.AdminDSN("postgres"))
	require.NoError(t, examples.Load(t.Context(), admin, "svc"))
	run := func(sql string) {
		t.Helper()
		_, err := admin.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	policy, err := catalog.ReadPolicy("../../examples/saas/policy")
	require.NoError(t, err)
	codes := func() map[string]string {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), server.DSN(examples.ServiceLogin, "svc", "postgres"))
		require.NoError(t, err)
		defer conn.Close(t.Context())
		schema, err := catalog.LoadSchema(t.Context(), conn)
		require.NoError(t, err)
		snapshot, problems := catalog.Bind(policy, schema)
		require.NoError(t, problems.Err())
		found, err := weaknesses(t.Context(), conn, snapshot)
		require.NoError(t, err)
		byCode := map[string]string{}
		for _, w := range found {
			require.NotEmpty(t, w.Hint)
			byCode[w.Code] = w.Message
		}
		delete(byCode, "server_outdated") // as this machine has it
		return byCode
	}
	run("REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC")
	run("REVOKE CREATE ON SCHEMA public FROM PUBLIC") // as from PostgreSQL 15 on
	require.Empty(t, codes(), "a login as it should be")
	for _, c := range []struct{ code, give, take, says string }{
		{"login_bypassrls", "ALTER ROLE wherewall_svc BYPASSRLS", "ALTER ROLE wherewall_svc NOBYPASSRLS", ""},
		{"login_creates", "ALTER ROLE wherewall_svc CREATEDB", "ALTER ROLE wherewall_svc NOCREATEDB", ""},
		{"login_creates", "ALTER ROLE wherewall_svc CREATEROLE", "ALTER ROLE wherewall_svc NOCREATEROLE", ""},
		{"login_creates", "ALTER ROLE wherewall_svc REPLICATION", "ALTER ROLE wherewall_svc NOREPLICATION", ""},
		{"login_member", "GRANT pg_read_all_settings TO wherewall_svc", "REVOKE pg_read_all_settings FROM wherewall_svc", "pg_read_all_settings"},
		{"login_owner", "ALTER TABLE app.task OWNER TO wherewall_svc", "ALTER TABLE app.task OWNER TO postgres", "app.task"},
		{"login_create", "GRANT CREATE ON SCHEMA app TO wherewall_svc", "REVOKE CREATE ON SCHEMA app FROM wherewall_svc", "app"},
		{"login_create", "GRANT CREATE ON DATABASE postgres TO PUBLIC", "REVOKE CREATE ON DATABASE postgres FROM PUBLIC", "the database itself"},
		{"login_temporary", "GRANT TEMPORARY ON DATABASE postgres TO wherewall_svc", "REVOKE TEMPORARY ON DATABASE postgres FROM wherewall_svc", ""},
		{"login_excess", "GRANT SELECT (id) ON app.audit_log TO wherewall_svc", "REVOKE SELECT (id) ON app.audit_log FROM wherewall_svc", "app.audit_log"},
		{"login_excess", "GRANT DELETE ON app.audit_log TO PUBLIC", "REVOKE DELETE ON app.audit_log FROM PUBLIC", "app.audit_log"},
		{"login_unneeded", "GRANT TRUNCATE, TRIGGER ON app.task TO wherewall_svc", "REVOKE TRUNCATE, TRIGGER ON app.task FROM wherewall_svc", "TRUNCATE, TRIGGER on app.task"},
		{"login_unneeded", "GRANT DELETE ON app.org TO PUBLIC", "REVOKE DELETE ON app.org FROM PUBLIC", "DELETE on app.org"},
		{"login_settings", "ALTER ROLE wherewall_svc SET session_replication_role = replica", "ALTER ROLE wherewall_svc RESET session_replication_role", "replica"},
		{"login_settings", "ALTER ROLE wherewall_svc SET lo_compat_privileges = on", "ALTER ROLE wherewall_svc RESET lo_compat_privileges", ""},
	} {
		run(c.give)
		found := codes()
		require.Len(t, found, 1, c.give)
		require.Contains(t, found[c.code], c.says, c.give)
		require.NotEmpty(t, found[c.code], c.give)
		run(c.take)
	}
	run("GRANT TEMPORARY ON DATABASE postgres TO wherewall_svc")
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS("../../examples/saas/policy")))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "more.yaml"), []byte("wherewall: 1\nroles: {analyst: {allow: [temp_tables]}}\n"), 0o600))
	policy, err = catalog.ReadPolicy(folder)
	require.NoError(t, err)
	require.Empty(t, codes(), "temporary tables are meant")
	for dsn, missing := range map[string]bool{"host=db sslmode=require": true, "host=127.0.0.1 sslmode=disable": false} {
		u, err := pgdial.Parse(dsn, pgdial.Options{})
		require.NoError(t, err)
		conn, err := pgx.Connect(t.Context(), server.DSN(examples.ServiceLogin, "svc", "postgres"))
		require.NoError(t, err)
		found, err := shortcomings(t.Context(), u, conn, nobodysRights())
		require.NoError(t, err)
		require.NoError(t, conn.Close(t.Context()))
		require.Equal(t, missing, slices.ContainsFunc(found, func(w weakness) bool { return w.Code == "server_unproven" }), dsn)
	}
	run("ALTER ROLE wherewall_svc SUPERUSER")
	require.Equal(t, []string{"login_superuser"}, keysOf(codes()), "who has every right is told once")
}

func TestTheServerOfUnfilteredUsersHasToProveItselfToo(t *testing.T) {
	t.Parallel()
	upstream, err := pgdial.Parse("host=127.0.0.1 dbname=app", pgdial.Options{})
	require.NoError(t, err)
	for dsn, missing := range map[string]bool{"host=db user=dba dbname=app sslmode=require": true, "host=127.0.0.1 user=dba dbname=app": false} {
		log := &strings.Builder{}
		c := serveCmd{unfilteredFlags: unfilteredFlags{UnfilteredUpstream: dsn}}
		past, err := c.past(upstream, zerolog.New(log))
		require.NoError(t, err)
		require.NotNil(t, past)
		require.Equal(t, missing, strings.Contains(log.String(), "server_unproven"), log)
		c.Strict = true
		_, err = c.past(upstream, zerolog.Nop())
		require.Equal(t, missing, errors.Is(err, errWeak))
	}
}

func TestWhatUnfilteredUsersAreRefusedKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	dsn := answering(t, "E\x00\x00\x00\x22SFATAL\x00C28000\x00Mno such entry\x00\x00") + " sslmode=disable"
	upstream, err := pgdial.Parse(dsn, pgdial.Options{})
	require.NoError(t, err)
	past, err := serveCmd{upstreamFlags: upstreamFlags{Upstream: dsn}}.past(upstream, zerolog.Nop())
	require.NoError(t, err)
	for range 8 {
		_, err = past.Connect(t.Context(), map[string]string{"replication": "true"})
		require.Error(t, err)
	}
	require.ErrorContains(t, err, "not tried again", "they wait themselves")
	_, err = upstream.Dial(t.Context(), nil)
	require.ErrorContains(t, err, "no such entry")
	require.NotContains(t, err.Error(), "not tried again")
}

// answering is a server that says one thing to everybody who logs in. It returns the words to reach it by.
func answering(t *testing.T, answer string) string {
	t.Helper()
	door, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = door.Close() })
	go func() {
		for conn, err := door.Accept(); err == nil; conn, err = door.Accept() {
			_, _ = conn.Read(make([]byte, 1<<10))
			_, _ = conn.Write([]byte(answer))
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
	}()
	host, port, err := net.SplitHostPort(door.Addr().String())
	require.NoError(t, err)
	return "host=" + host + " port=" + port + " user=u password=secret dbname=app"
}

func TestAServerThatAsksForThePasswordInTheClearIsNotAMatterOfTheRightPassword(t *testing.T) {
	t.Parallel()
	dsn := answering(t, "R\x00\x00\x00\x08\x00\x00\x00\x03") // AuthenticationCleartextPassword
	u, err := pgdial.Parse(dsn+" sslmode=disable", pgdial.Options{})
	require.NoError(t, err)
	_, err = connect(t.Context(), u)
	require.Contains(t, hintFor(err), "require_auth=password")
}

// nobodysRights is a snapshot that maps nothing.
func nobodysRights() *catalog.Snapshot { return &catalog.Snapshot{Schema: &catalog.Schema{}} }

func keysOf(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

func TestOldServers(t *testing.T) {
	t.Parallel()
	for version, want := range map[int]string{
		150018: "15.19", 150019: "", 160014: "16.15", 160015: "", 170010: "17.11", 170011: "", 180005: "18.6", 180006: "", 190000: "", 140030: "15.19",
	} {
		wanted, old := outdated(version)
		require.Equal(t, want != "", old, version)
		if old {
			require.Equal(t, want, wanted)
		}
	}
}
