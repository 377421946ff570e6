package catalog_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
)

func TestPoliciesAreRefusedInPlace(t *testing.T) {
	t.Parallel()
	const base = "wherewall: 1\n"
	const entity = base + "entities:\n  invoice: {table: app.invoice, tenant: org_id}\n"
	cases := map[string]struct{ policy, want string }{
		"no version":                 {"roles: {}", "p.yaml:1:1: error unknown_key: the version of the language is missing (begin with `wherewall: 1`)"},
		"another version":            {"wherewall: 2", "p.yaml:1:12: error wrong_shape: this release reads version 1 of the language"},
		"an unknown key":             {base + "role: {}", `p.yaml:2:1: error unknown_key: the policy has no key "role" (did you mean "roles"?)`},
		"unmapped tables for all":    {base + "defaults: {unmapped: allow}", `p.yaml:2:22: error wrong_shape: unmapped can only be deny`},
		"broken YAML":                {base + "roles: [", `p.yaml:2:8: error yaml_syntax: sequence end token ']' not found`},
		"an unknown trust":           {base + "trust: quite", `p.yaml:2:8: error wrong_shape: trust must be leakproof, standard or quiet (did you mean "quiet"?)`},
		"a trust that is a list":     {base + "trust: [quiet]", `p.yaml:2:8: error wrong_shape: trust must be a value, not a list`},
		"a duplicate key":            {base + "tenants:\n  a: {}\n  a: {}\n", `p.yaml:4:3: error duplicate_key: tenant "a" is declared twice, first at DIR/p.yaml:3:3`},
		"an unknown table":           {base + "entities:\n  e: {table: app.invoise, tenant: org_id}", `p.yaml:3:14: error unknown_table: the database has no table app.invoise (did you mean "app.invoice"?)`},
		"a bare table":               {base + "entities:\n  e: {table: invoice, tenant: org_id}", `p.yaml:3:14: error unknown_table: a table is written SCHEMA.TABLE, not "invoice" (write app.invoice)`},
		"a table folded by SQL":      {base + "entities:\n  e: {table: '\"App\".invoice', tenant: org_id}", `p.yaml:3:14: error unknown_table: the database has no table "App".invoice (did you mean "app.invoice"?)`},
		"no table":                   {base + "entities:\n  e: {tenant: org_id}", "p.yaml:3:3: error unknown_table: entity e has no table (add `table: SCHEMA.TABLE`)"},
		"no tenant":                  {base + "entities:\n  e: {table: app.invoice}", "p.yaml:3:3: error tenant_missing: entity e does not say which tenant its rows belong to (add `tenant: COLUMN`, or `tenant: global` for rows that belong to everybody)"},
		"an empty tenant":            {base + "entities:\n  e: {table: app.invoice, tenant: }", "p.yaml:3:34: error wrong_shape: entity e: tenant must be a value, not nothing"},
		"an unknown tenant column":   {base + "entities:\n  e: {table: app.invoice, tenant: org}", `p.yaml:3:35: error unknown_column: app.invoice has no column "org" (did you mean "org_id"?)`},
		"an unknown tenant relation": {base + "entities:\n  e: {table: app.invoice, tenant: a.org_id}", `p.yaml:3:35: error unknown_column: e has no relation "a"`},
		"a tenant that is no name":   {base + "entities:\n  e: {table: app.invoice, tenant: 'a b'}", `p.yaml:3:35: error unknown_column: "a b" is not a column or a dotted path to one`},
		"an unknown owner":           {base + "entities:\n  e: {table: app.invoice, tenant: org_id, owner: own}", `p.yaml:3:50: error unknown_column: app.invoice has no column "own"`},
		"an unknown key column":      {base + "entities:\n  e: {table: app.invoice, tenant: org_id, key: [id, idd]}", `p.yaml:3:53: error unknown_column: app.invoice has no column "idd" (did you mean "id"?)`},
		"a tenant column of json":    {base + "entities:\n  e: {table: app.invoice, tenant: j}", `p.yaml:3:35: error type_mismatch: j is of type json, whose values cannot be told apart by =`},
		"a tenant column that folds": {base + "entities:\n  e: {table: app.shouting, tenant: org}", `p.yaml:3:36: error type_mismatch: org has a collation in which different texts are equal, and so cannot tell whose a row is`},
		"owners":                     {base + "entities:\n  e: {table: app.invoice, tenant: org_id, owners: {a: b}}", `p.yaml:3:55: error unknown_column: app.invoice has no column "b"`},
		"a view":                     {base + "entities:\n  e: {table: app.view, tenant: global}", "p.yaml:3:14: error unmappable: app.view cannot be an entity: it is a view, and the entity does not say `view: own` or `view: expand`"},
		"a view mapped as one":       {base + "entities:\n  e: {table: app.country, tenant: global, view: own}", "p.yaml:3:14: error unmappable: app.country cannot be an entity: it is no view, and the entity says `view: own`"},
		"a table with rules":         {base + "entities:\n  e: {table: app.ruled, tenant: global}", `p.yaml:3:14: error unmappable: app.ruled cannot be an entity: it has rules, which rewrite statements after us`},
		"a table mapped twice":       {base + "entities:\n  a: {table: app.country, tenant: global}\n  b: {table: app.country, tenant: global}", `p.yaml:4:14: error table_mapped_twice: app.country is the table of a too, at DIR/p.yaml:3:14`},
		"a reserved entity":          {base + "entities:\n  ww_x: {table: app.country, tenant: global}", `p.yaml:3:3: error reserved_name: an entity may not be called "ww_x": the name is reserved`},
		"me as an entity":            {base + "entities:\n  me: {table: app.country, tenant: global}", `p.yaml:3:3: error reserved_name: an entity may not be called "me": the name is reserved`},
		"an entity with a dot":       {base + "entities:\n  a.b: {table: app.country, tenant: global}", `p.yaml:3:3: error invalid_name: "a.b" cannot be the name of an entity`},

		"an unknown entity":           {entity + "permissions: {v: [invoise.read]}", `p.yaml:4:19: error unknown_entity: there is no entity "invoise" (did you mean "invoice"?)`},
		"a mistaken action":           {entity + "permissions: {v: [invoice.raed]}", `p.yaml:4:27: error unknown_operation: "raed" is not an action (did you mean "read"?)`},
		"SQL's word for an action":    {entity + "permissions: {v: [invoice.select]}", `p.yaml:4:27: error unknown_operation: "select" is not an action (did you mean "read"?)`},
		"an entity without an action": {entity + "permissions: {v: [invoice]}", `p.yaml:4:19: error unknown_operation: "invoice" is not an operation (write entity.action)`},
		"a mask":                      {entity + "permissions:\n  v: [invoice.read: {mask: {id: x}}]", `p.yaml:5:33: error unknown_column: app.invoice has no column "x"`},
		"a negative operation":        {entity + "permissions: {v: ['!invoice.read']}", "p.yaml:4:19: error no_negative_permissions: permissions are never taken away: \"!invoice.read\" (leave the permission out, or narrow it by where:)"},
		"a deny rule":                 {base + "roles: {r: {deny: [x]}}", "p.yaml:2:13: error no_negative_permissions: permissions are never taken away: \"deny\" (leave the permission out, or narrow it by where:)"},
		"a negative grant":            {base + "roles: {r: {can: ['-x']}}", "p.yaml:2:19: error no_negative_permissions: permissions are never taken away: \"-x\" (leave the permission out, or narrow it by where:)"},
		"an unknown permission":       {base + "permissions: {view: []}\nroles: {r: {can: [viev]}}", `p.yaml:3:19: error unknown_permission: there is no permission "viev" (did you mean "view"?)`},
		"an unknown scope":            {base + "permissions: {v: []}\nroles: {r: {can: [v: onw]}}", `p.yaml:3:22: error unknown_key: there is no scope "onw" (did you mean "own"?)`},
		"scope all of a tenant role":  {base + "permissions: {v: []}\nroles: {r: {can: [v: all]}}", "p.yaml:3:22: error scope_all_needs_platform: scope all is for platform roles, and r is none (add `platform: true` to the role, and give it by `platform:` of users)"},
		"scope own without owner":     {entity + "permissions: {v: [invoice.read]}\nroles: {r: {can: [v: own]}}", "p.yaml:5:22: error scope_own_needs_owner: scope own needs an owner, and invoice, which v covers, has none (add `owner: COLUMN` to the entity)"},
		"grants in any tenant":        {base + "permissions: {v: []}\nroles: {r: {can: [v: {tenants: any}]}}", "p.yaml:3:32: error scope_all_needs_platform: tenants: any is for platform roles, and r is none (add `platform: true` to the role, and give it by `platform:` of users)"},
		"an unknown key of a grant":   {base + "permissions: {v: []}\nroles: {r: {can: [v: {wehre: x}]}}", `p.yaml:3:23: error unknown_key: the grant of v has no key "wehre" (did you mean "where"?)`},
		"an empty grant":              {base + "permissions: {v: []}\nroles: {r: {can: [{v: }]}}", `p.yaml:3:22: error wrong_shape: the grant of v must be a value, not nothing`},
		"allowing nonsense":           {base + "roles: {r: {allow: [explian]}}", `p.yaml:2:21: error unknown_key: allow does not know "explian" (did you mean "explain"?)`},
		"an unknown base role":        {base + "base_role: x", `p.yaml:2:12: error unknown_role: there is no role "x"`},
		"a platform base role":        {base + "base_role: x\nroles: {x: {platform: true}}", "p.yaml:2:12: error role_misplaced: x is a platform role and cannot be given by base_role (give it by `platform:` of users)"},
		"platform by a word":          {base + "roles: {x: {platform: yes}}", `p.yaml:2:23: error wrong_shape: role x: platform must be true or false`},

		"a parent tenant":         {base + "tenants: {a: {parent: b}}", `p.yaml:2:23: error unknown_tenant: there is no tenant "b"`},
		"an unknown tenant":       {base + "tenants: {acme: {}}\nusers: {u: {tenants: {acne: []}}}", `p.yaml:3:23: error unknown_tenant: there is no tenant "acne" (did you mean "acme"?)`},
		"an unknown role":         {base + "roles: {member: {}}\ntenants: {a: {}}\nusers: {u: {tenants: {a: [membre]}}}", `p.yaml:4:27: error unknown_role: there is no role "membre" (did you mean "member"?)`},
		"a platform role inside":  {base + "roles: {s: {platform: true}}\ntenants: {a: {}}\nusers: {u: {tenants: {a: [s]}}}", "p.yaml:4:27: error role_misplaced: s is a platform role and cannot be given by a tenant (give it by `platform:` of users)"},
		"a tenant's role outside": {base + "roles: {s: {}}\nusers: {u: {platform: [s]}}", "p.yaml:3:24: error role_misplaced: s is not a platform role (add `platform: true` to the role, or give it in a tenant)"},
		"roles without a tenant":  {entity + "roles: {s: {}}\nusers: {u: {roles: [s]}}", "p.yaml:5:21: error role_misplaced: `roles:` of a user is for policies in which every entity is global, and invoice is not (give the roles in a tenant)"},
		"a password in clear":     {base + "users: {u: {password: hunter2}}", "p.yaml:2:23: error wrong_shape: user u: password is not a SCRAM-SHA-256 verifier (make one with `wherewall passwd`)"},
		"a user of spaces":        {base + "users: {' u': {}}", `p.yaml:2:9: error invalid_name: " u" cannot be the name of a user`},
		"an attribute of no type": {base + "attributes: {a: integer}", `p.yaml:2:17: error wrong_shape: attributes have no type "integer" (did you mean "int"?)`},
		"a built-in attribute":    {base + "attributes: {id: int}", `p.yaml:2:14: error reserved_name: me.id is built in`},
		"the tenants in reach":    {base + "attributes: {tenants: 'text[]'}", `p.yaml:2:14: error reserved_name: an attribute may not be called "tenants": the name is that of the tenants in reach`},
		"a built-in given":        {base + "users: {u: {attrs: {tenant: x}}}", `p.yaml:2:21: error reserved_name: me.tenant is built in`},
		"a value of another type": {base + "attributes: {a: int}\nusers: {u: {attrs: {a: ten}}}", `p.yaml:3:24: error type_mismatch: a: "ten" is not a value of type int4`},
		"an item of another type": {base + "attributes: {a: 'int[]'}\nusers: {u: {attrs: {a: [1, x]}}}", `p.yaml:3:28: error type_mismatch: a: "x" is not a value of type int4`},
		"a value for a list":      {base + "attributes: {a: 'int[]'}\nusers: {u: {attrs: {a: 1}}}", `p.yaml:3:24: error wrong_shape: a must be a list, not a value`},
		"values that disagree":    {base + "users: {u: {attrs: {a: 1}}, v: {attrs: {a: x}}}", "p.yaml:2:44: error type_mismatch: a is text here and int4 at DIR/p.yaml:2:21 (declare the attribute in `attributes:`)"},
		"a list that disagrees":   {base + "users: {u: {attrs: {a: [1, x]}}}", "p.yaml:2:24: error wrong_shape: the type of a cannot be told by this value (declare the attribute in `attributes:`)"},
		"a tenant that is no int": {base + "entities:\n  n: {table: app.numbered, tenant: org}\ntenants: {acme: {}}", `p.yaml:4:11: error type_mismatch: the tenant column at DIR/p.yaml:3:36 cannot hold this tenant: "acme" is not a value of type int4`},
		"a second way to write 7": {base + "entities:\n  n: {table: app.numbered, tenant: org}\ntenants: {7: {}, 07: {}}", `p.yaml:4:18: error type_mismatch: the tenant column at DIR/p.yaml:3:36 cannot hold this tenant: "07" is not the plain way to write a value of type int4`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(problems(t, c.policy), "\n")
			// Where a message has a second place, it has the file's whole path.
			if i := strings.Index(c.want, "DIR"); i >= 0 {
				require.True(t, len(got) > i && strings.HasPrefix(got[i:], "/"), got)
				got = got[:i] + "DIR" + got[strings.LastIndex(got, "/p.yaml"):]
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestRelationsMustLeadToOneRow(t *testing.T) {
	t.Parallel()
	task := func(relation string) string {
		return "wherewall: 1\nentities:\n  project: {table: app.project, tenant: org_id}\n  event: {table: app.event, tenant: org_id}\n" +
			"  task:\n    table: app.task\n    tenant: global\n    relations:\n      r: " + relation + "\n"
	}
	cases := map[string]struct{ relation, want string }{
		"by a column that is not unique": {"{to: project, join: {project_id: id, assignee: org_id, due: open}}", `p.yaml:9:65: error type_mismatch: app.task.due is date and app.project.open is bool: they cannot be joined`},
		"by part of nothing":             {"{to: project, join: {assignee: org_id}}", "p.yaml:9:7: error path_not_to_one: relation r may lead to many rows: app.project is not unique by org_id (join on its primary key, or on columns with a unique index; or say `many: true`)"},
		"to a table without a key":       {"{to: event, join: {project_id: id}}", "p.yaml:9:7: error path_not_to_one: relation r may lead to many rows: app.event is not unique by id (join on its primary key, or on columns with a unique index; or say `many: true`)"},
		"to an unknown entity":           {"{to: porject, join: {project_id: id}}", `p.yaml:9:15: error unknown_entity: there is no entity "porject" (did you mean "project"?)`},
		"to an unknown table":            {"{to: app.porject, join: {project_id: id}}", `p.yaml:9:15: error unknown_table: the database has no table app.porject (did you mean "app.project"?)`},
		"by our unknown column":          {"{to: project, join: {projct_id: id}}", `p.yaml:9:31: error unknown_column: app.task has no column "projct_id" (did you mean "project_id"?)`},
		"by their unknown column":        {"{to: project, join: {project_id: idd}}", `p.yaml:9:43: error unknown_column: app.project has no column "idd" (did you mean "id"?)`},
		"without a join":                 {"{to: project}", `p.yaml:9:7: error wrong_shape: relation task.r needs to and join (write {to: ENTITY, join: {OUR_COLUMN: THEIR_COLUMN}})`},
		"by an empty join":               {"{to: project, join: {}}", `p.yaml:9:30: error wrong_shape: relation task.r: join is empty`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, strings.Join(problems(t, task(c.relation)), "\n"))
		})
	}
	t.Run("a unique index will do, and more columns than it has", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, problems(t, task("{to: project, join: {project_id: id, assignee: org_id}}")))
	})
}

func TestOneRunFindsEverything(t *testing.T) {
	t.Parallel()
	const policy = `wherewall: 1
entities:
  invoice: {table: app.invoice, tenant: org, owner: x}
  task: {table: app.tsak, tenant: global}
permissions: {v: [invoice.read, invioce.read]}
roles:
  r: {can: [v: {where: "amuont > 1 AND paid = 'x' AND f()"}, w], cna: []}
users: {u: {tenants: {t: [q]}}}
`
	require.Len(t, problems(t, policy), 11)
}

func TestAProblemShowsItsLine(t *testing.T) {
	t.Parallel()
	p, err := catalog.ReadPolicy(write(t, map[string]string{"p.yaml": "wherewall: 1\nusers: {u: {password: hunter2}}\nrole:\t{a: 1}\n"}))
	require.NotNil(t, p)
	var found catalog.Problems
	require.ErrorAs(t, err, &found)
	require.Len(t, found, 2)
	require.Empty(t, found[0].Excerpt, "the line of a password is not repeated")
	require.Equal(t, "role:\t{a: 1}\n^", found[1].Excerpt)
}

func TestWordsOfABrokenFileAreNotCalledMissing(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"a.yaml": "wherewall: 1\nbase_role: r\n", "b.yaml": "roles: {r: {can: []\n"})
	_, err := catalog.ReadPolicy(dir)
	var found catalog.Problems
	require.ErrorAs(t, err, &found)
	require.Len(t, found, 1)
	require.Equal(t, catalog.CodeYAMLSyntax, found[0].Code)
}

func FuzzCondition(f *testing.F) {
	for _, seed := range []string{"paid AND amount > 3", "org_id = ANY(me.tags)", "status IN ('draft', 'sent')", "NOT (a.b IS NULL)", "x = 'é' -- y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, condition string) {
		// Whatever the text is, it is compiled or refused, at a place inside the file.
		for _, line := range problems(t, conditionPolicy(strconv.Quote(condition))) {
			require.True(t, strings.HasPrefix(line, "p.yaml:"), line)
		}
	})
}
