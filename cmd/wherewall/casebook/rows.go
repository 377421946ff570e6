package casebook

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// rowsClaim compares the rows that an action reaches with those that the case names.
func (t *trial) rowsClaim(ctx context.Context, c RowsClaim) error {
	e := t.entity(c.Entity, c.Action)
	if e == nil {
		return nil
	}
	if c.Columns != nil {
		if err := t.columnsClaim(ctx, e, c.Columns); err != nil {
			return err
		}
	}
	if c.Visible == nil && c.Hidden == nil && c.Count == nil {
		return nil
	}
	if !t.fitting(e, c) {
		return nil
	}
	got, err := t.reached(ctx, e, c)
	if err != nil {
		return err
	}
	if got.atTheDoor() && t.plan.Rule(e.Name, catalog.Action(c.Action)).Kind == plan.NoAccess {
		got = &answer{outcome: ZeroRows} // No row is in reach, and nothing else was asked.
	}
	if got.outcome != Allowed && got.outcome != ZeroRows {
		t.failf("expected rows of %s\ngot %s", e.Name, got)
		return nil
	}
	all, err := t.execute(ctx, "SELECT "+keyColumns(e)+" FROM "+relationName(e))
	if err != nil {
		return err
	}
	t.compareKeys(c, e, got.rows, all)
	if len(t.failures) > 0 || c.Where != "" || t.masksKey(e) {
		return nil
	}
	return t.agree(ctx, e, c.Action, got.rows)
}

// masksKey says whether the user sees something else than the rows' keys, which then cannot be told by what is seen.
func (t *trial) masksKey(e *catalog.Entity) bool {
	columns := t.plan.Rule(e.Name, catalog.Read).Columns
	return columns != nil && slices.ContainsFunc(e.Key, func(k string) bool {
		raw, constant := columns[k].Raw.(expr.Bool)
		return !constant || !bool(raw)
	})
}

// fitting says whether the case's keys have as many parts as the entity's.
func (t *trial) fitting(e *catalog.Entity, c RowsClaim) bool {
	var keys []Key
	if c.Visible != nil {
		keys = *c.Visible
	}
	for _, k := range append(slices.Clone(keys), c.Hidden...) {
		if len(k) != len(e.Key) {
			t.failf("%s has the key (%s), and %s is no value of it", e.Name, strings.Join(e.Key, ", "), k)
			return false
		}
	}
	return true
}

// reached are the keys of the rows that an action reaches: for read those of the user's own SELECT, for anything else those
// that satisfy the conditions that the action's statements get.
func (t *trial) reached(ctx context.Context, e *catalog.Entity, c RowsClaim) (*answer, error) {
	if c.Action == string(catalog.Read) {
		sql := "SELECT " + keyColumns(e) + " FROM " + relationName(e)
		if c.Where != "" {
			sql += " WHERE " + c.Where
		}
		return t.ask(ctx, sql)
	}
	condition, err := t.condition(e, catalog.Action(c.Action))
	if err != nil {
		return nil, err
	}
	return t.execute(ctx, "SELECT "+keyColumns(e)+" FROM "+relationName(e)+" AS t WHERE "+condition)
}

// condition is what rows must satisfy for an action, as SQL over t. Who updates or deletes must be able to read.
func (t *trial) condition(e *catalog.Entity, action catalog.Action) (string, error) {
	rules := []plan.Rule{t.plan.Rule(e.Name, action)}
	if action == catalog.Update || action == catalog.Delete {
		rules = append(rules, t.plan.Rule(e.Name, catalog.Read))
	}
	var terms []expr.Expr
	for _, r := range rules {
		switch {
		case r.Kind == plan.FullAccess:
		case r.Kind == plan.Restricted && r.Filter != nil:
			terms = append(terms, r.Filter)
		default:
			terms = append(terms, expr.Bool(false))
		}
	}
	p, err := t.rewriter.Predicate(expr.And{Terms: terms}, "t")
	if err != nil {
		return "", fmt.Errorf("printing the condition of %s.%s: %w", e.Name, action, err)
	}
	return p.Text(t.values)
}

func keyColumns(e *catalog.Entity) string {
	names := make([]string, len(e.Key))
	for i, k := range e.Key {
		names[i] = quoted(k)
	}
	return strings.Join(names, ", ")
}

func (t *trial) compareKeys(c RowsClaim, e *catalog.Entity, got [][]*string, all *answer) {
	if c.Visible != nil {
		t.compareVisible(*c.Visible, got)
	}
	if c.Count != nil && len(got) != *c.Count {
		t.failf("expected %s of %s\ngot %d", plural(*c.Count, "row"), e.Name, len(got))
	}
	nothing := c.Visible != nil && len(*c.Visible) == 0 || c.Count != nil && *c.Count == 0
	if nothing && all.outcome == ZeroRows {
		t.failf("%s has no rows at all, so the case proves nothing", e.Name)
	}
	for _, k := range c.Hidden {
		switch {
		case has(got, k):
			t.failf("expected %s %s to be hidden\ngot it", e.Name, k)
		case all.outcome == Allowed && !has(all.rows, k):
			t.failf("there is no %s %s, so the case proves nothing", e.Name, k)
		}
	}
}

func has(rows [][]*string, k Key) bool {
	return slices.ContainsFunc(rows, func(row []*string) bool { return k.is(row) })
}

func (t *trial) compareVisible(want []Key, got [][]*string) {
	var missing, extra []string
	for _, k := range want {
		if !has(got, k) {
			missing = append(missing, k.String())
		}
	}
	for _, row := range got {
		if !slices.ContainsFunc(want, func(k Key) bool { return k.is(row) }) {
			extra = append(extra, shownRow(row))
		}
	}
	if len(missing)+len(extra) == 0 {
		return
	}
	wanted := make([]string, len(want))
	for i, k := range want {
		wanted[i] = k.String()
	}
	seen := make([]string, len(got))
	for i, row := range got {
		seen[i] = shownRow(row)
	}
	message := fmt.Sprintf("expected %s\ngot %s", listed(wanted), listed(seen))
	if len(missing) > 0 {
		message += "\nmissing " + listed(missing)
	}
	if len(extra) > 0 {
		message += "\nextra " + listed(extra)
	}
	t.failf("%s", message)
}

func listed(words []string) string {
	if len(words) == 0 {
		return "nothing"
	}
	text := strings.Join(words[:min(len(words), maxShown)], ", ")
	if rest := len(words) - maxShown; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

// columnsClaim compares the columns that SELECT * has.
func (t *trial) columnsClaim(ctx context.Context, e *catalog.Entity, want []string) error {
	got, err := t.ask(ctx, "SELECT * FROM "+relationName(e)+" LIMIT 1")
	if err != nil {
		return err
	}
	switch {
	case got.outcome != Allowed && got.outcome != ZeroRows:
		t.failf("expected the columns %s\ngot %s", strings.Join(want, ", "), got)
	case !sameWords(want, got.columns):
		t.failf("expected the columns %s\ngot %s", strings.Join(want, ", "), strings.Join(got.columns, ", "))
	}
	return nil
}

// rowClaim compares what a row shows.
func (t *trial) rowClaim(ctx context.Context, c RowClaim) error {
	e := t.entity(c.Entity, string(catalog.Read))
	if e == nil || !t.fitting(e, RowsClaim{Hidden: []Key{c.Row}}) {
		return nil
	}
	var names, terms []string
	for _, cell := range c.Cells {
		names = append(names, quoted(cell.Column))
	}
	for i, k := range e.Key {
		terms = append(terms, quoted(k)+" = "+literal(c.Row[i].Text))
	}
	got, err := t.ask(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+relationName(e)+" WHERE "+strings.Join(terms, " AND "))
	if err != nil {
		return err
	}
	if got.outcome != Allowed || len(got.rows) != 1 {
		t.failf("expected to see %s %s\ngot %s", e.Name, c.Row, got)
		return nil
	}
	for i, cell := range c.Cells {
		if !cell.Value.is(got.rows[0][i]) {
			t.failf("expected %s of %s %s to be %s\ngot %s", cell.Column, e.Name, c.Row, cell.Value, shown(got.rows[0][i]))
		}
	}
	return nil
}
