package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// extendedPeople is a table with columns of types that extensions of the search path bring along.
const extendedPeople = `
CREATE EXTENSION citext SCHEMA app; CREATE EXTENSION hstore SCHEMA app; CREATE EXTENSION ltree SCHEMA app; CREATE EXTENSION pg_trgm SCHEMA app;
CREATE TABLE app.person (id int PRIMARY KEY, org_id text NOT NULL, email app.citext NOT NULL, extra app.hstore, place app.ltree, name text NOT NULL);
INSERT INTO app.person SELECT n, (ARRAY['acme', 'globex'])[1 + n % 2], 'User' || n || '@Example.org', 'a=>1', 'top.sub', 'name ' || n FROM generate_series(1, 20) n;
GRANT SELECT ON app.person TO wherewall_svc`

const extendedPolicy = `
entities:
  person: {table: app.person, key: id, tenant: org_id}
functions: {%s}
permissions:
  see_people: [person.read]
roles:
  people: {can: [see_people]}
users:
  ed: {tenants: {acme: [people]}, allow: [advisory_locks]}
`

// extendedClient is a client of ed's at a database with extensions, some of whose functions the policy lists.
func extendedClient(t *testing.T, database string, listed ...string) *client {
	t.Helper()
	if pg.rows(t, "postgres", "SELECT count(*) FROM pg_available_extensions WHERE name IN ('citext', 'hstore', 'ltree', 'pg_trgm')")[0][0] != "4" {
		t.Skip("this PostgreSQL has no extensions")
	}
	newSample(t, database)
	pg.exec(t, database, extendedPeople)
	for i, name := range listed {
		listed[i] = name + ": {}"
	}
	policy := filepath.Join(t.TempDir(), "person.yaml")
	require.NoError(t, os.WriteFile(policy, []byte(fmt.Sprintf(extendedPolicy, strings.Join(listed, ", "))), 0o600))
	o := sampleOptions(database)
	o.policy = append(o.policy, policy)
	return dial(t, startProxy(t, o).dsn("ed@acme"))
}

func TestOperatorsOfExtensionsNeedTheirFunctionListed(t *testing.T) {
	unlisted := extendedClient(t, "extended_unlisted")
	listed := extendedClient(t, "extended_listed", "app.citext_eq", "app.hstore_eq", "app.ltree_eq", "app.fetchval")
	for _, c := range []struct {
		sql        string
		rows       int  // how many of the 20 people ed sees
		extensions bool // only where the operator's function is listed
	}{
		{"SELECT id FROM person WHERE name = 'name 2'", 1, false},
		{"SELECT id FROM person WHERE name IN ('name 2', 'name 4') AND name LIKE 'name%'", 2, false},
		{"SELECT id FROM person WHERE id BETWEEN 2 AND 4 AND id = ANY (ARRAY[2, 3, 4])", 2, false},
		{"SELECT p.id FROM person p JOIN person q USING (id)", 10, false},
		{"SELECT CASE name WHEN 'name 2' THEN 1 END FROM person WHERE name IS DISTINCT FROM 'name 2'", 9, false},
		{"SELECT DISTINCT email FROM person ORDER BY email", 10, false},
		{"SELECT count(*) FROM person GROUP BY email", 10, false},
		{"SELECT id FROM person WHERE email::text = 'User2@Example.org'", 1, false},
		{"SELECT replace(name, 'n', 'm'), max(id) FROM person GROUP BY name", 10, false},
		{"SELECT id FROM person WHERE email = 'USER2@example.ORG'", 1, true},
		{"SELECT id FROM person WHERE email IN ('USER2@example.ORG', 'x')", 1, true},
		{"SELECT id FROM person p WHERE email = (SELECT email FROM person q WHERE q.id = p.id)", 10, true},
		{"SELECT id FROM person WHERE email IN (SELECT email FROM person)", 10, true},
		{"SELECT CASE email WHEN 'USER2@example.ORG' THEN 1 END FROM person", 10, true},
		{"SELECT p.id FROM person p JOIN person q USING (email)", 10, true},
		{"SELECT extra OPERATOR(app.->) 'a' FROM person", 10, true},
	} {
		got, err := unlisted.simple(c.sql)
		require.NoError(t, err)
		if c.extensions {
			require.Equal(t, "42501", got.code(), c.sql)
		} else {
			require.Empty(t, got.code(), "%s: %s", c.sql, got.describe())
			require.Len(t, got.rows, c.rows, c.sql)
		}
		got, err = listed.simple(c.sql)
		require.NoError(t, err)
		if strings.Contains(c.sql, "->") { // Of that name hstore has more than the one that is listed.
			require.Equal(t, "42501", got.code(), c.sql)
			continue
		}
		require.Empty(t, got.code(), "%s: %s", c.sql, got.describe())
		require.Len(t, got.rows, c.rows, c.sql)
	}
	for _, sql := range []string{
		"SELECT id FROM person WHERE email < 'x'", "SELECT max(email) FROM person", "SELECT 'x'::citext", "SELECT place @> 'top' FROM person",
		"SELECT akeys(extra) FROM person", "SELECT similarity('a', 'b')", "SELECT name % 'x' FROM person",
	} {
		got, err := unlisted.simple(sql)
		require.NoError(t, err)
		require.Contains(t, []string{"42501", "42704"}, got.code(), "%s: %s", sql, got.describe())
		require.Empty(t, got.rows)
	}
	require.Empty(t, run(t, listed, "SELECT pg_try_advisory_lock(7), pg_advisory_unlock(7)").code(), "what ed's policy allows")
}

func run(t *testing.T, c *client, sql string) *outcome {
	t.Helper()
	o, err := c.simple(sql)
	require.NoError(t, err)
	return o
}
