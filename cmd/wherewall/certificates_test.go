package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/tlstest"
	"github.com/wherewall/wherewall/wire"
)

// served is a server with certificates of files that a test changes.
type served struct {
	*certificates
	t      *testing.T
	folder string
	addr   string
	log    *bytes.Buffer
}

func serveCertificates(t *testing.T, authority *tlstest.Authority) *served {
	t.Helper()
	s := &served{t: t, folder: t.TempDir(), log: &bytes.Buffer{}}
	s.write("server", authority.Server(t))
	authority.WriteAuthority(t, s.folder, "clients")
	s.put("people.map", "kim kim\n")
	var err error
	s.certificates, err = newCertificates(tlsFlags{
		TLS: "required", TLSCert: s.path("server.crt"), TLSKey: s.path("server.key"), TLSMin: "1.2", TLSClientCA: s.path("clients.crt"),
		ClientMap: s.path("people.map"), ClientCert: "verify-full", ClientName: "cn",
	}, zerolog.New(s.log))
	require.NoError(t, err)
	config := wire.Config{Upstream: &pgconn.Config{}, World: func() *wire.World { return nil }, Log: zerolog.Nop()}
	s.configure(&config)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- wire.NewServer(config).Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	return s
}

func (s *served) path(name string) string { return filepath.Join(s.folder, name) }

func (s *served) put(name, text string) {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(s.path(name), []byte(text), 0o600))
}

func (s *served) write(name string, c tls.Certificate) { tlstest.Write(s.t, s.folder, name, c) }

// shows is the certificate that a new connection sees.
func (s *served) shows() *x509.Certificate {
	s.t.Helper()
	conn, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"postgresql"}})
	require.NoError(s.t, err)
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0]
}

func TestCertificatesAreReplacedWithoutARestart(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t, "authority")
	s := serveCertificates(t, authority)
	first := s.shows()
	require.NoError(t, s.look())
	require.Same(t, s.current.Load(), s.current.Load())
	next := authority.Server(t)
	s.write("server", next)
	require.Equal(t, first.Raw, s.shows().Raw, "until somebody looks")
	require.NoError(t, s.look())
	require.Equal(t, next.Certificate[0], s.shows().Raw)
	require.Contains(t, s.log.String(), "certificates in force")
	third := authority.Server(t)
	s.write("server", third)
	require.NoError(t, s.load(t.Context()), "as SIGHUP does")
	require.Equal(t, third.Certificate[0], s.shows().Raw)
}

func TestFilesAreLookedAtInTheBackground(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t, "authority")
	s := serveCertificates(t, authority)
	stop := s.keep(time.Millisecond)
	next := authority.Server(t)
	s.write("server", next)
	require.Eventually(t, func() bool { return bytes.Equal(next.Certificate[0], s.shows().Raw) }, 10*time.Second, 5*time.Millisecond)
	stop()
	s.write("server", authority.Server(t))
	require.Equal(t, next.Certificate[0], s.shows().Raw, "nobody looks any more")
}

func TestCertificatesAtFaultReplaceNothing(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t, "authority")
	next := authority.Server(t)
	key := func(t *testing.T, c tls.Certificate) string {
		_, path := tlstest.Write(t, t.TempDir(), "x", c)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(text)
	}
	for name, c := range map[string]struct{ file, text, says string }{
		"a certificate without its key":         {"server.crt", string(tlstest.PEM(next.Certificate...)), "--tls-key"},
		"a key without its certificate":         {"server.key", key(t, next), "--tls-cert"},
		"half a certificate":                    {"server.crt", string(tlstest.PEM(next.Certificate[0])[:200]), "--tls-cert"},
		"an empty file":                         {"server.crt", "", "--tls-cert"},
		"a key behind a password":               {"server.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "openssl pkey"},
		"authorities that are none":             {"clients.crt", "nothing", "--tls-client-ca"},
		"one authority of two that is cut off":  {"clients.crt", string(tlstest.PEM(authority.Certificate.Raw)) + "-----BEGIN CERTIFICATE-----\nAAAA", "--tls-client-ca"},
		"a key in the place of the authorities": {"clients.crt", key(t, next), "PRIVATE KEY"},
		"a map with a line that says nothing":   {"people.map", "kim kim\nlee\n", "people.map:2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serveCertificates(t, authority)
			before, shown := s.current.Load(), s.shows()
			s.put(c.file, c.text)
			require.ErrorContains(t, s.look(), c.says)
			require.NoError(t, s.look(), "what is at fault is told once")
			require.Error(t, s.load(t.Context()), "and again where somebody asks")
			require.Same(t, before, s.current.Load())
			require.Equal(t, shown.Raw, s.shows().Raw)
			s.write("server", next)
			authority.WriteAuthority(t, s.folder, "clients")
			s.put("people.map", "kim kim\n")
			require.NoError(t, s.look())
			require.Equal(t, next.Certificate[0], s.shows().Raw)
		})
	}
	t.Run("a file that is gone", func(t *testing.T) {
		t.Parallel()
		s := serveCertificates(t, authority)
		shown := s.shows()
		require.NoError(t, os.Remove(s.path("server.key")))
		require.ErrorIs(t, s.look(), os.ErrNotExist)
		require.NoError(t, s.look())
		require.Equal(t, shown.Raw, s.shows().Raw)
	})
	t.Run("a start", func(t *testing.T) {
		t.Parallel()
		_, err := newCertificates(tlsFlags{TLS: "required", TLSCert: "none.crt", TLSKey: "none.key"}, zerolog.Nop())
		require.ErrorIs(t, err, os.ErrNotExist)
		none, err := newCertificates(tlsFlags{TLS: "auto"}, zerolog.Nop())
		require.NoError(t, err)
		require.Nil(t, none)
	})
}

func TestARevocationListIsRead(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t, "authority")
	folder := t.TempDir()
	certificate, key := tlstest.Write(t, folder, "server", authority.Server(t))
	flags := tlsFlags{TLS: "auto", TLSCert: certificate, TLSKey: key, TLSClientCA: authority.WriteAuthority(t, folder, "ca"), TLSCRL: filepath.Join(folder, "crl")}
	for text, says := range map[string]string{
		"": "no list", string(tlstest.PEM(authority.Certificate.Raw)): "X509 CRL",
	} {
		require.NoError(t, os.WriteFile(flags.TLSCRL, []byte(text), 0o600))
		_, err := newCertificates(flags, zerolog.Nop())
		require.ErrorContains(t, err, says)
	}
	require.NoError(t, os.WriteFile(flags.TLSCRL, tlstest.ListPEM(authority.Revoke(t, time.Now().Add(time.Hour))), 0o600))
	_, err := newCertificates(flags, zerolog.Nop())
	require.NoError(t, err)
}
