package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// impact shows what people see of each entity before and after a change, by counting with both plans. Of those who have the same roles in the same tenant, one stands
// for all.
func (a *against) impact(ctx context.Context, out io.Writer, people *catalog.Population, after *catalog.Snapshot) (err error) {
	before, err := a.bind(people)
	if err != nil {
		fmt.Fprintf(out, "what is in force is at fault, so nothing can be compared with it: %v\n", err)
		return nil
	}
	conn, err := connect(ctx, a.upstream)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	old, fresh := newCounter(conn, before), newCounter(conn, after)
	seen := map[string]bool{}
	for _, s := range subjectsOf(before, after) {
		was, is := old.plan(s), fresh.plan(s)
		key := fmt.Sprintf("%s %q %q %q %q", s.Tenant, rolesOf(was), rolesOf(is), valuesOf(was), valuesOf(is))
		if seen[key] {
			continue
		}
		seen[key] = true
		for _, entity := range entitiesOf(before, after) {
			line, err := difference(ctx, entity, old, was, fresh, is)
			if err != nil {
				return err
			}
			if line != "" {
				fmt.Fprintf(out, "tenant %s, roles %s, as %s: %s\n", orNone(s.Tenant), orNone(strings.Join(rolesOf(cmpPlan(is, was)), " ")), s.User, line)
			}
		}
	}
	return nil
}

func cmpPlan(is, was *plan.Plan) *plan.Plan {
	if is != nil {
		return is
	}
	return was
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func rolesOf(p *plan.Plan) []string {
	if p == nil {
		return nil
	}
	return append(slices.Clone(p.Roles), p.Groups...)
}

// valuesOf are the values that rules may use; the user's own name is one where somebody owns rows, and people differ by it. It is left out.
func valuesOf(p *plan.Plan) string {
	if p == nil {
		return ""
	}
	values := maps.Clone(p.Values)
	delete(values, "id")
	return fmt.Sprint(values)
}

// subjectsOf are all users in all their tenants.
func subjectsOf(snapshots ...*catalog.Snapshot) []plan.Subject {
	all := map[plan.Subject]bool{}
	for _, s := range snapshots {
		for name, u := range s.Users {
			for tenant := range u.Memberships {
				all[plan.Subject{User: name, Tenant: tenant}] = true
			}
			if len(u.Memberships) == 0 {
				all[plan.Subject{User: name}] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b plan.Subject) int {
		return slices.Compare([]string{a.Tenant, a.User}, []string{b.Tenant, b.User})
	})
}

func entitiesOf(snapshots ...*catalog.Snapshot) []string {
	all := map[string]bool{}
	for _, s := range snapshots {
		for name := range s.Entities {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// counter counts what subjects see under one snapshot.
type counter struct {
	conn     *pgx.Conn
	snapshot *catalog.Snapshot
	planner  *plan.Planner
	rewriter *rewrite.Rewriter
}

func newCounter(conn *pgx.Conn, s *catalog.Snapshot) *counter {
	return &counter{conn: conn, snapshot: s, planner: plan.NewPlanner(s), rewriter: rewrite.New(s)}
}

// plan is nil for who is nobody under the snapshot.
func (c *counter) plan(s plan.Subject) *plan.Plan {
	p, err := c.planner.Build(s)
	if err != nil {
		return nil
	}
	return p
}

// rows counts those of an entity.
func (c *counter) rows(ctx context.Context, p *plan.Plan, entity string) (n int64, err error) {
	e := c.snapshot.Entities[entity]
	if p == nil || e == nil || p.Rule(entity, catalog.Read).Kind == plan.NoAccess {
		return 0, nil
	}
	sql := "SELECT count(*) FROM " + pgx.Identifier{e.Relation.Schema, e.Relation.Name}.Sanitize()
	t := c.rewriter.Rewrite(sql, p)
	if t.Refused != nil {
		return 0, nil
	}
	text := t.AppendSQL(nil, rewrite.NewValues(p, "0"))
	if err := c.conn.QueryRow(ctx, string(text)).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting the rows of %s as %s: %w", entity, p.Subject.User, err)
	}
	return n, nil
}

// columns are those of an entity that the subject sees, if only masked or in some rows.
func (c *counter) columns(p *plan.Plan, entity string) []string {
	e := c.snapshot.Entities[entity]
	if p == nil || e == nil {
		return nil
	}
	rule := p.Rule(entity, catalog.Read)
	switch {
	case rule.Kind == plan.NoAccess:
		return nil
	case rule.Columns != nil:
		return slices.Sorted(maps.Keys(rule.Columns))
	}
	var all []string
	for i := range e.Relation.Columns {
		all = append(all, e.Relation.Columns[i].Name)
	}
	return all
}

// difference says what of an entity two plans show differently; nothing where they do not.
func difference(ctx context.Context, entity string, old *counter, was *plan.Plan, fresh *counter, is *plan.Plan) (string, error) {
	before, err := old.rows(ctx, was, entity)
	if err != nil {
		return "", err
	}
	after, err := fresh.rows(ctx, is, entity)
	if err != nil {
		return "", err
	}
	var parts []string
	if before != after {
		parts = append(parts, fmt.Sprintf("rows %d -> %d", before, after))
	}
	lost, gained := without(old.columns(was, entity), fresh.columns(is, entity)), without(fresh.columns(is, entity), old.columns(was, entity))
	if len(lost) > 0 {
		parts = append(parts, "columns lost: "+strings.Join(lost, ", "))
	}
	if len(gained) > 0 {
		parts = append(parts, "columns gained: "+strings.Join(gained, ", "))
	}
	if len(parts) == 0 {
		return "", nil
	}
	return entity + ": " + strings.Join(parts, "; "), nil
}

func without(all, others []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(c string) bool { return slices.Contains(others, c) })
}
