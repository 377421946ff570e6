package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/wire"
)

// parse runs the command line up to the point where a command would run.
func parse(t *testing.T, args ...string) (cli, error) {
	t.Helper()
	var commands cli
	parser, err := newParser(&commands, &streams{in: &bytes.Buffer{}, out: &bytes.Buffer{}, err: &bytes.Buffer{}})
	require.NoError(t, err)
	_, err = parser.Parse(args)
	return commands, err
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestAConfigurationFileSetsFlags(t *testing.T) {
	t.Parallel()
	path := file(t, "# ours\nupstream: postgres://h/db\npolicy: policy\nlisten: 127.0.0.1:7000\nauth: trust\nschema_poll: 30s\nonce: true\n")
	commands, err := parse(t, "--config", path, "serve")
	require.NoError(t, err)
	require.Equal(t, "postgres://h/db", commands.Serve.Upstream)
	require.Equal(t, "127.0.0.1:7000", commands.Serve.Listen)
	require.Equal(t, wire.AuthTrust, wire.Auth(commands.Serve.Auth))
	require.Equal(t, "30s", commands.Serve.SchemaPoll.String())
}

func TestTheCommandLineWinsOverTheEnvironmentAndThatOverTheFile(t *testing.T) {
	path := file(t, "upstream: file\npolicy: file\nlisten: file:1\n")
	t.Setenv("WHEREWALL_POLICY", "environment")
	t.Setenv("WHEREWALL_LISTEN", "environment:1")
	commands, err := parse(t, "serve", "--listen", "line:1", "--config", path)
	require.NoError(t, err)
	require.Equal(t, []string{"file", "environment", "line:1"},
		[]string{commands.Serve.Upstream, commands.Serve.Policy, commands.Serve.Listen})
}

func TestTheConfigurationFileMayBeNamedByTheEnvironment(t *testing.T) {
	t.Setenv("WHEREWALL_CONFIG", file(t, "policy: file\n"))
	commands, err := parse(t, "check")
	require.NoError(t, err)
	require.Equal(t, "file", commands.Check.Policy)
}

func TestEveryFlagHasItsEnvironmentVariable(t *testing.T) {
	t.Setenv("WHEREWALL_UPSTREAM", "dsn")
	t.Setenv("WHEREWALL_POLICY", "p")
	t.Setenv("WHEREWALL_SCHEMA_POLL", "1m")
	t.Setenv("WHEREWALL_LOG_LEVEL", "debug")
	commands, err := parse(t, "serve")
	require.NoError(t, err)
	require.Equal(t, "1m0s", commands.Serve.SchemaPoll.String())
	require.Equal(t, "debug", commands.Serve.LogLevel)
	_, err = parse(t, "serve", "--log-level", "loud")
	require.ErrorContains(t, err, "loud")
}

func TestAConfigurationFileIsStrict(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ text, want string }{
		"an unknown key is told with the nearest one": {"policy: p\nlisten_: x\n", `:2:1: unknown key "listen_" (did you mean "listen"?)`},
		"a word that is like none is told plainly":    {"entirely_else: 1\n", `:1:1: unknown key "entirely_else"`},
		"a flag's own spelling is not a key":          {"schema-poll: 1s\n", `:1:1: unknown key "schema-poll" (did you mean "schema_poll"?)`},
		"a key twice is an error":                     {"policy: a\npolicy: b\n", ":2:1: "},
		"a list is not a value":                       {"policy: [a]\n", ":1:9: policy takes one value"},
		"a key without a value is an error":           {"listen: h:1\npolicy:\n", ":2:"},
		"a duration must be one":                      {"schema_poll: often\n", ":1:14: schema_poll: "},
		"a choice must be among those there are":      {"listen: a:1\nauth: none\n", `:2:7: auth: "none" is none of scram, cert, token, oauth, trust`},
		"a list is no configuration":                  {"- policy\n", ":1:1: "},
		"a tab is no indent":                          {"a:\n\tb: 1\n", ":2:1: "},
		"another file may not be named":               {"config: b.yaml\n", `:1:1: unknown key "config"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := file(t, c.text)
			_, err := parse(t, "--config", path, "check")
			require.ErrorContains(t, err, path+c.want)
		})
	}
}

func TestAnEmptyConfigurationFileSetsNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing\n", "---\n"} {
		_, err := parse(t, "--config", file(t, text), "version")
		require.NoError(t, err, "%q", text)
	}
}

func TestAMissingConfigurationFileIsAnError(t *testing.T) {
	t.Parallel()
	_, err := parse(t, "--config", filepath.Join(t.TempDir(), "gone.yaml"), "version")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func rewriteFile(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}
