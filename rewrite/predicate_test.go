package rewrite_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/rewrite"
)

func TestAPredicateIsTheConditionThatStatementsGet(t *testing.T) {
	t.Parallel()
	kim := theSample.values(t, "kim@acme")
	p, err := theSample.rewriter.Predicate(kim.Plan().Rule("task", catalog.Update).Filter, "t")
	require.NoError(t, err)

	text, err := p.Text(kim)
	require.NoError(t, err)
	require.NoError(t, theSample.prepare(t, "SELECT t.id FROM app.task AS t WHERE "+text))
	require.Contains(t, text, "'acme'")
	require.Contains(t, text, "'kim'")

	text, parameters := p.Parameters()
	require.NoError(t, theSample.prepare(t, "SELECT t.id FROM app.task AS t WHERE "+text))
	require.NotContains(t, text, "'acme'")
	names := []string{}
	for _, q := range parameters {
		require.Equal(t, "text", q.Type.Name)
		names = append(names, q.Name)
	}
	require.ElementsMatch(t, []string{"id", "tenant"}, names)
}

func TestAPredicateWithoutAValueIsAnError(t *testing.T) {
	t.Parallel()
	text := expr.Type{Schema: "pg_catalog", Name: "text"}
	p, err := theSample.rewriter.Predicate(expr.Compare{Op: expr.Eq, Left: expr.Column{Name: "x", Type: text}, Right: expr.Me{Name: "nowhere", Type: text}}, "t")
	require.NoError(t, err)
	_, err = p.Text(theSample.values(t, "kim@acme"))
	require.ErrorContains(t, err, "me.nowhere")
}

func TestAStatementTellsWhatItUses(t *testing.T) {
	t.Parallel()
	kim := theSample.values(t, "kim@acme")
	template := theSample.rewriter.Rewrite("WITH project AS (SELECT 1) UPDATE app.task SET title = 'x' FROM project, app.project q WHERE q.id = project_id", kim.Plan())
	require.Nil(t, template.Refused)
	require.ElementsMatch(t, []rewrite.Use{
		{Entity: "task", Relation: "task", Action: catalog.Update, At: 34}, {Entity: "task", Relation: "task", Action: catalog.Read, At: 34}, {Entity: "project", Relation: "project", Action: catalog.Read, At: 73},
	}, template.Statements[0].Uses)
}
