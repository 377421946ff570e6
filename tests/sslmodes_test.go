package tests

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgtemp"
)

// libpqs are versions of libpq by the folder of their library; empty for the one that psql brings.
func libpqs(t *testing.T) map[string]string {
	t.Helper()
	folders := map[string]string{"psql's own": ""}
	for name, major := range map[string]int{"17": 17, "18": 18} {
		bin, err := pgtemp.FindMajor(t.Context(), t.Output(), major)
		require.NoError(t, err)
		if lib := filepath.Join(filepath.Dir(bin), "lib"); isFile(filepath.Join(lib, "libpq.so.5")) {
			folders[name] = lib
		}
	}
	return folders
}

// attempt is what psql makes of a login: TLS, plain, or what it was told.
func (s *security) attempt(t *testing.T, libpq, conninfo string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), findTool(t, "psql"), "-X", "-w", "-d", conninfo, "-c", `\conninfo`)
	cmd.Env = []string{"HOME=" + s.folder, "PATH=/usr/bin:/bin", "LC_ALL=C", "PGCONNECT_TIMEOUT=20"}
	if libpq != "" {
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+libpq)
	}
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil && strings.Contains(string(out), "SSL connection"):
		return "TLS"
	case err == nil:
		return "plain"
	default:
		return complaint(string(out))
	}
}

// complaint is what both servers must say alike: the wording of who may not come without TLS, and of alerts, is each one's own.
func complaint(text string) string {
	for _, r := range []struct{ pattern, becomes string }{
		{`connection to server at "[^"]*"( \([^)]*\))?, port \d+ failed: `, ""},
		{`(?m)^(DETAIL|HINT): .*\n?`, ""},
		{`no pg_hba\.conf entry for host [^\n]*, no encryption`, "no encryption"},
		{`connections without TLS are not accepted: [^\n]*, no encryption`, "no encryption"},
		{`no pg_hba\.conf entry for host [^\n]*, SSL encryption`, "SSL encryption"},
		{`SSL error: [^\n]*alert[^\n]*`, "alert"},
		{`SSL SYSCALL error: [^\n]*`, "alert"},
		{`could not receive data from server: [^\n]*`, "alert"},
		{`server closed the connection unexpectedly\n\s*This probably [^\n]*\n[^\n]*`, "alert"},
		{`expected authentication request from server, but received [^\n]*`, "alert"},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.becomes)
	}
	return strings.Join(strings.Fields(text), " ")
}

// TestSSLModesAsInPostgreSQL logs in with every sslmode, certificate and binding to a PostgreSQL and to a proxy that are configured alike.
func TestSSLModesAsInPostgreSQL(t *testing.T) {
	t.Parallel()
	s := newSecurity(t, "sslmodes")
	var logins []secureLogin
	modes := []string{"off"}
	for _, m := range secureModes() {
		modes = append(modes, m.name)
	}
	for _, mode := range modes {
		for _, sslmode := range []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"} {
			logins = append(logins, secureLogin{mode: mode, user: "kim", password: "demo", sslmode: sslmode})
		}
		for _, certificate := range []string{"kim", "lee", "acme", "ann", "stranger"} {
			logins = append(logins, secureLogin{mode: mode, user: "kim", password: "demo", sslmode: "require", certificate: certificate})
		}
		for _, binding := range []string{"require", "prefer", "disable"} {
			for _, sslmode := range []string{"disable", "require"} {
				logins = append(logins, secureLogin{mode: mode, user: "kim", password: "demo", sslmode: sslmode, certificate: "kim", more: "channel_binding=" + binding})
			}
		}
		logins = append(logins,
			secureLogin{mode: mode, user: "kim", password: "wrong", sslmode: "require", certificate: "kim"},
			secureLogin{mode: mode, user: "nobody", password: "demo", sslmode: "require", certificate: "kim"},
			secureLogin{mode: mode, user: "kim", password: "demo", sslmode: "require", certificate: "kim", more: "sslnegotiation=direct"},
			secureLogin{mode: mode, user: "kim", password: "demo", sslmode: "require", certificate: "kim", more: "ssl_max_protocol_version=TLSv1.2"},
			secureLogin{mode: mode, user: "kim", password: "demo", sslmode: "prefer", certificate: "kim", more: "ssl_max_protocol_version=TLSv1.1 ssl_min_protocol_version=TLSv1"},
		)
	}
	for name, lib := range libpqs(t) {
		t.Run("libpq "+name, func(t *testing.T) {
			t.Parallel()
			for _, l := range logins {
				s.compare(t, lib, l)
			}
		})
	}
}

// compare logs in to both servers. What only newer servers can is asked of the proxy alone.
func (s *security) compare(t *testing.T, libpq string, l secureLogin) {
	t.Helper()
	said := map[string]string{}
	for _, server := range servers() {
		l.server = server
		database := "sslmodes"
		if server == "PostgreSQL" {
			database = l.mode
		}
		said[server] = s.attempt(t, libpq, s.parameters(l, database))
	}
	direct := strings.Contains(l.more, "direct")
	switch {
	case direct && strings.Contains(said["Wherewall"], "invalid connection option"):
	case direct && pg.major < 17 && l.mode == "off":
		require.Equal(t, "psql: error: alert", said["Wherewall"], "%+v", l)
	case direct && pg.major < 17:
		require.Equal(t, s.attempt(t, libpq, strings.Replace(s.parameters(l, "sslmodes"), l.more, "", 1)), said["Wherewall"], "%+v", l)
	default:
		require.Equal(t, said["PostgreSQL"], said["Wherewall"], "%+v", l)
	}
}

// TestSQLStatesOfLoginsAsInPostgreSQL compares what programs read, which psql does not show.
func TestSQLStatesOfLoginsAsInPostgreSQL(t *testing.T) {
	t.Parallel()
	s := newSecurity(t, "sqlstates")
	state := func(l secureLogin, database string) string {
		config, err := pgconn.ParseConfig(s.parameters(l, database))
		if err != nil {
			return err.Error()
		}
		conn, err := pgconn.ConnectConfig(t.Context(), config)
		if err != nil {
			return sqlState(err)
		}
		require.NoError(t, conn.Close(t.Context()))
		return "in"
	}
	for _, m := range secureModes() {
		for _, sslmode := range []string{"disable", "require"} {
			for _, certificate := range []string{"kim", "lee", "acme", "ann"} {
				for _, who := range [][2]string{{"kim", "demo"}, {"kim", "wrong"}, {"nobody", "demo"}} {
					l := secureLogin{mode: m.name, user: who[0], password: who[1], sslmode: sslmode, certificate: certificate}
					l.server = "PostgreSQL"
					want := state(l, m.name)
					l.server = "Wherewall"
					require.Equal(t, want, state(l, "sqlstates"), "%+v", l)
				}
			}
		}
	}
}
