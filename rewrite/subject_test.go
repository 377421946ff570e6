package rewrite_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

func TestAStatementAboutTheSubjectTellsTheServerNothing(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "kim@acme")
	const local, session = `SET LOCAL "wherewall.subject" TO ''`, `SET "wherewall.subject" TO ''`
	for sql, want := range map[string]struct {
		sent     string
		switches []rewrite.Switch
	}{
		"SET wherewall.token = 'ey.J.x'":             {session, []rewrite.Switch{{By: rewrite.SwitchByToken, Value: "ey.J.x"}}},
		"set local WhereWall.Token to 'ey.J.x'":      {local, []rewrite.Switch{{By: rewrite.SwitchByToken, Value: "ey.J.x", Local: true}}},
		`SET SESSION "wherewall"."token" = 'ey.J.x'`: {session, []rewrite.Switch{{By: rewrite.SwitchByToken, Value: "ey.J.x"}}},
		`SET U&"wherewall".U&"t\006fken" = 'ey.J.x'`: {session, []rewrite.Switch{{By: rewrite.SwitchByToken, Value: "ey.J.x"}}},
		"SET wherewall.user = lee":                   {session, []rewrite.Switch{{By: rewrite.SwitchByUser, Value: "lee"}}},
		"SET wherewall.tenant TO 7":                  {session, []rewrite.Switch{{By: rewrite.SwitchByTenant, Value: "7"}}},
		"RESET wherewall.token":                      {session, []rewrite.Switch{{By: rewrite.SwitchByToken, Reset: true}}},
		"SET LOCAL wherewall.user TO DEFAULT":        {local, []rewrite.Switch{{By: rewrite.SwitchByUser, Reset: true, Local: true}}},
		"RESET ALL":                                  {"RESET ALL", []rewrite.Switch{{By: rewrite.SwitchByAll, Reset: true}}},
		"SELECT set_config('wherewall.token', 'x', true)": {
			"SELECT pg_catalog.set_config('wherewall.subject', '', true)",
			[]rewrite.Switch{{By: rewrite.SwitchByToken, Value: "x", Local: true}},
		},
		"SELECT set_config('wherewall.user', $1, false), set_config('wherewall.tenant', $2::text, 'f'::bool) AS t": {
			"SELECT pg_catalog.set_config('wherewall.subject', $1::pg_catalog.text, false), pg_catalog.set_config('wherewall.subject', $2::pg_catalog.text, false) AS t",
			[]rewrite.Switch{{By: rewrite.SwitchByUser, Parameter: 1}, {By: rewrite.SwitchByTenant, Parameter: 2}},
		},
	} {
		template := theSample.rewriter.Rewrite(sql, v.Plan())
		require.Nil(t, template.Refused, sql)
		require.Equal(t, want.sent, string(template.AppendSQL(nil, v)), sql)
		require.Equal(t, want.switches, template.Statements[0].Switches, sql)
	}
}

func TestAStatementAboutTheSubjectThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	v := theSample.values(t, "kim@acme")
	for sql, state := range map[string]string{
		"SET wherewall.token = 'ey.J.x', 'b'":                                       "22023",
		"SET wherewall.token = 'ey.J.x'; SELECT 1":                                  "0A000",
		"SET wherewall.tokken = 'ey.J.x'":                                           "42704",
		"SET wherewall.plan = 'ey.J.x'":                                             "55P02",
		"SET wherewall.subject = 'ey.J.x'":                                          "42704",
		"SELECT 1, set_config('wherewall.token', 'ey.J.x', true)":                   "0A000",
		"SELECT set_config('wherewall.token', 'ey.J.x', true) WHERE true":           "0A000",
		"SELECT set_config('wherewall.token', 'ey.J.x', $1)":                        "0A000",
		"SELECT set_config('wherewall.token', name, true) FROM app.project":         "0A000",
		"SELECT (SELECT set_config('wherewall.token', 'ey.J.x', true))":             "0A000",
		"SELECT set_config('wherewall.subject', 'ey.J.x', true)":                    "42704",
		"WITH x AS (SELECT set_config('wherewall.token', 'ey.J.x', true)) SELECT 1": "0A000",
		"SET wherewall.token = 'ey.J.x":                                             "42601",
		"SET wherewall.token = ey.J.x":                                              "42601",
		"SELECT /* wherewall.token='ey.J.x' */ 1":                                   "22023",
		"SELECT 1 -- wherewall.token='ey.J.x'":                                      "22023",
	} {
		template := theSample.rewriter.Rewrite(sql, v.Plan())
		require.NotNil(t, template.Refused, sql)
		require.Equal(t, state, template.Refused.SQLState, sql)
		require.NotContains(t, template.Refused.Message+template.Refused.Hint+template.Refused.Detail, "ey.J", sql)
		require.NotContains(t, string(template.AppendSQL(nil, v)), "ey.J", sql)
		require.NotSame(t, template, theSample.rewriter.Rewrite(sql, v.Plan()), "%s is remembered", sql)
	}
}

func TestATokenIsTakenOutOfAComment(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]rewrite.Commented{
		"SELECT 1 /* wherewall.token='a.b-_.c' */":                            {SQL: "SELECT 1 ", Token: "a.b-_.c"},
		"SELECT 1; /*traceparent='00-1',wherewall.token='a.b.c',x='y'*/ ;":    {SQL: "SELECT 1;  ;", Token: "a.b.c"},
		"/* wherewall.token='a.b.c' */ SELECT 1":                              {SQL: " SELECT 1", Token: "a.b.c", Shift: 29},
		"/*ü*/ /* wherewall.token='a.b.c' */ SELECT '*/' /* another */":       {SQL: " SELECT '*/' /* another */", Token: "a.b.c", Shift: 35},
		"SELECT '/* wherewall.token=''x''' /* wherewall.token='a.b.c' */":     {SQL: "SELECT '/* wherewall.token=''x''' ", Token: "a.b.c"},
		"SELECT $$ -- $$, \"/*\" /* wherewall.token='a.b.c' /* nested */ */ ": {SQL: "SELECT $$ -- $$, \"/*\"  ", Token: "a.b.c"},
	} {
		c, found, refused := rewrite.TakeToken(sql)
		require.True(t, found, sql)
		require.Nil(t, refused, sql)
		require.Equal(t, want, c, sql)
	}
	for _, none := range []string{
		"SELECT 1", "SELECT 1 /* token='x' */", "SELECT '/* wherewall.token=''x'' */'", "SELECT 'x /* wherewall.token=' -- */", "/* wherewall.token='a.b.c' ",
	} {
		_, found, _ := rewrite.TakeToken(none)
		require.False(t, found, none)
	}
	for _, wrong := range []string{
		"/* wherewall.token='a' */ SELECT 1 /* wherewall.token='b' */", "SELECT 1 /* wherewall.token='a', wherewall.token='b' */",
		"SELECT 1 /* wherewall.token=a */", "SELECT 1 /* wherewall.token='a b' */", "SELECT 1 /* wherewall.token='' */", "SELECT 1 /* wherewall.token='a */",
		"SELECT 1 /* wherewall.token='a' */ , 2 /* x */",
	} {
		_, found, refused := rewrite.TakeToken(wrong)
		require.True(t, found, wrong)
		require.NotNil(t, refused, wrong)
	}
}
