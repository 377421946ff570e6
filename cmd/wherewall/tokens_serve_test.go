package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgtemp"
	"github.com/wherewall/wherewall/internal/token/tokentest"
)

// blocks are those of a document of one kind, without their marks.
func blocks(t *testing.T, document, kind string) []string {
	t.Helper()
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	var all []string
	for _, found := range regexp.MustCompile("(?s)```"+kind+"\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		all = append(all, found[1])
	}
	require.NotEmpty(t, all)
	return all
}

// TestTheGuideToTokensIsTrue serves by the configuration in docs/tokens.md, with an issuer in the place of its example, runs its commands, and
// changes the issuer's keys meanwhile.
func TestTheGuideToTokensIsTrue(t *testing.T) {
	t.Parallel()
	const guide = "../../docs/tokens.md"
	id := tokentest.New(t)
	upstream, _ := sampleServer(t)
	config := filepath.Join(t.TempDir(), "wherewall.yaml")
	text := strings.ReplaceAll(blocks(t, guide, "yaml")[0], "https://id.example.com", id.URL)
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	door, address := doorway(t)
	c := startChild(t, handsOver+"export SSL_CERT_FILE="+id.Authority(t)+"; ", door, "--upstream", upstream, "--config", config)
	c.hears("READY=1")
	c.says("keys of tokens in force")

	named := func(user string, more map[string]any) string {
		claims := map[string]any{"db_user": user}
		for name, value := range more {
			claims[name] = value
		}
		return id.Token(t, "0b7e6a", claims)
	}
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	bin, err := pgtemp.Find(t.Context(), t.Output())
	require.NoError(t, err)
	for _, command := range strings.Split("\n"+blocks(t, guide, "console")[0], "\n$ ")[1:] {
		line, want, _ := strings.Cut(command, "\n")
		run := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(line, "port=6432", "port="+port))
		run.Env = append(
			os.Environ(), "PATH="+os.Getenv("PATH")+":"+bin, "LC_ALL=C",
			"LEES_TOKEN="+named("lee", map[string]any{"org": "acme"}), "KIMS_TOKEN="+named("kim", nil),
		)
		got, err := run.CombinedOutput()
		require.NoError(t, err, "%s\n%s", line, got)
		require.Equal(t, strings.TrimSpace(want), strings.TrimSpace(string(got)), line)
	}

	c.entersByToken(address, "kim", named("kim", nil))
	id.Rotate(t, "k2")
	id.Withdraw("k1")
	c.signal(syscall.SIGHUP)
	c.says(`"keys":"\"k2\""`)
	c.entersByToken(address, "kim", named("kim", nil))
	require.NotContains(t, c.log.String(), named("kim", nil)[:40], "no token is in the log")
}

// entersByToken logs in by OAUTHBEARER and asks what it sees.
func (c *child) entersByToken(address, user, text string) {
	c.t.Helper()
	config, err := pgx.ParseConfig("postgres://" + user + "@" + address + "/postgres?sslmode=disable&options=-c%20wherewall.auth%3Doauth")
	require.NoError(c.t, err)
	config.OAuthTokenProvider = func(context.Context) (string, error) { return text, nil }
	conn, err := pgx.ConnectConfig(c.t.Context(), config)
	require.NoError(c.t, err, "%s", c.log)
	defer conn.Close(context.WithoutCancel(c.t.Context()))
	var seen string
	require.NoError(c.t, conn.QueryRow(c.t.Context(), "SELECT string_agg(id, ',') FROM org").Scan(&seen))
	require.Equal(c.t, "acme", seen)
}
