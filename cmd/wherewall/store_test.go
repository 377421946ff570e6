package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog/store"
	"github.com/wherewall/wherewall/examples"
	"github.com/wherewall/wherewall/internal/pgdial"
	"github.com/wherewall/wherewall/internal/pgtemp"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
	"github.com/wherewall/wherewall/wire"
)

// site is the sample with its people in a store, in a database of its own.
type site struct {
	server *pgtemp.Server
	store  *pgx.Conn
	dsn    string
	model  string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{server: pgtest.Start(t), model: t.TempDir()}
	admin := pgtest.Connect(t, s.server.AdminDSN("postgres"))
	require.NoError(t, examples.Load(t.Context(), admin, "svc"))
	_, err := admin.Exec(t.Context(), "CREATE DATABASE policy")
	require.NoError(t, err)
	s.dsn = s.server.AdminDSN("policy")
	s.store = pgtest.Connect(t, s.dsn)
	policy, err := examples.Policy()
	require.NoError(t, err)
	for _, name := range []string{"entities.yaml", "roles.yaml"} {
		text, err := fs.ReadFile(policy, name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(s.model, name), text, 0o600))
	}
	config, err := pgx.ParseConfig(s.dsn)
	require.NoError(t, err)
	m, err := store.NewMigrator(t.Context(), config, true)
	require.NoError(t, err)
	_, err = m.Up(t.Context())
	require.NoError(t, errors.Join(err, m.Close()))
	s.does(t, `INSERT INTO wherewall.tenant (id) VALUES ('acme'), ('globex')`)
	s.does(t, `CREATE FUNCTION uid(text) RETURNS bigint LANGUAGE sql AS 'SELECT id FROM wherewall.app_user WHERE name = $1'`)
	s.user(t, "kim", "acme", "member")
	s.user(t, "pat", "acme", "admin")
	s.does(t, `INSERT INTO wherewall.app_user (name, impersonate) VALUES ('pool', 'name')`)
	s.password(t, "pool")
	return s
}

func (s *site) user(t *testing.T, name, tenant, role string) {
	t.Helper()
	s.does(t, `INSERT INTO wherewall.app_user (name) VALUES ($1)`, name)
	s.does(t, `INSERT INTO wherewall.membership (user_id, tenant_id) VALUES (uid($1), $2)`, name, tenant)
	s.does(t, `INSERT INTO wherewall.member_role VALUES (uid($1), $2, $3)`, name, tenant, role)
	s.password(t, name)
}

// password gives a user the sample's password.
func (s *site) password(t *testing.T, name string) {
	t.Helper()
	s.does(t, `INSERT INTO wherewall.credential VALUES (uid($1), 'SCRAM-SHA-256$4096:3l85xFWBbuj+bd0jbwc5UQ==$JCgPm0rU/WdwhlPmaajhzvH2uvAhfKbXzHObCtm6F84=:ioikIS2fqYY793v/HKAJYhgzw/Z+tx2JOy9B0ia+NUk=')`, name)
}

func (s *site) does(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := s.store.Exec(t.Context(), sql, args...)
	require.NoError(t, err, sql)
}

// proxy starts a proxy that follows the store at dsn.
func (s *site) proxy(t *testing.T, dsn string, f freshnessFlags) *proxy {
	t.Helper()
	upstream, err := pgdial.Parse(s.server.DSN(examples.ServiceLogin, "svc", "postgres"), pgdial.Options{})
	require.NoError(t, err)
	people, err := pgdial.Parse(dsn, pgdial.Options{})
	require.NoError(t, err)
	k := &keeper{source: source{path: s.model, store: people}, upstream: upstream, log: zerolog.New(zerolog.NewTestWriter(t)), fresh: newFreshness(f)}
	require.NoError(t, k.load(t.Context()))
	p, err := startProxy(k, "127.0.0.1:0", wire.Config{}, 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.close()) })
	return p
}

// follows waits until a proxy has the store's version in force.
func (s *site) follows(t *testing.T, p *proxy) {
	t.Helper()
	v, err := store.Current(t.Context(), s.store)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return p.keeper.known().Stamp == v.Stamp }, 10*time.Second, 5*time.Millisecond)
}

func usual() freshnessFlags {
	return freshnessFlags{MaxStaleness: time.Second, MaxOffline: time.Minute}
}

// code is the SQLSTATE of an error that must be one.
func code(t *testing.T, err error) string {
	t.Helper()
	var failure *pgconn.PgError
	require.ErrorAs(t, err, &failure)
	return failure.Code
}

func tasks(ctx context.Context, conn *pgx.Conn) (int, error) {
	n := 0
	err := conn.QueryRow(ctx, "SELECT count(*) FROM task").Scan(&n)
	return n, err
}

// TestNoStatementThatStartsAfterTheBoundUsesARevokedPlan is the published guarantee, with two proxies under load: prepared statements, simple ones, and a pool's
// login that acts as the user.
func TestNoStatementThatStartsAfterTheBoundUsesARevokedPlan(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	flags := usual()
	var last atomic.Int64 // when the last statement started that saw what was revoked
	var seen atomic.Int64 // statements that saw it
	var group sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ask := func(conn *pgx.Conn, mode pgx.QueryExecMode) {
		defer group.Done()
		for ctx.Err() == nil {
			began, n := time.Now().UnixNano(), 0
			if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM task", mode).Scan(&n); err == nil && n > 0 {
				seen.Add(1)
				for old := last.Load(); old < began && !last.CompareAndSwap(old, began); old = last.Load() {
				}
			}
		}
	}
	proxies := []*proxy{s.proxy(t, s.dsn, flags), s.proxy(t, s.dsn, flags)}
	for _, p := range proxies {
		pooled := p.login(t, "pool")
		_, err := pooled.Exec(t.Context(), "SET wherewall.user = 'kim'")
		require.NoError(t, err)
		for conn, mode := range map[*pgx.Conn]pgx.QueryExecMode{
			p.login(t, "kim"): pgx.QueryExecModeCacheStatement, p.login(t, "kim"): pgx.QueryExecModeSimpleProtocol, pooled: pgx.QueryExecModeCacheStatement,
		} {
			group.Add(1)
			go ask(conn, mode)
		}
	}
	for range 3 {
		before := seen.Load()
		require.Eventually(t, func() bool { return seen.Load() > before+50 }, 20*time.Second, time.Millisecond)
		s.does(t, "DELETE FROM wherewall.member_role WHERE user_id = uid('kim')")
		committed := time.Now()
		for _, p := range proxies {
			s.follows(t, p)
		}
		pause(t.Context(), 2*flags.MaxStaleness) // what is late would be seen now
		t.Logf("the last statement that saw it began %s after the commit", time.Duration(last.Load()-committed.UnixNano()))
		require.Less(t, last.Load(), committed.Add(flags.MaxStaleness).UnixNano())
		s.does(t, "INSERT INTO wherewall.member_role VALUES (uid('kim'), 'acme', 'member')")
	}
	stop()
	group.Wait()
}

func TestWhoIsNotConcernedNoticesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.proxy(t, s.dsn, usual())
	kim := p.login(t, "kim")
	tx, err := kim.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "DECLARE c CURSOR FOR SELECT id FROM task ORDER BY id")
	require.NoError(t, err)
	_, err = tx.Prepare(t.Context(), "mine", "SELECT count(*) FROM task")
	require.NoError(t, err)
	rewriter := p.keeper.current().Rewriter
	s.user(t, "new", "acme", "member")
	s.does(t, "UPDATE wherewall.app_user SET active = false WHERE name = 'pat'")
	s.follows(t, p)
	_, err = tx.Exec(t.Context(), "FETCH 1 FROM c")
	require.NoError(t, err, "the cursor is open still")
	n := 0
	require.NoError(t, tx.QueryRow(t.Context(), "mine").Scan(&n))
	require.NoError(t, tx.Commit(t.Context()))
	require.Same(t, rewriter, p.keeper.current().Rewriter, "what is known of statements is kept")
	_, err = tasks(t.Context(), p.login(t, "new"))
	require.NoError(t, err)
	_, err = pgx.Connect(t.Context(), "postgres://pat:demo@"+p.address()+"/postgres?sslmode=disable")
	require.Error(t, err)
}

func TestARevocationClosesWhatWasPreparedAndOpened(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.proxy(t, s.dsn, usual())
	kim := p.login(t, "kim")
	_, err := kim.Prepare(t.Context(), "mine", "SELECT count(*) FROM task")
	require.NoError(t, err)
	tx, err := kim.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "DECLARE c CURSOR FOR SELECT id FROM task ORDER BY id")
	require.NoError(t, err)
	s.does(t, "DELETE FROM wherewall.member_role WHERE user_id = uid('kim')")
	s.follows(t, p)
	_, err = tx.Exec(t.Context(), "FETCH 1 FROM c")
	require.Equal(t, "34000", code(t, err))
	require.NoError(t, tx.Rollback(t.Context()))
	require.Error(t, kim.QueryRow(t.Context(), "mine").Scan(new(int)))
	_, err = tasks(t.Context(), kim)
	require.Error(t, err)
}

func TestAMemberWhoIsRemovedIsOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.proxy(t, s.dsn, usual())
	kim := p.login(t, "kim")
	_, err := tasks(t.Context(), kim)
	require.NoError(t, err)
	s.does(t, "DELETE FROM wherewall.membership WHERE user_id = uid('kim')")
	s.follows(t, p)
	_, err = tasks(t.Context(), kim)
	require.Equal(t, "28000", code(t, err))
	require.True(t, kim.IsClosed())
}

func TestANameThatIsMadeAgainIsSomebodyElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.proxy(t, s.dsn, usual())
	kim, pool := p.login(t, "kim"), p.login(t, "pool")
	_, err := pool.Exec(t.Context(), "SET wherewall.user = 'kim'")
	require.NoError(t, err)
	_, err = tasks(t.Context(), pool)
	require.NoError(t, err)
	tx, err := s.store.Begin(t.Context())
	require.NoError(t, err)
	for _, sql := range []string{
		"CREATE TEMPORARY TABLE kept AS SELECT verifier FROM wherewall.credential WHERE user_id = uid('kim')",
		"DELETE FROM wherewall.app_user WHERE name = 'kim'", "INSERT INTO wherewall.app_user (name) VALUES ('kim')",
		"INSERT INTO wherewall.credential SELECT uid('kim'), verifier FROM kept",
		"INSERT INTO wherewall.membership (user_id, tenant_id) VALUES (uid('kim'), 'acme')", "INSERT INTO wherewall.member_role VALUES (uid('kim'), 'acme', 'admin')",
	} {
		_, err = tx.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	require.NoError(t, tx.Commit(t.Context()))
	s.follows(t, p)
	_, err = tasks(t.Context(), kim)
	require.Equal(t, "28000", code(t, err), "the session was the former kim's")
	_, err = tasks(t.Context(), pool)
	require.Error(t, err, "and so was the subject")
	_, err = tasks(t.Context(), p.login(t, "kim"))
	require.NoError(t, err)
}

func TestAVersionAtFaultChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.proxy(t, s.dsn, usual())
	kim := p.login(t, "kim")
	before := p.keeper.known()
	s.does(t, "INSERT INTO wherewall.member_role VALUES (uid('kim'), 'acme', 'nonsense')")
	require.Eventually(t, func() bool { return p.keeper.fresh.state().Failure != "" }, 10*time.Second, 5*time.Millisecond)
	require.Equal(t, before, p.keeper.known())
	_, err := tasks(t.Context(), kim)
	require.NoError(t, err)
	s.does(t, "DELETE FROM wherewall.member_role WHERE user_id = uid('kim')")
	s.follows(t, p)
	require.Eventually(t, func() bool { return p.keeper.fresh.state().Failure == "" }, 10*time.Second, 5*time.Millisecond)
	_, err = tasks(t.Context(), kim)
	require.Error(t, err, "what was revoked with the fault is in force with its repair")
}

func TestWhatChangesLedToIsComparedWithTheStore(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.proxy(t, s.dsn, usual())
	s.does(t, "UPDATE wherewall.app_user SET active = false WHERE name = 'pat'")
	s.follows(t, p)
	world := p.keeper.world.Load()
	require.NoError(t, p.keeper.verify(t.Context()))
	require.Same(t, world, p.keeper.world.Load(), "nothing is wrong")
	p.keeper.turn.Lock()
	world.Snapshot.Users["pat"].Active, p.keeper.amended = true, true
	p.keeper.turn.Unlock()
	require.NoError(t, p.keeper.verify(t.Context()))
	require.False(t, p.keeper.world.Load().Snapshot.Users["pat"].Active, "it is repaired")
}

// line is a way to the store that a test can cut, or leave open and pass nothing on.
type line struct {
	net.Listener
	to   string
	mu   sync.Mutex
	cut  bool
	hung bool
	open map[net.Conn]bool
}

func (s *site) line(t *testing.T) (*line, string) {
	t.Helper()
	config, err := pgx.ParseConfig(s.dsn)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &line{Listener: listener, to: net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))), open: map[net.Conn]bool{}}
	var all sync.WaitGroup
	all.Go(func() { l.accept(&all) })
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		l.set(true, false)
		all.Wait()
	})
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return l, "host=127.0.0.1 port=" + port + " user=" + config.User + " password=" + config.Password + " dbname=policy sslmode=disable"
}

func (l *line) accept(all *sync.WaitGroup) {
	for {
		near, err := l.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", l.to) //nolint:noctx // ends with the line
		if err != nil || !l.keep(near, far) {
			_ = near.Close()
			continue
		}
		all.Go(func() { l.pass(near, far) })
		all.Go(func() { l.pass(far, near) })
	}
}

func (l *line) keep(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		if l.cut {
			_ = c.Close()
			continue
		}
		l.open[c] = true
	}
	return !l.cut
}

func (l *line) pass(from, to net.Conn) {
	defer func() { _, _ = from.Close(), to.Close() }()
	piece := make([]byte, 4096)
	for {
		n, err := from.Read(piece)
		l.mu.Lock()
		hung := l.hung
		l.mu.Unlock()
		if err != nil {
			return
		}
		if !hung {
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
	}
}

func (l *line) set(cut, hung bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.hung = cut, hung
	if cut || hung {
		for c := range l.open {
			if cut {
				_ = c.Close()
				delete(l.open, c)
			}
		}
	}
}

func TestTheLastVersionServesForAWhileWhenTheStoreIsSilent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, silence := range map[string]func(l *line){
		"its connections end":       func(l *line) { l.set(true, false) },
		"it takes and says nothing": func(l *line) { l.set(false, true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, dsn := s.line(t)
			p := s.proxy(t, dsn, freshnessFlags{MaxStaleness: 400 * time.Millisecond, MaxOffline: 4 * time.Second})
			kim := p.login(t, "kim")
			silence(l)
			require.Eventually(t, func() bool { return p.keeper.fresh.state().Failure != "" }, 10*time.Second, time.Millisecond)
			_, err := tasks(t.Context(), kim)
			require.NoError(t, err, "the last version serves")
			require.Eventually(t, func() bool { return !p.keeper.fresh.holds() }, 20*time.Second, time.Millisecond)
			_, err = tasks(t.Context(), kim)
			require.Equal(t, "57P03", code(t, err))
			_, err = pgx.Connect(t.Context(), "postgres://kim:demo@"+p.address()+"/postgres?sslmode=disable")
			require.Error(t, err)
			l.set(false, false)
			require.Eventually(t, p.keeper.fresh.holds, 20*time.Second, time.Millisecond)
			_, err = tasks(t.Context(), kim)
			require.NoError(t, err, "the same session goes on")
		})
	}
}

func TestWithoutPatienceAStoreThatIsSilentRefusesAtTheBound(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	l, dsn := s.line(t)
	p := s.proxy(t, dsn, freshnessFlags{MaxStaleness: 400 * time.Millisecond})
	kim := p.login(t, "kim")
	l.set(true, false)
	require.Eventually(t, func() bool { return !p.keeper.fresh.holds() }, 10*time.Second, time.Millisecond)
	_, err := tasks(t.Context(), kim)
	require.Equal(t, "57P03", code(t, err))
}

func TestWhatIsKnownToBeOldServesNoLongerThanTheBound(t *testing.T) {
	t.Parallel()
	f := newFreshness(freshnessFlags{MaxStaleness: time.Minute, MaxOffline: time.Hour})
	require.False(t, f.holds(), "nothing was read yet")
	f.confirm(time.Now())
	require.True(t, f.holds())
	f.confirm(time.Now().Add(-2 * time.Minute))
	require.False(t, f.holds(), "nobody has asked")
	f.silent()
	require.True(t, f.holds(), "the store was asked and is silent")
	f.outdated()
	require.False(t, f.holds())
	f.silent()
	require.False(t, f.holds(), "the store is silent, and had another version")
	f.confirm(time.Now())
	require.True(t, f.holds())
}

// TestAStormOfHintsHidesNoRevocation has somebody with a login at the store's database, and no rights there, give hints without end.
func TestAStormOfHintsHidesNoRevocation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.does(t, "CREATE ROLE mallory LOGIN PASSWORD 'demo'")
	p := s.proxy(t, s.dsn, usual())
	kim := p.login(t, "kim")
	var storm sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer storm.Wait()
	defer stop()
	var given atomic.Int64
	for range 2 {
		storm.Go(func() {
			conn, err := pgx.Connect(ctx, s.server.DSN("mallory", "demo", "policy"))
			if err != nil {
				return
			}
			defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
			for ctx.Err() == nil {
				if _, err := conn.Exec(ctx, "SELECT count(pg_notify('wherewall_policy', i || repeat('x', 7000))) FROM generate_series(1, 2000) i"); err == nil {
					given.Add(2000)
				}
			}
		})
	}
	require.Eventually(t, func() bool { return given.Load() > 20_000 }, 60*time.Second, time.Millisecond)
	_, err := tasks(t.Context(), kim)
	require.NoError(t, err)
	s.does(t, "DELETE FROM wherewall.member_role WHERE user_id = uid('kim')")
	s.follows(t, p)
	_, err = tasks(t.Context(), kim)
	require.Error(t, err)
}

// TestWhatIsReadLateTakesNothingBack reads everything while two more versions come: one that revokes, and one at fault.
func TestWhatIsReadLateTakesNothingBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.proxy(t, s.dsn, freshnessFlags{MaxStaleness: time.Minute, MaxOffline: time.Minute})
	holder := pgtest.Connect(t, s.dsn)
	locked, err := holder.Begin(t.Context())
	require.NoError(t, err)
	_, err = locked.Exec(t.Context(), "LOCK TABLE wherewall.resource_grant IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- p.keeper.load(t.Context()) }()
	require.Eventually(t, func() bool {
		waiting := false
		require.NoError(t, s.store.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'wherewall.resource_grant'::regclass)").Scan(&waiting))
		return waiting
	}, 20*time.Second, 5*time.Millisecond)
	s.does(t, "UPDATE wherewall.tenant SET active = false WHERE id = 'acme'")
	s.follows(t, p)
	revoked := p.keeper.known()
	s.does(t, "UPDATE wherewall.tenant SET parent_id = CASE id WHEN 'acme' THEN 'globex' ELSE 'acme' END")
	require.Eventually(t, func() bool { return p.keeper.fresh.state().Failure != "" }, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, locked.Rollback(t.Context()))
	require.Error(t, <-done)
	require.Equal(t, revoked, p.keeper.known())
	require.False(t, p.keeper.world.Load().Snapshot.Tenants["acme"].Active)
}

func TestASecondModelIsToldOfOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.proxy(t, s.dsn, usual())
	s.does(t, "INSERT INTO wherewall.attribute (name, type) VALUES ('level', 'int')")
	v, err := store.Current(t.Context(), s.store)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		state := p.keeper.fresh.state()
		return state.Failure != "" && state.Seen.Stamp == v.Stamp && state.Serves
	}, 10*time.Second, 5*time.Millisecond)
}
