package store_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/store"
)

const verifier = "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy"

// base reads what changes are made upon.
func (s *shop) base(t *testing.T) store.Base {
	t.Helper()
	policy, snapshot, v := s.read(t)
	return store.Base{Policy: policy, Snapshot: snapshot, Version: v}
}

func (s *shop) write(t *testing.T, actor store.Actor, ops ...store.Op) (store.Version, error) {
	t.Helper()
	return store.Write(t.Context(), s.admin, actor, s.base(t), ops...)
}

func TestWritesAreReadAsTheyWereMeant(t *testing.T) {
	t.Parallel()
	s := open(t)
	project := map[string]json.RawMessage{"project": json.RawMessage("[1, 2]")}
	v, err := s.write(t, store.Actor{Name: "alice", Note: "a customer"},
		store.PutTenant{ID: "acme", Name: "Acme", Active: true}, store.PutTenant{ID: "north", Parent: "acme", Active: true},
		store.PutUser{Name: "kim", User: store.User{Active: true, Allow: []string{"explain"}, Attributes: map[string]json.RawMessage{"max_amount": json.RawMessage("12.50")}}},
		store.SetPassword{User: "kim", Verifier: verifier},
		store.SetMembership{User: "kim", Tenant: "acme", Membership: store.Membership{Roles: []string{"member", "clerk"}, From: "2026-01-01", Active: true}},
		store.PutUser{Name: "sam", User: store.User{Platform: []string{"support"}, Active: true}},
		store.PutRole{Tenant: "acme", Name: "intern", Reviewed: "1", Can: []store.Grant{}},
		store.AssignRoles{User: "kim", Tenant: "acme", Roles: []string{"intern", "member"}}, store.RevokeRoles{User: "kim", Tenant: "acme", Roles: []string{"clerk"}},
		store.PutGroup{Name: "crew", Tenant: "acme", Members: []string{"kim"}, Roles: []string{"billing"}, Resources: project},
		store.PutGrant{User: "kim", Tenant: "acme", Role: "admin", Resources: project},
	)
	require.NoError(t, err)
	_, snapshot, at := s.read(t)
	require.Equal(t, v, at)
	kim := snapshot.Users["kim"]
	require.Equal(t, map[string][]string{"acme": {"intern", "member"}}, kim.Memberships)
	require.Equal(t, catalog.Period{From: "2026-01-01"}, kim.Periods["acme"])
	require.Equal(t, "12.50", kim.Attributes["max_amount"].Text)
	require.Equal(t, verifier, kim.Password)
	require.True(t, kim.Explain)
	require.Equal(t, []string{"support"}, snapshot.Users["sam"].Platform)
	require.Equal(t, []string{"acme", "north"}, snapshot.Tenants["acme"].Tree)
	require.Equal(t, map[string][][]string{"project": {{"1"}, {"2"}}}, snapshot.Groups["crew"].Resources)
	require.Len(t, snapshot.Groups, 2)
	require.Equal(t, "alice a customer", s.says(t, "SELECT actor || ' ' || note FROM wherewall.policy_version WHERE version = $1", v.Number))

	same, err := s.write(t, store.Actor{Name: "alice"}, store.PutTenant{ID: "acme", Name: "Acme", Active: true},
		store.PutGroup{Name: "crew", Tenant: "acme", Members: []string{"kim"}, Roles: []string{"billing"}, Resources: project}, store.PutGrant{User: "kim", Tenant: "acme", Role: "admin", Resources: project})
	require.NoError(t, err)
	require.Equal(t, v, same, "what is so already is no change")

	_, err = s.write(t, store.Actor{Name: "alice"}, store.DeleteGrant{User: "kim", Tenant: "acme", Role: "admin", Resources: project},
		store.PutGroup{Name: "crew", Tenant: "acme", Roles: []string{"billing"}}, store.DeleteRole{Tenant: "acme", Name: "intern"}, store.DeleteMembership{User: "kim", Tenant: "acme"},
		store.DeleteTenant{ID: "north"}, store.DeleteUser{Name: "sam"}, store.SetPassword{User: "kim"})
	require.NoError(t, err)
	_, snapshot, _ = s.read(t)
	require.Len(t, snapshot.Users, 1)
	require.Empty(t, snapshot.Users["kim"].Memberships)
	require.Empty(t, snapshot.Users["kim"].Password)
	require.Nil(t, snapshot.Groups["crew"].Resources)
	require.Len(t, snapshot.Groups, 1)
}

func TestAWriteAtFaultChangesNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	before := s.base(t)
	for name, c := range map[string]struct {
		ops  []store.Op
		says string
	}{
		"a role that does not exist":         {[]store.Op{store.DeleteUser{Name: "pat"}, store.AssignRoles{User: "kim", Tenant: "acme", Roles: []string{"mebmer"}}}, `db:app_user/kim: error unknown_role: there is no role "mebmer" (did you mean "member"?)`},
		"a platform role in a tenant":        {[]store.Op{store.AssignRoles{User: "kim", Tenant: "acme", Roles: []string{"support"}}}, "role_misplaced"},
		"a user who does not exist":          {[]store.Op{store.DeleteUser{Name: "pat"}, store.AssignRoles{User: "nobody", Tenant: "acme"}}, `"nobody": there is no such thing`},
		"a tenant below itself":              {[]store.Op{store.PutTenant{ID: "acme", Parent: "globex", Active: true}, store.PutTenant{ID: "globex", Parent: "acme", Active: true}}, "tenant_cycle"},
		"a password in the clear":            {[]store.Op{store.SetPassword{User: "kim", Verifier: "secret"}}, "credential_verifier_check"},
		"a condition with a fault":           {[]store.Op{store.PutRole{Tenant: "acme", Name: "odd", Can: []store.Grant{{Permission: "view_work", Where: "org_id ="}}}}, "condition_syntax"},
		"a group of somebody else's members": {[]store.Op{store.PutGroup{Name: "crew", Tenant: "acme", Members: []string{"pat"}}}, `"pat in acme": there is no such thing`},
		"an entity that does not exist":      {[]store.Op{store.PutGroup{Name: "crew", Tenant: "acme", Resources: map[string]json.RawMessage{"projct": json.RawMessage("[1]")}}}, "unknown_entity"},
	} {
		_, err := s.write(t, store.Actor{Name: "alice"}, c.ops...)
		require.ErrorContains(t, err, c.says, name)
		require.NotContains(t, err.Error(), "secret", name)
	}
	require.Equal(t, before.Version, s.base(t).Version)
}

func TestWhoIsLateIsTold(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	old := s.base(t)
	_, err := s.write(t, store.Actor{Name: "alice"}, store.RevokeRoles{User: "kim", Tenant: "acme", Roles: []string{"member"}})
	require.NoError(t, err)
	_, err = store.Write(t.Context(), s.admin, store.Actor{Name: "bob"}, old, store.IfUnchanged{Kind: "user", Name: "kim", Since: old.Version.Number},
		store.AssignRoles{User: "kim", Tenant: "acme", Roles: []string{"admin"}})
	require.ErrorIs(t, err, store.ErrConflict)
	_, err = store.Write(t.Context(), s.admin, store.Actor{Name: "bob"}, old, store.IfUnchanged{Kind: "user", Name: "pat", Since: old.Version.Number},
		store.AssignRoles{User: "pat", Tenant: "initech", Roles: []string{"member"}})
	require.NoError(t, err, "an old base is no obstacle where what is changed is what it was")
}

// TestATenantsAdministratorStaysInTheTenant has the policy say that tenants may give what members can, and nothing else.
func TestATenantsAdministratorStaysInTheTenant(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.peopled(t)
	require.NoError(t, os.WriteFile(s.model+"/assignable.yaml", []byte("permissions: {look: {ops: [project.read], tenant_assignable: true}}\nroles: {looker: {can: [look]}, starer: {can: [look, view_work]}, elder: {can: [{look: tree}]}}\n"), 0o600))
	admin := store.Actor{Name: "kim", Tenant: "acme"}
	for name, ops := range map[string][]store.Op{
		"a role with what is not for tenants":    {store.AssignRoles{User: "kim", Tenant: "acme", Roles: []string{"admin"}}},
		"a role that has some of it":             {store.AssignRoles{User: "kim", Tenant: "acme", Roles: []string{"starer"}}},
		"a role that reaches tenants below":      {store.AssignRoles{User: "kim", Tenant: "acme", Roles: []string{"elder"}}},
		"a role that does not exist":             {store.AssignRoles{User: "kim", Tenant: "acme", Roles: []string{"nothing"}}},
		"a platform role":                        {store.AssignRoles{User: "kim", Tenant: "acme", Roles: []string{"support"}}},
		"another tenant's member":                {store.AssignRoles{User: "pat", Tenant: "initech", Roles: []string{"looker"}}},
		"another tenant's role":                  {store.PutRole{Tenant: "initech", Name: "own"}},
		"a role of the model":                    {store.PutRole{Name: "own"}},
		"another tenant's group":                 {store.PutGroup{Name: "crew", Tenant: "initech"}},
		"a group with a role that is too much":   {store.PutGroup{Name: "crew", Tenant: "acme", Roles: []string{"admin"}}},
		"a grant of a role that is too much":     {store.PutGrant{User: "kim", Tenant: "acme", Role: "admin"}},
		"a user":                                 {store.PutUser{Name: "new", User: store.User{Active: true}}},
		"a user's end":                           {store.DeleteUser{Name: "kim"}},
		"a user's password":                      {store.SetPassword{User: "kim", Verifier: verifier}},
		"the tenant":                             {store.PutTenant{ID: "acme", Active: false}},
		"another tenant's group by its own name": {store.DeleteGroup{Name: "crew", Tenant: "initech"}},
	} {
		_, err := s.write(t, admin, ops...)
		require.ErrorIs(t, err, store.ErrForbidden, name)
	}
	_, err := s.write(t, admin, store.PutRole{Tenant: "acme", Name: "own", Can: []store.Grant{{Permission: "view_work"}}})
	require.ErrorContains(t, err, "not_tenant_assignable", "the policy's own ceiling")
	_, err = s.write(t, admin, store.SetMembership{User: "pat", Tenant: "acme", Membership: store.Membership{Active: true}})
	require.ErrorIs(t, err, store.ErrNotFound, "somebody of another tenant")
	_, err = s.write(t, store.Actor{Name: "alice"}, store.PutGroup{Name: "theirs", Tenant: "initech"})
	require.NoError(t, err)
	_, err = s.write(t, admin, store.PutGroup{Name: "theirs", Tenant: "acme"})
	require.ErrorIs(t, err, store.ErrConflict)
	_, err = s.write(t, admin, store.DeleteGroup{Name: "theirs", Tenant: "acme"})
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = s.write(t, admin, store.PutRole{Tenant: "acme", Name: "own", Can: []store.Grant{{Permission: "look", Scope: "own"}}},
		store.AssignRoles{User: "kim", Tenant: "acme", Roles: []string{"own", "looker"}}, store.PutGroup{Name: "crew", Tenant: "acme", Members: []string{"kim", "lee"}, Roles: []string{"own"}},
		store.SetMembership{User: "lee", Tenant: "acme", Membership: store.Membership{Active: true, Roles: []string{"looker"}}}, store.DeleteMembership{User: "bea", Tenant: "acme"})
	require.NoError(t, err)
}
