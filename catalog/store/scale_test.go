package store_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/store"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

// BenchmarkPeople measures, for 100,000 users in 10,000 tenants, reading and binding all of them, and taking over one revocation.
func BenchmarkPeople(b *testing.B) {
	server := pgtest.Start(b)
	config, err := pgx.ParseConfig(server.AdminDSN("postgres"))
	require.NoError(b, err)
	m, err := store.NewMigrator(b.Context(), config, true)
	require.NoError(b, err)
	_, err = m.Up(b.Context())
	require.NoError(b, err)
	require.NoError(b, m.Close())
	conn := pgtest.Connect(b, server.AdminDSN("postgres"))
	began := time.Now()
	for _, sql := range []string{
		"CREATE TABLE public.thing (id int PRIMARY KEY, org text)",
		"INSERT INTO wherewall.tenant (id) SELECT 't' || i FROM generate_series(1, 10000) i",
		"INSERT INTO wherewall.app_user (name) SELECT 'u' || i FROM generate_series(1, 100000) i",
		"INSERT INTO wherewall.membership (user_id, tenant_id) SELECT id, 't' || 1 + id % 10000 FROM wherewall.app_user",
		"INSERT INTO wherewall.member_role SELECT user_id, tenant_id, 'member' FROM wherewall.membership",
		"INSERT INTO wherewall.user_attr SELECT id, 'level', '7' FROM wherewall.app_user WHERE id % 5 = 0",
		"INSERT INTO wherewall.credential SELECT id, 'SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy' FROM wherewall.app_user",
		"ANALYZE",
	} {
		_, err := conn.Exec(b.Context(), sql)
		require.NoError(b, err, sql)
	}
	b.Logf("writing all: %s", time.Since(began))
	model := b.TempDir() + "/model.yaml"
	require.NoError(b, os.WriteFile(model, []byte("wherewall: 1\nentities: {thing: {table: public.thing, tenant: org}}\npermissions: {look: [thing.read]}\nroles: {member: {can: [look]}}\n"), 0o600))
	schema, err := catalog.LoadSchema(b.Context(), conn)
	require.NoError(b, err)
	whole := func() (*catalog.Policy, *catalog.Snapshot, store.Version) {
		people, v, err := store.Read(b.Context(), conn, store.Population)
		require.NoError(b, err)
		policy, err := catalog.ReadPolicyWith(model, people)
		require.NoError(b, err)
		snapshot, problems := catalog.Bind(policy, schema)
		require.NoError(b, problems.Err())
		return policy, snapshot, v
	}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			whole()
		}
	})
	b.Run("one", func(b *testing.B) {
		policy, snapshot, v := whole()
		i := 0
		for b.Loop() {
			i++
			b.StopTimer()
			_, err := conn.Exec(b.Context(), fmt.Sprintf("UPDATE wherewall.app_user SET active = NOT active WHERE id = %d", 1+i*37%100_000))
			require.NoError(b, err)
			b.StartTimer()
			change, next, ok, err := store.Since(b.Context(), conn, v)
			require.NoError(b, err)
			require.True(b, ok)
			var problems catalog.Problems
			policy, snapshot, problems, err = catalog.Amend(policy, snapshot, *change)
			require.NoError(b, err)
			require.NoError(b, problems.Err())
			v = next
		}
	})
}
