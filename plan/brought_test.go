package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

const attributed = `
roles:
  everyone: {can: []}
  limited: {can: [view_projects: {where: "amount <= me.max OR region = ANY(me.regions)"}]}
users:
  ann: {tenants: {acme: [limited]}, attrs: {max: 3, regions: [a]}}
  bob: {tenants: {acme: [limited]}}
  cyd: {tenants: {acme: [limited]}, attrs: {max: 4, regions: [b]}}
`

func with(t *testing.T, s *catalog.Snapshot, user string, brought map[string]*catalog.Attribute) *plan.Plan {
	t.Helper()
	p, err := plan.NewPlanner(s).BuildWith(plan.Subject{User: user, Tenant: "acme"}, brought)
	require.NoError(t, err)
	return p
}

func scalar(t *testing.T, s *catalog.Snapshot, name, text string) *catalog.Attribute {
	t.Helper()
	a, err := s.ScalarAttribute(name, text)
	require.NoError(t, err)
	return &a
}

func TestBroughtAttributesStandInTheSnapshotsPlace(t *testing.T) {
	t.Parallel()
	s := bound(t, attributed)
	max7 := map[string]*catalog.Attribute{"max": scalar(t, s, "max", "7")}
	ann := with(t, s, "ann", max7)
	require.Equal(t, "7", ann.Values["max"])
	require.Equal(t, `{"a"}`, ann.Values["regions"], "what is not brought is the snapshot's")
	require.Equal(t, with(t, s, "cyd", nil).Shape, ann.Shape, "other values fill the same slots")
}

func TestBroughtAttributesCompleteTheSnapshots(t *testing.T) {
	t.Parallel()
	s := bound(t, attributed)
	require.Equal(t, plan.NoAccess, with(t, s, "bob", nil).Rule("project", catalog.Read).Kind)
	list, err := s.ListAttribute("regions", []string{"x", `"y"`})
	require.NoError(t, err)
	bob := with(t, s, "bob", map[string]*catalog.Attribute{"max": scalar(t, s, "max", "1"), "regions": &list})
	require.Equal(t, plan.Restricted, bob.Rule("project", catalog.Read).Kind)
	require.Equal(t, with(t, s, "ann", nil).Shape, bob.Shape, "the shape follows what there is, and not where it came from")
	require.Equal(t, `{"x","\"y\""}`, bob.Values["regions"])
}

func TestABroughtLackTakesTheSnapshotsValueAway(t *testing.T) {
	t.Parallel()
	s := bound(t, attributed)
	ann := with(t, s, "ann", map[string]*catalog.Attribute{"max": nil})
	require.Equal(t, with(t, s, "bob", nil).Shape, ann.Shape)
	require.NotContains(t, ann.Values, "max")
	require.Equal(t, plan.NoAccess, ann.Rule("project", catalog.Read).Kind)
}

func TestWhatIsBuiltInCannotBeBrought(t *testing.T) {
	t.Parallel()
	s := bound(t, attributed)
	forged := &catalog.Attribute{Type: expr.Type{Schema: "pg_catalog", Name: "text"}, Text: "globex"}
	ann := with(t, s, "ann", map[string]*catalog.Attribute{"id": forged, "tenant": forged, "tenants": forged, "roles": forged, "groups": forged})
	require.Equal(t, with(t, s, "ann", nil).Values, ann.Values)
	none, err := plan.NewPlanner(s).BuildWith(plan.Subject{User: "ann"}, map[string]*catalog.Attribute{"tenant": forged})
	require.NoError(t, err)
	require.NotContains(t, none.Values, "tenant")
}

func TestASessionsAttributesAreTypedAsThePolicySays(t *testing.T) {
	t.Parallel()
	s := boundTo(t, `
wherewall: 1
attributes: {n: int, list: 'int[]', id2: uuid, at: timestamptz, yes: bool}
users: {ann: {attrs: {told: 5}}}
`)
	for _, bad := range []struct{ name, text string }{
		{"n", "x"},
		{"n", ""},
		{"n", "1e3"},
		{"n", "2147483648"},
		{"id2", "1"},
		{"at", "yesterday"},
		{"yes", "maybe"},
		{"nowhere", "1"},
		{"list", "1"},
		{"id", "ann"},
		{"tenant", "acme"},
	} {
		_, err := s.ScalarAttribute(bad.name, bad.text)
		require.Error(t, err, "%s = %q", bad.name, bad.text)
	}
	_, err := s.ListAttribute("n", []string{"1"})
	require.ErrorContains(t, err, "one value")
	_, err = s.ListAttribute("list", []string{"1", "secret"})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret", "errors go to logs")
	require.Equal(t, "2026-01-01 00:00:00+00", scalar(t, s, "at", "2026-01-01").Text, "a time without a zone is one of UTC")
	require.Equal(t, "6", scalar(t, s, "told", "6").Text, "a user's value declares the attribute, too")
}
