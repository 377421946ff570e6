package tests

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/wire"
)

// faultTenants is how many tenants the ground of the fault tests has: u0 to u3, each of a tenant of its own, t0 to t3.
const faultTenants = 4

// faultRows is how many notes a tenant has, and how many of its checked rows there are.
const faultRows = 60

// ground is a proxy that hostile and honest sessions share, before a database in which every value says whose it is.
type ground struct {
	*proxy
	marks []string // of the tenants: in every body of theirs, and in nobody else's
	log   *heardLog
}

// heardLog keeps what the proxy logs.
type heardLog struct {
	mu    sync.Mutex
	text  bytes.Buffer
	words []string // where there are some, only lines with one of them are kept
}

func (l *heardLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.words) > 0 && !slices.ContainsFunc(l.words, func(w string) bool { return bytes.Contains(p, []byte(w)) }) {
		return len(p), nil
	}
	return l.text.Write(p)
}

// only forgets what was logged, and keeps lines from now on that have one of these words in them.
func (l *heardLog) only(words ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.words = words
	l.text.Reset()
}

func (l *heardLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newGround serves a database of marked rows. upstream is where its server is; empty for the cluster. Clients may also come by other listeners.
func newGround(t testing.TB, database, upstream string, change func(*wire.Config), also ...net.Listener) *ground {
	t.Helper()
	g := &ground{log: &heardLog{}}
	pg.createDatabase(t, database, "template0")
	pg.execFile(t, database, "testdata/faults/schema.sql")
	for tenant := range faultTenants {
		var random [8]byte
		_, _ = rand.Read(random[:])
		mark := "mark-" + hex.EncodeToString(random[:])
		g.marks = append(g.marks, mark)
		pg.exec(t, database, fmt.Sprintf(`
			INSERT INTO note (id, tenant, body) SELECT i, 't%[1]d', '%[2]s ' || repeat(chr(65 + i %% 26), (i * i * 37) %% 2500) FROM generate_series(1, %[3]d) i;
			INSERT INTO checked (id, tenant, body) SELECT i, 't%[1]d', '%[2]s' FROM generate_series(1, %[3]d) i`, tenant, mark, faultRows))
	}
	config, err := pgconn.ParseConfig(pg.dsn(serviceRole, servicePassword, database))
	require.NoError(t, err)
	if upstream != "" {
		address := tcpAddress(t, upstream)
		config.Host, config.Port, config.Fallbacks = address.IP.String(), uint16(address.Port), nil
	}
	policy, err := os.ReadFile("testdata/faults/policy.yaml")
	require.NoError(t, err)
	world := worldOf(t, database, string(policy))
	c := wire.Config{
		Upstream: config, Auth: wire.AuthTrust, World: func() *wire.World { return world }, Log: zerolog.New(g.log),
	}
	if change != nil {
		change(&c)
	}
	c.Connector = newApart(config)
	g.proxy = serveProxy(t, wire.NewServer(c), database, also...)
	return g
}

// apart makes connections to a server that is trusted to be one, and to those in its place that are hostile. Each of the latter is a
// host of its own: what it does would else keep others from being asked.
type apart struct {
	honest wire.Connector
	config *pgconn.Config
}

func newApart(config *pgconn.Config) *apart { return &apart{connector(config), config} }

func connector(config *pgconn.Config) wire.Connector {
	return wire.NewConnector(pgdial.Of(config, pgdial.Options{Dial: config.DialFunc}))
}

func (a *apart) Connect(ctx context.Context, settings map[string]string) (*wire.Backend, error) {
	if name := settings["application_name"]; strings.HasPrefix(name, "wrong ") || strings.HasPrefix(name, "random ") {
		return connector(a.config).Connect(ctx, settings)
	}
	return a.honest.Connect(ctx, settings)
}

// foreign finds a mark of another tenant in what a session heard; empty for none.
func (g *ground) foreign(tenant int, heard []byte) string {
	for other, mark := range g.marks {
		if other != tenant && bytes.Contains(heard, []byte(mark)) {
			return mark
		}
	}
	return ""
}

// requireNothingLeft waits until nobody is there any more, and looks at what they did: nothing to other tenants' rows, and no panic.
func (g *ground) requireNothingLeft(t testing.TB) {
	t.Helper()
	require.Eventually(t, func() bool { return g.server.Sessions() == 0 }, patience, tick, "sessions are left")
	awaitNobody(t, g.database)
	require.NotContains(t, g.log.String(), "panic")
	require.NotContains(t, g.log.String(), servicePassword)
	for tenant, mark := range g.marks {
		others := fmt.Sprintf("SELECT count(*) FROM note WHERE tenant <> 't%d' AND body LIKE '%%%s%%'", tenant, mark)
		require.Equal(t, "0", pg.rows(t, g.database, others)[0][0], "a row of another tenant bears t%d's mark", tenant)
	}
}

// requireUntouched wants the rows of a tenant to whom nobody was hostile as they were.
func (g *ground) requireUntouched(t testing.TB, tenants ...int) {
	t.Helper()
	for _, tenant := range tenants {
		rows := pg.rows(t, g.database, fmt.Sprintf("SELECT count(*), sum(n), count(*) FILTER (WHERE body LIKE '%s%%') FROM note WHERE tenant = 't%d'", g.marks[tenant], tenant))
		require.Equal(t, strings.Fields(fmt.Sprintf("%d 0 %[1]d", faultRows)), rows[0], "tenant t%d", tenant)
	}
}
