package plan_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

func typ(name string) expr.Type { return expr.Type{Schema: "pg_catalog", Name: name} }

func relation(name string, columns ...string) *catalog.Relation {
	r := &catalog.Relation{RelationName: catalog.RelationName{Schema: "app", Name: name}, Kind: 'r', PrimaryKey: []string{"id"}}
	types := map[string]string{"id": "int4", "project_id": "int4", "amount": "numeric", "level": "int4", "open": "bool", "manager": "int4"}
	for _, c := range columns {
		t := types[c]
		if t == "" {
			t = "text"
		}
		r.Columns = append(r.Columns, catalog.Column{Name: c, Type: typ(t)})
	}
	return r
}

const header = `
wherewall: 1
base_role: everyone
attributes: {max: int, regions: "text[]", level: int, boss: bool}
entities:
  project: {table: app.project, tenant: org, owner: owner}
  task:
    table: app.task
    relations: {project: {to: project, join: {project_id: id}}}
    tenant: project.org
    owner: project.owner
  country: {table: app.country, tenant: global}
  team: {table: app.team, tenant: org, owner: manager}
permissions:
  view_projects: [project.read]
  edit_projects: [project.update, project.create]
  drop_projects: [project.delete]
  view_tasks: [task.read]
  view_countries: [country.read]
  edit_countries: [country.update, country.create]
  view_teams: [team.read]
tenants: {acme: {}, globex: {}, gone: {active: false}}
`

// bound makes a snapshot of the header, roles and users.
func bound(t *testing.T, text string) *catalog.Snapshot {
	t.Helper()
	return boundTo(t, header+text)
}

func boundTo(t *testing.T, text string) *catalog.Snapshot {
	t.Helper()
	schema := &catalog.Schema{Relations: map[catalog.RelationName]*catalog.Relation{}, Digest: "d"}
	for _, r := range []*catalog.Relation{
		relation("project", "id", "org", "owner", "amount", "region", "open"), relation("task", "id", "project_id", "title"),
		relation("country", "id", "name"), relation("team", "id", "org", "manager"),
	} {
		schema.Relations[r.RelationName] = r
	}
	file := filepath.Join(t.TempDir(), "p.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	p, err := catalog.ReadPolicy(file)
	require.NoError(t, err)
	s, problems := catalog.Bind(p, schema)
	require.NoError(t, problems.Err())
	return s
}

func built(t *testing.T, s *catalog.Snapshot, login string) *plan.Plan {
	t.Helper()
	subject, err := plan.Resolve(s, login, "")
	require.NoError(t, err)
	p, err := plan.Build(s, subject)
	require.NoError(t, err)
	return p
}

func eq(l, r expr.Expr) expr.Expr { return expr.Compare{Op: expr.Eq, Left: l, Right: r} }

func column(name, t string, path ...expr.Hop) expr.Column {
	return expr.Column{Path: path, Name: name, Type: typ(t)}
}

var (
	myTenant = expr.Me{Name: "tenant", Type: typ("text")}
	me       = expr.Me{Name: "id", Type: typ("text")}
	ours     = eq(column("org", "text"), myTenant)
	toOwner  = expr.Hop{Relation: "project", Schema: "app", Table: "project", On: []expr.Pair{{Ours: "project_id", Theirs: "id"}}}
)

const people = `
roles:
  everyone: {can: [view_countries]}
  member: {can: [view_projects, view_tasks: own]}
  owner: {can: [view_projects: own]}
  limited: {can: [view_projects: {where: amount <= me.max}]}
  nordic:
    can:
      - view_projects: {where: region = 'N' OR open}
      - view_projects: {where: region = 'S'}
  editor: {can: [edit_projects: {where: open, check: "amount < 100"}]}
  writer: {can: [edit_projects: own]}
  support: {platform: true, can: [view_projects: all, view_teams]}
  auditor: {platform: true, can: [edit_projects: {scope: all, check: open}]}
users:
  kim: {tenants: {acme: [member]}}
  lee: {tenants: {acme: [member], globex: [owner], gone: [member]}}
  max: {tenants: {acme: [limited]}, attrs: {max: 10}}
  nomax: {tenants: {acme: [limited]}}
  nora: {tenants: {acme: [nordic]}}
  ed: {tenants: {acme: [editor, writer]}}
  sue: {platform: [support]}
  sam: {platform: [support], tenants: {acme: [nordic]}}
  aud: {platform: [auditor]}
  nobody: {}
  off: {active: false, tenants: {acme: [member]}}
  kim@acme: {tenants: {globex: [member]}}
`

func TestResolve(t *testing.T) {
	t.Parallel()
	s := bound(t, people)
	cases := map[string]struct {
		login, tenant string
		want          plan.Subject
		code          string
	}{
		"the only membership is the tenant":              {"kim", "", plan.Subject{User: "kim", Tenant: "acme"}, ""},
		"several memberships are never a union":          {"lee", "", plan.Subject{}, plan.TenantRequired},
		"the session names the tenant":                   {"lee", "globex", plan.Subject{User: "lee", Tenant: "globex"}, ""},
		"the login names the tenant":                     {"lee@globex", "", plan.Subject{User: "lee", Tenant: "globex"}, ""},
		"both may name the same":                         {"lee@acme", "acme", plan.Subject{User: "lee", Tenant: "acme"}, ""},
		"both may not differ":                            {"lee@acme", "globex", plan.Subject{}, plan.TenantNotMember},
		"a user's full name comes before its parts":      {"kim@acme", "", plan.Subject{User: "kim@acme", Tenant: "globex"}, ""},
		"a foreign tenant is refused":                    {"kim", "globex", plan.Subject{}, plan.TenantNotMember},
		"a tenant that does not exist looks the same":    {"kim", "nowhere", plan.Subject{}, plan.TenantNotMember},
		"an inactive tenant is refused to its members":   {"lee", "gone", plan.Subject{}, plan.TenantInactive},
		"an inactive tenant is hidden from others":       {"kim", "gone", plan.Subject{}, plan.TenantNotMember},
		"an inactive user is refused":                    {"off", "", plan.Subject{}, plan.UserInactive},
		"an unknown user is refused":                     {"mallory", "", plan.Subject{}, plan.UnknownUser},
		"an empty login is refused":                      {"", "", plan.Subject{}, plan.UnknownUser},
		"a platform user acts without a tenant":          {"sue", "", plan.Subject{User: "sue"}, ""},
		"a platform user is a member of no tenant":       {"sue", "acme", plan.Subject{}, plan.TenantNotMember},
		"a tenant's name with an empty user is nobody's": {"@acme", "", plan.Subject{}, plan.UnknownUser},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := plan.Resolve(s, c.login, c.tenant)
			require.Equal(t, c.want, got)
			if c.code == "" {
				require.NoError(t, err)
				return
			}
			var refused *plan.SessionError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, c.code, refused.Code())
		})
	}
}

func TestBuildRefusesSubjectsThatResolveWouldNotGive(t *testing.T) {
	t.Parallel()
	s := bound(t, people)
	for _, subject := range []plan.Subject{{}, {User: "mallory"}, {User: "off", Tenant: "acme"}, {User: "kim", Tenant: "globex"}, {User: "lee", Tenant: "gone"}} {
		p, err := plan.Build(s, subject)
		require.Error(t, err)
		require.Nil(t, p)
	}
	_, err := plan.Build(nil, plan.Subject{User: "kim"})
	require.ErrorIs(t, err, plan.ErrNoSnapshot)
	require.Equal(t, plan.NoAccess, (*plan.Plan)(nil).Rule("project", catalog.Read).Kind)
}

func TestRules(t *testing.T) {
	t.Parallel()
	s := bound(t, people)
	bounded := toOwner
	bounded.Where = ours
	open := column("open", "bool")
	mine := eq(column("owner", "text"), me)
	cheap := expr.Compare{Op: expr.Lt, Left: column("amount", "numeric"), Right: expr.Const{Type: typ("numeric"), Text: "100"}}
	region := func(r string) expr.Expr {
		return eq(column("region", "text"), expr.Const{Type: typ("text"), Text: r})
	}
	nordic := expr.And{Terms: []expr.Expr{ours, expr.Or{Terms: []expr.Expr{region("N"), open, region("S")}}}}

	cases := map[string]struct {
		user   string
		entity string
		action catalog.Action
		kind   plan.Kind
		filter expr.Expr
		check  expr.Expr
	}{
		"scope tenant is the boundary":                        {"kim", "project", catalog.Read, plan.Restricted, ours, nil},
		"scope own adds the owner, whose path is bounded too": {"kim", "task", catalog.Read, plan.Restricted, expr.And{Terms: []expr.Expr{eq(column("org", "text", toOwner), myTenant), eq(column("owner", "text", bounded), me)}}, nil},
		"a global entity has no boundary":                     {"kim", "country", catalog.Read, plan.FullAccess, nil, nil},
		"nothing granted is nothing":                          {"kim", "project", catalog.Update, plan.NoAccess, nil, nil},
		"an attribute is a slot":                              {"max", "project", catalog.Read, plan.Restricted, expr.And{Terms: []expr.Expr{ours, expr.Compare{Op: expr.Le, Left: column("amount", "numeric"), Right: expr.Me{Name: "max", Type: typ("numeric")}}}}, nil},
		"without the attribute the grant vanishes":            {"nomax", "project", catalog.Read, plan.NoAccess, nil, nil},
		"an OR stays inside the boundary":                     {"nora", "project", catalog.Read, plan.Restricted, nordic, nil},
		"scope all lifts every boundary":                      {"sue", "project", catalog.Read, plan.FullAccess, nil, nil},
		"a platform role in no tenant sees no tenant's rows":  {"sue", "team", catalog.Read, plan.NoAccess, nil, nil},
		"all beside tenant is all":                            {"sam", "project", catalog.Read, plan.FullAccess, nil, nil},
		"old rows by where": {
			"ed", "project", catalog.Update, plan.Restricted,
			expr.And{Terms: []expr.Expr{ours, expr.Or{Terms: []expr.Expr{open, mine}}}},
			expr.And{Terms: []expr.Expr{ours, expr.Or{Terms: []expr.Expr{cheap, mine}}}},
		},
		"new rows by check":                        {"ed", "project", catalog.Create, plan.Restricted, nil, expr.And{Terms: []expr.Expr{ours, expr.Or{Terms: []expr.Expr{cheap, mine}}}}},
		"all rows may be changed and some written": {"aud", "project", catalog.Update, plan.Restricted, expr.Bool(true), open},
		"an action of nobody's":                    {"aud", "project", "export", plan.NoAccess, nil, nil},
		"an entity of nobody's":                    {"aud", "nonsense", catalog.Read, plan.NoAccess, nil, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := built(t, s, c.user).Rule(c.entity, c.action)
			require.Equal(t, c.kind.String(), r.Kind.String())
			require.Equal(t, c.filter, r.Filter)
			require.Equal(t, c.check, r.Check)
			require.Equal(t, c.kind == plan.NoAccess, len(r.Why) == 0)
		})
	}
}

func TestAPlatformGrantDoesNotLiftATenantsBoundary(t *testing.T) {
	t.Parallel()
	s := bound(t, `
roles:
  everyone: {can: []}
  support: {platform: true, can: [view_projects: {scope: all, where: open}]}
  member: {can: [view_projects: {where: "amount > 1"}]}
users:
  sam: {platform: [support], tenants: {acme: [member]}}
`)
	r := built(t, s, "sam").Rule("project", catalog.Read)
	costly := expr.Compare{Op: expr.Gt, Left: column("amount", "numeric"), Right: expr.Const{Type: typ("numeric"), Text: "1"}}
	require.Equal(t, expr.Or{Terms: []expr.Expr{expr.And{Terms: []expr.Expr{ours, costly}}, column("open", "bool")}}, r.Filter)
	require.Equal(t, []plan.Reason{
		{Role: "member", Permission: "view_projects", At: r.Why[0].At, Scope: "tenant"},
		{Role: "support", Permission: "view_projects", At: r.Why[1].At, Scope: "all"},
	}, r.Why)
}

func TestScopeAllReachesParentsOfEveryTenant(t *testing.T) {
	t.Parallel()
	s := bound(t, `
roles:
  everyone: {can: []}
  support: {platform: true, can: [view_tasks: {scope: all, where: project.open}]}
  member: {can: [view_tasks: {where: project.open}]}
users: {sue: {platform: [support]}, kim: {tenants: {acme: [member]}}}
`)
	require.Equal(t, column("open", "bool", toOwner), built(t, s, "sue").Rule("task", catalog.Read).Filter)
	bounded := toOwner
	bounded.Where = ours
	require.Equal(t, expr.And{Terms: []expr.Expr{eq(column("org", "text", toOwner), myTenant), column("open", "bool", bounded)}},
		built(t, s, "kim").Rule("task", catalog.Read).Filter)
}

func TestAnOwnerThatTheColumnCannotHoldOwnsNothing(t *testing.T) {
	t.Parallel()
	s := bound(t, `
roles: {everyone: {can: []}, lead: {can: [view_teams: own]}}
users: {kim: {tenants: {acme: [lead]}}, "7": {tenants: {acme: [lead]}}, "07": {tenants: {acme: [lead]}}}
`)
	require.Equal(t, plan.Restricted, built(t, s, "7").Rule("team", catalog.Read).Kind)
	require.Equal(t, plan.NoAccess, built(t, s, "07").Rule("team", catalog.Read).Kind, "07 is not another way to be 7")
	kim := built(t, s, "kim")
	require.Equal(t, plan.NoAccess, kim.Rule("team", catalog.Read).Kind)
	require.Contains(t, kim.Diagnostics()[0].Message, `the attribute id cannot be compared: "kim" is not a value of type int4`)
	require.False(t, kim.Visible("team"))
}

func TestValuesAndShape(t *testing.T) {
	t.Parallel()
	s := bound(t, `
roles:
  everyone: {can: [view_countries]}
  member: {can: [view_projects: own, view_tasks]}
  other: {can: [view_projects]}
  limited: {can: [view_projects: {where: "amount <= me.max OR region = ANY(me.regions)"}]}
  talker: {allow: [explain], can: [view_projects]}
users:
  kim: {tenants: {acme: [member]}, attrs: {max: 3}}
  lee: {tenants: {acme: [member], globex: [member, other]}}
  ann: {tenants: {acme: [limited]}, attrs: {max: 3, regions: [a, 'b"c', 'd\e,{}']}}
  bob: {tenants: {acme: [limited]}, attrs: {max: 4, regions: [x]}}
  nil: {tenants: {acme: [limited]}, attrs: {max: 4, regions: []}}
  may: {tenants: {acme: [talker]}}
  moe: {tenants: {acme: [talker]}}
`)
	kim, lee := built(t, s, "kim"), built(t, s, "lee@acme")
	require.Equal(t, kim.Shape, lee.Shape, "the same roles in the same tenant")
	require.Equal(t, map[string]string{"id": "kim", "tenant": "acme"}, kim.Values, "only what a rule uses")
	require.Equal(t, []string{"everyone", "member"}, kim.Roles)
	globex := built(t, s, "lee@globex")
	require.NotEqual(t, lee.Shape, globex.Shape, "other grants")
	require.Equal(t, "globex", globex.Values["tenant"], "tenants are values")

	ann, bob := built(t, s, "ann"), built(t, s, "bob")
	require.Equal(t, ann.Shape, bob.Shape, "other attributes fill the same slots")
	require.Equal(t, `{"a","b\"c","d\\e,{}"}`, ann.Values["regions"])
	require.Equal(t, "3", ann.Values["max"])
	none := built(t, s, "nil")
	require.NotContains(t, expr.Text(none.Rule("project", catalog.Read).Filter), "regions", "an empty list matches nothing and is folded away")
	require.NotEqual(t, ann.Shape, none.Shape, "so it has a shape of its own")

	may, moe := built(t, s, "may"), built(t, s, "moe")
	require.True(t, may.Explain)
	require.NotEqual(t, may.Shape, moe.Shape, "explained refusals name the user and are not shared")
}

func TestWhoCould(t *testing.T) {
	t.Parallel()
	s := bound(t, people)
	require.Equal(t, []plan.Grantable{{Permission: "edit_projects", Roles: []string{"auditor", "editor", "writer"}}},
		plan.WhoCould(s, "project", catalog.Update))
	require.Empty(t, plan.WhoCould(s, "project", catalog.Delete), "nobody carries the permission")
	require.Empty(t, plan.WhoCould(nil, "project", catalog.Delete))
}
