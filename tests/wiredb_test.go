package tests

import (
	"os"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/wire"
)

// wireDatabase is the database of the wire scripts, reached both ways as the same role.
type wireDatabase struct {
	name            string
	direct, through string
	unfiltered      string // through, past the policy
	seed            string
	tables          map[uint32]string // by OID
}

func newWireDatabase(t testing.TB, name string) *wireDatabase {
	t.Helper()
	pg.createDatabase(t, name, "template0")
	pg.execFile(t, name, "testdata/wire/schema.sql")
	seed, err := os.ReadFile("testdata/wire/seed.sql")
	require.NoError(t, err)
	db := &wireDatabase{name: name, direct: pg.dsn(serviceRole, servicePassword, name), seed: string(seed)}
	past, err := pgconn.ParseConfig(db.direct)
	require.NoError(t, err)
	p := startProxy(t, proxyOptions{
		database: name, role: serviceRole, policy: []string{"testdata/wire/policy.yaml", "testdata/bypass.yaml"}, past: past,
		configure: func(c *wire.Config) { c.ServerPool.Size = 4 }, // so that most sessions have a connection that has served before
	})
	db.through, db.unfiltered = p.dsn("app"), p.dsn("dba")
	db.tables = map[uint32]string{}
	for _, table := range pg.rows(t, name, "SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace") {
		oid, err := strconv.ParseUint(table[0], 10, 32)
		require.NoError(t, err)
		db.tables[uint32(oid)] = table[1]
	}
	return db
}

// reset brings the tables back to what every script begins with.
func (db *wireDatabase) reset(t testing.TB) {
	t.Helper()
	pg.exec(t, db.name, db.seed)
}

// wireOptions are a proxy before the database of the wire scripts, for the user app.
func wireOptions(database string) proxyOptions {
	return proxyOptions{database: database, role: serviceRole, policy: []string{"testdata/wire/policy.yaml"}}
}
