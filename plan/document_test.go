package plan_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	s := bound(t, `
roles:
  everyone: {can: []}
  member: {can: [view_tasks: {scope: own, where: "title IN ('a') OR NOT project.open OR project.amount < me.max"}, edit_countries]}
users: {kim: {tenants: {acme: [member]}, attrs: {max: 7}}}
`)
	p := built(t, s, "kim")
	d, err := p.Describe("task", catalog.Read)
	require.NoError(t, err)
	got, err := json.Marshal(d)
	require.NoError(t, err)
	const project = `"relation":"project","table":"app.project","join":[["project_id","id"]]`
	const ours = `{"eq":[{"col":"org"},{"val":"acme","type":"text"}]}`
	require.JSONEq(t, `{
	 "plan":"1","kind":"restricted","subject":{"user":"kim","tenant":"acme","roles":["everyone","member"],"groups":[]},
	 "entity":"task","table":"app.task","key":["id"],"action":"read","policyVersion":"`+s.Version+`","schemaDigest":"d","etag":`+strconv.Quote(d.ETag)+`,
	 "filter":{"and":[
	   {"exists":{`+project+`,"where":`+ours+`}},
	   {"exists":{`+project+`,"where":{"and":[`+ours+`,{"eq":[{"col":"owner"},{"val":"kim","type":"text"}]}]}}},
	   {"or":[
	     {"in":[{"col":"title"},{"val":"a","type":"text"}]},
	     {"not":{"col":"open","path":[{`+project+`,"where":`+ours+`}]}},
	     {"exists":{`+project+`,"where":{"and":[`+ours+`,{"lt":[{"col":"amount"},{"val":7,"type":"numeric"}]}]}}}]}],"why":"g1"},
	 "columns":{"*":"allow"},"check":null,"presets":{},
	 "why":{"g1":{"role":"member","permission":"view_tasks","scope":"own","at":"`+p.Rule("task", catalog.Read).Why[0].At+`"}}}`, string(got))

	own := func(where string) string {
		s := bound(t, "roles:\n  everyone: {can: []}\n  support: {platform: true, can: [view_tasks: {scope: all, where: "+where+"}]}\nusers: {sue: {platform: [support]}}\n")
		d, err := built(t, s, "sue").Describe("task", catalog.Read)
		require.NoError(t, err)
		filter, err := json.Marshal(d.Filter)
		require.NoError(t, err)
		return string(filter)
	}
	require.JSONEq(t, `{"eq":[{"col":"owner","path":[{`+project+`}]},{"col":"title"}],"why":"g1"}`, own("project.owner = title"),
		"a column of the row at hand does not move into the other row's EXISTS")

	full, err := p.Describe("country", catalog.Create)
	require.NoError(t, err)
	require.Equal(t, "fullAccess", full.Kind)
	require.Nil(t, full.Check)
	none, err := p.Describe("project", catalog.Read)
	require.NoError(t, err)
	require.Equal(t, "noAccess", none.Kind)
	require.Empty(t, none.Columns)
	_, err = p.Describe("nonsense", catalog.Read)
	require.Error(t, err)
	require.Len(t, p.DescribeAll(), 16)
}
