package catalog_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

const wholePolicy = `
wherewall: 1
base_role: everyone
star: error
defaults:
  unmapped: deny
  match:
    - {tables: "app.*", has_column: org_id, as: {tenant: {column: org_id, null_is: shared}, key: id, relations: fk}}
    - {tables: "app.eve*", as: {tenant: org_id}}
    - {tables: "app.event", as: {tenant: global, always: id > 0}}
attributes: {max: int, since: timestamptz}
entities:
  project: {table: app.project, key: id, tenant: org_id, owner: owner_id, owners: {boss: owner_id}}
  task:
    table: app.task
    key: id
    relations:
      project: {to: project, join: {project_id: id}}
      siblings: {to: task, join: {project_id: project_id}, many: true}
    tenant: project.org_id
    owner: assignee
    owners: {boss: project.owner_id}
  report: {table: app.view, tenant: global, view: own}
functions: {app.due: {}, 'app.total(int, text[])': {reads: [task]}}
permissions:
  view: [project.read, "task.read(id, project_id, \"Odd\")"]
  masked: [task.read: {mask: {assignee: "left(assignee, 1) || '...'"}}]
  edit: [task.update: {columns: [due], set: {assignee: me.id, tags: "ARRAY['x', 'y']"}}, task.create: {set: {due: current_date, id: 7, "\"Odd\"": "'it''s'"}}]
  events: [event.read, invoice.read]
  assignable: {ops: [project.read], description: for tenants, tenant_assignable: true}
roles:
  everyone: {can: []}
  member: {can: [view, masked, events, edit: 'own:boss'], allow: [temp_tables, explain]}
  chief: {can: [assignable: tree]}
  support: {platform: true, can: [view: {tenants: any, where: {sql: "id % 2 = 0"}}, assignable: all]}
tenants:
  acme: {name: Acme}
  berlin: {parent: acme, roles: {member: {replaces: member, reviewed: 41, can: [assignable: {scope: own, where: open}]}, guest: {can: []}}}
  mitte: {parent: berlin}
groups:
  marketing: {tenant: acme, members: [kim], roles: [member], resources: {project: [4, 7], task: []}}
  all: {tenant: berlin, members: [kim], roles: [guest]}
resource_grants:
  - {user: kim, tenant: acme, role: chief, resources: {project: [[9]]}}
users:
  kim: {tenants: {acme: [member], berlin: {roles: [guest, member], from: 2026-01-01, until: 2026-02-01}, mitte: {roles: [member], active: false}},
    attrs: {max: 3, since: 2026-01-01, level: 2}, may_impersonate: true, allow: [listen]}
  lee: {tenants: {acme: []}, attrs: {level: 1.5}}
  root: {unfiltered: true, platform: [support]}
audit: {entities: [task], rows: keys}
`

func TestWhoIsUnfilteredActsForNobody(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "p.yaml")
	require.NoError(t, os.WriteFile(path, []byte("wherewall: 1\nusers:\n  root: {unfiltered: true}\n  ops: {unfiltered: true, may_impersonate: true}\n"), 0o600))
	p, err := catalog.ReadPolicy(path)
	require.ErrorContains(t, err, "p.yaml:4:3: error wrong_shape: user ops is unfiltered and may_impersonate")
	require.Equal(t, []string{"ops", "root"}, p.Unfiltered())
	require.NoError(t, os.WriteFile(path, []byte("wherewall: 1\nusers:\n  root: {unfiltered: true}\n"), 0o600))
	p, err = catalog.ReadPolicy(path)
	require.NoError(t, err)
	require.Empty(t, p.Problems(), "it is acted on")
	require.Equal(t, []string{"root"}, p.Unfiltered())
}

func TestTheWholeModelIsBound(t *testing.T) {
	t.Parallel()
	schema := sample()
	schema.Functions = map[string][]catalog.Function{
		"due": {{Schema: "app", Kind: 'f'}}, "total": {{Schema: "app", Kind: 'f', Args: []string{"integer", "text[]"}}},
	}
	s := bind(t, schema, wholePolicy)
	require.True(t, s.StarErrors)
	require.Equal(t, catalog.OwnView, s.Entities["report"].View)
	require.True(t, s.Entities["task"].AuditKeys)
	require.Len(t, s.Entities["task"].Owners, 1)
	require.True(t, s.Entities["task"].Relations["siblings"].Many)
	require.Equal(t, "project", s.Entities["task"].Relations["project"].Entity)
	require.Equal(t, map[string]*catalog.ListedFunction{
		"app.due":                    {Name: "app.due"},
		"app.total(integer, text[])": {Name: "app.total", Args: []string{"integer", "text[]"}, Reads: []string{"task"}},
	}, s.Functions)

	t.Run("the most specific pattern maps a table", func(t *testing.T) {
		require.True(t, s.Entities["event"].Global)
		require.NotNil(t, s.Entities["event"].Always)
		require.True(t, s.Entities["invoice"].SharedNull)
		require.Equal(t, "event", s.EntityOf(catalog.RelationName{Schema: "app", Name: "event_1"}).Name)
		require.Nil(t, s.Entities["event_1"], "a partition is no entity of its own")
		require.Nil(t, s.Entities["country"])
	})
	t.Run("columns, masks and presets are typed", func(t *testing.T) {
		require.Equal(t, []string{"id", "project_id", "Odd"}, s.Permissions["view"].Operations[1].Columns)
		masked := s.Permissions["masked"].Operations[0]
		require.Equal(t, []string{"id", "project_id", "tags", "due", "Odd"}, masked.Columns)
		require.Equal(t, `pg_catalog."left"(assignee, 1) || '...'`, masked.Mask["assignee"].(expr.SQL).Text)
		set := s.Permissions["edit"].Operations[1].Set
		require.Equal(t, map[string]expr.Expr{
			"due": expr.Call{Name: "current_date", Type: typ("date")}, "id": expr.Const{Type: typ("int8"), Text: "7"},
			"Odd": expr.Const{Type: typ("text"), Text: "it's"},
		}, set)
		array := expr.Type{Schema: "pg_catalog", Name: "text", Array: true}
		require.Equal(t, expr.Const{Type: array, Text: `{"x","y"}`}, s.Permissions["edit"].Operations[0].Set["tags"])
		require.Nil(t, s.Permissions["edit"].Operations[1].Columns)
	})
	t.Run("scopes and allowances", func(t *testing.T) {
		require.Equal(t, catalog.Grant{Permission: "edit", Scope: catalog.ScopeOwn, Owner: "boss", At: s.Roles["member"].Grants[3].At}, s.Roles["member"].Grants[3])
		require.True(t, s.Roles["member"].Allow["temp_tables"])
		require.True(t, s.Roles["member"].Explain)
		require.Equal(t, catalog.ScopeTree, s.Roles["chief"].Grants[0].Scope)
		require.True(t, s.Roles["support"].Grants[0].AnyTenant)
		require.Equal(t, expr.SQL{Text: "(id % 2) = 0", Columns: []string{"id"}, Type: typ("bool")}, s.Roles["support"].Grants[0].Where["task"])
	})
	t.Run("tenants know what is below them", func(t *testing.T) {
		require.Equal(t, []string{"acme", "berlin", "mitte"}, s.Tenants["acme"].Tree)
		require.Equal(t, []string{"mitte"}, s.Tenants["mitte"].Tree)
		own := s.Tenants["berlin"].Roles["member"]
		require.Equal(t, "member", own.Replaces)
		require.Equal(t, "41", own.Reviewed)
		require.Contains(t, own.Grants[0].Where, "project")
	})
	t.Run("groups, and resource grants as groups of one", func(t *testing.T) {
		require.Len(t, s.Groups, 3)
		require.Equal(t, map[string][][]string{"project": {{"4"}, {"7"}}, "task": {}}, s.Groups["marketing"].Resources)
		require.Nil(t, s.Groups["all"].Resources)
		for name, g := range s.Groups {
			if name != "marketing" && name != "all" {
				require.Equal(t, []string{"kim"}, g.Members)
				require.Equal(t, map[string][][]string{"project": {{"9"}}}, g.Resources)
			}
		}
	})
	t.Run("users", func(t *testing.T) {
		kim := s.Users["kim"]
		require.Equal(t, map[string][]string{"acme": {"member"}, "berlin": {"guest", "member"}}, kim.Memberships)
		require.Equal(t, map[string]catalog.Period{"berlin": {From: "2026-01-01", Until: "2026-02-01"}}, kim.Periods)
		require.Equal(t, "2026-01-01 00:00:00+00", kim.Attributes["since"].Text, "a day without a zone is one of UTC")
		require.Equal(t, typ("numeric"), kim.Attributes["level"].Type, "lee's value is no integer")
		require.Equal(t, catalog.ImpersonateByToken, kim.Impersonate)
		require.True(t, kim.Allow["listen"])
		require.True(t, s.Users["root"].Unfiltered)
	})
}

func TestForeignKeysAreRelations(t *testing.T) {
	t.Parallel()
	schema := sample()
	task := schema.Relations[catalog.RelationName{Schema: "app", Name: "task"}]
	project := catalog.RelationName{Schema: "app", Name: "project"}
	task.ForeignKeys = []catalog.ForeignKey{{Columns: []string{"project_id"}, To: project, Theirs: []string{"id"}}}
	const entities = "wherewall: 1\nentities:\n  project: {table: app.project, tenant: org_id}\n  task: {table: app.task, tenant: project.org_id, relations: fk}\n"
	s := bind(t, schema, entities)
	path, ok := s.PathTo("task", "project")
	require.True(t, ok)
	require.Equal(t, []expr.Hop{{Relation: "project", Schema: "app", Table: "project", On: []expr.Pair{{Ours: "project_id", Theirs: "id"}}}}, path)
	path, ok = s.PathTo("project", "project")
	require.True(t, ok)
	require.Empty(t, path)
	_, ok = s.PathTo("project", "task")
	require.False(t, ok)

	t.Run("two ways to one place are none", func(t *testing.T) {
		t.Parallel()
		s := bind(t, sample(), "wherewall: 1\nentities:\n  project: {table: app.project, tenant: org_id}\n  task:\n    table: app.task\n    tenant: a.org_id\n"+
			"    relations: {a: {to: project, join: {project_id: id}}, b: {to: project, join: {project_id: id}}}\n")
		_, ok := s.PathTo("task", "project")
		require.False(t, ok)
	})
	t.Run("a name that two keys have is neither", func(t *testing.T) {
		t.Parallel()
		schema := sample()
		task := schema.Relations[catalog.RelationName{Schema: "app", Name: "task"}]
		task.Columns = append(task.Columns, col("project", "int4"))
		task.ForeignKeys = []catalog.ForeignKey{
			{Columns: []string{"project_id"}, To: project, Theirs: []string{"id"}}, {Columns: []string{"project"}, To: project, Theirs: []string{"id"}},
		}
		p, err := catalog.ReadPolicy(write(t, map[string]string{"p.yaml": entities}))
		require.NoError(t, err)
		_, found := catalog.Bind(p, schema)
		require.Len(t, found, 1)
		require.Equal(t, catalog.CodeRelationAmbiguous, found[0].Code)
		require.Equal(t, 35, found[0].Col)
		require.Equal(t, "project may be any of the foreign keys (project_id), (project)", found[0].Message)
	})
}
