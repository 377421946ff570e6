package tests

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/wherewall/wherewall/plan"
)

// may are the keys of the rows that a subject may read, lock and delete, through the rewriter.
func (w *proofWorld) may(t require.TestingT, p *plan.Plan, entity string) map[string][]string {
	removed := []string{}
	for _, key := range []string{"1", "2", "3"} {
		if done, _ := w.does(t, p, "DELETE FROM x."+entity+" WHERE id = "+key); done {
			removed = append(removed, key)
		}
	}
	return map[string][]string{
		"read": w.seen(t, p, "SELECT id FROM x."+entity), "lock": w.seen(t, p, "SELECT id FROM x."+entity+" FOR UPDATE"), "delete": removed,
	}
}

// TestProofThatRightsAddUp: whatever a user is given beside takes nothing away.
func TestProofThatRightsAddUp(t *testing.T) {
	t.Parallel()
	w := newProofWorld(t, "proof_adding")
	gained := 0
	rapid.Check(t, func(r *rapid.T) {
		m := drawModel(r)
		w.read(r, m.yaml())
		w.fill(r)
		tenant := proofPick(r, "tenant", "acme", "sub")
		before := map[string]map[string][]string{}
		less := w.plan(r, "kim", tenant)
		for _, entity := range proofEntities() {
			before[entity] = w.may(r, less, entity)
		}
		switch proofPick(r, "gift", "role", "platform", "group", "grant") {
		case "role":
			m.users["kim"].tenants[tenant] = []string{"one", "two"}
		case "platform":
			m.users["kim"].platform = []string{"global"}
		case "group":
			m.groups["gift"] = &proofGroup{tenant: tenant, members: []string{"kim"}, roles: []string{"two"}}
		case "grant":
			m.groups["gift"] = &proofGroup{
				tenant: tenant, members: []string{"kim"}, roles: []string{"two"}, single: true,
				resources: map[string][]string{"project": {"1", "2", "3"}, "asset": {"1", "2"}},
			}
		}
		text := m.yaml()
		w.read(r, text)
		more := w.plan(r, "kim", tenant)
		for _, entity := range proofEntities() {
			after := w.may(r, more, entity)
			for what, keys := range before[entity] {
				require.Subset(r, after[what], keys, "%s %s in %s\n%s", what, entity, tenant, text)
				gained += len(after[what]) - len(keys)
			}
		}
	})
	require.Positive(t, gained)
}

// TestProofThatTenantsAreApart: no row of an entity with tenants is shown in two tenants of which neither is below the other, unless
// it is nobody's and shared.
func TestProofThatTenantsAreApart(t *testing.T) {
	t.Parallel()
	w := newProofWorld(t, "proof_apart")
	both := 0
	rapid.Check(t, func(r *rapid.T) {
		m := drawModel(r)
		w.read(r, m.yaml())
		w.fill(r)
		acme, globex := w.plan(r, "more", "acme"), w.plan(r, "more", "globex")
		for _, entity := range proofEntities() {
			e := m.entities[entity]
			if e.tenant == "global" {
				continue
			}
			here, there := w.seen(r, acme, "SELECT id FROM x."+entity), w.seen(r, globex, "SELECT id FROM x."+entity)
			if len(here) > 0 && len(there) > 0 {
				both++
			}
			if e.shared {
				shared := w.keys(r, "SELECT id FROM x."+entity+" WHERE org IS NULL")
				here = slices.DeleteFunc(here, func(key string) bool { return slices.Contains(shared, key) })
			}
			for _, key := range here {
				require.NotContains(r, there, key, "%s\n%s", entity, m.yaml())
			}
		}
	})
	require.Positive(t, both)
}

// proofStatements are questions and writes that look at whole tables. Conditions of the client's own that can fail are not among
// them: docs/threats.md says what those may tell.
func proofStatements() []string {
	return []string{
		"SELECT * FROM x.ENTITY ORDER BY id",
		"SELECT count(*), sum(size), max(word), bool_or(gone), string_agg(who, ',' ORDER BY id) FROM x.ENTITY",
		"SELECT 6 / (count(*) - 2) FROM x.ENTITY",
		"SELECT who, count(*), avg(size) FROM x.ENTITY GROUP BY who ORDER BY who, count(*)",
		"SELECT id, rank() OVER (ORDER BY size, id), lag(word) OVER (ORDER BY id) FROM x.ENTITY ORDER BY id",
		"SELECT a.id, b.id FROM x.ENTITY a LEFT JOIN x.project b ON b.size = a.size ORDER BY a.id, b.id",
		"SELECT a.id FROM x.ENTITY a WHERE NOT EXISTS (SELECT FROM x.task b WHERE b.who = a.who) ORDER BY id",
		"SELECT a.id FROM x.ENTITY a WHERE a.size >= ALL (SELECT b.size FROM x.ENTITY b WHERE b.size IS NOT NULL) ORDER BY id",
		"SELECT a.id, b.id FROM x.note a FULL JOIN x.ENTITY b ON a.id = b.id ORDER BY a.id, b.id",
		"SELECT id FROM x.ENTITY UNION SELECT id FROM x.asset ORDER BY id",
		"SELECT id FROM x.ENTITY ORDER BY size DESC NULLS LAST, id LIMIT 1",
		"SELECT id FROM x.ENTITY ORDER BY id FOR UPDATE",
		"UPDATE x.ENTITY SET size = 3",
		"UPDATE x.ENTITY a SET word = b.word FROM x.project b WHERE b.id = a.id AND b.word > 'a'",
		"DELETE FROM x.ENTITY WHERE size IS DISTINCT FROM 1",
		"DELETE FROM x.ENTITY a USING x.task b WHERE b.id = a.id",
		"INSERT INTO x.ENTITY (id, org, who, boss, size, word) SELECT id + 1000, org, who, boss, size, word FROM x.ENTITY",
	}
}

// answers is everything that a subject learns from the statements about an entity.
func (w *proofWorld) answers(t require.TestingT, p *plan.Plan, entity string) (answers []string, rows int) {
	for _, sql := range proofStatements() {
		sql = strings.ReplaceAll(sql, "ENTITY", entity)
		text, answer := w.through(t, p, sql)
		said := fmt.Sprint(answer)
		if answer == sent {
			w.exec(t, "BEGIN")
			results, err := w.conn.Exec(context.Background(), text).ReadAll()
			w.exec(t, "ROLLBACK")
			if err != nil {
				said = err.Error()
			}
			for _, result := range results {
				said += result.CommandTag.String() + fmt.Sprintf("%q", result.Rows)
				rows += len(result.Rows)
			}
		}
		answers = append(answers, sql+": "+said)
	}
	return answers, rows
}

// foreign is the condition that a row belongs to a tenant, over all of its path and whatever is withdrawn.
func (m *proofModel) foreign(entity, tenant string) string {
	w := &proofWriter{proofSubject: proofSubject{model: m}, reach: "all"}
	return w.follow("x."+entity, m.entities[entity].tenant, func(string, string) string { return "true" }) + " = " + quoteValue(tenant)
}

// changeForeign changes, removes and adds rows of a tenant.
func (w *proofWorld) changeForeign(t *rapid.T, m *proofModel, tenant string) {
	for _, entity := range proofEntities() {
		if m.entities[entity].tenant == "global" {
			continue
		}
		foreign := m.foreign(entity, tenant)
		// Whose the rows are must not change on the way: entities are visited from the parents on.
		for _, key := range w.keys(t, "SELECT id FROM x."+entity+" WHERE "+foreign) {
			var set []string
			for _, column := range []string{"who", "boss", "size", "word", "gone"} {
				set = append(set, column+" = "+proofValue(t, column))
			}
			w.exec(t, "UPDATE x."+entity+" SET "+strings.Join(set, ", ")+" WHERE id = "+key)
		}
	}
	for _, entity := range slices.Backward(proofEntities()) {
		if e := m.entities[entity]; e.tenant != "global" && rapid.Bool().Draw(t, "delete") {
			w.exec(t, "DELETE FROM x."+entity+" WHERE id > 3 AND "+m.foreign(entity, tenant))
		}
	}
	for id := 101; id <= 103; id++ {
		for _, entity := range proofEntities() {
			if m.entities[entity].tenant == "global" {
				continue
			}
			columns, row := proofColumns(entity), proofRow(t, entity, id)
			row[1] = quoteValue(tenant)
			if relation := proofRelation(entity); relation != "" {
				row[slices.Index(columns, relation+"_id")] = fmt.Sprint(id)
			}
			w.exec(t, fmt.Sprintf("INSERT INTO x.%s (%s) VALUES (%s)", entity, strings.Join(columns, ", "), strings.Join(row, ", ")))
		}
	}
}

// TestProofThatForeignRowsTellNothing: rows of another tenant may change, go and come, and nobody else learns of it from a result, an
// aggregate or an error.
func TestProofThatForeignRowsTellNothing(t *testing.T) {
	t.Parallel()
	w := newProofWorld(t, "proof_foreign")
	rows := 0
	rapid.Check(t, func(r *rapid.T) {
		m := drawModel(r)
		if m.entities["note"].tenant != "task.project.org" {
			// A hop has a boundary of its own where the tenant is a plain column, and only there.
			m.entities["task"].tenant = "org"
		}
		text := m.yaml()
		w.read(r, text)
		w.fill(r)
		subject := rapid.SampledFrom([][3]string{{"kim", "acme", "globex"}, {"more", "acme", "globex"}, {"grp", "acme", "globex"}, {"more", "globex", "acme"}, {"more", "sub", "acme"}}).Draw(r, "subject")
		p := w.plan(r, subject[0], subject[1])
		before := map[string][]string{}
		entities := rapid.SliceOfNDistinct(rapid.SampledFrom(proofEntities()[:4]), 2, 2, rapid.ID[string]).Draw(r, "entities")
		for _, entity := range entities {
			said, n := w.answers(r, p, entity)
			before[entity], rows = said, rows+n
		}
		w.changeForeign(r, m, subject[2])
		for _, entity := range entities {
			after, _ := w.answers(r, p, entity)
			require.Equal(r, before[entity], after, "%v\n%s", subject, text)
		}
	})
	require.Greater(t, rows, 500)
}
