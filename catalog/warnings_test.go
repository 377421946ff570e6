package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
)

func TestWhatIsProbablyNotMeantIsAWarning(t *testing.T) {
	t.Parallel()
	const policy = `wherewall: 1
base_role: everyone
attributes: {max: int}
entities:
  project:
    table: app.project
    key: id
    tenant: org_id
    owner: owner_id
    relations: {tasks: {to: task, join: {id: project_id}, many: true}}
  task: {table: app.task, key: id, tenant: project.org_id, relations: {project: {to: project, join: {project_id: id}}}}
  invoice: {table: app.invoice, key: id, tenant: org_id}
permissions: {v: [project.read], t: [task.read], i: [invoice.read], e: [invoice.update]}
roles:
  everyone: {can: []}
  nobody: {can: [i]}
  member:
    can:
      - v: own
      - t: {where: assignee > 'm'}
      - i: {where: amount < me.max, check: {sql: amount % 2 = 0}}
      - e: {where: "false"}
      - e: {where: NOT paid AND NOT (status IS NULL OR status = 'draft')}
tenants: {acme: {}}
users: {kim: {tenants: {acme: [member]}}, lee: {}}
groups: {g: {tenant: acme, members: [lee], roles: [member], resources: {project: [1]}}}
defaults: {match: [{tables: app.ruled, as: {tenant: global}}]}
`
	require.Equal(t, []string{
		`p.yaml:8:13: warning unindexed: no index of app.project begins with org_id (CREATE INDEX ON app.project (org_id))`,
		`p.yaml:9:12: warning unindexed: no index of app.project begins with owner_id (CREATE INDEX ON app.project (owner_id))`,
		`p.yaml:10:17: warning unindexed: no index of app.task begins with project_id (CREATE INDEX ON app.task (project_id))`,
		`p.yaml:11:44: warning unindexed: no index of app.task begins with project_id (CREATE INDEX ON app.task (project_id))`,
		`p.yaml:12:50: warning unindexed: no index of app.invoice begins with org_id (CREATE INDEX ON app.invoice (org_id))`,
		`p.yaml:16:3: warning unused_role: nobody has the role nobody`,
		`p.yaml:20:20: warning not_local: the order of texts depends on their collation: checks without the database answer needs_db`,
		"p.yaml:21:20: warning never_matches: no user has the attribute max (give it to users by `attrs:`)",
		`p.yaml:21:50: warning not_local: only the database can decide this: checks without it answer needs_db`,
		`p.yaml:22:20: warning never_matches: this is never true (leave the grant out)`,
		`p.yaml:23:24: warning not_over_null: paid may be NULL, and then NOT does not pass either (write IS DISTINCT FROM, or say what holds for NULL)`,
		"p.yaml:26:38: warning never_matches: lee is not a member of acme, and so has nothing from this group (add the tenant to the user's `tenants:`)",
		`p.yaml:26:73: warning unrelated_resource: member gives nothing on invoice: no one way leads from it to project (add relations that lead from it to one of the resources)`,
		`p.yaml:27:29: warning unmatched: app.ruled stays out of reach: it has rules, which rewrite statements after us (map it by an entity)`,
	}, found(t, policy, true))
	require.Empty(t, problems(t, policy), "and the policy is used all the same")
}

func TestAnIndexEndsTheWarning(t *testing.T) {
	t.Parallel()
	schema := sample()
	schema.Relations[catalog.RelationName{Schema: "app", Name: "invoice"}].Indexed = []string{"org_id"}
	p, err := catalog.ReadPolicy(write(t, map[string]string{"p.yaml": "wherewall: 1\nentities: {invoice: {table: app.invoice, tenant: org_id}}\n"}))
	require.NoError(t, err)
	_, found := catalog.Bind(p, schema)
	require.Empty(t, found)
}
