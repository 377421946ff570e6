package plan_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

const columnPolicy = `
wherewall: 1
base_role: everyone
entities:
  project: {table: app.project, tenant: org, owner: owner}
permissions:
  find: [{project.read: {columns: [id, region], mask: {amount: "amount - amount", owner: "'x'"}}}]
  price: ["project.read(id, amount)"]
  whole: [project.read]
  veil: [{project.read: {columns: [id], mask: {owner: "lower(owner)"}}}]
  rename: ["project.update(region)"]
  change: [project.update]
  make: [{"project.create(id, region)": {set: {owner: me.id, open: "true"}}}]
  found: [{project.create: {set: {owner: "'nobody'", open: "true"}}}]
tenants: {acme: {}}
roles:
  everyone: {can: []}
  finder: {can: [find]}
  pricer: {can: [price: {where: open}]}
  owner: {can: [whole: own]}
  viewer: {can: [whole]}
  veiled: {can: [veil: {where: open}]}
  renamer: {can: [rename]}
  changer: {can: [change: own]}
  maker: {can: [make]}
  founder: {can: [found: {where: open}]}
users:
  fin: {tenants: {acme: [finder]}}
  mix: {tenants: {acme: [finder, pricer, owner]}}
  all: {tenants: {acme: [finder, viewer]}}
  dim: {tenants: {acme: [finder, veiled]}}
  ren: {tenants: {acme: [renamer]}}
  cha: {tenants: {acme: [renamer, changer]}}
  mak: {tenants: {acme: [maker]}}
  bot: {tenants: {acme: [maker, founder]}}
`

// shownAs writes what each column shows.
func shownAs(p *plan.Plan, r plan.Rule) map[string]string {
	if r.Columns == nil {
		return nil
	}
	all := map[string]string{}
	for name, shown := range r.Columns {
		text := ""
		if shown.Raw != nil {
			text = plan.Spell(p, shown.Raw)
		}
		for _, m := range shown.Masks {
			text += " | " + plan.Spell(p, m.When) + ": " + plan.Spell(p, m.Value)
		}
		all[name] = text
	}
	return all
}

func TestColumnsUnderAUnionOfGrants(t *testing.T) {
	t.Parallel()
	s := boundTo(t, columnPolicy)
	cases := map[string]struct {
		login string
		want  map[string]string
	}{
		"listed columns are raw, masked ones masked, and the others do not exist": {
			"fin", map[string]string{"id": "TRUE", "region": "TRUE", "amount": " | TRUE: amount - amount", "owner": " | TRUE: 'x'"},
		},
		"the predicate is that of the grants which give the column": {
			"mix", map[string]string{
				"id": "TRUE", "region": "TRUE", "org": "owner = 'mix'", "open": "owner = 'mix'",
				"amount": "owner = 'mix' OR open | TRUE: amount - amount", "owner": "owner = 'mix' | TRUE: 'x'",
			},
		},
		"raw everywhere leaves nothing to say": {"all", nil},
		"the mask of the narrower permission comes first": {
			"dim", map[string]string{"id": "TRUE", "region": "TRUE", "amount": " | TRUE: amount - amount", "owner": " | open: pg_catalog.lower(owner) | TRUE: 'x'"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := built(t, s, c.login)
			require.Equal(t, c.want, shownAs(p, p.Rule("project", catalog.Read)))
		})
	}
}

func TestWritableColumnsAndPresets(t *testing.T) {
	t.Parallel()
	s := boundTo(t, columnPolicy)
	require.Equal(t, map[string]expr.Expr{"region": expr.Bool(true)}, built(t, s, "ren").Rule("project", catalog.Update).Writable)
	cha := built(t, s, "cha")
	writable := cha.Rule("project", catalog.Update).Writable
	require.Equal(t, expr.Bool(true), writable["region"])
	require.Equal(t, "owner = 'cha'", plan.Spell(cha, writable["amount"]), "only in the rows of the grant that gives it")

	require.Equal(t, cha.Rule("project", catalog.Update).Writable, cha.Rule("project", catalog.Update).WritableTo, "grants that say nothing else of new rows")

	maker := built(t, s, "mak").Rule("project", catalog.Create)
	require.Equal(t, map[string]expr.Expr{"id": expr.Bool(true), "region": expr.Bool(true)}, maker.Writable)
	require.Equal(t, []string{"open", "owner"}, keys(maker.Presets))
	bot := built(t, s, "bot")
	require.Equal(t, []string{"open"}, keys(bot.Rule("project", catalog.Create).Presets), "two grants that differ fill nothing")
	require.Contains(t, bot.Diagnostics()[0].Message, "owner")
}

func keys[V any](m map[string]V) []string {
	var list []string
	for _, k := range []string{"amount", "id", "open", "org", "owner", "region"} {
		if _, has := m[k]; has {
			list = append(list, k)
		}
	}
	return list
}

func TestAnOperationThatCannotBeMeantGivesNothing(t *testing.T) {
	t.Parallel()
	s := boundTo(t, columnPolicy)
	for name, o := range map[string]catalog.Operation{
		"a mask on writing":                              {Entity: "project", Action: catalog.Update, Mask: map[string]expr.Expr{"owner": expr.Bool(true)}},
		"columns of a delete":                            {Entity: "project", Action: catalog.Delete, Columns: []string{"id"}},
		"presets of a reading":                           {Entity: "project", Action: catalog.Read, Set: map[string]expr.Expr{"owner": expr.Bool(true)}},
		"a preset from an attribute that the user lacks": {Entity: "project", Action: catalog.Create, Set: map[string]expr.Expr{"owner": expr.Me{Name: "boss", Type: typ("text")}}},
		"a mask with an attribute that the user lacks":   {Entity: "project", Action: catalog.Read, Mask: map[string]expr.Expr{"owner": expr.SQL{Text: "me.boss", Me: []expr.Me{{Name: "boss", Type: typ("text")}}}}},
	} {
		s.Permissions["whole"] = &catalog.Permission{Name: "whole", Operations: []catalog.Operation{o}}
		p := built(t, s, "all")
		if o.Action == catalog.Read {
			require.NotNil(t, p.Rule("project", o.Action).Columns, name)
		} else {
			require.Equal(t, plan.NoAccess, p.Rule("project", o.Action).Kind, name)
		}
		require.NotEmpty(t, p.Diagnostics(), name)
	}
}

func TestDescribeColumnsGroupsAndReasons(t *testing.T) {
	t.Parallel()
	s := boundTo(t, columnPolicy+"groups: {crew: {tenant: acme, members: [mix], roles: [viewer], resources: {project: [4, 7]}}}\n")
	p := built(t, s, "mix")
	d, err := p.Describe("project", catalog.Read)
	require.NoError(t, err)
	text, err := json.Marshal(d)
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(text, &got))
	filter, err := json.Marshal(got["filter"])
	require.NoError(t, err)
	require.JSONEq(t, `{"eq":[{"col":"org"},{"val":"acme","type":"text"}],"why":"g1"}`, string(filter), "the others add no row to the finder's")
	require.Equal(t, map[string]any{"find": "finder", "price": "pricer", "whole": "owner"}, map[string]any{
		"find": at(got, "g1", "role"), "price": at(got, "g3", "role"), "whole": at(got, "g2", "role"),
	})
	require.Equal(t, "crew", at(got, "g4", "group"))
	require.Equal(t, "project", at(got, "g4", "resources"))
	require.Equal(t, []any{"crew"}, got["subject"].(map[string]any)["groups"])
	columns, err := json.Marshal(got["columns"].(map[string]any)["owner"])
	require.NoError(t, err)
	require.JSONEq(t, `{"when":{"or":[{"eq":[{"col":"owner"},{"val":"mix","type":"text"}]},{"in":[{"col":"id"},{"val":[4,7],"type":"int4[]"}]}]},
		"masks":[{"when":{"const":true},"value":{"sql":{"text":"'x'","columns":[],"me":{}}}}]}`, string(columns))
	again, err := json.Marshal(d)
	require.NoError(t, err)
	require.Equal(t, string(text), string(again))

	other := built(t, s, "mak")
	created, err := other.Describe("project", catalog.Create)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"id": "allow", "region": "allow"}, created.Columns)
	presets, err := json.Marshal(created.Presets)
	require.NoError(t, err)
	require.JSONEq(t, `{"owner":{"val":"mak","type":"text"},"open":{"val":true,"type":"bool"}}`, string(presets))
	require.NotEqual(t, d.ETag, created.ETag)
}

func at(document map[string]any, reason, field string) any {
	return document["why"].(map[string]any)[reason].(map[string]any)[field]
}
