package tests

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgtemp"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
	"github.com/wherewall/wherewall/internal/tlstest"
	"github.com/wherewall/wherewall/wire"
)

// secureMode is a way to serve TLS, in PostgreSQL's words and in ours. PostgreSQL has a database for each.
type secureMode struct {
	name      string
	hba       string // after the database, the user and the address
	encrypt   wire.Encryption
	auth      wire.Auth
	needs     wire.ClientCertificate
	asksWhole bool // the whole subject says whose a certificate is
}

func secureModes() []secureMode {
	const scram, cert = wire.AuthSCRAM, wire.AuthCertificate
	return []secureMode{
		{name: "optional", hba: "host %s scram-sha-256", encrypt: wire.EncryptionOptional, auth: scram},
		{name: "required", hba: "hostssl %s scram-sha-256", encrypt: wire.EncryptionRequired, auth: scram},
		{name: "verify_ca", hba: "hostssl %s scram-sha-256 clientcert=verify-ca", encrypt: wire.EncryptionRequired, auth: scram, needs: wire.CertificateRequired},
		{name: "verify_full", hba: "hostssl %s scram-sha-256 clientcert=verify-full", encrypt: wire.EncryptionRequired, auth: scram, needs: wire.CertificateOfUser},
		{name: "cert", hba: "hostssl %s cert", encrypt: wire.EncryptionRequired, auth: cert},
		{name: "mapped", hba: "hostssl %s cert map=people clientname=DN", encrypt: wire.EncryptionRequired, auth: cert, asksWhole: true},
	}
}

// peopleMap is pg_ident.conf's without the name of the map. Both read patterns, ours for the whole name.
const peopleMap = `"/^CN=kim[.]?,O=Acme Inc$" kim
"CN=Ann Lee,O=Acme Inc" lee
/^CN=(.*)$ \1
`

// security is the files of one authority, and what stands behind them.
type security struct {
	folder string
	ports  map[string]map[string]int // by the server's name and the mode's
}

// servers are the two that are compared.
func servers() []string { return []string{"PostgreSQL", "Wherewall"} }

// newSecurity starts a PostgreSQL with TLS and a proxy for each mode. The proxies stand before the sample's database.
func newSecurity(t *testing.T, database string) *security {
	t.Helper()
	authority, stranger := tlstest.New(t, "Authority"), tlstest.New(t, "Stranger")
	s := &security{folder: t.TempDir(), ports: map[string]map[string]int{"PostgreSQL": {}, "Wherewall": {}}}
	server := authority.Server(t)
	tlstest.Write(t, s.folder, "server", server)
	authority.WriteAuthority(t, s.folder, "ca")
	tlstest.Write(t, s.folder, "kim", authority.Client(t, "kim"))
	tlstest.Write(t, s.folder, "lee", authority.Client(t, "lee"))
	tlstest.Write(t, s.folder, "ann", authority.Sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "Ann Lee", Organization: []string{"Acme Inc"}}}))
	tlstest.Write(t, s.folder, "acme", authority.Sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "kim", Organization: []string{"Acme Inc"}}}))
	tlstest.Write(t, s.folder, "stranger", stranger.Client(t, "kim"))
	port := s.startPostgreSQL(t)
	newSample(t, database)
	for _, m := range secureModes() {
		s.ports["PostgreSQL"][m.name] = port
		s.ports["Wherewall"][m.name] = s.startProxy(t, m, database, server, authority)
	}
	s.ports["PostgreSQL"]["off"] = portOf(t, pgtest.Start(t))
	s.ports["Wherewall"]["off"] = s.startProxy(t, secureMode{auth: wire.AuthSCRAM}, database, server, authority)
	return s
}

func (s *security) startProxy(t *testing.T, m secureMode, database string, server tls.Certificate, authority *tlstest.Authority) int {
	t.Helper()
	o := sampleOptions(database)
	options := wire.TLSOptions{Certificate: server, ClientCAs: authority.Pool()}
	if m.asksWhole {
		var err error
		options.Users, err = wire.ParseCertificateMap("people", peopleMap, wire.DistinguishedName)
		require.NoError(t, err)
	}
	made, err := wire.NewTLS(options)
	require.NoError(t, err)
	o.configure = func(c *wire.Config) {
		c.Auth, c.Encryption, c.ClientCertificate, c.TLS = m.auth, m.encrypt, m.needs, func() *wire.TLS { return made }
	}
	_, port, err := net.SplitHostPort(startProxy(t, o).addr)
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	return number
}

// portOf gives a server the roles and the databases.
func portOf(t *testing.T, server *pgtemp.Server) int {
	t.Helper()
	admin := pgtest.Connect(t, server.AdminDSN("postgres"))
	statements := []string{"CREATE ROLE kim LOGIN PASSWORD 'demo'", "CREATE ROLE lee LOGIN PASSWORD 'demo'", "CREATE DATABASE off"}
	for _, m := range secureModes() {
		statements = append(statements, "CREATE DATABASE "+m.name)
	}
	for _, sql := range statements {
		_, err := admin.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	return server.Port
}

// startPostgreSQL starts one with TLS and a line of pg_hba.conf for each mode. What it reads is written by itself, under its own account.
func (s *security) startPostgreSQL(t *testing.T) int {
	t.Helper()
	server := pgtest.Start(t)
	port := portOf(t, server)
	admin := pgtest.Connect(t, server.AdminDSN("postgres"))
	hba := "host all postgres 127.0.0.1/32 scram-sha-256\n"
	for _, m := range secureModes() {
		hba += fmt.Sprintf(m.hba, m.name+" all 127.0.0.1/32") + "\n"
	}
	var ident strings.Builder
	for line := range strings.Lines(peopleMap) {
		ident.WriteString("people " + line)
	}
	put(t, admin, "pg_hba.conf", hba)
	put(t, admin, "pg_ident.conf", ident.String())
	for _, name := range []string{"server.crt", "server.key", "ca.crt"} {
		text, err := os.ReadFile(s.file(name))
		require.NoError(t, err)
		put(t, admin, name, string(text))
	}
	for _, sql := range []string{"ALTER SYSTEM SET ssl_ca_file = 'ca.crt'", "ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"} {
		_, err := admin.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	require.Eventually(t, func() bool {
		conn, err := pgx.Connect(t.Context(), strings.Replace(server.AdminDSN("postgres"), "sslmode=disable", "sslmode=require", 1))
		return err == nil && conn.Close(t.Context()) == nil
	}, patience, tick)
	return port
}

// put writes a file of the server's directory.
func put(t *testing.T, admin *pgx.Conn, name, text string) {
	t.Helper()
	_, err := admin.Exec(t.Context(), "COPY (SELECT unnest(string_to_array($x$"+strings.ReplaceAll(strings.TrimSuffix(text, "\n"), `\`, `%`)+
		"$x$, E'\\n'))) TO PROGRAM 'umask 077; tr % \\\\ > "+name+"'")
	require.NoError(t, err, name)
}

func (s *security) file(name string) string { return filepath.Join(s.folder, name) }

// login is what a client brings.
type secureLogin struct {
	server, mode, user, password string
	certificate                  string // the name of the files; empty for none
	sslmode                      string
	more                         string // further parameters
}

// parameters are the login as libpq and pgx read it.
func (s *security) parameters(l secureLogin, database string) string {
	p := fmt.Sprintf("host=127.0.0.1 port=%d user=%s password=%s dbname=%s sslmode=%s sslrootcert=%s",
		s.ports[l.server][l.mode], l.user, l.password, database, l.sslmode, s.file("ca.crt"))
	certificate, key := s.file("none.crt"), s.file("none.key")
	if l.certificate != "" {
		certificate, key = s.file(l.certificate+".crt"), s.file(l.certificate+".key")
	}
	return p + fmt.Sprintf(" sslcert=%s sslkey=%s %s", certificate, key, l.more)
}
