package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgtemp"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

func passwd(t *testing.T, typed string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := passwdCmd{}.Run(&streams{in: strings.NewReader(typed), out: &out, err: t.Output()})
	return strings.TrimSpace(out.String()), err
}

func TestPostgreSQLAcceptsTheVerifier(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	admin := pgtest.Connect(t, server.AdminDSN("postgres"))
	_, err := admin.Exec(t.Context(), "CREATE ROLE kim LOGIN")
	require.NoError(t, err)
	cases := map[string]string{
		"a plain word":                    "demo",
		"spaces and quotes":               " it's \"me\" ",
		"a character that SASLprep bans":  "a\u0007b",
		"more than a hundred characters":  strings.Repeat("wherewall", 20),
		"letters beyond the basic planes": "pässwörd🔑",
	}
	for name, password := range cases {
		t.Run(name, func(t *testing.T) {
			verifier, err := passwd(t, password+"\r\n")
			require.NoError(t, err)
			_, err = admin.Exec(t.Context(), "ALTER ROLE kim PASSWORD '"+verifier+"'")
			require.NoError(t, err)
			pgtest.Connect(t, server.DSN("kim", password, "postgres"))
			requireRefused(t, server, password+"x")
		})
	}
}

func requireRefused(t *testing.T, server *pgtemp.Server, password string) {
	t.Helper()
	_, err := pgconn.Connect(t.Context(), server.DSN("kim", password, "postgres"))
	require.ErrorContains(t, err, "28P01")
}

func TestEachVerifierHasASaltOfItsOwn(t *testing.T) {
	t.Parallel()
	one, err := passwd(t, "demo\n")
	require.NoError(t, err)
	two, err := passwd(t, "demo")
	require.NoError(t, err)
	require.NotEqual(t, one, two)
	require.Regexp(t, `^SCRAM-SHA-256\$4096:[A-Za-z0-9+/=]{24}\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}$`, one)
}

func TestAnEmptyPasswordIsRefused(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{"", "\n", "\r\n", "a\x00b\n"} {
		_, err := passwd(t, typed)
		require.Error(t, err, "%q", typed)
	}
}

func TestAPasswordIsPreparedAsPostgreSQLDoes(t *testing.T) {
	t.Parallel()
	salt := []byte("sixteen bytes...")
	prepared, err := verifier("IX", salt)
	require.NoError(t, err)
	typed, err := verifier("\u2168\u00ad", salt)
	require.NoError(t, err)
	require.Equal(t, prepared, typed, "a Roman nine and a soft hyphen")
}
