package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// statement explains, for each reference to an entity, what the plan makes of it; of a refused statement it says why, and what
// would allow it.
func (c explainCmd) statement(std *streams, p *plan.Plan) error {
	sql, err := rewriteCmd{SQL: c.SQL}.statement(std)
	if err != nil {
		return err
	}
	p = explaining(p)
	x := &explainer{out: &strings.Builder{}, plan: p, rewriter: rewrite.New(p.Snapshot), values: rewrite.NewValues(p, strings.Repeat("0", 32))}
	x.linef("%s", actingAs(p))
	template := x.rewriter.Rewrite(sql, p)
	if template.Refused != nil {
		fmt.Fprint(std.out, x.out)
		fmt.Fprintf(std.out, "refused, %s\n", template.Refused.Code)
		fmt.Fprintln(std.out, draw(template.Refused, sql, paletteFor(std.out)))
		if template.Cause != nil && template.Cause.Error() != template.Refused.Message {
			fmt.Fprintf(std.out, "cause: %v\n", template.Cause)
		}
		return told(exitRefused)
	}
	for i, s := range template.Statements {
		if len(template.Statements) > 1 {
			x.linef("statement %d", i+1)
		}
		if err := x.uses(sql, s.Uses); err != nil {
			return err
		}
	}
	x.linef("sent\n  %s", template.AppendSQL(nil, x.values))
	fmt.Fprint(std.out, x.out)
	return nil
}

// actingAs says whose plan it is.
func actingAs(p *plan.Plan) string {
	text := p.Subject.User
	if p.Subject.Tenant != "" {
		text += " in " + p.Subject.Tenant
	}
	text += ", roles " + orNothing(p.Roles)
	if len(p.Groups) > 0 {
		text += ", groups " + strings.Join(p.Groups, ", ")
	}
	return text
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// explainer writes what rules mean.
type explainer struct {
	out      *strings.Builder
	plan     *plan.Plan
	rewriter *rewrite.Rewriter
	values   *rewrite.Values
}

func (x *explainer) linef(format string, args ...any) { fmt.Fprintf(x.out, format+"\n", args...) }

// uses explains the references of one statement in the order in which they stand there.
func (x *explainer) uses(sql string, uses []rewrite.Use) error {
	uses = slices.Clone(uses)
	slices.SortStableFunc(uses, func(a, b rewrite.Use) int { return cmp.Compare(a.At, b.At) })
	for _, u := range slices.Compact(uses) {
		entity := x.plan.Snapshot.Entities[u.Entity]
		rule := x.plan.Rule(u.Entity, u.Action)
		x.linef("%s.%s on %s%s: %s", u.Entity, u.Action, relationText(entity), at(sql, u.At), rule.Kind)
		if err := x.rule(entity, u.Action, rule); err != nil {
			return err
		}
	}
	return nil
}

// at is the line and column of a byte of a statement.
func at(sql string, offset int) string {
	if offset < 0 || offset > len(sql) {
		return ""
	}
	before := sql[:offset]
	line := strings.Count(before, "\n") + 1
	column := len([]rune(before[strings.LastIndex(before, "\n")+1:])) + 1
	return fmt.Sprintf(" at %d:%d", line, column)
}

func relationText(e *catalog.Entity) string { return e.Relation.Schema + "." + e.Relation.Name }

func (x *explainer) rule(e *catalog.Entity, action catalog.Action, r plan.Rule) error {
	name := e.Relation.Name
	if r.Kind == plan.Restricted && action != catalog.Create {
		if err := x.condition("rows", r.Filter, name); err != nil {
			return err
		}
	}
	if r.Kind == plan.Restricted && (action == catalog.Create || action == catalog.Update) {
		if err := x.condition("new rows", r.Check, name); err != nil {
			return err
		}
	}
	if err := x.columns(e, r); err != nil {
		return err
	}
	for _, column := range slices.Sorted(maps.Keys(r.Presets)) {
		if err := x.condition("preset "+column, r.Presets[column], name); err != nil {
			return err
		}
	}
	for i, why := range r.Why {
		x.linef("  g%d %s", i+1, reasonText(why))
	}
	return nil
}

// reasonText is a grant as people name it: `edit_tasks: own (member via marketing), policy/roles.yaml:61`.
func reasonText(r plan.Reason) string {
	text := r.Permission
	switch {
	case r.AnyTenant:
		text += ": tenants any"
	case r.Scope != "" && r.Scope != "tenant":
		text += ": " + r.Scope
	}
	text += " (" + r.Role
	if r.Group != "" {
		text += " via " + r.Group
	}
	text += ")"
	if r.Resources != "" {
		text += " on listed " + r.Resources
	}
	return text + ", " + r.At
}

func (x *explainer) condition(what string, e expr.Expr, table string) error {
	text, err := x.text(e, table)
	if err != nil {
		return err
	}
	x.linef("  %s: %s", what, text)
	return nil
}

func (x *explainer) text(e expr.Expr, table string) (string, error) {
	if e == nil {
		return "none", nil
	}
	p, err := x.rewriter.Predicate(e, table)
	if err != nil {
		return "", fmt.Errorf("printing a condition: %w", err)
	}
	return p.Text(x.values)
}

// columns says what a rule closes, masks or opens by row. Columns that are as they are need no word, and those that are treated alike share one.
func (x *explainer) columns(e *catalog.Entity, r plan.Rule) error {
	var order []string
	alike := map[string][]string{}
	for i := range e.Relation.Columns {
		name := e.Relation.Columns[i].Name
		treatment, err := x.treatment(name, e.Relation.Name, r)
		if err != nil {
			return err
		}
		if treatment == "" {
			continue
		}
		if alike[treatment] == nil {
			order = append(order, treatment)
		}
		alike[treatment] = append(alike[treatment], name)
	}
	for _, treatment := range order {
		x.linef("  %s %s", strings.Join(alike[treatment], ", "), treatment)
	}
	return nil
}

// treatment is what becomes of a column; empty where it is as it is.
func (x *explainer) treatment(name, table string, r plan.Rule) (string, error) {
	switch {
	case r.Columns != nil:
		s, open := r.Columns[name]
		if !open {
			return "closed", nil
		}
		return x.shown(s, table)
	case r.Writable != nil || r.WritableTo != nil:
		return x.written(name, table, r)
	default:
		return "", nil
	}
}

func (x *explainer) written(name, table string, r plan.Rule) (string, error) {
	when, open := r.Writable[name]
	if !open && r.Writable != nil {
		return "closed", nil
	}
	var parts []string
	for _, part := range []struct {
		says string
		when expr.Expr
	}{{"only where ", when}, {"only to rows where ", r.WritableTo[name]}} {
		if part.when == nil || always(part.when) {
			continue
		}
		text, err := x.text(part.when, table)
		if err != nil {
			return "", err
		}
		parts = append(parts, part.says+text)
	}
	return strings.Join(parts, ", "), nil
}

func (x *explainer) shown(s plan.Shown, table string) (string, error) {
	var parts []string
	if s.Raw != nil {
		if always(s.Raw) {
			return "", nil
		}
		text, err := x.text(s.Raw, table)
		if err != nil {
			return "", err
		}
		parts = append(parts, "shown where "+text)
	}
	for _, m := range s.Masks {
		value, err := x.text(m.Value, table)
		if err != nil {
			return "", err
		}
		masked := "masked as " + value
		if m.When != nil && !always(m.When) {
			when, err := x.text(m.When, table)
			if err != nil {
				return "", err
			}
			masked += " where " + when
		}
		parts = append(parts, masked)
		if m.When != nil && always(m.When) {
			return strings.Join(parts, ", else "), nil
		}
	}
	return strings.Join(append(parts, "NULL"), ", else "), nil
}

func always(e expr.Expr) bool {
	b, constant := e.(expr.Bool)
	return constant && bool(b)
}
