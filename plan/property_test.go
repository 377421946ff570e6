package plan_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// tally guards against samples that prove nothing.
type tally struct{ rows, seen, allowed, denied, needs int }

func (c *tally) add(d plan.Decision, seen bool) {
	c.rows++
	if seen {
		c.seen++
	}
	switch d.Outcome {
	case plan.Allowed:
		c.allowed++
	case plan.Denied:
		c.denied++
	case plan.NeedsDB:
		c.needs++
	}
}

func TestThePlanIsTheCheck(t *testing.T) {
	w := newWorld(t)
	var count tally
	rapid.Check(t, func(r *rapid.T) {
		s := w.bind(r, population(r))
		w.fill(r, t.Context())
		for _, subject := range [][2]string{{"kim", "acme"}, {"more", "globex"}, {"plat", "acme"}, {"sue", ""}, {"grp", "acme"}} {
			p := worldPlan(r, s, subject[0], subject[1])
			for _, entity := range entities() {
				w.compare(r, t.Context(), p, entity, &count)
			}
		}
	})
	t.Logf("%+v", count)
	require.Greater(t, count.seen*20, count.rows, "too few rows are seen")
	require.Less(t, count.seen*20, count.rows*19, "too many rows are seen")
	require.Less(t, count.needs*4, count.rows, "too many questions are left to the database")
}

// compare holds the check of every row against what PostgreSQL shows.
func (w *world) compare(t require.TestingT, ctx context.Context, p *plan.Plan, entity string, count *tally) {
	seen := w.seen(t, ctx, p, entity)
	for key, record := range w.records(t, ctx, entity) {
		visible := slices.Contains(seen, key)
		d := plan.Check(p, "read", entity, record)
		count.add(d, visible)
		filter := expr.Text(p.Rule(entity, catalog.Read).Filter)
		switch d.Outcome {
		case plan.Allowed:
			require.True(t, visible, "%s %s is hidden: %v\n%s", entity, key, record, filter)
		case plan.Denied:
			require.False(t, visible, "%s %s is shown: %v\n%s", entity, key, record, filter)
		case plan.NeedsDB:
			require.NotEmpty(t, d.Needs)
		}
		partial := plan.Record{}
		for name, value := range record {
			if len(name)%2 == 0 {
				partial[name] = value
			}
		}
		less := plan.Check(p, "read", entity, partial)
		require.True(t, less.Outcome == plan.NeedsDB || less.Outcome == d.Outcome || d.Outcome == plan.NeedsDB && (less.Outcome == plan.Allowed) == visible,
			"to know less is never to know otherwise: %s %s %v %v", entity, key, less, d)
	}
}

func TestAddingARoleNeverRemovesARow(t *testing.T) {
	w := newWorld(t)
	gained := 0
	rapid.Check(t, func(r *rapid.T) {
		s := w.bind(r, population(r))
		w.fill(r, t.Context())
		for _, entity := range entities() {
			for _, tenant := range []string{"acme", "globex"} {
				less := w.seen(r, t.Context(), worldPlan(r, s, "less", tenant), entity)
				more := w.seen(r, t.Context(), worldPlan(r, s, "more", tenant), entity)
				require.Subset(r, more, less, "%s in %s", entity, tenant)
				gained += len(more) - len(less)
			}
			less := w.seen(r, t.Context(), worldPlan(r, s, "less", "acme"), entity)
			require.Subset(r, w.seen(r, t.Context(), worldPlan(r, s, "plat", "acme"), entity), less, "a platform role beside")
			ungrouped := *s
			ungrouped.Groups = nil
			alone := w.seen(r, t.Context(), worldPlan(r, &ungrouped, "kim", "acme"), entity)
			require.Subset(r, w.seen(r, t.Context(), worldPlan(r, s, "kim", "acme"), entity), alone, "a group beside")
		}
	})
	require.Positive(t, gained)
}

func TestTenantsAreDisjoint(t *testing.T) {
	w := newWorld(t)
	both := 0
	rapid.Check(t, func(r *rapid.T) {
		s := w.bind(r, population(r))
		w.fill(r, t.Context())
		shared := w.strings(r, t.Context(), "SELECT id::text FROM w.label WHERE org IS NULL")
		for _, entity := range entities() {
			acme := w.seen(r, t.Context(), worldPlan(r, s, "more", "acme"), entity)
			globex := w.seen(r, t.Context(), worldPlan(r, s, "more", "globex"), entity)
			if len(acme) > 0 && len(globex) > 0 {
				both++
			}
			for _, key := range acme {
				if entity == "label" && slices.Contains(shared, key) {
					continue
				}
				require.NotContains(r, globex, key, "%s", entity)
			}
		}
	})
	require.Positive(t, both)
}

func TestATemplateGivesEverySubjectTheRulesOfItsOwn(t *testing.T) {
	w := newWorld(t)
	shapes, built := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		s := w.bind(r, population(r))
		shared := plan.NewPlanner(s)
		for _, subject := range []plan.Subject{{User: "kim", Tenant: "acme"}, {User: "less", Tenant: "acme"}, {User: "less", Tenant: "globex"}, {User: "more", Tenant: "acme"}, {User: "grp", Tenant: "acme"}, {User: "sue"}} {
			met := map[string]bool{}
			for range 5 {
				s.Users[subject.User].Attributes = drawAttributes(r)
				own, err := plan.Build(s, subject)
				require.NoError(r, err)
				cached, err := shared.Build(subject)
				require.NoError(r, err)
				require.Equal(r, own.Shape, cached.Shape, "the digest of all rules")
				require.Equal(r, own.Values, cached.Values)
				for _, entity := range entities() {
					want, got := own.Rule(entity, catalog.Read), cached.Rule(entity, catalog.Read)
					require.Equal(r, want.Kind, got.Kind)
					require.Equal(r, want.Why, got.Why)
					require.Equal(r, expr.Text(want.Filter), expr.Text(got.Filter))
				}
				met[own.Shape] = true
				built++
			}
			shapes += len(met)
		}
	})
	t.Logf("%d shapes of %d subjects", shapes, built)
	require.Less(t, shapes*10, built*9, "subjects that share rules are met too")
	require.Greater(t, shapes*10, built*3, "and so are subjects with the same roles and other rules")
}

// drawAttributes draws what conditions may ask of me: values, none, empty lists, and some that do not fit their columns.
func drawAttributes(r *rapid.T) map[string]catalog.Attribute {
	attrs := map[string]catalog.Attribute{}
	for _, a := range [][]string{{"level", "3", "1", "x"}, {"max", "2.5", "100", ""}, {"name", "a", "b"}, {"flag", "true", "false", "maybe"}} {
		if v := rapid.SampledFrom(append(a[1:], "-")).Draw(r, a[0]); v != "-" {
			attrs[a[0]] = catalog.Attribute{Type: typ("text"), Text: v}
		}
	}
	if lists := rapid.SampledFrom([][]string{{"a", "b"}, {"c"}, {}}).Draw(r, "regions"); rapid.Bool().Draw(r, "listed") {
		list := typ("text")
		list.Array = true
		attrs["regions"] = catalog.Attribute{Type: list, List: lists, Text: "{" + strings.Join(lists, ",") + "}"}
	}
	return attrs
}

func TestCellsAreShownAsTheCheckSays(t *testing.T) {
	w := newWorld(t)
	met := map[plan.Cell]int{}
	rapid.Check(t, func(r *rapid.T) {
		s := w.bind(r, population(r))
		w.fill(r, t.Context())
		for _, user := range []string{"kim", "more", "plat"} {
			p := worldPlan(r, s, user, "acme")
			if kind := p.Rule("task", catalog.Read).Kind; kind == plan.NoAccess {
				continue
			}
			for key, title := range w.cells(r, t.Context(), p) {
				record := w.records(r, t.Context(), "task")[key]
				cell, _ := plan.CheckCell(p, "task", "title", record)
				met[cell]++
				lower := record["title"]
				lower.Text = strings.ToLower(lower.Text)
				switch cell {
				case plan.CellRaw:
					require.Equal(r, record["title"], title, key)
				case plan.CellMasked:
					require.Equal(r, lower, title, key)
				case plan.CellNull:
					require.True(r, title.Null, key)
				case plan.CellNeedsDB:
					require.Contains(r, []plan.Value{record["title"], lower, {Null: true}}, title)
				case plan.CellClosed, plan.CellHidden:
					require.Fail(r, "a cell that the check closes was shown", key)
				}
			}
		}
	})
	t.Logf("%v", met)
	for _, cell := range []plan.Cell{plan.CellRaw, plan.CellMasked} {
		require.Positive(t, met[cell])
	}
}
