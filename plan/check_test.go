package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// row makes a record; NULL is written as such.
func row(pairs ...string) plan.Record {
	r := plan.Record{}
	for i := 0; i+1 < len(pairs); i += 2 {
		r[pairs[i]] = plan.Value{Text: pairs[i+1], Null: pairs[i+1] == "NULL"}
	}
	return r
}

func TestCheck(t *testing.T) {
	t.Parallel()
	s := bound(t, people)
	cases := map[string]struct {
		login, action, entity string
		record                plan.Record
		want                  plan.Outcome
		needs                 []string
	}{
		"the tenant's row":                         {"kim", "read", "project", row("org", "acme"), plan.Allowed, nil},
		"another tenant's row":                     {"kim", "read", "project", row("org", "globex"), plan.Denied, nil},
		"nobody's row":                             {"kim", "read", "project", row("org", "NULL"), plan.Denied, nil},
		"an unknown tenant":                        {"kim", "read", "project", row(), plan.NeedsDB, []string{"org"}},
		"an action that nobody granted":            {"kim", "delete", "project", row("org", "acme"), plan.Denied, nil},
		"an action that nobody has heard of":       {"kim", "burn", "project", row("org", "acme"), plan.Denied, nil},
		"an entity that nobody has heard of":       {"kim", "read", "nonsense", row("org", "acme"), plan.Denied, nil},
		"everything":                               {"sue", "read", "project", row(), plan.Allowed, nil},
		"a path":                                   {"kim", "read", "task", row("project.org", "acme", "project.owner", "kim"), plan.Allowed, nil},
		"a path that breaks":                       {"kim", "read", "task", row("project_id", "NULL"), plan.Denied, nil},
		"a path half known":                        {"kim", "read", "task", row("project.org", "acme"), plan.NeedsDB, []string{"project.owner"}},
		"what is known may be enough to deny":      {"max", "read", "project", row("amount", "11"), plan.Denied, nil},
		"numbers are numbers":                      {"max", "read", "project", row("org", "acme", "amount", "010.0"), plan.Allowed, nil},
		"and exact":                                {"max", "read", "project", row("org", "acme", "amount", "10.00000000000000000001"), plan.Denied, nil},
		"a number that is not read":                {"max", "read", "project", row("org", "acme", "amount", "1e1"), plan.NeedsDB, []string{"the order of such values"}},
		"who updates must read":                    {"ed", "update", "project", row("org", "acme", "open", "true"), plan.Denied, nil},
		"a new row":                                {"ed", "create", "project", row("org", "acme", "open", "false", "owner", "x", "amount", "99.9"), plan.Allowed, nil},
		"a new row that may not be":                {"ed", "create", "project", row("org", "acme", "owner", "x", "amount", "100"), plan.Denied, nil},
		"a new row of another tenant":              {"ed", "create", "project", row("org", "globex", "amount", "1"), plan.Denied, nil},
		"a new row of which the owner is not told": {"ed", "create", "project", row("org", "acme", "amount", "100"), plan.NeedsDB, []string{"owner"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, plan.Decision{Outcome: c.want, Needs: c.needs}, plan.Check(built(t, s, c.login), c.action, c.entity, c.record))
		})
	}
	require.Equal(t, plan.Denied, plan.Check(nil, "read", "project", nil).Outcome)
	require.Equal(t, plan.Denied, plan.Check(&plan.Plan{Snapshot: s}, "read", "project", nil).Outcome, "a plan that nobody built")
	require.Equal(t, "denied allowed needs_db", plan.Denied.String()+" "+plan.Allowed.String()+" "+plan.NeedsDB.String())
}

func TestCheckChange(t *testing.T) {
	t.Parallel()
	s := boundTo(t, columnPolicy+"  upd: {tenants: {acme: [viewer, renamer, changer]}}\n")
	p := built(t, s, "upd")
	mine, theirs := row("org", "acme", "owner", "upd", "region", "N"), row("org", "acme", "owner", "lee", "region", "N")
	require.Equal(t, plan.Allowed, plan.CheckChange(p, "project", theirs, row("region", "S")).Outcome)
	require.Equal(t, plan.Denied, plan.CheckChange(p, "project", theirs, row("amount", "1")).Outcome, "the column is for the owner's rows")
	require.Equal(t, plan.Allowed, plan.CheckChange(p, "project", mine, row("amount", "1")).Outcome)
	require.Equal(t, plan.Denied, plan.CheckChange(p, "project", mine, row("org", "globex")).Outcome, "the new row is another tenant's")
	require.Equal(t, plan.NeedsDB, plan.CheckChange(p, "project", row("org", "acme"), row("amount", "1")).Outcome)
	require.Equal(t, plan.Denied, plan.CheckChange(built(t, s, "ren"), "project", mine, row("region", "S")).Outcome, "what cannot be read cannot be updated")
}

func TestCheckPermission(t *testing.T) {
	t.Parallel()
	s := bound(t, people)
	require.True(t, plan.CheckPermission(built(t, s, "kim"), "view_projects"))
	require.False(t, plan.CheckPermission(built(t, s, "kim"), "edit_projects"))
	require.False(t, plan.CheckPermission(built(t, s, "kim"), "nonsense"))
	require.False(t, plan.CheckPermission(built(t, s, "nomax"), "view_projects"), "the grant vanishes with the attribute")
	require.False(t, plan.CheckPermission(built(t, s, "sue"), "view_teams"), "outside any tenant there is no team")
	require.True(t, plan.CheckPermission(built(t, s, "ed"), "edit_projects"))
	require.False(t, plan.CheckPermission(nil, "view_projects"))
}

func TestExplainRow(t *testing.T) {
	t.Parallel()
	s := boundTo(t, columnPolicy+"groups: {crew: {tenant: acme, members: [mix], roles: [viewer], resources: {project: [4, 7]}}}\n")
	p := built(t, s, "mix")
	x := plan.ExplainRow(p, "read", "project", row("id", "3", "org", "globex", "owner", "lee", "open", "NULL"))
	require.Equal(t, plan.Denied, x.Decision.Outcome)
	var lines []string
	for _, g := range x.Grants {
		lines = append(lines, g.String())
	}
	require.Equal(t, []string{
		"g1 find (finder): boundary org = 'acme' [org=globex] FALSE",
		"g2 whole (owner): boundary org = 'acme' [org=globex] FALSE, scope owner = 'mix' [owner=lee] FALSE",
		"g3 price (pricer): boundary org = 'acme' [org=globex] FALSE, where open [open=NULL] NULL",
		"g4 whole (viewer via crew): boundary org = 'acme' [org=globex] FALSE, resource id IN (4, 7) [id=3] FALSE",
	}, lines)
	require.Equal(t, 0, x.Nearest, "the one that fails least")
	require.Equal(t, plan.RowExplanation{Nearest: -1}, plan.ExplainRow(p, "read", "nonsense", nil))

	vanished := plan.ExplainRule(built(t, bound(t, people), "nomax"), "read", "project")
	require.Equal(t, "g1 view_projects (limited): gives nothing: the user has no attribute max", vanished[0].String())
	without := plan.ExplainRule(built(t, bound(t, people), "sue"), "read", "team")
	require.Equal(t, "g1 view_teams (support): gives nothing: the session has no tenant", without[0].String())
}

func TestAPlanHidesNothingThatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	s := bound(t, people)
	for name, e := range map[string]expr.Expr{
		"sql":                  expr.SQL{Text: "f(title)", Columns: []string{"title"}, Type: typ("bool")},
		"an unknown function":  expr.Call{Name: "f", Type: typ("bool")},
		"an unknown operator":  expr.Compare{Op: "~", Left: column("org", "text"), Right: column("org", "text")},
		"the order of texts":   expr.Compare{Op: expr.Lt, Left: column("org", "text"), Right: expr.Const{Type: typ("text"), Text: "b"}},
		"a list of many kinds": expr.Contains{Op: "<<", Left: expr.Me{Name: "roles", Type: expr.Type{Schema: "pg_catalog", Name: "text", Array: true}}, Right: expr.Me{Name: "roles", Type: expr.Type{Schema: "pg_catalog", Name: "text", Array: true}}},
	} {
		role := s.Roles["member"]
		role.Grants = []catalog.Grant{{Permission: "view_projects", Where: map[string]expr.Expr{"project": e}}}
		d := plan.Check(built(t, s, "kim"), "read", "project", row("org", "acme"))
		require.Equal(t, plan.NeedsDB, d.Outcome, name)
		require.NotEmpty(t, d.Needs, name)
	}
}
