package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog/expr"
)

func TestConditionsAreWrittenAsJSON(t *testing.T) {
	t.Parallel()
	text := expr.Type{Schema: "pg_catalog", Name: "text"}
	status := expr.Type{Schema: "app", Name: "status"}
	a := expr.Column{Name: "a", Type: text}
	x := expr.Const{Text: "x", Type: text}
	far := expr.Column{Name: "org_id", Type: text, Path: []expr.Hop{{
		Relation: "project", Schema: "app", Table: "project", On: []expr.Pair{{Ours: "project_id", Theirs: "id"}},
		Where: expr.IsNull{Operand: expr.Column{Name: "gone", Type: text}},
	}}}
	const jsonA, jsonX = `{"col":"a","type":"text"}`, `{"val":"x","type":"text"}`
	cases := map[string]struct {
		condition expr.Expr
		want      string
	}{
		"nothing is null":               {nil, `null`},
		"a constant":                    {expr.Bool(true), `{"const":true}`},
		"an empty OR keeps its form":    {expr.Or{}, `{"or":[]}`},
		"AND and NOT":                   {expr.And{Terms: []expr.Expr{expr.Not{Term: expr.Bool(false)}}}, `{"and":[{"not":{"const":false}}]}`},
		"a comparison":                  {expr.Compare{Op: expr.Le, Left: a, Right: x}, `{"le":[` + jsonA + `,` + jsonX + `]}`},
		"IN":                            {expr.In{Left: a, List: []expr.Expr{x, x}}, `{"in":[` + jsonA + `,` + jsonX + `,` + jsonX + `]}`},
		"= ANY of an attribute":         {expr.EqAny{Left: a, Array: expr.Me{Name: "regions", Type: expr.Type{Schema: "pg_catalog", Name: "text", Array: true}}}, `{"eqAny":[` + jsonA + `,{"val":"{n,w}","type":"text[]","me":"regions"}]}`},
		"a NULL of a type of one's own": {expr.IsNull{Operand: expr.Const{Null: true, Type: status}}, `{"isNull":{"val":null,"type":"app.status"}}`},
		"a path":                        {far, `{"col":"org_id","type":"text","path":[{"relation":"project","table":"app.project","join":[["project_id","id"]],"where":{"isNull":{"col":"gone","type":"text"}}}]}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(conditionWriter{map[string]string{"regions": "{n,w}"}}.condition(c.condition))
			require.NoError(t, err)
			require.JSONEq(t, c.want, string(got))
		})
	}
}
