package plan_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

func TestConditionsOnMeAloneAreDecidedInThePlan(t *testing.T) {
	t.Parallel()
	const full, none, open = "true", "nothing", "open"
	cases := map[string]struct{ where, want string }{
		"a level reached":                   {"me.level >= 3", full},
		"a level missed":                    {"me.level > 3", none},
		"an integer with leading zeros":     {"me.level = 003", full},
		"a decimal":                         {"me.level < 3.5 AND me.level <> 2.9", full},
		"OR with TRUE is TRUE":              {"open OR me.level = 3", full},
		"AND with TRUE is the rest":         {"open AND me.level = 3", open},
		"OR with FALSE is the rest":         {"open OR me.level = 4", open},
		"AND with FALSE vanishes":           {"open AND me.level = 4", none},
		"NOT of a decided term":             {"NOT me.level = 4", full},
		"BETWEEN":                           {"me.level BETWEEN 1 AND 3", full},
		"NOT BETWEEN":                       {"me.level NOT BETWEEN 1 AND 3", none},
		"IN":                                {"me.level IN (1, 3)", full},
		"text is compared byte by byte":     {"me.id = 'Kim'", none},
		"the user's own name":               {"me.id = 'kim'", full},
		"the tenant":                        {"me.tenant <> 'acme'", none},
		"a role that is held":               {"'lead' = ANY(me.roles)", full},
		"a role that is not":                {"'boss' = ANY(me.roles)", none},
		"an element of an attribute":        {"'N' = ANY(me.regions)", full},
		"an empty list matches nothing":     {"region = ANY(me.empty)", none},
		"NOT in an empty list is all":       {"NOT region = ANY(me.empty)", full},
		"an attribute is not NULL":          {"me.level IS NOT NULL", full},
		"a flag":                            {"me.boss", full},
		"a flag beside a column":            {"open AND me.boss", open},
		"an attribute that nobody gave him": {"me.max = 1 OR open", none},
		"FALSE":                             {"FALSE", none},
		"TRUE":                              {"TRUE", full},
		"the order of texts is the server's": {
			"me.id < 'z'",
			`(< me."id"::"pg_catalog"."text" const "z"::"pg_catalog"."text")`,
		},
		"NOT of an undecided term stays": {"NOT open", `(not col "open"::"pg_catalog"."bool")`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := bound(t, fmt.Sprintf(`
roles:
  everyone: {can: []}
  support: {platform: true, can: [view_projects: {scope: all, where: %q}]}
  lead: {can: []}
users:
  kim: {platform: [support], tenants: {acme: [lead]}, attrs: {level: 3, regions: [N, S], empty: [], boss: true}}
`, c.where))
			r := built(t, s, "kim").Rule("project", catalog.Read)
			got := map[plan.Kind]string{plan.FullAccess: full, plan.NoAccess: none}[r.Kind]
			if got == "" {
				got = expr.Text(r.Filter)
			}
			want := c.want
			if want == open {
				want = `col "open"::"pg_catalog"."bool"`
			}
			require.Equal(t, want, got)
		})
	}
}
