package catalog_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

func typ(name string) expr.Type { return expr.Type{Schema: "pg_catalog", Name: name} }

func relation(name string, key string, columns ...catalog.Column) *catalog.Relation {
	r := &catalog.Relation{RelationName: catalog.RelationName{Schema: "app", Name: name}, Kind: 'r', Columns: columns}
	if key != "" {
		r.PrimaryKey = []string{key}
	}
	return r
}

func col(name, typeName string) catalog.Column {
	return catalog.Column{Name: name, Type: typ(typeName)}
}

// sample is a small schema without a database.
func sample() *catalog.Schema {
	text := expr.Type{Schema: "pg_catalog", Name: "text", Array: true}
	relations := []*catalog.Relation{
		relation("project", "id", col("id", "int4"), col("org_id", "text"), col("owner_id", "varchar"), col("open", "bool")),
		relation("task", "id", col("id", "int8"), col("project_id", "int4"), col("assignee", "text"),
			catalog.Column{Name: "tags", Type: text}, col("due", "date"), col("Odd", "text")),
		relation("invoice", "id", col("id", "uuid"), col("org_id", "text"), col("amount", "numeric"), col("paid", "bool"),
			catalog.Column{Name: "status", Type: expr.Type{Schema: "app", Name: "status"}}, col("j", "json"), col("f", "float8"),
			catalog.Column{Name: "cents", Type: expr.Type{Schema: "app", Name: "cents"}, Domain: true}),
		relation("country", "code", col("code", "text"), col("name", "text")),
		relation("numbered", "id", col("id", "int4"), col("org", "int4")),
		relation("event", "", col("id", "int4"), col("org_id", "text")),
		relation("event_1", "", col("id", "int4"), col("org_id", "text")),
		relation("ruled", "id", col("id", "int4")),
		relation("shouting", "id", col("id", "int4"), catalog.Column{Name: "org", Type: typ("text"), FoldsEqual: true}),
	}
	s := &catalog.Schema{Relations: map[catalog.RelationName]*catalog.Relation{}, SearchPath: []string{"app"}, Digest: "d1"}
	for _, r := range relations {
		s.Relations[r.RelationName] = r
	}
	s.Relations[catalog.RelationName{Schema: "app", Name: "event"}].Kind = 'p'
	s.Relations[catalog.RelationName{Schema: "app", Name: "event_1"}].Parents = []catalog.RelationName{{Schema: "app", Name: "event"}}
	s.Relations[catalog.RelationName{Schema: "app", Name: "ruled"}].HasRules = true
	view := relation("view", "", col("id", "int4"))
	view.Kind = 'v'
	s.Relations[view.RelationName] = view
	s.Types = map[catalog.TypeName]*catalog.TypeInfo{
		{Schema: "app", Name: "status"}: {Kind: 'e', Labels: []string{"draft", "sent"}},
		{Schema: "app", Name: "cents"}:  {Kind: 'd', Base: typ("int8")},
	}
	return s
}

const goodPolicy = `
wherewall: 1
base_role: everyone
attributes: {max_amount: int, regions: "text[]"}
entities:
  project: {table: app.project, key: id, tenant: org_id, owner: owner_id}
  task:
    table: app.task
    relations: {project: {to: project, join: {project_id: id}}}
    tenant: project.org_id
    owner: assignee
  invoice: {table: app.invoice, tenant: {column: org_id}}
  country: {table: app.country, tenant: global}
  event: {table: app.event, tenant: org_id}
permissions:
  view_work: [project.read, task.read]
  view_countries: {ops: [country.read], description: Names of countries}
  edit_tasks: [task.update, task.create]
  view_invoices: [invoice.read, invoice.export]
roles:
  everyone: {can: [view_countries]}
  member: {can: [view_work, edit_tasks: own]}
  billing:
    allow: [explain]
    can:
      - view_invoices: {where: "status = 'draft' AND amount <= me.max_amount", check: "true"}
      - edit_tasks: {scope: tenant, where: project.open}
  support: {platform: true, can: [view_work: all]}
tenants:
  acme: {name: Acme}
  globex:
  gone: {active: false}
users:
  kim: {tenants: {acme: [member], globex: {roles: [billing], active: false}}, attrs: {max_amount: 10, level: 3}}
  root: {platform: [support], active: false}
`

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func bind(t *testing.T, schema *catalog.Schema, text string) *catalog.Snapshot {
	t.Helper()
	p, err := catalog.ReadPolicy(write(t, map[string]string{"p.yaml": text}))
	require.NoError(t, err)
	s, problems := catalog.Bind(p, schema)
	require.NoError(t, problems.Err())
	return s
}

func TestBindResolvesAPolicy(t *testing.T) {
	t.Parallel()
	s := bind(t, sample(), goodPolicy)

	project := s.Entities["project"]
	require.Equal(t, expr.Column{Name: "org_id", Type: typ("text")}, project.Tenant)
	require.Equal(t, expr.Column{Name: "owner_id", Type: typ("varchar")}, project.Owner)
	hop := expr.Hop{Relation: "project", Schema: "app", Table: "project", On: []expr.Pair{{Ours: "project_id", Theirs: "id"}}}
	require.Equal(t, expr.Column{Path: []expr.Hop{hop}, Name: "org_id", Type: typ("text")}, s.Entities["task"].Tenant)
	require.True(t, s.Entities["country"].Global)
	require.Nil(t, s.Entities["country"].Tenant)
	require.Equal(t, []string{"id"}, s.Entities["invoice"].Key)

	billing := s.Roles["billing"]
	require.True(t, billing.Explain)
	require.Equal(t, expr.And{Terms: []expr.Expr{
		expr.Compare{
			Op:    expr.Eq,
			Left:  expr.Column{Name: "status", Type: expr.Type{Schema: "app", Name: "status"}},
			Right: expr.Const{Type: expr.Type{Schema: "app", Name: "status"}, Text: "draft"},
		},
		expr.Compare{Op: expr.Le, Left: expr.Column{Name: "amount", Type: typ("numeric")}, Right: expr.Me{Name: "max_amount", Type: typ("numeric")}},
	}}, billing.Grants[0].Where["invoice"])
	require.Equal(t, expr.Bool(true), billing.Grants[0].Check["invoice"])
	require.Equal(t, expr.Column{Path: []expr.Hop{hop}, Name: "open", Type: typ("bool")}, billing.Grants[1].Where["task"])
	require.Equal(t, catalog.ScopeOwn, s.Roles["member"].Grants[1].Scope)
	require.Nil(t, s.Roles["member"].Grants[1].Check)
	require.Equal(t, catalog.ScopeAll, s.Roles["support"].Grants[0].Scope)

	kim := s.Users["kim"]
	require.Equal(t, map[string][]string{"acme": {"member"}}, kim.Memberships, "an inactive membership is none")
	require.Equal(t, catalog.Attribute{Type: typ("int4"), Text: "3"}, kim.Attributes["level"])
	require.False(t, s.Users["root"].Active)
	require.True(t, s.Tenants["globex"].Active)
	require.False(t, s.Tenants["gone"].Active)

	child := s.EntityOf(catalog.RelationName{Schema: "app", Name: "event_1"})
	require.Equal(t, "event", child.Name, "a partition takes the mapping of its parent")
	require.Equal(t, "event_1", child.Relation.Name)
	require.Nil(t, s.EntityOf(catalog.RelationName{Schema: "app", Name: "numbered"}))
}

func TestTrustIsReadAsWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]catalog.Trust{
		"": catalog.TrustStandard, "trust: standard\n": catalog.TrustStandard, "trust: leakproof\n": catalog.TrustLeakproof, "trust: quiet\n": catalog.TrustQuiet,
	} {
		require.Equal(t, want, bind(t, sample(), "wherewall: 1\n"+text).Trust, text)
	}
	require.Equal(t, catalog.TrustLeakproof, catalog.Snapshot{}.Trust, "a snapshot that nobody made trusts the least")
}

func TestFilesOfAFolderAreOnePolicy(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{
		"a.yaml": "wherewall: 1\nroles:\n  r: {can: []}\n", "b.yaml": "tenants: {t: {}}\nusers:\n  u: {tenants: {t: [r]}}\n", "c.txt": "nonsense: [",
	})
	p, err := catalog.ReadPolicy(dir)
	require.NoError(t, err)
	s, problems := catalog.Bind(p, sample())
	require.Empty(t, problems)
	require.Equal(t, []string{"r"}, s.Users["u"].Memberships["t"])

	_, err = catalog.ReadPolicy(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = catalog.ReadPolicy(t.TempDir())
	require.ErrorContains(t, err, "no *.yaml")
}

func TestADuplicateAcrossFilesNamesBothPlaces(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"a.yaml": "wherewall: 1\nroles:\n  r: {can: []}\n", "b.yaml": "roles:\n  r: {can: []}\n"})
	_, err := catalog.ReadPolicy(dir)
	require.EqualError(t, err, filepath.Join(dir, "b.yaml")+`:2:3: error duplicate_key: role "r" is declared twice, first at `+
		filepath.Join(dir, "a.yaml")+":3:3")
}
