package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// proofTally guards against samples that prove nothing.
type proofTally struct{ asked, yes, needs, gaveUp, empty, everything, sets int }

func (c *proofTally) rows(shown, of int) {
	c.sets++
	c.asked += of
	c.yes += shown
	if shown == 0 {
		c.empty++
	}
	if shown == of {
		c.everything++
	}
}

func (c *proofTally) decision(d plan.Decision) {
	if d.Outcome == plan.NeedsDB {
		c.needs++
	}
}

// check wants answers of both kinds in good numbers.
func (c *proofTally) check(t *testing.T, least float64) {
	t.Helper()
	t.Logf("%+v", *c)
	require.Greater(t, float64(c.yes), least*float64(c.asked), "too little is allowed")
	require.Less(t, float64(c.yes), 0.9*float64(c.asked), "too much is allowed")
	require.Less(t, c.needs*6, c.asked, "too much is left to the database")
	require.Less(t, c.gaveUp*8, c.asked, "too much is given up")
	if c.sets > 0 {
		require.Less(t, c.empty*10, c.sets*9, "too many results are empty")
		require.Less(t, c.everything*4, c.sets, "too many results are everything")
	}
}

// agrees holds a check to what PostgreSQL did.
func (c *proofTally) agrees(t require.TestingT, d plan.Decision, done bool, what string) {
	c.decision(d)
	switch d.Outcome {
	case plan.Allowed:
		require.True(t, done, "the check allows what PostgreSQL does not: %s", what)
	case plan.Denied:
		require.False(t, done, "the check denies what PostgreSQL does: %s", what)
	case plan.NeedsDB:
		require.NotEmpty(t, d.Needs, what)
	}
}

// judge holds a write to the formula and to the check.
func (j *judgement) judge(t require.TestingT, count *proofTally, sql string, want bool, check func() plan.Decision) {
	done, answer := j.does(t, j.plan, sql)
	count.asked++
	if answer == gaveUp {
		count.gaveUp++
		return
	}
	require.Equal(t, want, done, "the formula and PostgreSQL differ: %s by %s", sql, j.where)
	if done {
		count.yes++
	}
	if check != nil {
		count.agrees(t, check(), done, sql+" by "+j.where)
	}
}

// fill replaces all rows by drawn ones.
func (w *proofWorld) fill(t *rapid.T) {
	var sql strings.Builder
	for _, entity := range proofEntities() {
		fmt.Fprintf(&sql, "DELETE FROM x.%s;", entity)
		for id := 1; id <= 5; id++ {
			fmt.Fprintf(&sql, "INSERT INTO x.%s (%s) VALUES (%s);", entity, strings.Join(proofColumns(entity), ", "), strings.Join(proofRow(t, entity, id), ", "))
		}
	}
	w.exec(t, sql.String())
}

// TestProofOfReading: through the rewriter, by the check and by the formula the same rows are readable, lockable and deletable.
func TestProofOfReading(t *testing.T) {
	t.Parallel()
	w := newProofWorld(t, "proof_reading")
	var count, locked proofTally
	rapid.Check(t, func(r *rapid.T) {
		m := drawModel(r)
		text := m.yaml()
		w.read(r, text)
		w.fill(r)
		for _, s := range m.subjects() {
			p := w.plan(r, s.user, s.tenant)
			for _, entity := range proofEntities() {
				where := fmt.Sprintf("%s in %q, %s\n%s", s.user, s.tenant, entity, text)
				read, update, remove := s.allowed(entity, "read", "t", false), s.allowed(entity, "update", "t", false), s.allowed(entity, "delete", "t", false)
				rows := w.rows(r, fmt.Sprintf("SELECT id, coalesce(%s, false), coalesce(%s AND %s, false), coalesce(%s AND %s, false) FROM x.%s t ORDER BY id::text", read, read, update, read, remove, entity))
				want := [3][]string{{}, {}, {}}
				for _, row := range rows {
					for i := range want {
						if string(row[i+1]) == "t" {
							want[i] = append(want[i], string(row[0]))
						}
					}
				}
				seen := w.seen(r, p, "SELECT id FROM x."+entity)
				require.Equal(r, want[0], seen, "read by %s", where)
				require.Equal(r, want[1], w.seen(r, p, "SELECT id FROM x."+entity+" FOR UPDATE"), "locked by %s", where)
				count.rows(len(want[0]), len(rows))
				locked.rows(len(want[1]), len(rows))
				for key, record := range w.records(r, entity, "x."+entity) {
					what := fmt.Sprintf("row %s: %s", key, where)
					count.agrees(r, plan.Check(p, "read", entity, record), slices.Contains(seen, key), what)
					locked.agrees(r, plan.Check(p, "update", entity, record), slices.Contains(want[1], key), what)
					count.agrees(r, plan.Check(p, "delete", entity, record), slices.Contains(want[2], key), what)
				}
			}
		}
	})
	count.check(t, 0.08)
	locked.check(t, 0.03)
}

// TestProofOfWriting: through the rewriter, by the check and by the formula the same rows may be made, changed and removed.
func TestProofOfWriting(t *testing.T) {
	t.Parallel()
	w := newProofWorld(t, "proof_writing")
	var made, changed, removed proofTally
	rapid.Check(t, func(r *rapid.T) {
		m := drawModel(r)
		text := m.yaml()
		w.read(r, text)
		w.fill(r)
		for _, s := range m.subjects() {
			p := w.plan(r, s.user, s.tenant)
			entity := proofPick(r, "entity", proofEntities()...)
			j := judgement{w, p, s, entity, fmt.Sprintf("%s in %q\n%s", s.user, s.tenant, text)}
			j.remove(r, &removed)
			for range 2 {
				j.change(r, &changed)
			}
			j.make(r, &made)
		}
	})
	made.check(t, 0.02)
	changed.check(t, 0.02)
	removed.check(t, 0.02)
}

// judgement is one subject before one entity.
type judgement struct {
	*proofWorld
	plan    *plan.Plan
	subject proofSubject
	entity  string
	where   string
}

// formula says whether the formula is TRUE for the row of a query.
func (j *judgement) formula(t require.TestingT, condition, from string) bool {
	rows := j.rows(t, "SELECT coalesce("+condition+", false) FROM "+from+" t")
	return string(rows[0][0]) == "t"
}

func (j *judgement) remove(t *rapid.T, count *proofTally) {
	key := proofPick(t, "key", "1", "2", "3")
	row := "(SELECT * FROM x." + j.entity + " WHERE id = " + key + ")"
	sql := "DELETE FROM x." + j.entity + " WHERE id = " + key
	want := j.formula(t, j.subject.allowed(j.entity, "read", "t", false)+" AND "+j.subject.allowed(j.entity, "delete", "t", false), row)
	j.judge(t, count, sql, want, func() plan.Decision { return plan.Check(j.plan, "delete", j.entity, j.records(t, j.entity, row)[key]) })
}

// change sets one or two columns of one row.
func (j *judgement) change(t *rapid.T, count *proofTally) {
	key := proofPick(t, "key", "1", "2", "3")
	columns := slices.DeleteFunc(proofColumns(j.entity), func(c string) bool { return c == "id" })
	names := rapid.SliceOfNDistinct(rapid.SampledFrom(columns), 1, 2, rapid.ID[string]).Draw(t, "columns")
	set := map[string]string{}
	var list []string
	for _, name := range names {
		set[name] = proofValue(t, name)
		list = append(list, name+" = "+set[name])
	}
	var values []string
	for _, c := range proofColumns(j.entity) {
		if v, ok := set[c]; ok {
			values = append(values, v+"::"+proofType(c)+" AS "+c)
		} else {
			values = append(values, c)
		}
	}
	row := "(SELECT * FROM x." + j.entity + " WHERE id = " + key + ")"
	fresh := "(SELECT " + strings.Join(values, ", ") + " FROM x." + j.entity + " WHERE id = " + key + ")"
	sql := "UPDATE x." + j.entity + " SET " + strings.Join(list, ", ") + " WHERE id = " + key
	// A column is opened by grants for rows as they are and, by the same grants' words on new rows, for what they become.
	read := j.subject.allowed(j.entity, "read", "t", false)
	from, to := j.subject.allowed(j.entity, "update", "t", false), j.subject.allowed(j.entity, "update", "t", true)
	for _, name := range names {
		from += " AND " + j.subject.giving(j.entity, "update", name, "t", false)
		to += " AND " + j.subject.giving(j.entity, "update", name, "t", true)
	}
	want := j.formula(t, read+" AND "+from, row) && j.formula(t, read+" AND "+to, fresh)
	old, now := j.records(t, j.entity, row)[key], plan.Record{}
	for name, value := range j.records(t, j.entity, fresh)[key] {
		if slices.Contains(names, name) {
			now[name] = value
		}
	}
	j.judge(t, count, sql, want, func() plan.Decision { return plan.CheckChange(j.plan, j.entity, old, now) })
}

// make inserts a row.
func (j *judgement) make(t *rapid.T, count *proofTally) {
	names := proofColumns(j.entity)
	values := proofRow(t, j.entity, 7)
	if rapid.Bool().Draw(t, "few") {
		names, values = names[:6], values[:6]
		names, values = slices.Delete(names, 3, 4), slices.Delete(values, 3, 4)
	}
	var all []string
	for _, c := range proofColumns(j.entity) {
		value := "NULL"
		if i := slices.Index(names, c); i >= 0 {
			value = values[i]
		}
		all = append(all, value+"::"+proofType(c)+" AS "+c)
	}
	fresh := "(SELECT " + strings.Join(all, ", ") + ")"
	sql := "INSERT INTO x." + j.entity + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
	create := j.subject.allowed(j.entity, "create", "t", true)
	for _, name := range names {
		create += " AND " + j.subject.giving(j.entity, "create", name, "t", true)
	}
	want := j.formula(t, create, fresh)
	var check func() plan.Decision
	if limited := j.plan.Rule(j.entity, catalog.Create).Writable != nil; !limited {
		check = func() plan.Decision {
			return plan.Check(j.plan, "create", j.entity, j.records(t, j.entity, fresh)["7"])
		}
	}
	j.judge(t, count, sql, want, check)
}

func proofType(column string) string {
	switch column {
	case "org", "who", "boss", "word":
		return "text"
	case "gone":
		return "bool"
	default:
		return "int"
	}
}
