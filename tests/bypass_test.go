package tests

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// bypassProxy serves a database whose policy has the unfiltered user dba, who is the superuser there.
func bypassProxy(t *testing.T, database string) (direct, through string) {
	t.Helper()
	pg.createDatabase(t, database, "template0")
	pg.execFile(t, database, "testdata/wire/schema.sql")
	pg.execFile(t, database, "testdata/wire/seed.sql")
	direct = pg.adminDSN(database)
	past, err := pgconn.ParseConfig(direct)
	require.NoError(t, err)
	p := startProxy(t, proxyOptions{database: database, role: serviceRole, policy: []string{"testdata/wire/policy.yaml", "testdata/bypass.yaml"}, past: past})
	return direct, p.dsn("dba")
}

// TestBypass runs what the policy refuses to everybody else, directly and as an unfiltered user. The transcripts must be equal in every
// field. TestWireScripts does so with the other scripts.
func TestBypass(t *testing.T) {
	direct, through := bypassProxy(t, "bypass")
	seed, err := os.ReadFile("testdata/wire/seed.sql")
	require.NoError(t, err)
	db := &wireDatabase{name: "bypass", seed: string(seed)}
	paths, err := filepath.Glob("testdata/bypass/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			script, err := readWireScript(path)
			require.NoError(t, err)
			said := script.play(t, db, direct, scribe{unfiltered: true})
			require.NotContains(t, said, failedStep, "the script is wrong: PostgreSQL itself does not answer so")
			require.Equal(t, said, script.play(t, db, through, scribe{unfiltered: true}))
		})
	}
}

// TestBypassParameters compares what an unfiltered session is told at its start, and has, with what PostgreSQL tells.
func TestBypassParameters(t *testing.T) {
	t.Parallel()
	direct, through := bypassProxy(t, "bypass_parameters")
	with := func(dsn string) string {
		u, err := url.Parse(dsn)
		require.NoError(t, err)
		u.RawQuery += "&search_path=pg_catalog&application_name=x&datestyle=German&options=" + "-c%20row_security%3Doff%20--work-mem%3D1MB%20-c%20a.b%3Dc%5C%20d"
		return u.String()
	}
	d, w := dial(t, with(direct)), dial(t, with(through))
	require.Equal(t, d.settings, w.settings)
	const shown = "SELECT current_setting('search_path'), current_setting('row_security'), current_setting('work_mem'), current_setting('a.b'), current_user"
	require.Equal(t, d.query(t, shown), w.query(t, shown))

	t.Run("what the server says of a bad parameter", func(t *testing.T) {
		_, theirs := tryDial(direct + "&no_such_setting=1")
		_, ours := tryDial(through + "&no_such_setting=1")
		require.Equal(t, "42704", sqlState(ours))
		require.Equal(t, sqlState(theirs), sqlState(ours))
	})
	t.Run("replication", func(t *testing.T) {
		c := dial(t, through+"&replication=true")
		c.Send(&pgproto3.Query{String: "IDENTIFY_SYSTEM"})
		require.NoError(t, c.Flush())
		m, err := c.next()
		require.NoError(t, err)
		require.IsType(t, &pgproto3.RowDescription{}, m)
	})
	t.Run("a tenant by name is not unfiltered", func(t *testing.T) {
		_, err := tryDial(strings.Replace(through, "dba:", "dba%40acme:", 1))
		require.Equal(t, "28000", sqlState(err))
	})
}
