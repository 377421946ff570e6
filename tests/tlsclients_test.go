package tests

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// TestASessionInsideTLSIsLikeAnyOther compares what pgx gets through TLS, by both versions of it, with what it gets without.
func TestASessionInsideTLSIsLikeAnyOther(t *testing.T) {
	t.Parallel()
	s := newSecurity(t, "insidetls")
	connect := func(t *testing.T, sslmode, more string, newest uint16) *pgx.Conn {
		t.Helper()
		config, err := pgx.ParseConfig(s.parameters(secureLogin{server: "Wherewall", mode: "optional", user: "kim", password: "demo", certificate: "kim", sslmode: sslmode, more: more}, "insidetls"))
		require.NoError(t, err)
		if config.TLSConfig != nil {
			config.TLSConfig.MaxVersion = newest
		}
		conn, err := pgx.ConnectConfig(t.Context(), config)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
		return conn
	}
	all := func(t *testing.T, conn *pgx.Conn, sql string, args ...any) [][]any {
		t.Helper()
		rows, err := conn.Query(t.Context(), sql, args...)
		require.NoError(t, err)
		found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
		require.NoError(t, err)
		return found
	}
	plain := connect(t, "disable", "", 0)
	for how, newest := range map[string]uint16{"": tls.VersionTLS12, "sslnegotiation=direct": tls.VersionTLS13, "channel_binding=require": tls.VersionTLS13} {
		t.Run("with "+how, func(t *testing.T) {
			conn := connect(t, "verify-full", how, newest)
			const many = "SELECT t.id, t.title, g, repeat('x', 200) FROM task t CROSS JOIN generate_series(1, 100) g ORDER BY 1, 3"
			require.Equal(t, all(t, plain, many), all(t, conn, many))
			long := strings.Repeat("long", 2<<20)
			require.Equal(t, [][]any{{long}}, all(t, conn, "SELECT $1::text", long))
			var copied, copiedPlain strings.Builder
			for to, from := range map[*strings.Builder]*pgx.Conn{&copied: conn, &copiedPlain: plain} {
				_, err := from.PgConn().CopyTo(t.Context(), to, "COPY (SELECT id, title FROM task ORDER BY id) TO STDOUT")
				require.NoError(t, err)
			}
			require.Equal(t, copiedPlain.String(), copied.String())
			ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer stop()
			_, err := conn.Exec(ctx, "SELECT count(*) FROM generate_series(1, 1000000000)")
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
}

// TestOtherClientsInsideTLS lets clients in that are neither libpq of psql nor pgx: psycopg, which binds, and pgJDBC, which cannot.
func TestOtherClientsInsideTLS(t *testing.T) {
	t.Parallel()
	s := newSecurity(t, "tlsclients")
	login := secureLogin{server: "Wherewall", user: "kim", password: "demo", sslmode: "verify-full"}
	run := func(t *testing.T, name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Env = []string{"HOME=" + s.folder, "PATH=/usr/bin:/bin", "LC_ALL=C"}
		out, err := cmd.CombinedOutput()
		if strings.Contains(string(out), "ModuleNotFoundError") {
			t.Skip("it is not on this machine")
		}
		require.NoError(t, err, "%s", out)
		return strings.TrimSpace(string(out))
	}
	for _, module := range []string{"psycopg2", "psycopg"} {
		t.Run(module, func(t *testing.T) {
			if !isFile("/usr/bin/python3") {
				t.Skip("no Python on this machine")
			}
			const code = "import sys, %[1]s\nc = %[1]s.connect(sys.argv[1]).cursor()\nc.execute('SELECT id FROM org')\nprint(c.fetchone()[0])"
			l := login
			l.mode, l.more = "required", "channel_binding=require"
			require.Equal(t, "acme", run(t, "/usr/bin/python3", "-c", fmt.Sprintf(code, module), s.parameters(l, "tlsclients")))
			l.mode, l.more, l.certificate, l.password = "cert", "", "kim", "none"
			require.Equal(t, "acme", run(t, "/usr/bin/python3", "-c", fmt.Sprintf(code, module), s.parameters(l, "tlsclients")))
		})
	}
	t.Run("pgJDBC", func(t *testing.T) {
		const jar = "/usr/share/java/postgresql.jar"
		java, err := exec.LookPath("java")
		if err != nil || !isFile(jar) {
			t.Skip("no pgJDBC on this machine")
		}
		source := filepath.Join(t.TempDir(), "Secure.java")
		require.NoError(t, os.WriteFile(source, []byte(`import java.sql.*;
public class Secure {
	public static void main(String[] a) throws Exception {
		try (Connection c = DriverManager.getConnection(a[0]); ResultSet r = c.createStatement().executeQuery("SELECT id FROM org")) {
			r.next();
			System.out.println(r.getString(1));
		}
	}
}`), 0o600))
		url := fmt.Sprintf("jdbc:postgresql://127.0.0.1:%d/tlsclients?user=kim&password=demo&sslmode=verify-full&sslrootcert=%s",
			s.ports["Wherewall"]["required"], s.file("ca.crt"))
		require.Equal(t, "acme", run(t, java, "-cp", jar, source, url))
	})
}
