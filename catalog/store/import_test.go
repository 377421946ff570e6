package store_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/store"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

// odd has what the examples have not.
const odd = `wherewall: 1
base_role: everyone
star: error
trust: quiet
defaults: {unmapped: deny, match: [{tables: "app.*", has_column: org_id, as: {tenant: {column: org_id, null_is: shared}, key: id}}]}
attributes: {level: int, regions: "text[]", "on": bool}
entities:
  project: {table: 'app."Order"', key: id, tenant: {column: org_id}, owners: {author: a, assignee: b}, relations: fk, always: {sql: "EXISTS (SELECT 1)"}}
  task: {table: app.task, key: [id, no], tenant: project.org_id, owner: who, relations: {project: {to: project, join: {p: id}}, notes: {to: app.note, join: {id: t, no: n}, many: true}}}
  shown: {table: app.v, tenant: global, view: own}
functions: {app.f: {}, 'app.g(integer)': {reads: [task, project]}}
permissions:
  look: {ops: [project.read, "task.read(id, title)", {task.create: {set: {who: me.id}, columns: [title]}}, {project.read: {columns: [], mask: {name: "left(name, 1)"}}}], description: "to look: at #1", tenant_assignable: true}
  export: [task.export]
roles:
  everyone: {can: []}
  member: {can: [look, export: own, look: {scope: "own:author", where: "a = 'x: y' AND b <> \"No\"", check: {sql: "true"}}], allow: [listen, explain]}
  root: {platform: true, can: [{look: all}, {export: {tenants: any}}]}
tenants:
  acme: {name: "Acme: & Co", roles: {intern: {can: [{look: own}], replaces: member, reviewed: 41}}}
  "NO": {parent: acme, active: false}
  "007": {}
users:
  kim: {tenants: {acme: [intern, member], "NO": {roles: [member], from: 2026-01-01, until: 2027-01-01, active: false}}, attrs: {level: 7, regions: [a, "NO"], "on": true}, allow: [explain]}
  "true": {tenants: {"007": []}, active: false, platform: [root]}
  pool: {may_impersonate: true}
  dba: {unfiltered: true, password: "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy"}
  "lee@x.org": {may_impersonate: name, attrs: {level: -1}}
groups:
  crew: {tenant: acme, members: [kim], roles: [member], resources: {task: [[1, 2], [3, 4]], project: []}}
  all: {tenant: acme}
  none: {tenant: "NO", members: [kim], resources: {}}
resource_grants: [{user: kim, tenant: acme, role: member, resources: {project: [1, "x"]}}]
audit: {entities: [task, project], rows: keys}
`

func policies(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"odd": filepath.Join(t.TempDir(), "odd.yaml")}
	require.NoError(t, os.WriteFile(all["odd"], []byte(odd), 0o600))
	for _, name := range []string{"saas", "hospital", "bi"} {
		all[name] = "../../examples/" + name + "/policy"
	}
	return all
}

// TestWhatIsAppliedComesBack takes policies from files to tables and back to files: all three declare the same.
func TestWhatIsAppliedComesBack(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	for name, path := range policies(t) {
		for holds, what := range map[store.Holds]string{store.Population: "people", store.Everything: "everything"} {
			conn := emptyStore(t, server.AdminDSN("postgres"), name+"_"+what)
			wanted, err := catalog.ReadDeclarations(path)
			require.NoError(t, err)
			if holds == store.Population {
				wanted = slices.DeleteFunc(wanted, func(d catalog.Declaration) bool { return !d.IsPeople() })
			}
			changed, err := store.Apply(t.Context(), conn, store.Actor{Name: "alice"}, holds, wanted, nil)
			require.NoError(t, err, name)
			require.NotEmpty(t, changed)
			people, v, err := store.Read(t.Context(), conn, holds)
			require.NoError(t, err)
			require.EqualValues(t, 1, v.Number)
			require.Empty(t, store.Compare(people.Declarations(), wanted))
			require.Equal(t, catalog.DigestOf(wanted), catalog.DigestOf(people.Declarations()))

			out := filepath.Join(t.TempDir(), "out.yaml")
			require.NoError(t, os.WriteFile(out, store.Export(people.Declarations()), 0o600))
			again, err := catalog.ReadDeclarations(out)
			require.NoError(t, err)
			require.Equal(t, catalog.DigestOf(wanted), catalog.DigestOf(again), "%s", store.Export(people.Declarations()))
			if holds == store.Everything {
				whole, err := catalog.ReadPolicyWith("", people)
				require.NoError(t, err)
				file, err := catalog.ReadPolicy(path)
				require.NoError(t, err)
				require.Len(t, whole.Problems(), len(file.Problems()))
			}
			changed, err = store.Apply(t.Context(), conn, store.Actor{Name: "alice"}, holds, wanted, nil)
			require.NoError(t, err)
			require.Empty(t, changed)
			_, err = store.Apply(t.Context(), conn, store.Actor{Name: "alice"}, holds, nil, nil)
			require.NoError(t, err)
			people, _, err = store.Read(t.Context(), conn, holds)
			require.NoError(t, err)
			require.Empty(t, people.Declarations(), "everything can be taken away again")
		}
	}
}

func emptyStore(t *testing.T, dsn, name string) *pgx.Conn {
	t.Helper()
	admin := connect(t.Context(), t, dsn)
	_, err := admin.Exec(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	config, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	config.Database = name
	m, err := store.NewMigrator(t.Context(), config, true)
	require.NoError(t, err)
	_, err = m.Up(t.Context())
	require.NoError(t, err)
	require.NoError(t, m.Close())
	conn, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}
