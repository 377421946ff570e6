package store_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/store"
	"github.com/wherewall/wherewall/examples"
)

// alike says that two snapshots have the same people.
func alike(t *testing.T, want, got *catalog.Snapshot) {
	t.Helper()
	require.Equal(t, want.Version, got.Version)
	require.Equal(t, want.ModelVersion, got.ModelVersion)
	require.Equal(t, want.Users, got.Users)
	require.Equal(t, want.Tenants, got.Tenants)
	require.Equal(t, want.Groups, got.Groups)
	require.Equal(t, want.AttributeTypes, got.AttributeTypes)
}

func TestPeopleOfTablesAreThoseOfFiles(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	_, got, _ := s.read(t)
	files, err := examples.Policy()
	require.NoError(t, err)
	require.NoError(t, os.CopyFS(t.TempDir(), files))
	whole := t.TempDir()
	require.NoError(t, os.CopyFS(whole, files))
	policy, err := catalog.ReadPolicy(whole)
	require.NoError(t, err)
	want, problems := catalog.Bind(policy, s.schema)
	require.NoError(t, problems.Err())
	require.Equal(t, want.Tenants, got.Tenants)
	require.Len(t, got.Users, len(want.Users))
	for name, u := range got.Users {
		require.NotEmpty(t, u.Identity)
		own := *u
		own.Identity, own.Password = "", want.Users[name].Password
		require.Equal(t, want.Users[name], &own, name)
	}
	require.Equal(t, want.Roles["member"].Grants[0].Permission, got.Roles["member"].Grants[0].Permission)
}

// TestAChangeIsTakenOverAsIfAllWereRead makes one change after the other as a DBA would, and compares what follows from the change alone with what
// follows from reading everything.
func TestAChangeIsTakenOverAsIfAllWereRead(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	s.assignable(t)
	s.does(t, "CREATE FUNCTION uid(text) RETURNS bigint LANGUAGE sql AS 'SELECT id FROM wherewall.app_user WHERE name = $1'")
	policy, snapshot, v := s.read(t)
	for _, sql := range []string{
		"DELETE FROM wherewall.member_role WHERE user_id = uid('kim')",
		"INSERT INTO wherewall.member_role VALUES (uid('kim'), 'acme', 'admin'), (uid('kim'), 'acme', 'member')",
		"DELETE FROM wherewall.membership WHERE user_id = uid('lee') AND tenant_id = 'globex'",
		"INSERT INTO wherewall.membership (user_id, tenant_id, valid_from, valid_until) VALUES (uid('lee'), 'globex', '2026-01-01', '2030-01-01')",
		"UPDATE wherewall.user_attr SET value = '2000.50' WHERE user_id = uid('lee')",
		"UPDATE wherewall.app_user SET active = false, allow = '{explain}' WHERE name = 'pat'",
		"DELETE FROM wherewall.app_user WHERE name = 'kim'",
		"INSERT INTO wherewall.app_user (name) VALUES ('kim')",
		"INSERT INTO wherewall.membership (user_id, tenant_id) VALUES (uid('kim'), 'acme')",
		"INSERT INTO wherewall.tenant (id, parent_id) VALUES ('acme_north', 'acme'), ('acme_south', 'acme')",
		"INSERT INTO wherewall.tenant (id, parent_id) VALUES ('deep', 'acme_south')",
		"UPDATE wherewall.tenant SET parent_id = 'acme_north' WHERE id = 'deep'",
		"INSERT INTO wherewall.role (tenant_id, name, replaces, reviewed) VALUES ('acme', 'clerk', 'clerk', '7')",
		"INSERT INTO wherewall.membership (user_id, tenant_id) VALUES (uid('bea'), 'acme_north')",
		"INSERT INTO wherewall.grp (tenant_id, name, bounded) VALUES ('acme', 'crew', true)",
		"INSERT INTO wherewall.grp_member SELECT id, tenant_id, uid('bea') FROM wherewall.grp",
		"INSERT INTO wherewall.grp_role SELECT id, 'member' FROM wherewall.grp",
		"INSERT INTO wherewall.grp_resource (grp_id, entity, keys) SELECT id, 'project', '[1, 3]' FROM wherewall.grp",
		"UPDATE wherewall.app_user SET name = 'beate' WHERE name = 'bea'",
		"INSERT INTO wherewall.resource_grant (user_id, tenant_id, role, resources) VALUES (uid('beate'), 'acme', 'member', '{\"project\": [4]}')",
		"UPDATE wherewall.app_user SET name = 'bee' WHERE name = 'beate'",
		"UPDATE wherewall.grp SET name = 'team'",
		"DELETE FROM wherewall.membership WHERE user_id = uid('bee') AND tenant_id = 'acme'",
		"INSERT INTO wherewall.role (tenant_id, name) VALUES ('globex', 'keeper')",
		"INSERT INTO wherewall.role_grant (role_id, permission) SELECT id, 'look' FROM wherewall.role WHERE name = 'keeper'",
		"UPDATE wherewall.role_grant SET role_id = (SELECT id FROM wherewall.role WHERE tenant_id = 'acme')",
		"DELETE FROM wherewall.role WHERE tenant_id = 'acme'",
		"DELETE FROM wherewall.tenant WHERE id = 'deep'",
		"DELETE FROM wherewall.tenant WHERE id = 'globex'",
		"UPDATE wherewall.app_user SET name = CASE name WHEN 'lee' THEN 'pat' ELSE 'lee' END || '2' WHERE name IN ('lee', 'pat')",
		"INSERT INTO wherewall.app_user (name) SELECT 'user' || i FROM generate_series(1, 300) i",
		"DELETE FROM wherewall.app_user WHERE name LIKE 'user_7%'",
	} {
		s.does(t, sql)
		change, next, ok, err := store.Since(t.Context(), s.admin, v)
		require.NoError(t, err, sql)
		require.True(t, ok, sql)
		require.NotNil(t, change, sql)
		before := snapshot
		var problems catalog.Problems
		policy, snapshot, problems, err = catalog.Amend(policy, snapshot, *change)
		require.NoError(t, err, sql)
		require.NoError(t, problems.Err(), sql)
		require.NotEqual(t, before.Version, snapshot.Version)
		_, whole, at := s.read(t)
		require.Equal(t, at, next)
		alike(t, whole, snapshot)
		bound, told := catalog.Bind(policy, s.schema)
		require.NoError(t, told.Err())
		alike(t, whole, bound)
		v = next
	}
}

func TestAChangeAtFaultTakesNoPlace(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	s.does(t, "CREATE FUNCTION uid(text) RETURNS bigint LANGUAGE sql AS 'SELECT id FROM wherewall.app_user WHERE name = $1'")
	policy, snapshot, v := s.read(t)
	for sql, told := range map[string]string{
		"INSERT INTO wherewall.member_role VALUES (uid('kim'), 'acme', 'nonsense')":                                                                                                                                    `db:app_user/kim: error unknown_role: there is no role "nonsense"`,
		"INSERT INTO wherewall.member_role VALUES (uid('kim'), 'acme', 'support')":                                                                                                                                     `db:app_user/kim: error role_misplaced: support is a platform role and cannot be given by a tenant`,
		"INSERT INTO wherewall.user_role VALUES (uid('kim'), 'member')":                                                                                                                                                `role_misplaced: ` + "`roles:` of a user is for policies in which every entity is global",
		"INSERT INTO wherewall.user_attr VALUES (uid('kim'), 'max_amount', '\"many\"')":                                                                                                                                `db:app_user/kim: error type_mismatch: max_amount`,
		"UPDATE wherewall.tenant SET parent_id = CASE id WHEN 'acme' THEN 'globex' ELSE 'acme' END WHERE id IN ('acme', 'globex')":                                                                                     `tenant_cycle`,
		"INSERT INTO wherewall.app_user (name) VALUES (E'a\\nb')":                                                                                                                                                      `invalid_name`,
		"WITH r AS (INSERT INTO wherewall.role (tenant_id, name) VALUES ('acme', 'own') RETURNING id) INSERT INTO wherewall.role_grant (role_id, permission) SELECT id, 'view_work' FROM r":                            `not_tenant_assignable`,
		"WITH g AS (INSERT INTO wherewall.grp (tenant_id, name, bounded) VALUES ('acme', 'crew', true) RETURNING id) INSERT INTO wherewall.grp_resource (grp_id, entity, keys) SELECT id, 'projct', '[1]' FROM g":      `db:grp/crew: error unknown_entity: there is no entity "projct" (did you mean "project"?)`,
		"WITH g AS (INSERT INTO wherewall.grp (tenant_id, name, bounded) VALUES ('acme', 'crew', true) RETURNING id) INSERT INTO wherewall.grp_resource (grp_id, entity, keys) SELECT id, 'project', '[\"x\"]' FROM g": `db:grp/crew: error type_mismatch: project.id`,
	} {
		tx, err := s.admin.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
		require.NoError(t, tx.Commit(t.Context()))
		change, _, ok, err := store.Since(t.Context(), s.admin, v)
		require.NoError(t, err)
		require.True(t, ok)
		p, n, problems, err := catalog.Amend(policy, snapshot, *change)
		require.NoError(t, err, sql)
		require.Nil(t, p)
		require.Nil(t, n)
		require.ErrorContains(t, problems.Err(), told, sql)
		people, _, err := store.Read(t.Context(), s.admin, store.Population)
		require.NoError(t, err)
		whole, err := catalog.ReadPolicyWith(s.model, people)
		if err == nil {
			_, all := catalog.Bind(whole, s.schema)
			err = all.Err()
		}
		require.ErrorContains(t, err, told, sql)
		s.undo(t, v)
	}
	require.Equal(t, "kim", snapshot.Users["kim"].Name)
}

// undo takes back what was added since a version.
func (s *shop) undo(t *testing.T, v store.Version) {
	t.Helper()
	s.does(t, "DELETE FROM wherewall.member_role WHERE role IN ('nonsense', 'support'); DELETE FROM wherewall.user_role; DELETE FROM wherewall.user_attr WHERE value = '\"many\"'")
	s.does(t, "UPDATE wherewall.tenant SET parent_id = NULL; DELETE FROM wherewall.app_user WHERE name LIKE 'a%'; DELETE FROM wherewall.role; DELETE FROM wherewall.grp")
	_, at, ok, err := store.Since(t.Context(), s.admin, v)
	require.NoError(t, err)
	require.True(t, ok)
	require.Greater(t, at.Number, v.Number)
}

func TestWhatTheHistoryCannotTellIsReadWhole(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	_, _, v := s.read(t)
	since := func(known store.Version) bool {
		_, _, ok, err := store.Since(t.Context(), s.admin, known)
		require.NoError(t, err)
		return ok
	}
	s.does(t, "UPDATE wherewall.tenant SET active = false WHERE id = 'acme'")
	require.True(t, since(v))
	foreign := v
	foreign.Stamp = "00000000-0000-0000-0000-000000000000"
	require.False(t, since(foreign), "another history, such as that of a backup")
	later := v
	later.Number += 100
	require.False(t, since(later))
	s.does(t, "DELETE FROM wherewall.change")
	require.False(t, since(v), "the history was cut")
	_, _, v = s.read(t)
	require.True(t, since(v))
	s.does(t, "INSERT INTO wherewall.attribute (name, type) VALUES ('level', 'int')")
	require.False(t, since(v), "the model has changed")
	_, _, err := store.Read(t.Context(), s.admin, store.Population)
	require.ErrorIs(t, err, store.ErrTwoModels)
}

func TestAnAttributeOfANewTypeIsAMatterOfTheModel(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	policy, snapshot, v := s.read(t)
	s.does(t, "INSERT INTO wherewall.user_attr (user_id, name, value) SELECT id, 'undeclared', '7' FROM wherewall.app_user WHERE name = 'kim'")
	change, _, ok, err := store.Since(t.Context(), s.admin, v)
	require.NoError(t, err)
	require.True(t, ok)
	_, _, _, err = catalog.Amend(policy, snapshot, *change)
	require.ErrorIs(t, err, catalog.ErrWhole)
}
