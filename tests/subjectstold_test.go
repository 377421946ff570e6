package tests

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// TestATokenInTheWrongPlaceIsNotRepeated puts a token wherever somebody might take it for wanted, at the start of a connection and in statements: neither the
// log nor an error has it.
func TestATokenInTheWrongPlaceIsNotRepeated(t *testing.T) {
	t.Parallel()
	p := newImpersonating(t, "subjects_misplaced")
	token := p.tokenOf(t, "kim", "acme")
	signed := strings.Split(token, ".")[1][:40]
	for name, change := range map[string]func(*pgconn.Config){
		"user":                  func(c *pgconn.Config) { c.User = token },
		"user with a tenant":    func(c *pgconn.Config) { c.User = "kim@" + token },
		"database":              func(c *pgconn.Config) { c.Database = token },
		"tenant":                func(c *pgconn.Config) { c.RuntimeParams["wherewall.tenant"] = token },
		"setting":               func(c *pgconn.Config) { c.RuntimeParams["wherewall.token"] = token },
		"way":                   func(c *pgconn.Config) { c.RuntimeParams["wherewall.auth"] = token },
		"setting of the server": func(c *pgconn.Config) { c.RuntimeParams["search_path"] = token },
		"name of a setting":     func(c *pgconn.Config) { c.RuntimeParams[token] = "on" },
		"-c":                    func(c *pgconn.Config) { c.RuntimeParams["options"] = "-c wherewall.token=" + token },
		"-c with a blank":       func(c *pgconn.Config) { c.RuntimeParams["options"] = "-c wherewall.token = " + token },
		"--":                    func(c *pgconn.Config) { c.RuntimeParams["options"] = "--wherewall.token=" + token },
		"-c tenant":             func(c *pgconn.Config) { c.RuntimeParams["options"] = "-c wherewall.tenant=" + token },
		"-c alone":              func(c *pgconn.Config) { c.RuntimeParams["options"] = "-c " + token },
		"options alone":         func(c *pgconn.Config) { c.RuntimeParams["options"] = token },
	} {
		config, err := pgconn.ParseConfig(p.dsn("signed"))
		require.NoError(t, err)
		change(config)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err = pgconn.ConnectConfig(ctx, config)
		cancel()
		var refused *pgconn.PgError
		require.ErrorAs(t, err, &refused, name)
		require.NotContains(t, strings.Join([]string{refused.Message, refused.Detail, refused.Hint}, " "), signed, name)
	}
	c := dial(t, p.dsn("pool"))
	for _, sql := range []string{
		"SET wherewall.user = '" + token + "'", "SET wherewall.tokn = '" + token + "'", `SET "wherewall.` + token + `" = 'x'`, "SET wherewall.token TO " + token,
		"SELECT set_config('wherewall.user', '" + token + "', false)", "RESET wherewall." + token, "SHOW wherewall." + token,
	} {
		o := c.query(t, sql)
		require.NotEqual(t, "", o.code(), sql)
		require.NotContains(t, o.raw, signed, sql)
	}
	set := []pgproto3.FrontendMessage{
		&pgproto3.Parse{Query: "SELECT set_config('wherewall.user', $1, false)"}, &pgproto3.Bind{Parameters: [][]byte{[]byte(token)}}, &pgproto3.Execute{},
	}
	o := batch(t, c, set...)
	require.Equal(t, "22023", o.code())
	require.NotContains(t, o.raw, signed)
	p.requireSecret(t, token)
}
