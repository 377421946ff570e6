package main

import (
	"bytes"
	"syscall"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

func TestAServerThatTakesOverIsLookedAt(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	u, err := pgdial.Parse(server.AdminDSN("postgres"), pgdial.Options{})
	require.NoError(t, err)
	var log bytes.Buffer
	i := &inspector{upstream: u, log: zerolog.New(&log)}
	s := nobodysRights()
	found, err := i.first(t.Context(), s)
	require.NoError(t, err)
	require.Equal(t, "login_superuser", found[0].Code)
	look := func() string {
		t.Helper()
		log.Reset()
		conn, err := u.Conn(t.Context())
		require.NoError(t, err)
		defer conn.Close(t.Context())
		require.NoError(t, i.again(t.Context(), conn, s))
		return log.String()
	}
	require.Empty(t, look(), "it is the one that was seen")
	require.NoError(t, server.End(syscall.SIGINT))
	require.NoError(t, server.Again(t.Context()))
	said := look()
	require.Contains(t, said, "answers now")
	require.Contains(t, said, "login_superuser")
	require.Empty(t, look(), "once is enough")
}

func TestPasswordsOnTheCommandLineAreTold(t *testing.T) {
	t.Parallel()
	for dsn, visible := range map[string]bool{
		"postgres://svc:secret@db/app":                 true,
		"postgres://svc@db/app?password=secret":        true,
		"host=db password=secret":                      true,
		"host=db\tPASSWORD = secret":                   true,
		"postgres://svc@db/app":                        false,
		"host=db passfile=/etc/wherewall/pgpass":       false,
		"":                                             false,
		"host=db user=password_keeper sslpassword=key": false,
	} {
		var log bytes.Buffer
		warnOfVisible(zerolog.New(&log), "--upstream", dsn, []string{"serve", "--upstream=" + dsn})
		require.Equal(t, visible, log.Len() > 0, dsn)
		require.NotContains(t, log.String(), "secret")
		log.Reset()
		warnOfVisible(zerolog.New(&log), "--upstream", dsn, []string{"serve", "--config", "wherewall.yaml"})
		require.Empty(t, log.String(), "what stands in a file or in the environment")
	}
}
