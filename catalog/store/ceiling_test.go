package store_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/store"
)

// assignable has the policy say that tenants may give what looks, and nothing else.
func (s *shop) assignable(t *testing.T) {
	t.Helper()
	const model = "permissions: {look: {ops: [project.read], tenant_assignable: true}}\nroles: {looker: {can: [look]}}\n"
	require.NoError(t, os.WriteFile(s.model+"/assignable.yaml", []byte(model), 0o600))
}

// TestNobodyRisesWhenATenantsRoleGoes has a tenant's administrator put a small role in the place of a big one of the model, give it, and take it away again.
func TestNobodyRisesWhenATenantsRoleGoes(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	s.assignable(t)
	admin := store.Actor{Name: "kim", Tenant: "acme"}
	own := store.PutRole{Tenant: "acme", Name: "admin", Replaces: "admin", Can: []store.Grant{{Permission: "look"}}}
	gone := store.DeleteRole{Tenant: "acme", Name: "admin"}
	project := map[string]json.RawMessage{"project": json.RawMessage("[1]")}
	give := store.AssignRoles{User: "kim", Tenant: "acme", Roles: []string{"admin"}}
	for name, ops := range map[string][]store.Op{
		"given, then uncovered":            {own, give, gone},
		"uncovered, then given":            {own, gone, give},
		"by a membership":                  {own, store.SetMembership{User: "kim", Tenant: "acme", Membership: store.Membership{Roles: []string{"admin"}, Active: true}}, gone},
		"by a group":                       {own, store.PutGroup{Name: "crew", Tenant: "acme", Members: []string{"kim"}, Roles: []string{"admin"}}, gone},
		"by a grant":                       {own, store.PutGrant{User: "kim", Tenant: "acme", Role: "admin", Resources: project}, gone},
		"the model's role, which is big":   {gone},
		"the model's, after one of theirs": {own, gone, own, gone, give},
	} {
		_, err := s.write(t, admin, ops...)
		require.ErrorIs(t, err, store.ErrForbidden, name)
	}
	_, err := s.write(t, admin, own, give)
	require.NoError(t, err)
	_, err = s.write(t, admin, gone)
	require.ErrorIs(t, err, store.ErrForbidden, "in a transaction of its own")
	_, err = s.write(t, admin, store.RevokeRoles{User: "kim", Tenant: "acme", Roles: []string{"admin"}}, gone)
	require.NoError(t, err, "nobody would have the model's role")
}

func TestAnOldBaseGivesNoRoleThatIsAnotherByNow(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	s.assignable(t)
	_, err := s.write(t, store.Actor{Name: "alice"}, store.PutRole{Tenant: "acme", Name: "admin", Replaces: "admin", Can: []store.Grant{{Permission: "look"}}})
	require.NoError(t, err)
	old := s.base(t)
	_, err = s.write(t, store.Actor{Name: "alice"}, store.DeleteRole{Tenant: "acme", Name: "admin"})
	require.NoError(t, err)
	_, err = store.Write(t.Context(), s.admin, store.Actor{Name: "kim", Tenant: "acme"}, old, store.AssignRoles{User: "kim", Tenant: "acme", Roles: []string{"admin"}})
	require.ErrorIs(t, err, store.ErrForbidden)
}

// TestATenantsAdministratorLearnsOfNobodyElse compares what is said of users and groups of other tenants with what is said of those that are not there.
func TestATenantsAdministratorLearnsOfNobodyElse(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	s.assignable(t)
	_, err := s.write(t, store.Actor{Name: "alice"}, store.PutGroup{Name: "theirs", Tenant: "initech"})
	require.NoError(t, err)
	for name, op := range map[string]func(name string) store.Op{
		"a membership":   func(n string) store.Op { return store.SetMembership{User: n, Tenant: "acme"} },
		"its end":        func(n string) store.Op { return store.DeleteMembership{User: n, Tenant: "acme"} },
		"roles":          func(n string) store.Op { return store.AssignRoles{User: n, Tenant: "acme"} },
		"roles taken":    func(n string) store.Op { return store.RevokeRoles{User: n, Tenant: "acme"} },
		"a grant":        func(n string) store.Op { return store.PutGrant{User: n, Tenant: "acme", Role: "looker"} },
		"a grant's end":  func(n string) store.Op { return store.DeleteGrant{User: n, Tenant: "acme", Role: "looker"} },
		"when they were": func(n string) store.Op { return store.IfUnchanged{Kind: "user", Name: n} },
		"when it was":    func(n string) store.Op { return store.IfUnchanged{Kind: "group", Name: n} },
	} {
		for _, there := range []string{"pat", "theirs", "nobody"} {
			_, err := s.write(t, store.Actor{Name: "kim", Tenant: "acme"}, op(there))
			require.ErrorIs(t, err, store.ErrNotFound, name)
		}
	}
	_, err = s.write(t, store.Actor{Name: "kim", Tenant: "acme"}, store.IfUnchanged{Kind: "tenant", Name: "initech", Since: 1000})
	require.ErrorIs(t, err, store.ErrForbidden)
	_, err = s.write(t, store.Actor{Name: "alice"}, store.IfUnchanged{Kind: "users", Name: "kim", Since: 1})
	require.ErrorContains(t, err, `"users" is not a kind of thing`, "a condition that cannot fail")
}

// TestATransactionOfARestoredServerIsAVersion has the books hold the number of a transaction of the server that was backed up.
func TestATransactionOfARestoredServerIsAVersion(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	_, _, v := s.read(t)
	s.does(t, "UPDATE wherewall.state SET xid = pg_current_xact_id(); UPDATE wherewall.app_user SET active = false WHERE name = 'kim'; UPDATE wherewall.app_user SET active = false WHERE name = 'lee'")
	_, _, next := s.read(t)
	require.Equal(t, v.Number+1, next.Number)
	require.NotEqual(t, v.Stamp, next.Stamp)
}

// TestATenantOfFilesIsNotTheStoresToReplace has the store declare a tenant that files declare: the change alone is as much at fault as the whole.
func TestATenantOfFilesIsNotTheStoresToReplace(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	require.NoError(t, os.WriteFile(s.model+"/tenants.yaml", []byte("tenants: {platform: {}}\n"), 0o600))
	policy, snapshot, v := s.read(t)
	s.does(t, "INSERT INTO wherewall.tenant (id, active) VALUES ('platform', false)")
	change, _, ok, err := store.Since(t.Context(), s.admin, v)
	require.NoError(t, err)
	require.True(t, ok)
	_, _, problems, err := catalog.Amend(policy, snapshot, *change)
	require.NoError(t, err)
	require.ErrorContains(t, problems.Err(), "duplicate_key")
	s.does(t, "DELETE FROM wherewall.tenant WHERE id = 'platform'")
	change, _, ok, err = store.Since(t.Context(), s.admin, v)
	require.NoError(t, err)
	require.True(t, ok)
	_, next, problems, err := catalog.Amend(policy, snapshot, *change)
	require.NoError(t, err)
	require.NoError(t, problems.Err())
	require.Equal(t, snapshot.Tenants, next.Tenants)
}

// TestFunctionsOfOthersAreNotCalled has somebody who may make functions in the store's database make those that fit better than PostgreSQL's own.
func TestFunctionsOfOthersAreNotCalled(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	s.does(t, `CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text LANGUAGE sql AS $$ SELECT 'admin' $$`)
	s.does(t, `CREATE FUNCTION public.more(text[], text) RETURNS text[] LANGUAGE sql AS $$ SELECT ARRAY['admin'] $$`)
	s.does(t, `CREATE AGGREGATE public.array_agg(text) (sfunc = public.more, stype = text[])`)
	_, err := s.write(t, store.Actor{Name: "alice"}, store.AssignRoles{User: "kim", Tenant: "acme", Roles: []string{"clerk"}})
	require.NoError(t, err)
	_, snapshot, _ := s.read(t)
	require.Equal(t, []string{"clerk", "member"}, snapshot.Users["kim"].Memberships["acme"])
}
