package tests

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/internal/tlstest"
)

// encrypt gives a server a certificate, and rules of who may come how.
func (g *site) encrypt(t *testing.T, ca *tlstest.Authority, rules string) {
	t.Helper()
	folder := t.TempDir()
	certificate, key := tlstest.Write(t, folder, "server", ca.Server(t))
	for name, path := range map[string]string{"server.crt": certificate, "server.key": key, "root.crt": ca.WriteAuthority(t, folder, "root")} {
		require.NoError(t, g.Give(name, []byte(readText(t, path))))
	}
	for _, sql := range []string{"ALTER SYSTEM SET ssl = on", "ALTER SYSTEM SET ssl_ca_file = 'root.crt'"} {
		g.admin(sql)
	}
	g.let(t, rules)
}

// let replaces pg_hba.conf. The superuser always comes in.
func (g *site) let(t *testing.T, rules string) {
	t.Helper()
	require.NoError(t, g.Give("pg_hba.conf", []byte("host all postgres 127.0.0.1/32 scram-sha-256\n"+rules+"\n")))
	g.admin("SELECT pg_reload_conf()")
	require.Eventually(t, func() bool {
		shown, err := askAt(g.AdminDSN("postgres"), "SELECT current_setting('ssl')")
		return err == nil && shown == "on"
	}, patience, 1e7)
}

const howEncrypted = "SELECT ssl::text || coalesce(' ' || version, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()"

// byLibpq asks as psql does; empty where it fails.
func byLibpq(t *testing.T, words, sql string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "psql", "-XAtw", "-c", sql, words)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LC_ALL=C"}
	out, err := cmd.Output()
	var exit *exec.ExitError
	require.True(t, err == nil || errors.As(err, &exit), "%v", err)
	return strings.TrimSpace(string(out))
}

// byUs asks through what the proxy connects with; empty where it fails.
func byUs(t *testing.T, words, sql string) (string, error) {
	t.Helper()
	u, err := pgdial.Parse(words, pgdial.Options{})
	if err != nil {
		return "", err
	}
	conn, err := u.Dial(t.Context(), nil)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	results, err := conn.Exec(t.Context(), sql).ReadAll()
	require.NoError(t, err)
	return string(results[0].Rows[0][0]), nil
}

// TestUpstreamTLSIsLibpqs holds every sslmode and what goes with it against psql, at servers that take TLS, only TLS, and none.
func TestUpstreamTLSIsLibpqs(t *testing.T) {
	g := newSite(t)
	ca, other := tlstest.New(t, "ca"), tlstest.New(t, "other")
	folder := t.TempDir()
	right, wrong := ca.WriteAuthority(t, folder, "right"), other.WriteAuthority(t, folder, "wrong")
	certificate, key := tlstest.Write(t, folder, "client", ca.Client(t, "svc"))
	foreign, foreignKey := tlstest.Write(t, folder, "foreign", other.Client(t, "svc"))

	var asked []string
	for _, mode := range []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"} {
		for _, root := range []string{"", " sslrootcert=" + right, " sslrootcert=" + wrong} {
			asked = append(asked, "host=localhost sslmode="+mode+root)
		}
	}
	for _, more := range []string{
		"host=127.0.0.1 sslmode=verify-full", "host=127.0.0.2 sslmode=verify-full", "host=127.0.0.2 sslmode=verify-ca", // the certificate is for localhost and 127.0.0.1
		"host=localhost sslmode=verify-full sslsni=0",
		"host=localhost sslmode=require channel_binding=require", "host=localhost sslmode=require channel_binding=disable",
		"host=localhost sslmode=disable channel_binding=require", "host=localhost sslmode=prefer channel_binding=require",
		"host=localhost sslmode=require ssl_min_protocol_version=TLSv1.3", "host=localhost sslmode=require ssl_max_protocol_version=TLSv1.2",
		"host=localhost sslmode=require sslcert=" + certificate + " sslkey=" + key,
		"host=localhost sslmode=require sslcert=" + foreign + " sslkey=" + foreignKey,
	} {
		if strings.Contains(more, "verify") || strings.Contains(more, "sslcert=") {
			more += " sslrootcert=" + right
		}
		asked = append(asked, more)
	}
	g.admin("ALTER SYSTEM SET listen_addresses = '127.0.0.1,127.0.0.2'")
	g.encrypt(t, ca, "")
	g.restart(t)
	for _, rules := range []string{
		"host all svc 127.0.0.0/8 scram-sha-256",
		"hostssl all svc 127.0.0.0/8 scram-sha-256",
		"hostnossl all svc 127.0.0.0/8 scram-sha-256",
		"hostssl all svc 127.0.0.0/8 scram-sha-256 clientcert=verify-ca",
		"hostssl all svc 127.0.0.0/8 cert",
		"host all svc 127.0.0.0/8 trust",
		"host all svc 127.0.0.0/8 md5",
	} {
		g.let(t, rules)
		for _, words := range asked {
			words = fmt.Sprintf("%s port=%d user=svc password=service dbname=postgres connect_timeout=10", words, g.Port)
			want := byLibpq(t, words, howEncrypted)
			got, err := byUs(t, words, howEncrypted)
			if looseWithRoot(words) || strings.Contains(words, "foreign") && !strings.Contains(rules, "cert") {
				continue // crypto/tls keeps a certificate to itself that no authority of the server's has signed
			}
			require.Equal(t, want, got, "%s\n%s\n%v", rules, words, err)
			if err != nil {
				require.NotContains(t, err.Error(), "service", "a password in an error")
			}
		}
	}
	t.Run("a password goes in the clear to nobody", func(t *testing.T) {
		words := fmt.Sprintf("host=localhost port=%d user=svc password=service dbname=postgres ", g.Port)
		g.let(t, "host all svc 127.0.0.0/8 password")
		_, err := byUs(t, words+"sslmode=disable", "SELECT 1")
		require.ErrorContains(t, err, `"!password" failed: server requested password authentication`)
		_, err = byUs(t, words+"sslmode=prefer", "SELECT 1")
		require.Error(t, err, "it could be talked into going without TLS")
		_, err = byUs(t, words+"sslmode=require", "SELECT 1")
		require.Error(t, err, "it could be anybody who says so")
		for _, asked := range []string{"sslmode=verify-full sslrootcert=" + right, "sslmode=require require_auth=password", "sslmode=disable require_auth=password"} {
			_, err = byUs(t, words+asked, "SELECT 1")
			require.NoError(t, err, asked)
		}
	})
	t.Run("cancel requests are encrypted as their session is", func(t *testing.T) {
		g.let(t, "hostssl all svc 127.0.0.0/8 scram-sha-256")
		for _, version := range []string{"3.0", "3.2"} {
			p := before(t, fmt.Sprintf("host=localhost port=%d user=svc password=service dbname=postgres sslmode=verify-full sslrootcert=%s channel_binding=require max_protocol_version=%s", g.Port, right, version), pgdial.Options{})
			conn, err := pgconn.Connect(t.Context(), p.dsn("dba"))
			require.NoError(t, err)
			cancelled := make(chan error, 1)
			go func() {
				_, err := conn.Exec(t.Context(), "SELECT pg_sleep(60)").ReadAll()
				cancelled <- err
			}()
			g.awaitSleeper(t)
			require.NoError(t, conn.CancelRequest(t.Context()))
			require.Equal(t, "57014", sqlState(<-cancelled))
			require.NoError(t, conn.Close(t.Context()))
		}
	})
}

// looseWithRoot says whether libpq looks at certificates although sslmode does not ask for it, to go on without TLS where one is not good. We do not: an
// encrypted connection to nobody knows whom is no worse than one that is not encrypted (docs/upstream.md).
func looseWithRoot(words string) bool {
	return strings.Contains(words, "wrong.crt") && (strings.Contains(words, "sslmode=allow") || strings.Contains(words, "sslmode=prefer"))
}

// restart ends the server by a fast shutdown and starts it again.
func (g *site) restart(t *testing.T) {
	t.Helper()
	require.NoError(t, g.End(fastShutdown))
	require.NoError(t, g.Again(t.Context()))
}
