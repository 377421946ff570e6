package tests

import (
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgdial"
)

// phases are where a session can be when its server ends.
func phases() map[string]func(t *testing.T, c *client) {
	ready := func(t *testing.T, c *client, sql string) {
		t.Helper()
		require.Nil(t, c.query(t, sql).err, sql)
	}
	begin := func(t *testing.T, c *client, sql string, until pgproto3.BackendMessage) {
		t.Helper()
		c.Send(&pgproto3.Query{String: sql})
		require.NoError(t, c.Flush())
		for {
			m, err := c.next()
			require.NoError(t, err)
			require.NotEqual(t, "ErrorResponse", messageName(m), "%v", m)
			if messageName(m) == messageName(until) {
				return
			}
		}
	}
	return map[string]func(t *testing.T, c *client){
		"idle":             func(t *testing.T, c *client) { ready(t, c, "SELECT 1") },
		"in a transaction": func(t *testing.T, c *client) { ready(t, c, "BEGIN; SELECT 1") },
		"in a failed one":  func(t *testing.T, c *client) { ready(t, c, "BEGIN"); c.query(t, "SELECT 1/0") },
		"in the midst of a result": func(t *testing.T, c *client) {
			begin(t, c, "SELECT repeat('x', 1000) FROM generate_series(1, 10000000)", &pgproto3.DataRow{})
		},
		"in the midst of COPY OUT": func(t *testing.T, c *client) {
			begin(t, c, "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 10000000)) TO STDOUT", &pgproto3.CopyData{})
		},
		"in the midst of COPY IN": func(t *testing.T, c *client) {
			begin(t, c, "COPY part (id) FROM STDIN", &pgproto3.CopyInResponse{})
		},
		"in the midst of a batch": func(t *testing.T, c *client) {
			c.Send(&pgproto3.Parse{Query: "SELECT 1"})
			c.Send(&pgproto3.Flush{})
			require.NoError(t, c.Flush())
			m, err := c.next()
			require.NoError(t, err)
			require.IsType(t, &pgproto3.ParseComplete{}, m)
		},
	}
}

// TestServersEnd ends a server in every way, with sessions in every phase. Clients are told, or hung up on, and never left waiting; new sessions work
// when the server does.
func TestServersEnd(t *testing.T) {
	t.Parallel()
	g := newSite(t)
	p := before(t, g.DSN("svc", "service", "postgres"), pgdial.Options{})
	for name, end := range map[string]func(){
		"by a fast shutdown":  func() { require.NoError(t, g.End(syscall.SIGINT)); require.NoError(t, g.Again(t.Context())) },
		"by an immediate one": func() { require.NoError(t, g.End(syscall.SIGQUIT)); require.NoError(t, g.Again(t.Context())) },
		"by the crash of one process": func() {
			victim := dial(t, g.AdminDSN("postgres"))
			require.NoError(t, syscall.Kill(int(victim.pid), syscall.SIGKILL)) // of the server that this test has started
		},
	} {
		t.Run(name, func(t *testing.T) {
			serves(t, p.dsn("app"))
			clients := map[string]*client{}
			for phase, enter := range phases() {
				for _, login := range []string{"app", "dba"} {
					c := dial(t, p.dsn(login))
					enter(t, c)
					clients[login+" "+phase] = c
				}
			}
			end()
			for phase, c := range clients {
				state := stateAtEnd(c)
				require.Contains(t, []string{"57P01", "57P02", "08006", "EOF"}, state, phase)
				if phase == "app idle" || phase == "app in a transaction" { // an unfiltered client hears what the server says, and no more
					require.NotEqual(t, "EOF", state, "%s: there was room for a word", phase)
				}
			}
			serves(t, p.dsn("app"))
			serves(t, p.dsn("dba"))
		})
	}
}

// stateAtEnd reads to the end, and returns the SQLSTATE of the last error.
func stateAtEnd(c *client) string {
	state := "EOF"
	for {
		m, err := c.next()
		if err != nil {
			if strings.Contains(err.Error(), "timeout") {
				return "left waiting"
			}
			return state
		}
		if e, ok := m.(*pgproto3.ErrorResponse); ok {
			state = e.Code
		}
	}
}

// TestServersThatHangAtLogin stops a server with SIGSTOP: whoever logs in meanwhile waits, and has an answer when it goes on or ends.
func TestServersThatHangAtLogin(t *testing.T) {
	t.Parallel()
	g := newSite(t)
	p := before(t, withWords(t, g.DSN("svc", "service", "postgres"), "connect_timeout", "2"), pgdial.Options{})
	postmaster := g.PID()
	require.NoError(t, syscall.Kill(postmaster, syscall.SIGSTOP))
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			_, err := askAt(p.dsn("app"), "SELECT 1")
			if sqlState(err) != "08006" {
				t.Errorf("a login at a server that hangs: %v", err)
			}
		})
	}
	all.Wait()
	require.NoError(t, syscall.Kill(postmaster, syscall.SIGCONT))
	serves(t, p.dsn("app"))
}

// TestAPasswordMayChange rotates the service login's password, wherever it is kept.
func TestAPasswordMayChange(t *testing.T) {
	t.Parallel()
	g := newSite(t)
	file, passfile := t.TempDir()+"/password", t.TempDir()+"/pgpass"
	keep := func(password string) {
		t.Helper()
		g.admin("ALTER ROLE svc PASSWORD '" + password + "'")
		writeText(t, file, password+"\n")
		writeText(t, passfile, "*:*:*:svc:"+password+"\n")
	}
	keep("first")
	dsn := g.DSN("svc", "", "postgres")
	fromFile := before(t, dsn, pgdial.Options{PasswordFile: file})
	fromPassfile := before(t, withWords(t, dsn, "passfile", passfile), pgdial.Options{})
	for _, password := range []string{"second", "third", "fourth"} {
		keep(password)
		for _, p := range []*proxy{fromFile, fromPassfile} {
			_, err := askAt(p.dsn("app"), "SELECT 1")
			require.NoError(t, err)
		}
	}
	// While file and server do not fit each other, clients are told nothing of it.
	g.admin("ALTER ROLE svc PASSWORD 'elsewhere'")
	_, err := askAt(fromFile.dsn("app"), "SELECT 1")
	require.Equal(t, "08006", sqlState(err))
	require.NotContains(t, err.Error(), "svc")
	require.NotContains(t, err.Error(), "fourth")
	keep("fifth")
	serves(t, fromFile.dsn("app"))
}
