package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/wire"
)

func TestFlagsOfTokensFitEachOther(t *testing.T) {
	t.Parallel()
	issuer := []string{"--jwt-issuer=https://id.example", "--jwt-audience=a", "--jwt-keys=k"}
	plus := func(more ...string) []string { return append(append([]string{}, issuer...), more...) }
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"nothing is asked for", nil, ""},
		{"an issuer for tokens given later", issuer, ""},
		{"tokens as passwords", plus("--auth=token"), ""},
		{"all ways", plus("--auth=scram,token,oauth", "--jwt-tenant-claim=t", "--jwt-attributes=max=max_amount"), ""},
		{"tokens of nobody", []string{"--auth=scram,token"}, "--jwt-issuer"},
		{"OAuth of nobody", []string{"--auth=oauth"}, "--jwt-issuer"},
		{"an issuer without keys", issuer[:2], "need each other"},
		{"keys of nobody", issuer[2:], "need each other"},
		{"claims of nobody", []string{"--jwt-tenant-claim=t"}, "no effect without"},
		{"attributes of nobody", []string{"--jwt-attributes=a=b"}, "no effect without"},
		{"no user", plus("--jwt-user-claim="), "--jwt-user-claim"},
		{"keys that never count", plus("--jwt-keys-kept=0"), "--jwt-keys-kept"},
		{"an issuer that clients cannot ask", []string{"--jwt-issuer=me", "--jwt-audience=a", "--jwt-keys=k", "--auth=oauth"}, "URL"},
		{"the same as passwords", []string{"--jwt-issuer=me", "--jwt-audience=a", "--jwt-keys=k", "--auth=token"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			commands, err := parse(t, append([]string{"serve", "--upstream=u", "--policy=p"}, c.args...)...)
			require.NoError(t, err)
			err = commands.Serve.validateTokens(true)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
	commands, err := parse(t, append([]string{"serve", "--upstream=u", "--policy=p", "--auth=token"}, issuer...)...)
	require.NoError(t, err)
	require.ErrorContains(t, commands.Serve.validateTokens(false), "need TLS")
}

// validateTokens is what Run does first.
func (c serveCmd) validateTokens(private bool) error {
	return c.tokenFlags.validate(wire.Auth(c.Auth), private)
}

func TestAttributesOfTokensAreListedInFilesToo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wherewall.yaml")
	text := "jwt_issuer: https://id.example\njwt_attributes: max=max_amount,regions=/realm/regions\nauth: scram,token\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	commands, err := parse(t, "serve", "--upstream=u", "--policy=p", "--config="+path)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"max": "max_amount", "regions": "/realm/regions"}, commands.Serve.JWTAttributes)
	require.Equal(t, wire.AuthSCRAM|wire.AuthToken, wire.Auth(commands.Serve.Auth))
	t.Setenv("WHEREWALL_JWT_ATTRIBUTES", "max=other")
	commands, err = parse(t, "serve", "--upstream=u", "--policy=p", "--config="+path)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"max": "other"}, commands.Serve.JWTAttributes)
}

func TestWhatTokensNeedMustBeThereAtTheStart(t *testing.T) {
	t.Parallel()
	keys := filepath.Join(t.TempDir(), "keys.json")
	s := &catalog.Snapshot{AttributeTypes: map[string]expr.Type{"max": {Schema: "pg_catalog", Name: "int4"}}}
	flags := tokenFlags{JWTIssuer: "https://id.example", JWTAudience: "a", JWTKeys: keys, JWTUserClaim: "sub", JWTAttributes: map[string]string{"max": "m"}}
	_, err := flags.issuer(t.Context(), s, zerolog.Nop())
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(keys, []byte("<html>"), 0o600))
	_, err = flags.issuer(t.Context(), s, zerolog.Nop())
	require.ErrorContains(t, err, keys)
	require.NoError(t, os.WriteFile(keys, []byte(`{"keys":[]}`), 0o600))
	made, err := flags.issuer(t.Context(), s, zerolog.Nop())
	require.NoError(t, err)
	require.NotNil(t, made)

	undeclared := flags
	undeclared.JWTAttributes = map[string]string{"min": "m"}
	_, err = undeclared.issuer(t.Context(), s, zerolog.Nop())
	require.ErrorContains(t, err, "no attribute min")
	for _, bad := range []string{"http://id.example/keys", "ftp://x/y"} {
		wrong := flags
		wrong.JWTKeys = bad
		_, err = wrong.issuer(t.Context(), s, zerolog.Nop())
		require.ErrorContains(t, err, "--jwt-keys")
	}
	down := flags
	down.JWTKeys = "http://127.0.0.1:1/keys"
	made, err = down.issuer(t.Context(), s, zerolog.Nop())
	require.NoError(t, err, "an issuer that is down keeps nobody from logging in otherwise")
	require.NotNil(t, made)
	none := tokenFlags{}
	made, err = none.issuer(t.Context(), s, zerolog.Nop())
	require.NoError(t, err)
	require.Nil(t, made)
}
