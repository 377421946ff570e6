package catalog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
)

// problems binds a policy and returns what is wrong with it, one line each, without the folder.
func problems(t *testing.T, text string) []string {
	t.Helper()
	return found(t, text, false)
}

// found are the errors, or the warnings, of a policy.
func found(t *testing.T, text string, warnings bool) []string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.yaml"), []byte(text), 0o600))
	p, err := catalog.ReadPolicy(filepath.Join(dir, "p.yaml"))
	require.NotNil(t, p, "%v", err)
	s, found := catalog.Bind(p, sample())
	require.Equal(t, found.Failed(), s == nil)
	var lines []string
	for _, f := range found {
		if f.Warning == warnings {
			lines = append(lines, strings.TrimPrefix(f.String(), dir+string(filepath.Separator)))
		}
	}
	return lines
}

// conditionPolicy has one condition on invoices, which begins at 6:29.
func conditionPolicy(condition string) string {
	return `wherewall: 1
attributes: {max: int, day: date, tags: "text[]"}
entities:
  project: {table: app.project, tenant: org_id}
  invoice: {table: app.invoice, tenant: org_id}
roles: {r: {can: [v: {where: ` + condition + `}]}}
permissions: {v: [invoice.read]}
`
}

func TestConditionsAreRefusedInPlace(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ condition, want string }{
		"an unknown column": {
			"amuont > 1",
			`p.yaml:6:30: error unknown_column: app.invoice has no column "amuont" (did you mean "amount"?)`,
		},
		"an unknown column in quotes": {
			`"paid AND amuont > 1"`,
			`p.yaml:6:40: error unknown_column: app.invoice has no column "amuont" (did you mean "amount"?)`,
		},
		"an unknown relation":           {"porject.open", `p.yaml:6:30: error unknown_column: invoice has no relation "porject"`},
		"an unknown attribute":          {"amount < me.mx", `p.yaml:6:42: error unknown_column: me has no attribute "mx" (did you mean "max"?)`},
		"me alone":                      {"paid = me", `p.yaml:6:37: error condition_syntax: me has attributes, and these have none (write me.ATTRIBUTE)`},
		"a syntax error":                {"paid AND AND paid", `p.yaml:6:39: error condition_syntax: syntax error at or near "AND"`},
		"an open end":                   {"paid AND", `p.yaml:6:38: error condition_syntax: syntax error at end of input`},
		"a syntax error behind accents": {`"status = 'ééé' AND AND"`, `p.yaml:6:50: error condition_syntax: syntax error at or near "AND"`},
		"a number":                      {"amount", `p.yaml:6:30: error condition_not_boolean: this is numeric and not true or false (compare it with something)`},
		"a constant":                    {`"'x'"`, `p.yaml:6:31: error condition_not_boolean: this is text and not true or false (compare it with something)`},
		"a term that is no condition":   {"paid AND amount", `p.yaml:6:39: error condition_not_boolean: this is numeric and not true or false (compare it with something)`},
		"a function":                    {"paid = lower(status)", `p.yaml:6:43: error type_mismatch: lower is for text, and this is app.status`},
		"a set_config":                  {`"set_config('a', 'b', true) = 'b'"`, `p.yaml:6:31: error function_not_allowed: conditions do not know the function set_config`},
		"the database's user":           {"status = current_user", `p.yaml:6:39: error function_not_allowed: conditions do not know this function (the session's user is me.id, its time now())`},
		"a sub-select":                  {"EXISTS (SELECT 1)", `p.yaml:6:30: error condition_syntax: sub-selects are not part of conditions (use a dotted path over a relation, or {sql: ...})`},
		"a cast":                        {"status = 'x'::text", `p.yaml:6:39: error type_mismatch: app.status cannot be compared with text`},
		"LIKE":                          {"status LIKE 'a'", `p.yaml:6:30: error type_mismatch: LIKE is for text, and this is app.status`},
		"IS TRUE":                       {"paid IS TRUE", `p.yaml:6:35: error condition_syntax: conditions compare columns, me.* and constants: this is none of them (write it as {sql: ...})`},
		"an operator of somebody":       {"amount OPERATOR(app.=) 1", `p.yaml:6:37: error condition_syntax: OPERATOR() is not part of conditions (write the plain operator)`},
		"= ANY of a sub-select":         {"amount = ANY (SELECT 1)", `p.yaml:6:37: error condition_syntax: sub-selects are not part of conditions (use a dotted path over a relation, or {sql: ...})`},
		"<> ANY":                        {"amount <> ANY (me.tags)", `p.yaml:6:37: error condition_syntax: conditions do not know the operator <> ANY (write it as {sql: ...})`},
		"a parameter":                   {"amount = $1", `p.yaml:6:39: error condition_syntax: conditions compare columns, me.* and constants: this is none of them (write it as {sql: ...})`},
		"a second statement":            {`"paid; DELETE FROM app.invoice"`, `p.yaml:6:31: error condition_syntax: the condition is more than one expression`},
		"a UNION":                       {"paid UNION SELECT 1", `p.yaml:6:30: error condition_syntax: the condition is not an expression`},
		"a closing parenthesis":         {`"paid) OR (true"`, `p.yaml:6:35: error condition_syntax: syntax error at or near ")"`},
		"an ORDER BY":                   {"paid ORDER BY 1", `p.yaml:6:30: error condition_syntax: the condition is more than one expression`},
		"a FOR UPDATE":                  {"paid FOR UPDATE", `p.yaml:6:30: error condition_syntax: the condition is more than one expression`},
		"nothing at all":                {`""`, `p.yaml:6:30: error wrong_shape: the grant of v: where is empty`},
		"a comment alone":               {`"-- x"`, `p.yaml:6:35: error condition_syntax: syntax error at end of input`},
		"a zero byte":                   {`"paid\0 OR true"`, `p.yaml:6:35: error condition_syntax: the condition has a zero byte`},
		"NULL in a comparison":          {"amount = NULL", `p.yaml:6:39: error condition_syntax: this constant cannot be compared (write IS NULL)`},
		"NULL in a list":                {`"amount IN (1, NULL)"`, `p.yaml:6:45: error condition_syntax: this constant cannot be compared (write IS NULL)`},
		"a text that is no number":      {"amount = 'ten'", `p.yaml:6:39: error type_mismatch: "ten" is not a value of type numeric`},
		"a number for a text":           {"org_id = 5", `p.yaml:6:39: error type_mismatch: text cannot be compared with a number`},
		"a label that an enum lacks":    {"status = 'drafd'", `p.yaml:6:39: error type_mismatch: app.status has no value "drafd"`},
		"a text that is no uuid":        {"id = 'x'", `p.yaml:6:35: error type_mismatch: "x" is not a value of type uuid`},
		"a text that is no bool":        {"paid = 'maybe'", `p.yaml:6:37: error type_mismatch: "maybe" is not a value of type bool`},
		"columns of other types":        {"amount = paid", `p.yaml:6:39: error type_mismatch: numeric cannot be compared with bool`},
		"an attribute of another type":  {"amount = me.day", `p.yaml:6:39: error type_mismatch: numeric cannot be compared with date`},
		"json":                          {`"j = '{}'"`, `p.yaml:6:31: error type_mismatch: values of type json cannot be compared in a condition`},
		"equal floats":                  {"f = 1.5", `p.yaml:6:30: error type_mismatch: values of type float8 are rounded, and so cannot be equal (use numeric, or < and >)`},
		"ANY of no array":               {"amount = ANY(me.max)", `p.yaml:6:43: error type_mismatch: = ANY needs an array, and this is int4 (for a list of constants write IN (...))`},
		"an array as a value":           {"org_id = me.tags", `p.yaml:6:39: error type_mismatch: text cannot be compared with text[]`},
		"a star":                        {"invoice.* IS NULL", `p.yaml:6:30: error condition_syntax: * is not a column`},
		"a list in place of text":       {"[paid]", `p.yaml:6:30: error wrong_shape: the grant of v: where must be a value, not a list`},
		"too much nesting":              {strings.Repeat("(", 201) + "paid" + strings.Repeat(")", 201), `p.yaml:6:230: error condition_syntax: the condition has more than 200 operators and parentheses`},
		"too long":                      {"paid OR " + strings.Repeat("x", 8192), `p.yaml:6:30: error condition_syntax: the condition is longer than 8 kB`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, []string{c.want}, problems(t, conditionPolicy(c.condition)))
		})
	}
}

func TestConditionsAreAccepted(t *testing.T) {
	t.Parallel()
	for _, condition := range []string{
		"paid", "NOT paid", "TRUE", "true", "paid IS NULL", "amount IS NOT NULL", "amount >= 1.5 AND amount <= 10e2", "amount = -3", "cents = 5",
		`"status IN ('draft', 'sent')"`, `"status NOT IN ('draft')"`, "amount BETWEEN 1 AND me.max", "org_id = me.tenant", "org_id = ANY(me.tags)",
		`"org_id = ANY(ARRAY['a', 'b'])"`, "id = '00000000-0000-0000-0000-000000000000'", "id = me.id", "f < 2", "paid = true", "amount != 5", "1 = 1",
		`"'lead' = ANY(me.roles)"`, "paid -- why", "me.max > 3 OR (paid AND (amount = 99999999999999999999))", `"'t' = paid"`, "ORG_ID = 'x'",
	} {
		t.Run(condition, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, problems(t, conditionPolicy(condition)))
		})
	}
}

func TestConditionsInBlocksAreRefusedInPlace(t *testing.T) {
	t.Parallel()
	const policy = `wherewall: 1
entities:
  invoice: {table: app.invoice, tenant: org_id}
  project: {table: app.project, tenant: org_id}
permissions: {v: [invoice.read, project.read]}
roles:
  r:
    can:
      - v:
          where: |
            org_id = 'a'

              AND amount > 3
          check: >-
            org_id = 'a'
            AND opne
`
	require.Equal(t, []string{
		`p.yaml:13:19: error unknown_column: app.project has no column "amount"`,
		`p.yaml:16:17: error unknown_column: app.invoice has no column "opne"`,
		`p.yaml:16:17: error unknown_column: app.project has no column "opne" (did you mean "open"?)`,
	}, problems(t, policy), "a condition must hold on every entity of its permission")
}
