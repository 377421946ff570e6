package store_test

import (
	"context"
	"io/fs"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/store"
	"github.com/wherewall/wherewall/examples"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shop is a store with the tenants and users of a sample, in the sample's own database.
type shop struct {
	dsn    string
	admin  *pgx.Conn
	schema *catalog.Schema
	model  string // a folder with the sample's model, without people
}

func open(t *testing.T) *shop {
	t.Helper()
	server := pgtest.Start(t)
	s := &shop{dsn: server.AdminDSN("postgres"), model: t.TempDir()}
	s.admin = pgtest.Connect(t, s.dsn)
	require.NoError(t, examples.Load(t.Context(), s.admin, "svc"))
	policy, err := examples.Policy()
	require.NoError(t, err)
	require.NoError(t, fs.WalkDir(policy, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "people.yaml" {
			return err
		}
		text, err := fs.ReadFile(policy, name)
		require.NoError(t, err)
		return os.WriteFile(s.model+"/"+name, text, 0o600)
	}))
	s.schema, err = catalog.LoadSchema(t.Context(), s.admin)
	require.NoError(t, err)
	s.migrate(t)
	return s
}

func (s *shop) migrator(t *testing.T) *store.Migrator {
	t.Helper()
	config, err := pgx.ParseConfig(s.dsn)
	require.NoError(t, err)
	m, err := store.NewMigrator(t.Context(), config, true)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

func (s *shop) migrate(t *testing.T) {
	t.Helper()
	_, err := s.migrator(t).Up(t.Context())
	require.NoError(t, err)
}

// does runs SQL as a DBA would.
func (s *shop) does(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := s.admin.Exec(t.Context(), sql, args...)
	require.NoError(t, err, sql)
}

func (s *shop) says(t *testing.T, sql string, args ...any) (text string) {
	t.Helper()
	require.NoError(t, s.admin.QueryRow(t.Context(), sql, args...).Scan(&text), sql)
	return text
}

// peopled fills the tables with what people.yaml of the sample says, and one group, one role of a tenant and one grant.
func (s *shop) peopled(t *testing.T) {
	t.Helper()
	s.does(t, `INSERT INTO wherewall.tenant (id, name) VALUES ('acme', 'Acme Corporation'), ('globex', 'Globex Industries'), ('initech', 'Initech')`)
	s.does(t, `INSERT INTO wherewall.app_user (name) VALUES ('kim'), ('lee'), ('bea'), ('pat'), ('sam')`)
	for _, m := range [][3]string{{"kim", "acme", "member"}, {"lee", "acme", "billing"}, {"lee", "globex", "member"}, {"bea", "acme", "clerk"}, {"pat", "initech", "admin"}} {
		s.does(t, `INSERT INTO wherewall.membership (user_id, tenant_id) SELECT id, $2 FROM wherewall.app_user WHERE name = $1`, m[0], m[1])
		s.does(t, `INSERT INTO wherewall.member_role (user_id, tenant_id, role) SELECT id, $2, $3 FROM wherewall.app_user WHERE name = $1`, m[0], m[1], m[2])
	}
	s.does(t, `INSERT INTO wherewall.user_attr (user_id, name, value) SELECT id, 'max_amount', '1000' FROM wherewall.app_user WHERE name = 'lee'`)
	s.does(t, `INSERT INTO wherewall.platform_role (user_id, role) SELECT id, 'support' FROM wherewall.app_user WHERE name = 'sam'`)
	s.does(t, `INSERT INTO wherewall.credential (user_id, verifier) SELECT id, 'SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy' FROM wherewall.app_user`)
}

func (s *shop) read(t *testing.T) (*catalog.Policy, *catalog.Snapshot, store.Version) {
	t.Helper()
	people, v, err := store.Read(t.Context(), s.admin, store.Population)
	require.NoError(t, err)
	policy, err := catalog.ReadPolicyWith(s.model, people)
	require.NoError(t, err)
	snapshot, problems := catalog.Bind(policy, s.schema)
	require.NoError(t, problems.Err())
	return policy, snapshot, v
}

func connect(ctx context.Context, t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(ctx)) })
	return conn
}
