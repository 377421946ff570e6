package catalog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheWholeModelIsRefusedInPlace(t *testing.T) {
	t.Parallel()
	const base = "wherewall: 1\n"
	const entity = base + "entities:\n  invoice: {table: app.invoice, tenant: org_id}\n"
	const permission = entity + "permissions: {v: [invoice.read], w: {ops: [invoice.read], tenant_assignable: true}}\nroles: {r: {can: [v]}, p: {platform: true}}\n"
	cases := map[string]struct{ policy, want string }{
		"a pattern without tables":       {base + "defaults: {match: [{as: {tenant: global}}]}", "p.yaml:2:20: error unknown_table: an item of match has no tables (add `tables: \"SCHEMA.*\"`)"},
		"a pattern that is none":         {base + "defaults: {match: [{tables: app, as: {tenant: global}}]}", `p.yaml:2:29: error unknown_table: "app" is not a pattern of tables (write SCHEMA.TABLE, with * for any letters)`},
		"a pattern without a tenant":     {base + "defaults: {match: [{tables: 'app.*', as: {key: id}}]}", "p.yaml:2:20: error tenant_missing: an item of match does not say which tenant the rows belong to (add `as: {tenant: COLUMN}`, or `tenant: global` for rows that belong to everybody)"},
		"a pattern with a table":         {base + "defaults: {match: [{tables: 'app.*', as: {tenant: global, table: app.x}}]}", `p.yaml:2:59: error unknown_key: an item of match: as has no key "table"`},
		"two patterns for a table":       {base + "defaults:\n  match:\n    - {tables: 'app.eve*', as: {tenant: org_id}}\n    - {tables: 'app.*ent', as: {tenant: global}}", `p.yaml:5:16: error pattern_ambiguous: app.event is matched by "app.eve*" at DIR/p.yaml:4:16 too, and neither is the more specific one (make one of them more specific, or map the table by an entity)`},
		"a condition of a pattern":       {base + "defaults: {match: [{tables: 'app.event', as: {tenant: org_id, always: deletd}}]}", `p.yaml:2:71: error unknown_column: app.event has no column "deletd"`},
		"star with another word":         {base + "star: omitt", `p.yaml:2:7: error wrong_shape: star must be omit or error (did you mean "omit"?)`},
		"audited rows":                   {base + "audit: {rows: all}", `p.yaml:2:15: error wrong_shape: rows can only be keys`},
		"an audited entity":              {entity + "audit: {entities: [invoise]}", `p.yaml:4:20: error unknown_entity: there is no entity "invoise" (did you mean "invoice"?)`},
		"a shared path":                  {base + "entities:\n  project: {table: app.project, tenant: org_id}\n  task: {table: app.task, tenant: {column: project.org_id, null_is: shared}, relations: {project: {to: project, join: {project_id: id}}}}", `p.yaml:4:69: error path_not_to_one: rows can be shared by a column of their own, not by one over a path`},
		"rows that are no one's":         {base + "entities:\n  e: {table: app.invoice, tenant: {column: org_id, null_is: nobody}}", `p.yaml:3:61: error unknown_key: rows without a tenant can only be shared, or nobody's`},
		"a global entity that is shared": {base + "entities:\n  e: {table: app.invoice, tenant: {column: global, null_is: shared}}", `p.yaml:3:61: error wrong_shape: the rows of a global entity belong to everybody (leave null_is out)`},
		"a tenant without a column":      {base + "entities:\n  e: {table: app.invoice, tenant: {null_is: shared}}", "p.yaml:3:35: error tenant_missing: entity e: tenant has no column (add `column: COLUMN`)"},
		"a view of another kind":         {base + "entities:\n  e: {table: app.view, tenant: global, view: mine}", `p.yaml:3:46: error unknown_key: a view is mapped as own or expand, not "mine"`},
		"relations by another word":      {base + "entities:\n  e: {table: app.invoice, tenant: org_id, relations: keys}", `p.yaml:3:54: error wrong_shape: entity e: relations must be fk or a map (write fk, or a map of relations)`},
		"a tenant over many rows":        {base + "entities:\n  project: {table: app.project, tenant: tasks.id, relations: {tasks: {to: app.task, join: {id: project_id}, many: true}}}", `p.yaml:3:41: error path_not_to_one: relation tasks leads to many rows (relations to many rows are for conditions)`},
		"an owner that is no name":       {base + "entities:\n  e: {table: app.invoice, tenant: org_id, owners: {Boss: org_id}}", `p.yaml:3:52: error invalid_name: "Boss" cannot be the name of an owner`},
		"always of a mistaken column":    {base + "entities:\n  e: {table: app.invoice, tenant: org_id, always: \"paid AND amuont > 1\"}", `p.yaml:3:61: error unknown_column: app.invoice has no column "amuont" (did you mean "amount"?)`},
		"always that is no condition":    {base + "entities:\n  e: {table: app.invoice, tenant: org_id, always: amount}", `p.yaml:3:51: error condition_not_boolean: this is numeric and not true or false (compare it with something)`},
		"a function that is no name":     {base + "functions: {due: {}}", `p.yaml:2:13: error unknown_function: "due" is not a function (write SCHEMA.NAME, or 'SCHEMA.NAME(ARGTYPES)')`},
		"a function that is not there":   {base + "functions: {app.due: {}}", `p.yaml:2:13: error unknown_function: the database has no function app.due`},
		"a function of PostgreSQL":       {base + "functions: {pg_catalog.pg_read_file: {}}", `p.yaml:2:13: error function_not_allowed: the functions of pg_catalog are not for a policy to allow`},
		"a function that reads nonsense": {entity + "functions: {app.due: {reads: [invoise]}}", `p.yaml:4:13: error unknown_function: the database has no function app.due
p.yaml:4:31: error unknown_entity: there is no entity "invoise" (did you mean "invoice"?)`},
		"an unknown column of a list": {entity + "permissions: {v: [\"invoice.read(id, amuont)\"]}", `p.yaml:4:37: error unknown_column: app.invoice has no column "amuont" (did you mean "amount"?)`},
		"a column twice in a list":    {entity + "permissions: {v: [\"invoice.read(id, id)\"]}", `p.yaml:4:37: error duplicate_key: column id is listed twice`},
		"a list that is not closed":   {entity + "permissions: {v: [\"invoice.read(id\"]}", `p.yaml:4:35: error unknown_operation: the list of columns is not closed (write entity.action(column, ...))`},
		"an empty place in a list":    {entity + "permissions: {v: [\"invoice.read(id,,amount)\"]}", `p.yaml:4:36: error unknown_column: a column is missing in the list`},
		"columns of a delete":         {entity + "permissions: {v: [\"invoice.delete(id)\"]}", `p.yaml:4:34: error unknown_operation: delete is of whole rows (columns are for read, create and update)`},
		"columns listed twice":        {entity + "permissions: {v: [{\"invoice.read(id)\": {columns: [id]}}]}", `p.yaml:4:50: error duplicate_key: operation invoice.read(id) has its columns twice`},
		"a mask of an update":         {entity + "permissions: {v: [invoice.update: {mask: {id: 'NULL'}}]}", `p.yaml:4:36: error unknown_key: mask means nothing for update (masks are for read)`},
		"a preset of a read": {entity + "permissions: {v: [invoice.read: {set: {id: 1}}]}", `p.yaml:4:34: error unknown_key: set means nothing for read (presets are for create and update)
p.yaml:4:44: error type_mismatch: column id is uuid, and this is a number`},
		"columns of an export":            {entity + "permissions: {v: [invoice.export: {columns: [id]}]}", `p.yaml:4:36: error unknown_key: columns means nothing for export (columns are for read, create and update)`},
		"a mask of an unknown column":     {entity + "permissions: {v: [invoice.read: {mask: {di: 'NULL'}}]}", `p.yaml:4:41: error unknown_column: app.invoice has no column "di" (did you mean "id"?)`},
		"a mask of a column that is open": {entity + "permissions: {v: [invoice.read: {columns: [id], mask: {id: 'NULL'}}]}", `p.yaml:4:56: error mask_conflict: column id is given as it is at DIR/p.yaml:4:44 (leave it out of the columns, or leave the mask out)`},
		"a mask with a subtle mistake":    {entity + "permissions: {v: [invoice.read: {mask: {org_id: \"left(org_di, 1)\"}}]}", `p.yaml:4:55: error unknown_column: app.invoice has no column "org_di" (did you mean "org_id"?)`},
		"a mask by a dangerous function":  {entity + "permissions: {v: [invoice.read: {mask: {org_id: \"pg_read_file('x')\"}}]}", `p.yaml:4:50: error function_not_allowed: sql: does not know the function pg_read_file`},
		"two masks of one width":          {entity + "permissions: {v: [invoice.read: {columns: [], mask: {org_id: \"'x'\"}}], w: [invoice.read: {columns: [], mask: {org_id: \"'y'\"}}]}", `p.yaml:4:111: error mask_conflict: w masks invoice.org_id in another way than v does at DIR/p.yaml:4:54 (give both the same mask, or one of them fewer columns)`},
		"a preset by a column":            {entity + "permissions: {v: [invoice.create: {set: {org_id: draft}}]}", `p.yaml:4:50: error condition_syntax: a preset is a constant, an attribute of me or now(), not a column (write a text in quotes: "'...'")`},
		"a preset of another type":        {entity + "permissions: {v: [invoice.create: {set: {amount: true}}]}", `p.yaml:4:50: error type_mismatch: column amount is numeric, and this is bool`},
		"a preset that does not fit":      {entity + "permissions: {v: [invoice.create: {set: {status: \"'drafd'\"}}]}", `p.yaml:4:51: error type_mismatch: app.status has no value "drafd"`},
		"a preset by sql":                 {entity + "permissions: {v: [invoice.create: {set: {org_id: {sql: 'id::text'}}}]}", `p.yaml:4:56: error condition_syntax: a preset is a constant, an attribute of me or now()`},
		"an unknown preset":               {entity + "permissions: {v: [invoice.create: {set: {orgid: me.tenant}}]}", `p.yaml:4:42: error unknown_column: app.invoice has no column "orgid" (did you mean "org_id"?)`},
		"tenants in another way":          {permission + "roles2: {}", `p.yaml:6:1: error unknown_key: the policy has no key "roles2" (did you mean "roles"?)`},
		"a grant in all tenants":          {entity + "permissions: {v: [invoice.read]}\nroles: {r: {can: [v: {tenants: all}]}}", `p.yaml:5:32: error wrong_shape: the grant of v: tenants can only be any (leave it out for the session's tenant)`},
		"any tenant of a tenant's role":   {entity + "permissions: {v: [invoice.read]}\nroles: {r: {can: [v: {tenants: any}]}}", "p.yaml:5:32: error scope_all_needs_platform: tenants: any is for platform roles, and r is none (add `platform: true` to the role, and give it by `platform:` of users)"},
		"an owner that is missing":        {entity + "permissions: {v: [invoice.read]}\nroles: {r: {can: [v: 'own:boss']}}", "p.yaml:5:22: error scope_own_needs_owner: invoice, which v covers, has no owner \"boss\" (add `owners: {boss: COLUMN}` to the entity)"},
		"an owner without a name":         {entity + "permissions: {v: [invoice.read]}\nroles: {r: {can: [v: 'own:']}}", `p.yaml:5:22: error unknown_key: there is no scope "own:" (did you mean "own"?)`},
		"a tenant below itself": {base + "tenants: {a: {parent: b}, b: {parent: a}}", `p.yaml:2:23: error tenant_cycle: tenant a is below itself
p.yaml:2:39: error tenant_cycle: tenant b is below itself`},
		"a custom role without a list":    {base + "tenants: {a: {roles: {x: {}}}}", "p.yaml:2:23: error wrong_shape: role x of a lists no permissions (add `can: [PERMISSION, ...]`: nothing is inherited)"},
		"a custom role with more":         {base + "tenants: {a: {roles: {x: {can: [], platform: true}}}}", `p.yaml:2:36: error unknown_key: role x of a has no key "platform"`},
		"a custom role that is taken":     {permission + "tenants: {a: {roles: {r: {can: []}}}}", "p.yaml:6:23: error duplicate_key: role \"r\" is one of the policy's own (add `replaces: r`, or choose another name)"},
		"a replaced role that is missing": {permission + "tenants: {a: {roles: {x: {replaces: rr, can: []}}}}", `p.yaml:6:37: error unknown_role: there is no role "rr" (did you mean "r"?)`},
		"a replaced platform role":        {permission + "tenants: {a: {roles: {x: {replaces: p, can: []}}}}", `p.yaml:6:37: error role_misplaced: p is a platform role, which no tenant can replace`},
		"a role replaced twice":           {permission + "tenants: {a: {roles: {x: {replaces: r, can: []}, y: {replaces: r, can: []}}}}", `p.yaml:6:64: error duplicate_key: role "r" is replaced twice, first at DIR/p.yaml:6:37`},
		"a permission not for tenants":    {permission + "tenants: {a: {roles: {x: {can: [v]}}}}", "p.yaml:6:33: error not_tenant_assignable: x is a tenant's role, and v is not for tenants to give (add `tenant_assignable: true` to the permission)"},
		"a scope not for tenants":         {permission + "tenants: {a: {roles: {x: {can: [w: tree]}}}}", `p.yaml:6:36: error not_tenant_assignable: x is a tenant's role: its scopes are own and tenant`},
		"any tenant for tenants":          {permission + "tenants: {a: {roles: {x: {can: [w: {tenants: any}]}}}}", `p.yaml:6:46: error not_tenant_assignable: x is a tenant's role, and reaches no other tenant`},
		"sql for tenants":                 {permission + "tenants: {a: {roles: {x: {can: [w: {where: {sql: paid}}]}}}}", `p.yaml:6:50: error not_tenant_assignable: x is a tenant's role: sql: is for the policy's own roles`},
		"a custom role's condition":       {permission + "tenants: {a: {roles: {x: {can: [w: {where: piad}]}}}}", `p.yaml:6:44: error unknown_column: app.invoice has no column "piad" (did you mean "paid"?)`},
		"a group without a tenant":        {base + "groups: {g: {members: []}}", "p.yaml:2:10: error wrong_shape: group g has no tenant (add `tenant: ID`)"},
		"a group of an unknown tenant":    {base + "groups: {g: {tenant: x}}", `p.yaml:2:22: error unknown_tenant: there is no tenant "x"`},
		"a group of an unknown user":      {base + "tenants: {a: {}}\nusers: {kim: {}}\ngroups: {g: {tenant: a, members: [kin]}}", `p.yaml:4:35: error unknown_user: there is no user "kin" (did you mean "kim"?)`},
		"a group with a platform role":    {permission + "tenants: {a: {}}\ngroups: {g: {tenant: a, roles: [p]}}", "p.yaml:7:33: error role_misplaced: p is a platform role and cannot be given by a group (give it by `platform:` of users)"},
		"resources of an unknown entity":  {permission + "tenants: {a: {}}\ngroups: {g: {tenant: a, resources: {invoise: [1]}}}", `p.yaml:7:37: error unknown_entity: there is no entity "invoise" (did you mean "invoice"?)`},
		"a resource that is no key":       {permission + "tenants: {a: {}}\ngroups: {g: {tenant: a, resources: {invoice: [7]}}}", `p.yaml:7:47: error type_mismatch: invoice.id: "7" is not a value of type uuid`},
		"a resource of two parts":         {permission + "tenants: {a: {}}\ngroups: {g: {tenant: a, resources: {invoice: [[7, 8]]}}}", `p.yaml:7:47: error wrong_shape: a key of invoice is (id)`},
		"a resource grant with a hole":    {base + "resource_grants: [{user: kim, role: r, resources: {}}]", `p.yaml:2:19: error wrong_shape: a resource grant has no tenant (write {user: USER, tenant: ID, role: ROLE, resources: {ENTITY: [KEY]}})`},
		"a membership that ends early":    {base + "tenants: {a: {}}\nusers: {u: {tenants: {a: {roles: [], from: 2026-02-01, until: 2026-02-01}}}}", `p.yaml:3:63: error wrong_shape: user u in a ends before it begins (until is the first day after the membership)`},
		"a day that is none":              {base + "tenants: {a: {}}\nusers: {u: {tenants: {a: {roles: [], from: 2026-02-30}}}}", `p.yaml:3:44: error type_mismatch: user u in a: from is not a date: "2026-02-30" (write it as 2006-01-02)`},
		"an allowance that is none":       {base + "users: {u: {allow: [lisen]}}", `p.yaml:2:21: error unknown_key: allow does not know "lisen" (did you mean "listen"?)`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := problems(t, c.policy)
			for i, l := range lines {
				if at := strings.Index(l, "at /"); at >= 0 {
					lines[i] = l[:at+3] + "DIR" + l[strings.LastIndex(l, "/p.yaml"):]
				}
			}
			require.Equal(t, c.want, strings.Join(lines, "\n"))
		})
	}
}

func TestTheGrammarOfConditionsIsRefusedInPlace(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ condition, want string }{
		"a pattern of an attribute":      {"org_id LIKE me.id", `p.yaml:6:42: error condition_syntax: the pattern of LIKE must be a constant, without ESCAPE (use starts_with() or strpos())`},
		"a pattern that escapes its end": {`org_id LIKE 'a\'`, `p.yaml:6:42: error condition_syntax: the pattern ends with its escape character (write \\ for a backslash)`},
		"another escape":                 {`"org_id LIKE 'a' ESCAPE 'b'"`, `p.yaml:6:38: error condition_syntax: the pattern of LIKE must be a constant, without ESCAPE (use starts_with() or strpos())`},
		"SIMILAR TO":                     {"org_id SIMILAR TO 'a'", `p.yaml:6:37: error condition_syntax: conditions do not know the operator SIMILAR TO (write it as {sql: ...})`},
		"a regular expression":           {"org_id ~ 'a'", `p.yaml:6:37: error condition_syntax: conditions do not know the operator ~ (write it as {sql: ...})`},
		"arrays of other types":          {`"org_id && ARRAY['a']"`, `p.yaml:6:38: error type_mismatch: && is for arrays of plain values, and for jsonb where it is not &&`},
		"an element of another type":     {`"me.tags && ARRAY[1]"`, `p.yaml:6:48: error type_mismatch: the list is of constants of type text`},
		"jsonb of json":                  {"j ->> 'a' = 'b'", `p.yaml:6:32: error type_mismatch: ->> takes a key in quotes out of a jsonb`},
		"overlapping constants": {`"ARRAY['a'] && ARRAY['b']"`, `p.yaml:6:31: error condition_syntax: conditions compare columns, me.* and constants: this is none of them (write it as {sql: ...})
p.yaml:6:45: error condition_syntax: conditions compare columns, me.* and constants: this is none of them (write it as {sql: ...})`},
		"a sum of text":                 {"org_id + 1 = 2", `p.yaml:6:37: error type_mismatch: there is no + of text and a number in conditions`},
		"a product":                     {"amount * 2 > 1", `p.yaml:6:37: error condition_syntax: conditions do not know the operator * (write it as {sql: ...})`},
		"a negative column":             {"-amount > 1", `p.yaml:6:30: error condition_syntax: conditions do not know the sign - before anything but a number (write 0 - x)`},
		"a comparison of comparisons":   {"(amount = 1) = paid", `p.yaml:6:38: error condition_syntax: a comparison cannot be compared (join comparisons by AND and OR)`},
		"lower of a number":             {"lower(amount) = 'a'", `p.yaml:6:36: error type_mismatch: lower is for text, and this is numeric`},
		"length of two":                 {`"length(org_id, 'x') = 1"`, `p.yaml:6:31: error type_mismatch: length takes 1 arguments`},
		"a misspelt function":           {"lowr(org_id) = 'a'", `p.yaml:6:30: error function_not_allowed: conditions do not know the function lowr (did you mean "lower"?)`},
		"a function for sql":            {`"split_part(org_id, 'a', 1) = 'a'"`, `p.yaml:6:31: error function_not_allowed: conditions do not know the function split_part (write it as {sql: ...})`},
		"an aggregate's form":           {"length(DISTINCT org_id) = 1", `p.yaml:6:30: error condition_syntax: length is called in a way that is not part of conditions`},
		"coalesce of two types":         {`"coalesce(org_id, amount) = 'a'"`, `p.yaml:6:48: error type_mismatch: text and numeric are not of one type (cast one of them)`},
		"greatest":                      {`"greatest(amount, 1) = 1"`, `p.yaml:6:31: error function_not_allowed: conditions do not know greatest and least (write it as {sql: ...})`},
		"a simple CASE":                 {"CASE paid WHEN true THEN 1 END = 1", `p.yaml:6:30: error condition_syntax: CASE x WHEN 1 is not part of conditions (write CASE WHEN x = 1 THEN ...)`},
		"a CASE of two types":           {"CASE WHEN paid THEN 1 ELSE org_id END = 1", `p.yaml:6:50: error type_mismatch: text and a number are not of one type (cast one of them)`},
		"a CASE that asks a number":     {"CASE WHEN amount THEN true END", `p.yaml:6:40: error condition_not_boolean: this is numeric and not true or false (compare it with something)`},
		"a cast to a type of somebody":  {"org_id::app.status = 'draft'", `p.yaml:6:38: error condition_syntax: conditions do not cast to app.status (the types are bool, date, int2, int4, int8, interval, jsonb, numeric, text, timestamp, timestamptz, uuid)`},
		"a cast that asks the settings": {"org_id::date = '2026-01-01'", `p.yaml:6:36: error type_mismatch: conditions do not cast text to date (write it as {sql: ...})`},
		"a cast with a modifier":        {`"amount::numeric(3, 1) = 1"`, `p.yaml:6:39: error condition_syntax: conditions cast to types without modifiers`},
		"a constant that does not fit":  {`"'x'::int = 1"`, `p.yaml:6:31: error type_mismatch: "x" is not a value of type int4`},
		"an interval that is none":      {"now() - interval 'soon' > now()", `p.yaml:6:47: error type_mismatch: "soon" is not a value of type interval`},
		"a time of day":                 {"current_time IS NULL", `p.yaml:6:30: error function_not_allowed: conditions do not know this function (the session's user is me.id, its time now())`},
		"sql without sql": {"{sqll: paid}", `p.yaml:6:30: error wrong_shape: the grant of v: where has no sql (write the condition, or {sql: CONDITION})
p.yaml:6:31: error unknown_key: the grant of v: where has no key "sqll" (did you mean "sql"?)`},
		"sql that is a number":          {`{sql: "1 + 1"}`, `p.yaml:6:39: error condition_not_boolean: this is not true or false (compare it with something)`},
		"sql with an unknown column":    {`{sql: "paid OR amuont % 2 = 1"}`, `p.yaml:6:45: error unknown_column: app.invoice has no column "amuont" (did you mean "amount"?)`},
		"sql with an unknown attribute": {`{sql: "amount % me.mx = 1"}`, `p.yaml:6:46: error unknown_column: me has no attribute "mx" (did you mean "max"?)`},
		"sql with a path":               {`{sql: "a.b.c = 1"}`, `p.yaml:6:37: error condition_syntax: sql: knows no paths over relations (use a sub-select)`},
		"sql with a star":               {`{sql: "invoice.* IS NULL"}`, `p.yaml:6:37: error condition_syntax: * is not a column`},
		"sql with an aggregate":         {`{sql: "count(*) > 1"}`, `p.yaml:6:37: error function_not_allowed: sql: knows no aggregates and windows`},
		"sql with a window":             {`{sql: "rank() OVER () = 1"}`, `p.yaml:6:37: error function_not_allowed: sql: knows no aggregates and windows`},
		"sql with set_config":           {`{sql: "set_config('a', 'b', true) = 'b'"}`, `p.yaml:6:37: error function_not_allowed: sql: does not know the function set_config`},
		"sql that looks names up":       {`{sql: "'app.invoice'::regclass = 1"}`, `p.yaml:6:52: error condition_syntax: sql: does not cast to regclass (write types outside pg_catalog as SCHEMA.TYPE)`},
		"sql with the current user":     {`{sql: "org_id = current_user"}`, `p.yaml:6:46: error function_not_allowed: sql: does not know this function (the session's user is me.id)`},
		"sql with the client's day":     {`{sql: "current_date > '2026-01-01'"}`, `p.yaml:6:37: error function_not_allowed: this depends on the time zone that a client may choose (write (now() AT TIME ZONE 'UTC')::date)`},
		"sql with a parameter":          {`{sql: "amount = $1"}`, `p.yaml:6:46: error condition_syntax: a parameter is not part of sql:`},
		"sql with a row": {`{sql: "(amount, paid) = (1, true)"}`, `p.yaml:6:37: error condition_syntax: a row is not part of sql:
p.yaml:6:54: error condition_syntax: a row is not part of sql:`},
		"sql with a collation":           {`{sql: "org_id COLLATE \"C\" < 'a'"}`, `p.yaml:6:44: error condition_syntax: COLLATE is not part of sql:`},
		"sql over an unmapped table":     {`{sql: "EXISTS (SELECT FROM app.country)"}`, `p.yaml:6:57: error unknown_table: app.country is not mapped, and sql: reads mapped tables alone (map it as an entity)`},
		"sql over a bare table":          {`{sql: "EXISTS (SELECT FROM project)"}`, `p.yaml:6:57: error unknown_table: there is no table "project" (write SCHEMA.TABLE)`},
		"sql with a LIMIT":               {`{sql: "EXISTS (SELECT FROM app.project LIMIT 1)"}`, `p.yaml:6:37: error condition_syntax: a sub-select is SELECT ... FROM SCHEMA.TABLE WHERE ..., and nothing more`},
		"sql with a WITH":                {`{sql: "EXISTS (WITH a AS (SELECT 1) SELECT FROM a)"}`, `p.yaml:6:37: error condition_syntax: a sub-select is SELECT ... FROM SCHEMA.TABLE WHERE ..., and nothing more`},
		"sql with a function as a table": {`{sql: "EXISTS (SELECT FROM generate_series(1, 2))"}`, `p.yaml:6:37: error condition_syntax: sub-selects of sql: read tables alone`},
		"sql with a NATURAL JOIN":        {`{sql: "EXISTS (SELECT FROM app.project p NATURAL JOIN app.project q)"}`, `p.yaml:6:37: error condition_syntax: sub-selects of sql: join by ON alone (write JOIN ... ON)`},
		"sql with a reserved alias":      {`{sql: "EXISTS (SELECT FROM app.project me)"}`, `p.yaml:6:57: error reserved_name: a table of a sub-select may not be called "me" here (give it another alias)`},
		"sql with an unknown inner one":  {`{sql: "EXISTS (SELECT FROM app.project p WHERE p.opne)"}`, `p.yaml:6:77: error unknown_column: app.project has no column "opne" (did you mean "open"?)`},
		"sql with a name of two tables":  {`{sql: "EXISTS (SELECT FROM app.project p JOIN app.project q ON true WHERE open)"}`, `p.yaml:6:104: error condition_syntax: column "open" is in several tables here (write TABLE.COLUMN)`},
		"sql that locks":                 {`{sql: "EXISTS (SELECT FROM app.project FOR UPDATE)"}`, `p.yaml:6:37: error condition_syntax: a sub-select is SELECT ... FROM SCHEMA.TABLE WHERE ..., and nothing more`},
		"a column of the system":         {`{sql: "xmin IS NULL"}`, `p.yaml:6:37: error unknown_column: app.invoice has no column "xmin"`},
		"sql that ends and begins again": {`{sql: "paid; DROP TABLE x"}`, `p.yaml:6:37: error condition_syntax: the condition is more than one expression`},
		"the whole row":                  {`{sql: "invoice IS NULL"}`, `p.yaml:6:37: error unknown_column: app.invoice has no column "invoice"`},
		"a type that is not known": {`{sql: "amount::money > 1::money"}`, `p.yaml:6:45: error condition_syntax: sql: does not cast to money (write types outside pg_catalog as SCHEMA.TYPE)
p.yaml:6:56: error condition_syntax: sql: does not cast to money (write types outside pg_catalog as SCHEMA.TYPE)`},
		"a quantified comparison":  {`{sql: "amount > ALL (SELECT 1)"}`, `p.yaml:6:44: error condition_syntax: a sub-select is SELECT ... FROM SCHEMA.TABLE WHERE ..., and nothing more`},
		"an operator of a schema":  {`{sql: "amount OPERATOR(app.=) 1"}`, `p.yaml:6:44: error condition_syntax: OPERATOR() is not part of conditions (write the plain operator)`},
		"a comparison of NULL":     {"org_id IS DISTINCT FROM NULL", `p.yaml:6:54: error condition_syntax: this constant cannot be compared (write IS NULL)`},
		"floats that are distinct": {"f IS DISTINCT FROM 1.5", `p.yaml:6:30: error type_mismatch: values of type float8 are rounded, and so cannot be equal (use numeric, or < and >)`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, strings.Join(problems(t, conditionPolicy(c.condition)), "\n"))
		})
	}
}

func TestConditionsOverManyRowsAreRefusedInPlace(t *testing.T) {
	t.Parallel()
	policy := func(condition string) string {
		return `wherewall: 1
entities:
  project:
    table: app.project
    tenant: org_id
    relations: {tasks: {to: task, join: {id: project_id}, many: true}, bills: {to: app.invoice, join: {org_id: org_id}, many: true}}
  task: {table: app.task, tenant: global}
permissions: {v: [project.read]}
roles: {r: {can: [v: {where: ` + condition + `}]}}
`
	}
	cases := map[string]struct{ condition, want string }{
		"one comparison over two":       {"tasks.assignee = bills.org_id", `p.yaml:9:45: error condition_syntax: bills and tasks lead to many rows each, and no comparison can be over both (write it as {sql: ...})`},
		"two relations that share":      {"tasks.id = 1 AND (tasks.id = 2 OR bills.paid)", `p.yaml:9:61: error condition_syntax: bills and tasks lead to many rows each, and no comparison can be over both (write it as {sql: ...})`},
		"NOT beside a comparison":       {"tasks.id = 1 AND NOT (tasks.assignee = 'x')", `p.yaml:9:47: error condition_syntax: NOT over tasks, beside comparisons over it, could mean this row or every row (write <>, NOT IN or IS NOT NULL for this row, or {sql: ...} for no row)`},
		"NOT deep beside a comparison":  {"tasks.id = 1 AND (open OR NOT (tasks.assignee = 'x'))", `p.yaml:9:56: error condition_syntax: NOT over tasks, beside comparisons over it, could mean this row or every row (write <>, NOT IN or IS NOT NULL for this row, or {sql: ...} for no row)`},
		"an unknown column at the end":  {"tasks.asignee = 'x'", `p.yaml:9:36: error unknown_column: app.task has no column "asignee" (did you mean "assignee"?)`},
		"a table that is not mapped":    {"bills.x.y = 1", `p.yaml:9:36: error unknown_column: app.invoice is not an entity and has no relations (map the table as an entity)`},
		"a mistake inside of one row":   {"tasks.id = 1 AND tasks.due = 'soon'", `p.yaml:9:59: error type_mismatch: "soon" is not a value of type date`},
		"NOT alone is no row":           {"NOT (tasks.assignee = 'x')", ""},
		"two relations, each by itself": {"tasks.id = 1 AND bills.paid", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, strings.Join(problems(t, policy(c.condition)), "\n"))
		})
	}
}
