package main

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/wire"
)

func TestFlagsOfTLSFitEachOther(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"nothing is asked for", nil, ""},
		{"a certificate and its key", []string{"--tls-cert=c", "--tls-key=k"}, ""},
		{"TLS without a certificate", []string{"--tls=required"}, "--tls-cert"},
		{"a certificate without its key", []string{"--tls-cert=c"}, "--tls-key"},
		{"a key that nothing uses", []string{"--tls-key=k"}, "no effect without TLS"},
		{"TLS that is off in spite of a certificate", []string{"--tls=off", "--tls-cert=c", "--tls-key=k"}, "no effect without TLS"},
		{"authorities without TLS", []string{"--tls-client-ca=a"}, "no effect without TLS"},
		{"a certificate that nobody vouches for", []string{"--tls-cert=c", "--tls-key=k", "--client-cert=verify-ca"}, "need --tls-client-ca"},
		{"a login by certificate that nobody vouches for", []string{"--tls-cert=c", "--tls-key=k", "--auth=cert"}, "need --tls-client-ca"},
		{"a login by certificate without TLS", []string{"--auth=cert"}, "need --tls-client-ca"},
		{"a login by certificate", []string{"--tls-cert=c", "--tls-key=k", "--tls-client-ca=a", "--auth=cert"}, ""},
		{"a map that nothing reads", []string{"--tls-cert=c", "--tls-key=k", "--tls-client-ca=a", "--client-map=m"}, "no effect without --client-cert"},
		{"a map of the owners", []string{"--tls-cert=c", "--tls-key=k", "--tls-client-ca=a", "--client-map=m", "--client-cert=verify-full"}, ""},
		{"revocations of nobody", []string{"--tls-cert=c", "--tls-key=k", "--tls-crl=r"}, "no effect without --tls-client-ca"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			commands, err := parse(t, append([]string{"serve", "--upstream=u", "--policy=p"}, c.args...)...)
			require.NoError(t, err)
			err = commands.Serve.validateTLS()
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

// validateTLS is what Run does first.
func (c serveCmd) validateTLS() error { return c.tlsFlags.validate(wire.Auth(c.Auth)) }

func TestACertificateMeansTLS(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flags tlsFlags
		want  wire.Encryption
	}{
		{tlsFlags{TLS: "auto"}, wire.EncryptionOff},
		{tlsFlags{TLS: "auto", TLSCert: "c"}, wire.EncryptionRequired},
		{tlsFlags{TLS: "optional", TLSCert: "c"}, wire.EncryptionOptional},
		{tlsFlags{TLS: "required", TLSCert: "c"}, wire.EncryptionRequired},
		{tlsFlags{TLS: "off"}, wire.EncryptionOff},
	} {
		require.Equal(t, c.want, c.flags.encryption(), c.flags.TLS)
	}
}

func TestPlainListenersAreAWeakness(t *testing.T) {
	t.Parallel()
	plain, secure, optional := tlsFlags{TLS: "auto"}, tlsFlags{TLS: "auto", TLSCert: "c"}, tlsFlags{TLS: "optional", TLSCert: "c"}
	for _, here := range []string{"127.0.0.1:6432", "localhost:6432", "[::1]:6432"} {
		require.Empty(t, plain.exposure(here))
	}
	for _, anywhere := range []string{":6432", "0.0.0.0:6432", "[::]:6432", "10.1.2.3:6432", "db.example:6432", "nonsense"} {
		require.Len(t, plain.exposure(anywhere), 1)
		require.Len(t, optional.exposure(anywhere), 1)
		require.Empty(t, secure.exposure(anywhere))
	}
}

func TestAStrictStartWantsTLSOnListenersThatOthersReach(t *testing.T) {
	t.Parallel()
	anywhere, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer anywhere.Close()
	local, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	defer local.Close()
	plain := tlsFlags{TLS: "auto"}
	require.Empty(t, plain.exposures([]net.Listener{anywhere, local}))
	found := plain.exposures([]net.Listener{reached{anywhere}, local})
	require.NoError(t, tell(zerolog.Nop(), "svc", found, false))
	require.ErrorIs(t, tell(zerolog.Nop(), "svc", found, true), errWeak)
}

// reached is a listener that says that others reach it.
type reached struct{ net.Listener }

func (reached) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero, Port: 6432} }

func TestAKeyThatOthersMayReadIsAWeakness(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(key, nil, 0o600))
	flags := tlsFlags{TLSKey: key}
	for mode, wanted := range map[os.FileMode]int{0o600: 0, 0o400: 0, 0o640: 0, 0o644: 1, 0o660: 1, 0o604: 1} {
		require.NoError(t, os.Chmod(key, mode))
		require.Len(t, flags.readableKey(), wanted, mode)
	}
	require.Empty(t, (&tlsFlags{}).readableKey())
}

func TestWaysToLogIn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]wire.Auth{
		"scram": wire.AuthSCRAM, "cert": wire.AuthCertificate, "scram,cert": wire.AuthSCRAM | wire.AuthCertificate,
		"cert, scram": wire.AuthSCRAM | wire.AuthCertificate, "trust": wire.AuthTrust,
	} {
		var f authFlag
		require.NoError(t, f.UnmarshalText([]byte(text)))
		require.Equal(t, want, wire.Auth(f))
	}
	for _, text := range []string{"", "none", "scram,", "scram,trust", "trust,cert", "SCRAM"} {
		var f authFlag
		require.Error(t, f.UnmarshalText([]byte(text)), text)
	}
	_, err := authFlag(wire.AuthTrust).ways("0.0.0.0:6432")
	require.ErrorContains(t, err, "loopback")
	_, err = authFlag(wire.AuthTrust).ways("localhost:6432")
	require.NoError(t, err)
}
