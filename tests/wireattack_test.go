package tests

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/wire"
)

// changing is a proxy whose policy a test may change at any time.
type changing struct {
	*proxy
	world atomic.Pointer[wire.World]
}

// startChanging serves the database of the wire scripts under a policy. upstream is where its server is; empty for the cluster.
func startChanging(t testing.TB, database, upstream, policy string, change ...func(*wire.Config)) *changing {
	t.Helper()
	config, err := pgconn.ParseConfig(pg.dsn(serviceRole, servicePassword, database))
	require.NoError(t, err)
	if upstream != "" {
		address := tcpAddress(t, upstream)
		config.Host, config.Port, config.Fallbacks = address.IP.String(), uint16(address.Port), nil
	}
	c := &changing{}
	c.world.Store(worldOf(t, database, policy))
	served := wire.Config{
		Upstream: config, Auth: wire.AuthTrust, World: c.world.Load, Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel),
	}
	for _, with := range change {
		with(&served)
	}
	c.proxy = serveProxy(t, wire.NewServer(served), database)
	return c
}

func tcpAddress(t testing.TB, address string) *net.TCPAddr {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", address)
	require.NoError(t, err)
	return a
}

// worldOf binds a policy that is given as text.
func worldOf(t testing.TB, database, policy string) *wire.World {
	t.Helper()
	file := filepath.Join(t.TempDir(), "policy.yaml")
	require.NoError(t, os.WriteFile(file, []byte(policy), 0o600))
	return readWorld(t, proxyOptions{database: database, role: serviceRole, policy: []string{file}})
}

// newWireTables makes a database with the tables of the wire scripts, whose part has a trigger: its rows are checked when they are
// final, in a column that the client does not see.
func newWireTables(t testing.TB, name string) {
	t.Helper()
	pg.createDatabase(t, name, "template0")
	pg.execFile(t, name, "testdata/wire/schema.sql")
	pg.execFile(t, name, "testdata/wire/seed.sql")
	pg.exec(t, name, `CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
		CREATE TRIGGER keep BEFORE INSERT OR UPDATE ON part FOR EACH ROW EXECUTE FUNCTION keep()`)
}

// wirePolicy lets app read items and, where more is listed, do that with them; its parts are checked row by row.
func wirePolicy(more string) string {
	return `wherewall: 1
entities:
  item: {table: public.item, key: id, tenant: global}
  part: {table: public.part, key: id, tenant: global}
permissions:
  items: [item.read` + more + `]
  parts: [part.read, part.create, part.update, part.delete]
roles:
  full: {can: [items, {parts: {where: "id > 0"}}]}
users:
  app: {roles: [full]}
`
}

const writeItems = ", item.create, item.update, item.delete"

func TestPortalsEndWithTheirPolicy(t *testing.T) {
	t.Parallel()
	newWireTables(t, "portals_end")
	p := startChanging(t, "portals_end", "", wirePolicy(writeItems))
	stock := func(t *testing.T) *client {
		c := dial(t, p.dsn("app"))
		require.Equal(t, "", c.query(t, "BEGIN").code())
		c.Send(&pgproto3.Parse{Name: "u", Query: "UPDATE item SET qty = 4711"})
		c.Send(&pgproto3.Bind{PreparedStatement: "u", DestinationPortal: "stock"})
		c.Send(&pgproto3.Parse{Name: "s", Query: "SELECT id FROM item"})
		c.Send(&pgproto3.Bind{PreparedStatement: "s", DestinationPortal: "read"})
		c.Send(&pgproto3.Sync{})
		o, err := c.outcome()
		require.NoError(t, err)
		require.Equal(t, "", o.code())
		return c
	}
	for _, c := range []struct {
		name   string
		after  *wire.World
		portal string
	}{
		{"a portal bound before a revocation does not write after it", worldOf(t, "portals_end", wirePolicy("")), "stock"},
		{"a portal does not write while no policy can be read", nil, "stock"},
		{"a portal of a user who is gone does not write", worldOf(t, "portals_end", strings.ReplaceAll(wirePolicy(""), "  app:", "  another:")), "stock"},
		{"a portal does not read while no policy can be read", nil, "read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.world.Store(worldOf(t, "portals_end", wirePolicy(writeItems)))
			client := stock(t)
			p.world.Store(c.after)
			client.Send(&pgproto3.Execute{Portal: c.portal})
			client.Send(&pgproto3.Sync{})
			o, err := client.outcome()
			if err != nil {
				return // the session was ended, which is an answer too
			}
			require.NotEqual(t, "", o.code())
			require.Empty(t, o.rows)
			require.Empty(t, o.tags)
		})
	}
}

func TestDeclaredParameterTypesAreJudged(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "declared_types")
	c := dial(t, p.dsn("kim"))
	declare := func(oid string) string {
		var n uint32
		_, err := fmt.Sscan(oid, &n)
		require.NoError(t, err)
		c.Send(&pgproto3.Parse{Query: "SELECT $1", ParameterOIDs: []uint32{n}})
		c.Send(&pgproto3.Sync{})
		o, err := c.outcome()
		require.NoError(t, err)
		return o.code()
	}
	oids := func(types string) [][]string {
		return pg.rows(t, "declared_types", "SELECT t::regtype::oid, t FROM unnest('"+types+"'::text[]) t")
	}
	for _, r := range oids(`{regclass,regclass[],regrole,regproc,regprocedure,regtype,regnamespace,aclitem,internal,cstring,record,anyelement,app.audit_log,app.audit_log[],pg_class}`) {
		require.NotEqual(t, "", declare(r[0]), r[1])
	}
	for _, r := range oids(`{int2,int4,int8,numeric,float4,float8,text,varchar,bpchar,name,bool,date,time,timestamp,timestamptz,interval,uuid,json,jsonb,bytea,inet,int4[],text[],app.task_status}`) {
		require.Equal(t, "", declare(r[0]), r[1])
	}
	require.Equal(t, "", declare("0"), "the server chooses the type")
	require.Equal(t, "", declare("705"), "unknown")
}

func TestSessionKeepsItsTenant(t *testing.T) {
	t.Parallel()
	const database = "keeps_tenant"
	newWireTables(t, database)
	policy := func(tenant string) string {
		return `wherewall: 1
tenants: {"1": {}, "2": {}}
entities:
  item: {table: public.item, key: id, tenant: id}
permissions:
  items: [item.read]
roles:
  full: {can: [items]}
users:
  app: {tenants: {"` + tenant + `": [full]}}
`
	}
	p := startChanging(t, database, "", policy("1"))
	c := dial(t, p.dsn("app"))
	require.Equal(t, "", c.query(t, "BEGIN").code())
	require.Equal(t, [][]string{{`"1"`}}, c.query(t, "SELECT id FROM item").rows)
	p.world.Store(worldOf(t, database, policy("2")))
	o, err := c.simple("SELECT id FROM item")
	if err == nil {
		require.NotEqual(t, "", o.code(), "a session has one tenant")
		require.Empty(t, o.rows)
	}
}

// TestSaltsTellNothing asks for the salts of one name under several tenants, which any client may.
func TestSaltsTellNothing(t *testing.T) {
	t.Parallel()
	newSample(t, "login_salts")
	o := sampleOptions("login_salts")
	o.asked = true
	p := startProxy(t, o)
	alike := func(name string) bool {
		salt := beginSCRAM(t, p.addr, name).salt
		return salt == beginSCRAM(t, p.addr, name+"@acme").salt && salt == beginSCRAM(t, p.addr, name+"@nonesuch").salt
	}
	require.Equal(t, alike("kim"), alike("nobody"), "who exists must not show")
}

func TestWorkBeforeTerminateIsDone(t *testing.T) {
	t.Parallel()
	newWireTables(t, "before_terminate")
	p := startChanging(t, "before_terminate", "", wirePolicy(writeItems))
	for i := range 10 {
		c, err := tryDial(p.dsn("app"))
		require.NoError(t, err)
		c.Send(&pgproto3.Query{String: fmt.Sprintf("INSERT INTO item (id, name) VALUES (%d, 'n%[1]d')", 1000+i)})
		c.close()
	}
	count := func() string {
		return pg.rows(t, "before_terminate", "SELECT count(*) FROM item WHERE id >= 1000")[0][0]
	}
	require.Eventually(t, func() bool { return count() == "10" }, 5*time.Second, 20*time.Millisecond)
}

func TestLongNamesWithWideCharacters(t *testing.T) {
	t.Parallel()
	newWireTables(t, "long_names")
	p := startChanging(t, "long_names", "", wirePolicy(""))
	for _, dsn := range []string{pg.dsn(serviceRole, servicePassword, "long_names"), p.dsn("app")} {
		c := dial(t, dsn)
		name := strings.Repeat("é", 40) // the server cuts it in the middle of a character
		c.Send(&pgproto3.Parse{Name: name, Query: "SELECT 7"})
		c.Send(&pgproto3.Bind{PreparedStatement: name, DestinationPortal: name + "x"})
		c.Send(&pgproto3.Execute{Portal: name + "y"})
		c.Send(&pgproto3.Sync{})
		o, err := c.outcome()
		require.NoError(t, err)
		require.Equal(t, [][]string{{`"7"`}}, o.rows)
	}
}
