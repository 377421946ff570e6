package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// filterOf is what a rule asks of rows, as people read it.
func filterOf(p *plan.Plan, entity string, action catalog.Action) string {
	r := p.Rule(entity, action)
	if r.Kind != plan.Restricted {
		return r.Kind.String()
	}
	if action == catalog.Create {
		return plan.Spell(p, r.Check)
	}
	return plan.Spell(p, r.Filter)
}

const modelEntities = `
wherewall: 1
base_role: everyone
attributes: {level: int}
entities:
  project: {table: app.project, tenant: org, owners: {boss: owner, creator: region}, always: "amount > 0"}
  task:
    table: app.task
    relations: {project: {to: project, join: {project_id: id}}}
    tenant: project.org
  country: {table: app.country, tenant: global}
  team: {table: app.team, tenant: {column: org, null_is: shared}}
permissions:
  projects: [project.read, project.update, project.create, project.delete, project.export]
  tasks: {ops: [task.read], tenant_assignable: true}
  teams: [team.read, team.update, team.create, team.delete]
  countries: {ops: [country.read], tenant_assignable: true}
tenants:
  acme:
    roles:
      viewer: {replaces: member, reviewed: 1, can: [tasks]}
      lead: {replaces: lead, can: [countries]}
  sub: {parent: acme}
  leaf: {parent: sub}
  globex: {}
`

func modelled(t *testing.T, text string) *catalog.Snapshot {
	t.Helper()
	return boundTo(t, modelEntities+text)
}

const modelPeople = `
roles:
  everyone: {can: []}
  member: {can: [projects, tasks]}
  lead: {can: [projects: "own:boss"]}
  regional: {can: [projects: tree, tasks: tree]}
  sharer: {can: [teams]}
  guest: {can: [projects, tasks, teams, countries]}
  root: {platform: true, can: [projects: all, tasks: all, {teams: {tenants: any}}]}
  steward: {platform: true, can: [teams]}
groups:
  crew: {tenant: acme, members: [gus, hal], roles: [guest], resources: {project: [4, 7]}}
  band: {tenant: acme, members: [hal], roles: [guest], resources: {project: [9]}}
  none: {tenant: acme, members: [ned], roles: [guest], resources: {}}
  away: {tenant: globex, members: [gus], roles: [guest]}
  free: {tenant: acme, members: [fay], roles: [guest]}
resource_grants:
  - {user: ora, tenant: acme, role: guest, resources: {project: [5]}}
users:
  kim: {tenants: {acme: [member], sub: [member]}}
  lea: {tenants: {acme: [lead], sub: [lead]}}
  reg: {tenants: {acme: [regional], globex: [regional]}}
  sha: {tenants: {acme: [sharer]}}
  gus: {tenants: {acme: []}}
  hal: {tenants: {acme: []}}
  ned: {tenants: {acme: []}}
  fay: {tenants: {acme: []}}
  ora: {tenants: {acme: []}}
  sue: {platform: [root]}
  sta: {platform: [steward], tenants: {acme: []}}
`

func TestTheModel(t *testing.T) {
	t.Parallel()
	s := modelled(t, modelPeople)
	const always = "amount > 0 AND org = 'acme'"
	cases := map[string]struct {
		login, entity string
		action        catalog.Action
		want          string
	}{
		"`always:` stands beside the boundary":                       {"kim@sub", "project", "read", "amount > 0 AND org = 'sub'"},
		"`always:` holds for deleting too":                           {"kim@sub", "project", "delete", "amount > 0 AND org = 'sub'"},
		"`always:` holds for new rows too":                           {"kim@sub", "project", "create", "amount > 0 AND org = 'sub'"},
		"`always:` holds for platform roles too":                     {"sue", "project", "read", "amount > 0"},
		"an action of one's own follows the formula":                 {"kim@sub", "project", "export", "amount > 0 AND org = 'sub'"},
		"a tenant's role takes the place of the one it replaces":     {"kim@acme", "project", "read", "noAccess"},
		"and gives what it lists":                                    {"kim@acme", "task", "read", "project.org = 'acme'"},
		"a tenant's role of the same name is the one meant":          {"lea@acme", "project", "read", "noAccess"},
		"elsewhere the system's role counts":                         {"lea@sub", "project", "read", "amount > 0 AND org = 'sub' AND owner = 'lea'"},
		"scope tree reaches the tenants below":                       {"reg@acme", "project", "read", "amount > 0 AND org IN ('acme', 'leaf', 'sub')"},
		"scope tree of a leaf is the tenant":                         {"reg@globex", "project", "read", "amount > 0 AND org IN ('globex')"},
		"shared rows are read by all":                                {"sha", "team", "read", "org = 'acme' OR org IS NULL"},
		"shared rows are not changed by tenants":                     {"sha", "team", "update", "org = 'acme'"},
		"shared rows are not deleted by tenants":                     {"sha", "team", "delete", "org = 'acme'"},
		"shared rows are not made by tenants":                        {"sha", "team", "create", "org = 'acme'"},
		"shared rows are changed by platform roles":                  {"sta", "team", "update", "org = 'acme' OR org IS NULL"},
		"`tenants: any` lifts the boundary":                          {"sue", "team", "read", "fullAccess"},
		"a resource set limits the resource":                         {"gus", "project", "read", always + " AND id IN (4, 7)"},
		"a resource set limits what leads to the resource":           {"gus", "task", "read", "project.org = 'acme' AND project.id IN (4, 7)"},
		"a resource set gives nothing where no path leads":           {"gus", "team", "read", "noAccess"},
		"nor on global entities":                                     {"gus", "country", "read", "noAccess"},
		"two groups are two grants":                                  {"hal", "project", "read", always + " AND (id IN (9) OR id IN (4, 7))"},
		"an empty resource set gives nothing":                        {"ned", "project", "read", "noAccess"},
		"a group without resources holds in the whole tenant":        {"fay", "project", "read", always},
		"a resource grant is a group of one":                         {"ora", "project", "read", always + " AND id IN (5)"},
		"a group of another tenant gives nothing":                    {"gus", "country", "create", "noAccess"},
		"a platform role outside tenants sees what is not bound too": {"sue", "task", "read", "fullAccess"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, filterOf(built(t, s, c.login), c.entity, c.action))
		})
	}
}

func TestAWithdrawnParentCountsAsAbsent(t *testing.T) {
	t.Parallel()
	s := modelled(t, modelPeople)
	r := built(t, s, "kim@sub").Rule("task", catalog.Read)
	path := r.Filter.(expr.Compare).Left.(expr.Column).Path
	require.Equal(t, expr.Compare{Op: expr.Gt, Left: column("amount", "numeric"), Right: expr.Const{Type: typ("numeric"), Text: "0"}}, path[0].Where,
		"the parent's `always:`, and no boundary beside the very column that is compared")
}

func TestGroupsOfOneMakeShareTheirShape(t *testing.T) {
	t.Parallel()
	s := modelled(t, modelPeople+"  sam: {tenants: {acme: []}}\n")
	s.Groups["solo"] = &catalog.Group{Name: "solo", Tenant: "acme", Members: []string{"sam"}, Roles: []string{"guest"}, Resources: map[string][][]string{"project": {{"1"}, {"2"}, {"3"}}}, At: "solo:1"}
	planner := plan.NewPlanner(s)
	ora, err := planner.Build(plan.Subject{User: "ora", Tenant: "acme"})
	require.NoError(t, err)
	sam, err := planner.Build(plan.Subject{User: "sam", Tenant: "acme"})
	require.NoError(t, err)
	require.Equal(t, ora.Shape, sam.Shape)
	require.NotEqual(t, ora.Values, sam.Values)
	require.Equal(t, "solo", sam.Rule("project", catalog.Read).Why[0].Group, "the reason names the group of whoever asks")
	require.Equal(t, "solo:1", sam.Rule("project", catalog.Read).Why[0].At)
	require.Equal(t, ora.Groups[0], ora.Rule("project", catalog.Read).Why[0].Group)
	require.Equal(t, "project", sam.Rule("project", catalog.Read).Why[0].Resources)
}

func TestOwnRolesOfTenantsAreNotMixedUp(t *testing.T) {
	t.Parallel()
	s := modelled(t, modelPeople)
	// No place tells the two apart, and neither does the name.
	s.Tenants["globex"].Roles = map[string]*catalog.Role{"lead": {Name: "lead", Grants: []catalog.Grant{{Permission: "projects"}}}}
	s.Tenants["acme"].Roles["lead"].At = ""
	s.Users["lea"].Memberships["globex"] = []string{"lead"}
	planner := plan.NewPlanner(s)
	acme, err := planner.Build(plan.Subject{User: "lea", Tenant: "acme"})
	require.NoError(t, err)
	globex, err := planner.Build(plan.Subject{User: "lea", Tenant: "globex"})
	require.NoError(t, err)
	require.NotEqual(t, acme.Shape, globex.Shape)
	require.False(t, acme.Visible("project"))
	require.True(t, globex.Visible("project"))
}

func TestATenantsOwnRoleDoesNotLeaveTheTenant(t *testing.T) {
	t.Parallel()
	s := modelled(t, modelPeople)
	for name, g := range map[string]catalog.Grant{
		"all": {Permission: "projects", Scope: catalog.ScopeAll}, "any": {Permission: "projects", AnyTenant: true}, "tree": {Permission: "projects", Scope: catalog.ScopeTree},
		"unknown": {Permission: "projects", Scope: 99},
	} {
		s.Tenants["acme"].Roles["lead"] = &catalog.Role{Name: "lead", Grants: []catalog.Grant{g}}
		p := built(t, s, "lea@acme")
		require.Equal(t, plan.NoAccess, p.Rule("project", catalog.Read).Kind, name)
		require.NotEmpty(t, p.Diagnostics(), name)
	}
	s.Tenants["acme"].Roles["lead"] = &catalog.Role{Name: "lead", Platform: true, Grants: []catalog.Grant{{Permission: "projects", Scope: catalog.ScopeAll}}}
	require.False(t, built(t, s, "lea@acme").Visible("project"), "a platform role is held outside tenants alone")
}

func TestASystemsRoleThatIsNoPlatformRoleStaysInTheTenant(t *testing.T) {
	t.Parallel()
	s := modelled(t, modelPeople)
	for _, g := range []catalog.Grant{{Permission: "projects", Scope: catalog.ScopeAll}, {Permission: "projects", AnyTenant: true}} {
		s.Roles["sharer"].Grants = []catalog.Grant{g}
		require.False(t, built(t, s, "sha").Visible("project"))
	}
	s.Users["sha"].Memberships["acme"] = []string{"root"}
	require.False(t, built(t, s, "sha").Visible("project"), "a membership does not make a platform role")
	s.Users["sha"].Memberships["acme"] = nil
	s.Users["sha"].Platform = []string{"guest"}
	require.False(t, built(t, s, "sha").Visible("project"), "nor does `platform:` make one of another role")
}

func TestARowWhoseParentIsWithdrawnIsNotShared(t *testing.T) {
	t.Parallel()
	s := modelled(t, modelPeople)
	s.Entities["task"].SharedNull = true
	p := built(t, s, "kim@sub")
	for name, c := range map[string]struct {
		record plan.Record
		want   plan.Outcome
	}{
		"no parent":                    {row("project_id", "NULL", "project.org", "NULL"), plan.Allowed},
		"a parent of no tenant":        {row("project_id", "1", "project.org", "NULL", "project.amount", "1"), plan.Allowed},
		"a parent of the tenant":       {row("project_id", "1", "project.org", "sub", "project.amount", "1"), plan.Allowed},
		"a foreign parent":             {row("project_id", "1", "project.org", "globex", "project.amount", "1"), plan.Denied},
		"a withdrawn parent":           {row("project_id", "1", "project.org", "sub", "project.amount", "0"), plan.Denied},
		"a foreign, withdrawn parent":  {row("project_id", "1", "project.org", "globex", "project.amount", "0"), plan.Denied},
		"a parent of which none knows": {row("project_id", "1", "project.org", "sub"), plan.NeedsDB},
	} {
		require.Equal(t, c.want, plan.Check(p, "read", "task", c.record).Outcome, name)
	}
}

func TestTwoRolesThatReplaceTheSameReplaceItByNothing(t *testing.T) {
	t.Parallel()
	s := modelled(t, modelPeople)
	s.Tenants["acme"].Roles["other"] = &catalog.Role{Name: "other", Replaces: "member", Grants: []catalog.Grant{{Permission: "projects"}}}
	require.False(t, built(t, s, "kim@acme").Visible("task"))
}

func TestPeriods(t *testing.T) {
	t.Parallel()
	s := modelled(t, modelPeople)
	s.Users["kim"].Periods = map[string]catalog.Period{"acme": {From: "2026-01-01", Until: "2026-02-01"}}
	s.Users["gus"].Periods = map[string]catalog.Period{"acme": {Until: "2026-02-01"}}
	cases := map[string]struct {
		login, day, tenant, code string
	}{
		"the first day counts":                              {"kim@acme", "2026-01-01", "acme", ""},
		"the last day counts":                               {"kim@acme", "2026-01-31", "acme", ""},
		"before it nothing holds":                           {"kim@acme", "2025-12-31", "", plan.MembershipExpired},
		"the day after does not":                            {"kim@acme", "2026-02-01", "", plan.MembershipExpired},
		"an open beginning":                                 {"gus", "0001-01-01", "acme", ""},
		"the only membership must hold":                     {"gus", "2026-02-01", "", plan.MembershipExpired},
		"one that has ended leaves the other the only one":  {"kim", "2026-03-01", "sub", ""},
		"while both hold, one must be named":                {"kim", "2026-01-15", "", plan.TenantRequired},
		"without a day only what is open at both ends":      {"kim", "", "sub", ""},
		"a day that is none is no day":                      {"kim@acme", "2026-1-9", "", plan.MembershipExpired},
		"a day that the calendar has not is no day":         {"kim@acme", "2026-01-32", "", plan.MembershipExpired},
		"a platform user is in no membership that can end ": {"sue", "", "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			subject, err := plan.ResolveOn(s, c.login, "", c.day)
			if c.code == "" {
				require.NoError(t, err)
				require.Equal(t, c.tenant, subject.Tenant)
				return
			}
			var refused *plan.SessionError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, c.code, refused.Code())
		})
	}
	p, err := plan.Build(s, plan.Subject{User: "kim", Tenant: "acme"})
	require.NoError(t, err)
	require.Equal(t, "2026-02-01", p.Until)
}

func TestMeGroupsAndAllow(t *testing.T) {
	t.Parallel()
	s := modelled(t, `
roles:
  member: {can: []}
  lead: {can: []}
  everyone: {can: [countries: {where: "'crew' = ANY(me.groups)"}]}
  talker: {allow: [explain, listen], can: []}
groups: {crew: {tenant: acme, members: [kim], roles: [talker]}}
users: {kim: {tenants: {acme: []}, allow: [temp_tables]}, lee: {tenants: {acme: []}}}
`)
	kim, lee := built(t, s, "kim"), built(t, s, "lee")
	require.True(t, kim.Visible("country"))
	require.False(t, lee.Visible("country"))
	require.Equal(t, map[string]bool{"explain": true, "listen": true, "temp_tables": true}, kim.Allow)
	require.True(t, kim.Explain)
	require.Empty(t, lee.Allow)
}
