package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/cmd/wherewall/casebook"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// rowQuestion is about one row of an entity, asked over a connection that may read it whatever the policy says.
type rowQuestion struct {
	conn     *pgx.Conn
	plan     *plan.Plan
	entity   *catalog.Entity
	rewriter *rewrite.Rewriter
	values   *rewrite.Values
	where    string // the row's own condition
	record   plan.Record
}

// row explains, grant by grant, why a row is in reach or not. PostgreSQL evaluates every condition; nothing here guesses.
func (c explainCmd) row(ctx context.Context, std *streams, q *rowQuestion) error {
	q.rewriter, q.values = rewrite.New(q.plan.Snapshot), rewrite.NewValues(q.plan, strings.Repeat("0", 32))
	q.where = keyIs(q.entity, c.Key)
	found, err := q.fetch(ctx)
	if err != nil {
		return err
	}
	if !found {
		return hinted(fmt.Errorf("there is no %s %s", c.Entity, strings.Join(c.Key, ", ")), "the key is looked for without the policy, as the login of --upstream sees the table")
	}
	actions := []string{c.Action}
	if c.Action == string(catalog.Update) || c.Action == string(catalog.Delete) {
		actions = []string{string(catalog.Read), c.Action} // Who writes a row must be able to read it.
	}
	fmt.Fprintln(std.out, actingAs(q.plan))
	for _, action := range actions {
		text, err := q.action(ctx, action)
		if err != nil {
			return err
		}
		fmt.Fprintf(std.out, "%s.%s of %s: %s", c.Entity, action, strings.Join(c.Key, ", "), text)
	}
	return nil
}

func keyIs(e *catalog.Entity, key []string) string {
	terms := make([]string, len(e.Key))
	for i, name := range e.Key {
		terms[i] = pgx.Identifier{"t", name}.Sanitize() + " = " + string(sqltree.QuoteLiteral(nil, key[i]))
	}
	return strings.Join(terms, " AND ")
}

// fetch reads the row as it is.
func (q *rowQuestion) fetch(ctx context.Context) (found bool, err error) {
	var names, targets []string
	for i := range q.entity.Relation.Columns {
		name := q.entity.Relation.Columns[i].Name
		names, targets = append(names, name), append(targets, pgx.Identifier{"t", name}.Sanitize())
	}
	values, found, err := q.ask(ctx, targets)
	q.record = plan.Record{}
	for i := range values {
		q.record[names[i]] = values[i]
	}
	return found, err
}

// ask evaluates expressions over the row.
func (q *rowQuestion) ask(ctx context.Context, targets []string) ([]plan.Value, bool, error) {
	relation := pgx.Identifier{q.entity.Relation.Schema, q.entity.Relation.Name}.Sanitize()
	sql := "SELECT " + strings.Join(targets, ", ") + " FROM " + relation + " AS t WHERE " + q.where
	results, err := q.conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, false, fmt.Errorf("reading the row: %w", err)
	}
	if len(results) != 1 || len(results[0].Rows) > 1 {
		return nil, false, errors.New("reading the row: several rows have this key")
	}
	if len(results[0].Rows) == 0 {
		return nil, false, nil
	}
	values := make([]plan.Value, len(targets))
	for i, v := range results[0].Rows[0] {
		values[i] = plan.Value{Text: string(v), Null: v == nil}
	}
	return values, true, nil
}

// action explains the row for one action.
func (q *rowQuestion) action(ctx context.Context, action string) (string, error) {
	allowed, err := q.allowed(ctx, q.plan.Rule(q.entity.Name, catalog.Action(action)))
	if err != nil {
		return "", err
	}
	explained := plan.ExplainRow(q.plan, action, q.entity.Name, q.record)
	if len(explained.Grants) == 0 {
		return "denied\n  no grant covers it\n" + q.wouldAllow(action), nil
	}
	if err := q.addPaths(ctx, explained); err != nil {
		return "", err
	}
	explained = plan.ExplainRow(q.plan, action, q.entity.Name, q.record)
	nearest, least := -1, 0
	for i := range explained.Grants {
		g := &explained.Grants[i]
		failing, err := q.judge(ctx, g)
		if err != nil {
			return "", err
		}
		if g.Vanished == "" && (nearest < 0 || failing < least) {
			nearest, least = i, failing
		}
	}
	var b strings.Builder
	if allowed {
		b.WriteString("allowed\n")
	} else {
		b.WriteString("denied\n")
	}
	for _, g := range explained.Grants {
		writeGrant(&b, g)
	}
	if !allowed && nearest >= 0 {
		fmt.Fprintf(&b, "  nearest: %s, where %s fails\n", explained.Grants[nearest].Name, plural(least, "condition"))
	}
	return b.String(), nil
}

// allowed says whether the row passes the condition that statements get.
func (q *rowQuestion) allowed(ctx context.Context, r plan.Rule) (bool, error) {
	if r.Kind != plan.Restricted || r.Filter == nil {
		return r.Kind == plan.FullAccess, nil
	}
	text, err := q.text(r.Filter)
	if err != nil {
		return false, err
	}
	values, _, err := q.ask(ctx, []string{text})
	return len(values) == 1 && truthText(values[0]) == "TRUE", err
}

// text is a condition as SQL over the row.
func (q *rowQuestion) text(e expr.Expr) (string, error) {
	p, err := q.rewriter.Predicate(e, "t")
	if err != nil {
		return "", fmt.Errorf("printing a condition: %w", err)
	}
	text, err := p.Text(q.values)
	if err != nil {
		return "", fmt.Errorf("printing a condition: %w", err)
	}
	return "(" + text + ")", nil
}

func (q *rowQuestion) wouldAllow(action string) string {
	var b strings.Builder
	for _, g := range plan.WhoCould(q.plan.Snapshot, q.entity.Name, catalog.Action(action)) {
		fmt.Fprintf(&b, "  %s would (role %s)\n", g.Permission, strings.Join(g.Roles, ", "))
	}
	return b.String()
}

// addPaths reads the columns over to-one relations that conditions ask for, to show them.
func (q *rowQuestion) addPaths(ctx context.Context, explained plan.RowExplanation) error {
	for _, g := range explained.Grants {
		for _, c := range g.Conjuncts {
			for _, need := range c.Needs {
				target, ok := casebook.PathTarget(q.plan.Snapshot, q.entity, need)
				if _, known := q.record[need]; known || !ok {
					continue
				}
				values, _, err := q.ask(ctx, []string{target})
				if err != nil {
					return err
				}
				if len(values) == 1 {
					q.record[need] = values[0]
				}
			}
		}
	}
	return nil
}

// judge has PostgreSQL evaluate what a grant asks of the row, and counts what is not TRUE.
func (q *rowQuestion) judge(ctx context.Context, g *plan.GrantExplanation) (failing int, err error) {
	if len(g.Conjuncts) == 0 {
		return 0, nil
	}
	targets := make([]string, len(g.Conjuncts))
	for i, c := range g.Conjuncts {
		if targets[i], err = q.text(c.Term); err != nil {
			return 0, err
		}
	}
	values, _, err := q.ask(ctx, targets)
	if err != nil {
		return 0, err
	}
	for i := range values {
		g.Conjuncts[i].Truth = truthText(values[i])
		if g.Conjuncts[i].Truth != "TRUE" {
			failing++
		}
	}
	return failing, nil
}

func truthText(v plan.Value) string {
	switch {
	case v.Null:
		return "NULL"
	case v.Text == "t":
		return "TRUE"
	default:
		return "FALSE"
	}
}

func writeGrant(b *strings.Builder, g plan.GrantExplanation) {
	fmt.Fprintf(b, "  %s %s\n", g.Name, reasonText(g.Reason))
	if g.Vanished != "" {
		fmt.Fprintf(b, "     gives nothing: %s\n", g.Vanished)
	}
	for _, c := range g.Conjuncts {
		truth := c.Truth
		c.Truth = "" // It stands in front, where one sees it.
		fmt.Fprintf(b, "     %-5s %s\n", truth, c)
	}
}
