package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// planCmd prints a user's plan: all of it, or for one entity, or for one action.
type planCmd struct {
	policyFlags
	upstreamFlags
	subjectFlags
	Entity string `placeholder:"E" help:"Only this entity."`
	Action string `enum:",read,create,update,delete" default:"" placeholder:"A" help:"Only this action: read, create, update or delete."`
}

// Run prints a JSON array with an object for each entity and action.
func (c planCmd) Run(ctx context.Context, std *streams) error {
	upstream, err := c.upstreamFlags.config()
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
	p, err := c.plan(snapshot)
	if err != nil {
		return err
	}
	documents := []planDocument{}
	for _, name := range slices.Sorted(maps.Keys(snapshot.Entities)) {
		for _, action := range []catalog.Action{catalog.Read, catalog.Create, catalog.Update, catalog.Delete} {
			if (c.Entity == "" || c.Entity == name) && (c.Action == "" || c.Action == string(action)) {
				documents = append(documents, documentOf(p, snapshot.Entities[name], action))
			}
		}
	}
	out := json.NewEncoder(std.out)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false) // Conditions have < and > in them, and no browser reads this.
	if err := out.Encode(documents); err != nil {
		return fmt.Errorf("writing the plan: %w", err)
	}
	return nil
}

// planDocument is what a subject may do to one entity by one action, so that an application can apply it itself.
type planDocument struct {
	Plan          string       `json:"plan"` // the version of this form
	Kind          string       `json:"kind"` // fullAccess, restricted or noAccess
	Subject       planSubject  `json:"subject"`
	Entity        string       `json:"entity"`
	Table         string       `json:"table"`
	Key           []string     `json:"key"`
	Action        string       `json:"action"`
	PolicyVersion string       `json:"policyVersion"`
	SchemaDigest  string       `json:"schemaDigest"`
	Filter        any          `json:"filter"` // over rows that exist; null where kind is not restricted, or where the action makes rows
	Check         any          `json:"check"`  // over new rows; null where the action makes none
	Why           []planReason `json:"why"`
}

type planSubject struct {
	User   string   `json:"user"`
	Tenant string   `json:"tenant,omitempty"`
	Roles  []string `json:"roles"`
}

type planReason struct {
	Role       string `json:"role"`
	Permission string `json:"permission"`
	At         string `json:"at"`
}

func documentOf(p *plan.Plan, e *catalog.Entity, action catalog.Action) planDocument {
	rule := p.Rule(e.Name, action)
	d := planDocument{
		Plan: "1", Kind: rule.Kind.String(), Subject: planSubject{p.Subject.User, p.Subject.Tenant, orEmpty(p.Roles)},
		Entity: e.Name, Table: e.Relation.Schema + "." + e.Relation.Name, Key: orEmpty(e.Key), Action: string(action),
		PolicyVersion: p.Snapshot.Version, SchemaDigest: p.Snapshot.Schema.Digest, Why: []planReason{},
	}
	values := conditionWriter{p.Values}
	if rule.Kind == plan.Restricted {
		d.Filter = values.condition(rule.Filter)
	}
	if rule.Kind != plan.NoAccess {
		d.Check = values.condition(rule.Check)
	}
	for _, r := range rule.Why {
		d.Why = append(d.Why, planReason{r.Role, r.Permission, r.At})
	}
	return d
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
