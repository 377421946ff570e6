package pgdial

import (
	"context"
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/tlstest"
)

func TestWhatAConnectionStringMayNotSay(t *testing.T) {
	t.Parallel()
	ca := tlstest.New(t, "ca").WriteAuthority(t, t.TempDir(), "ca")
	for dsn, says := range map[string]string{
		"host=db sslmode=verify-full":                                        "no sslrootcert",
		"host=db sslmode=verify-ca":                                          "no sslrootcert",
		"host=db,/tmp,other sslmode=verify-full":                             "no sslrootcert",
		"host=db sslnegotiation=direkt":                                      `sslnegotiation is "direkt"`,
		"host=db sslnegotiation=direct sslmode=allow":                        "also goes without TLS",
		"host=db sslnegotiation=direct sslmode=disable":                      "also goes without TLS",
		"host=db load_balance_hosts=yes":                                     "load_balance_hosts",
		"host=db ssl_min_protocol_version=TLSv1":                             "ssl_min_protocol_version",
		"host=db gssencmode=require":                                         "gssencmode",
		"host=db sslcompression=1":                                           "sslcompression",
		"host=db replication=database":                                       "replication",
		"host=db hostaddr=10.0.0.1":                                          "hostaddr",
		"host=db sslcrl=/x":                                                  "sslcrl",
		"host=db sslcrldir=/x":                                               "sslcrldir",
		"host=db keepalives_idle=3":                                          "keepalives_idle",
		"host=db tcp_user_timeout=3":                                         "tcp_user_timeout",
		"host=/tmp requirepeer=postgres":                                     "requirepeer",
		"host=db requiressl=1":                                               "requiressl",
		"host=db gsslib=gssapi":                                              "gsslib",
		"host=db sslkeylogfile=/x":                                           "sslkeylogfile",
		"host=db scram_client_key=x":                                         "scram_client_key",
		"host=db oauth_issuer=x":                                             "oauth_issuer",
		"host=db sslmode=sometimes password=hidden":                          "sslmode",
		"host=db target_session_attrs=master password=hidden":                "target_session_attrs",
		"host=db channel_binding=yes password=hidden":                        "channel_binding",
		"host=db sslcert=/nowhere sslkey=/nowhere password=hidden":           "sslkey",
		"host=db sslrootcert=/nowhere password=hidden":                       "CA file",
		"postgres://u:hidden@db:port/x":                                      "port",
		"host=db sslmode=sometimes password = hidden":                        "sslmode",
		`host=db sslmode=sometimes password=its\ hidden`:                     "sslmode",
		"host=db sslmode=sometimes Password=hidden":                          "sslmode",
		"host=db password hidden":                                            "keyword",
		"host=db sslmode=sometimes pasword='` hidden: `'":                    "sslmode",
		"host=db sslcertmode=perhaps sslrootcert=" + ca + " password=hidden": "sslcertmode",
	} {
		_, err := Parse(dsn, Options{})
		require.ErrorContains(t, err, says, dsn)
		require.NotContains(t, err.Error(), "hidden", dsn)
	}
}

func TestWhatAConnectionStringMeans(t *testing.T) {
	t.Parallel()
	ca := tlstest.New(t, "ca").WriteAuthority(t, t.TempDir(), "ca")
	read := func(dsn string) *settings {
		t.Helper()
		s, err := read(dsn, Options{})
		require.NoError(t, err, dsn)
		return s
	}
	s := read("host=a,b,/tmp,b port=1,2,3,2 user=u dbname=d sslmode=prefer load_balance_hosts=random fallback_application_name=w gssencmode=disable sslcompression=0")
	require.True(t, s.random)
	require.Len(t, s.servers, 4)
	require.Equal(t, "w", s.servers[0].config.RuntimeParams["application_name"])
	require.Len(t, s.servers[0].config.RuntimeParams, 1, "no keyword of ours reaches the server: %v", s.servers[0].config.RuntimeParams)
	require.Len(t, s.servers[0].config.Fallbacks, 1, "prefer is TLS, and then none")
	require.Equal(t, "a", s.servers[0].config.Fallbacks[0].Host)
	require.Equal(t, "!password", s.servers[0].config.RequireAuth)
	require.Empty(t, s.servers[2].config.Fallbacks)
	require.Empty(t, s.servers[2].config.RequireAuth, "what does not leave the machine")
	require.Equal(t, connectTimeout, s.servers[0].config.ConnectTimeout)
	require.Equal(t, 3*time.Second, read("host=a connect_timeout=3").servers[0].config.ConnectTimeout)
	require.Equal(t, "md5", read("host=a sslmode=disable require_auth=md5").servers[0].config.RequireAuth)
	require.Equal(t, "!password", read("host=a sslmode=require").servers[0].config.RequireAuth, "anybody can have a certificate that nobody verifies")
	for _, proven := range []string{"verify-ca", "verify-full"} {
		require.Empty(t, read("host=a sslmode=" + proven + " sslrootcert=" + ca).servers[0].config.RequireAuth)
	}

	require.Len(t, read("host=a,a,a port=5,5,5").servers, 1, "the same host again is no other one")

	bounded := read("host=a sslmode=verify-full sslrootcert=" + ca + " ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.3").servers[0].config.TLSConfig
	require.EqualValues(t, tls.VersionTLS13, bounded.MinVersion)
	require.EqualValues(t, tls.VersionTLS13, bounded.MaxVersion)

	direct := read("host=a sslmode=verify-full sslnegotiation=direct sslrootcert=" + ca).servers[0].config.TLSConfig
	require.ErrorIs(t, direct.VerifyConnection(tls.ConnectionState{}), errNoALPN)
	require.NoError(t, direct.VerifyConnection(tls.ConnectionState{NegotiatedProtocol: "postgresql"}))
}

func TestWhatIsUnproven(t *testing.T) {
	t.Parallel()
	ca := tlstest.New(t, "ca").WriteAuthority(t, t.TempDir(), "ca")
	for dsn, says := range map[string]string{
		"host=/tmp": "", "host=127.0.0.1": "", "host=::1": "", "host=localhost": "",
		"host=db sslmode=disable":                               "connections to db may go without encryption",
		"host=db sslmode=prefer":                                "is not verified",
		"host=db sslmode=allow":                                 "may go without encryption",
		"host=db sslmode=require":                               "is not verified",
		"host=127.0.0.1,db sslmode=require":                     "certificate of db is not verified",
		"host=db sslmode=verify-ca sslrootcert=" + ca:           "any server",
		"host=db sslmode=verify-full sslrootcert=" + ca:         "",
		"host=db sslmode=verify-full sslrootcert=system user=u": "",
	} {
		u, err := Parse(dsn, Options{})
		require.NoError(t, err, dsn)
		if says == "" {
			require.Empty(t, u.Unproven(), dsn)
		} else {
			require.Contains(t, u.Unproven(), says, dsn)
		}
	}
}

func TestPasswordFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "password")
	write := func(text string, mode os.FileMode) {
		t.Helper()
		require.NoError(t, os.RemoveAll(path))
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
		require.NoError(t, os.Chmod(path, mode))
	}
	for text, want := range map[string]string{"secret": "secret", "secret\n": "secret", "secret\r\n": "secret", " two words \n": " two words ", "\xffé": "\xffé"} {
		write(text, 0o600)
		got, err := ReadSecret(path)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"others may read it":   {"secret", 0o604},
		"others may write it":  {"secret", 0o602},
		"its group may write":  {"secret", 0o620},
		"it is empty":          {"", 0o600},
		"it is a line end":     {"\n", 0o600},
		"there are two lines":  {"secret\nmore\n", 0o600},
		"there is a zero byte": {"sec\x00ret", 0o600},
	} {
		write(c.text, c.mode)
		_, err := ReadSecret(path)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "secret", name)
		require.NotEmpty(t, HintOf(err), name)
	}
	_, err := ReadSecret(t.TempDir())
	require.ErrorContains(t, err, "is a folder")
	_, err = Parse("host=db", Options{PasswordFile: filepath.Join(t.TempDir(), "gone")})
	require.ErrorIs(t, err, os.ErrNotExist)

	// While a file is being replaced, the last password counts.
	write("first", 0o600)
	u, err := Parse("host=/tmp", Options{PasswordFile: path})
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	c, err := u.withPassword(u.current.Load().servers[0].config.Copy())
	require.NoError(t, err)
	require.Equal(t, "first", c.Password)
	write("second", 0o600)
	c, err = u.withPassword(u.current.Load().servers[0].config.Copy())
	require.NoError(t, err)
	require.Equal(t, "second", c.Password)
}

func TestLoginsAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	u, err := Parse("host=/nowhere", Options{AtOnce: 1})
	require.NoError(t, err)
	require.NoError(t, u.dials.Acquire(t.Context(), 1))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err = u.Dial(ctx, nil)
	require.ErrorContains(t, err, "waiting for other logins")
}
