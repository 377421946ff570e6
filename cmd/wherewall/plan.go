package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// planCmd prints a user's plan: all of it, or for one entity, or for one action.
type planCmd struct {
	policyFlags
	upstreamFlags
	subjectFlags
	Entity string `placeholder:"E" help:"Only this entity."`
	Action string `placeholder:"A" help:"Only this action: read, create, update, delete, or one of your own."`
}

// Run prints a JSON array with an object for each entity and action.
func (c planCmd) Run(ctx context.Context, std *streams) error {
	upstream, err := c.upstreamFlags.open()
	if err != nil {
		return err
	}
	snapshot, err := bind(ctx, c.Policy, upstream)
	if err != nil {
		return err
	}
	if c.Entity != "" && snapshot.Entities[c.Entity] == nil {
		return usage(fmt.Errorf("--entity %s: the policy has no such entity", c.Entity))
	}
	if c.Action != "" && !slices.Contains(actionsOf(snapshot), catalog.Action(c.Action)) {
		return usage(fmt.Errorf("--action %s: no permission of the policy has such an action", c.Action))
	}
	p, err := c.plan(snapshot)
	if err != nil {
		return err
	}
	documents, err := c.documents(p)
	if err != nil {
		return err
	}
	out := json.NewEncoder(std.out)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false) // Conditions have < and > in them, and no browser reads this.
	if err := out.Encode(documents); err != nil {
		return fmt.Errorf("writing the plan: %w", err)
	}
	return nil
}

// actionsOf are the four actions that statements have, and those that permissions name beside them.
func actionsOf(s *catalog.Snapshot) []catalog.Action {
	all := statementActions()
	for _, p := range s.Permissions {
		for _, o := range p.Operations {
			if !slices.Contains(all, o.Action) {
				all = append(all, o.Action)
			}
		}
	}
	return all
}

func statementActions() []catalog.Action {
	return []catalog.Action{catalog.Read, catalog.Create, catalog.Update, catalog.Delete}
}

func (c planCmd) documents(p *plan.Plan) ([]*plan.Document, error) {
	actions := statementActions()
	if c.Action != "" {
		actions = []catalog.Action{catalog.Action(c.Action)}
	}
	rewriter := rewrite.New(p.Snapshot)
	documents := []*plan.Document{}
	for _, entity := range slices.Sorted(maps.Keys(p.Snapshot.Entities)) {
		if c.Entity != "" && c.Entity != entity {
			continue
		}
		for _, action := range actions {
			d, err := p.Describe(entity, action)
			if err != nil {
				return nil, err
			}
			if p.Until != "" {
				d.ExpiresAt = p.Until + "T00:00:00Z"
			}
			if d.SQL, err = sqlOf(rewriter, p, p.Rule(entity, action)); err != nil {
				return nil, err
			}
			documents = append(documents, d)
		}
	}
	return documents, nil
}

// sqlAlias is what the table is called in the filter's SQL.
const sqlAlias = "t"

// sqlOf is a rule's filter as SQL with parameters, each as text input of its type. A rule without a filter has none.
func sqlOf(rewriter *rewrite.Rewriter, p *plan.Plan, r plan.Rule) (*plan.SQLDocument, error) {
	if r.Kind != plan.Restricted || r.Filter == nil {
		return nil, nil
	}
	predicate, err := rewriter.Predicate(r.Filter, sqlAlias)
	if err != nil {
		return nil, fmt.Errorf("printing a filter: %w", err)
	}
	text, parameters := predicate.Parameters()
	d := &plan.SQLDocument{Text: text, Params: []any{}, Alias: sqlAlias, ParamTypes: []string{}}
	for _, q := range parameters {
		value, has := p.Values[q.Name]
		if !has {
			return nil, fmt.Errorf("printing a filter: the subject has no value for me.%s", q.Name)
		}
		d.Params = append(d.Params, value)
		d.ParamTypes = append(d.ParamTypes, parameterType(q.Type))
	}
	return d, nil
}

// parameterType is a type as PostgreSQL reads it: bare where it is one of its own.
func parameterType(t expr.Type) string {
	name := t.Name
	if t.Schema != "" && t.Schema != "pg_catalog" {
		name = t.Schema + "." + name
	}
	if t.Array {
		name += "[]"
	}
	return name
}
