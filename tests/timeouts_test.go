package tests

import (
	"net/url"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// TestTheOperatorsTimeLimits are PostgreSQL's own: what a client sees of them is what it would see of a server that has them.
func TestTheOperatorsTimeLimits(t *testing.T) {
	t.Parallel()
	db := newWireDatabase(t, "time_limits")
	cases := []struct {
		name, setting string
		since         int // the version of PostgreSQL that has it first
		say           []string
		ends          bool // the session
	}{
		{"a statement that takes too long fails, and no more", "statement_timeout", 0, []string{endless, "SELECT 1"}, false},
		{"so does one that waits for a lock for too long", "lock_timeout", 0, []string{"UPDATE item SET qty = qty WHERE id = 1", "SELECT 1"}, false},
		{"a session that idles in a transaction ends", "idle_in_transaction_session_timeout", 0, []string{"BEGIN"}, true},
		{"so does one that idles in a failed one", "idle_in_transaction_session_timeout", 0, []string{"BEGIN; SELECT 1/0"}, true},
		{"a session that idles ends", "idle_session_timeout", 0, []string{"SELECT 1"}, true},
		{"a transaction that takes too long ends its session", "transaction_timeout", 17, []string{"BEGIN", endless}, true},
	}
	db.reset(t)
	release := holdRows(t, "time_limits")
	defer release()
	for _, c := range cases {
		if pg.major < c.since {
			continue // An operator who asks for it is told: see catalog.Limits.Within.
		}
		t.Run(c.name, func(t *testing.T) {
			limited, err := url.Parse(db.direct)
			require.NoError(t, err)
			query := limited.Query()
			query.Set(c.setting, "150")
			limited.RawQuery = query.Encode()
			o := wireOptions("time_limits")
			o.timeouts = map[string]int64{c.setting: 150}
			direct := heardOf(t, dial(t, limited.String()), c.say, c.ends)
			through := heardOf(t, dial(t, startProxy(t, o).dsn("app")), c.say, c.ends)
			require.Equal(t, direct, through)
		})
	}
}

// TestClientsMayLowerTimeLimits says what a client may ask for where the operator has set a limit, and what it then has.
func TestClientsMayLowerTimeLimits(t *testing.T) {
	t.Parallel()
	newWireDatabase(t, "time_lower")
	o := wireOptions("time_lower")
	o.timeouts = map[string]int64{"statement_timeout": 5000}
	p := startProxy(t, o)
	c := dial(t, p.dsn("app"))
	require.Equal(t, "5s", shown(t, c, "statement_timeout"))
	require.Equal(t, "42501", c.query(t, "SET statement_timeout = '6s'").code())
	require.Equal(t, "", c.query(t, "SET statement_timeout = 100").code())
	require.Equal(t, "57014", c.query(t, endless).code())
	require.Equal(t, "", c.query(t, "SET statement_timeout = 0").code())
	require.Equal(t, "5s", shown(t, c, "statement_timeout"), "no limit of the client's own is the operator's")
	require.Equal(t, "", c.query(t, "RESET ALL").code())
	require.Equal(t, "5s", shown(t, c, "statement_timeout"))
	require.Equal(t, "0", shown(t, c, "lock_timeout"))
	_, err := tryDial(p.dsn("app") + "&statement_timeout=6000")
	require.Equal(t, "42501", sqlState(err))
	require.Equal(t, "100ms", shown(t, dial(t, p.dsn("app")+"&statement_timeout=100"), "statement_timeout"))
}

func shown(t *testing.T, c *client, setting string) string {
	t.Helper()
	return unquoted(c.query(t, "SHOW "+setting).rows[0][0])
}

// heardOf is what a session hears to each statement, and at last of its end, where it ends.
func heardOf(t *testing.T, c *client, statements []string, ends bool) []string {
	t.Helper()
	var heard []string
	for _, sql := range statements {
		c.Send(&pgproto3.Query{String: sql})
		require.NoError(t, c.Flush())
		for c.hears(t, &heard) && heard[len(heard)-1] != "ReadyForQuery" {
		}
	}
	if ends {
		for c.hears(t, &heard) {
		}
	}
	return heard
}

// hears adds the next message to what was heard. It is false at the end of the connection.
func (c *client) hears(t *testing.T, heard *[]string) bool {
	t.Helper()
	m, err := c.next()
	if err != nil {
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
		*heard = append(*heard, "the end")
		return false
	}
	word := messageName(m)
	if e, ok := m.(*pgproto3.ErrorResponse); ok {
		word += " " + e.Severity + " " + e.Code + " " + e.Message + " " + e.Detail + " " + e.Hint
	}
	*heard = append(*heard, word)
	return true
}
