package plan

import (
	"fmt"

	"github.com/wherewall/wherewall/catalog"
)

// Document is a rule as JSON: all that an adapter of another program needs to apply it. Its form is a contract; `plan` is its
// version. Values are the subject's, filled in.
type Document struct {
	Plan          string          `json:"plan"`
	Kind          string          `json:"kind"`
	Subject       SubjectDocument `json:"subject"`
	Entity        string          `json:"entity"`
	Table         string          `json:"table"`
	Key           []string        `json:"key"`
	Action        string          `json:"action"`
	PolicyVersion string          `json:"policyVersion"`
	SchemaDigest  string          `json:"schemaDigest"`
	// Filter is what existing rows must satisfy, Check what new rows must; null where there is nothing to satisfy or nothing
	// is allowed, which Kind tells.
	Filter  any                       `json:"filter"`
	Columns map[string]string         `json:"columns"`
	Check   any                       `json:"check"`
	Presets map[string]any            `json:"presets"`
	Why     map[string]ReasonDocument `json:"why"`
}

// SubjectDocument is a Subject with its effective roles. An empty tenant is left out.
type SubjectDocument struct {
	User   string   `json:"user"`
	Tenant string   `json:"tenant,omitempty"`
	Roles  []string `json:"roles"`
}

// ReasonDocument is one grant behind a rule.
type ReasonDocument struct {
	Role       string `json:"role"`
	Permission string `json:"permission"`
	Scope      string `json:"scope"`
	At         string `json:"at"`
}

// Describe makes the document of what the plan says of an entity and an action.
func (p *Plan) Describe(entity string, action catalog.Action) (*Document, error) {
	e := p.Snapshot.Entities[entity]
	if e == nil {
		return nil, fmt.Errorf("describing a plan: there is no entity %q", entity)
	}
	r := p.Rule(entity, action)
	d := &Document{
		Plan: "1", Kind: r.Kind.String(),
		Subject: SubjectDocument{User: p.Subject.User, Tenant: p.Subject.Tenant, Roles: append([]string{}, p.Roles...)},
		Entity:  entity, Table: e.Relation.Schema + "." + e.Relation.Name, Key: append([]string{}, e.Key...), Action: string(action),
		PolicyVersion: p.Snapshot.Version, SchemaDigest: p.Snapshot.Schema.Digest,
		Columns: map[string]string{}, Presets: map[string]any{}, Why: map[string]ReasonDocument{},
	}
	if r.Kind != NoAccess {
		d.Columns["*"] = "allow"
	}
	if r.Kind == Restricted {
		d.Filter, d.Check = p.describe(r.Filter, true), p.describe(r.Check, true)
	}
	for i, why := range r.Why {
		d.Why[fmt.Sprintf("g%d", i+1)] = ReasonDocument{Role: why.Role, Permission: why.Permission, Scope: why.Scope, At: why.At}
	}
	return d, nil
}

// DescribeAll makes the documents of every entity and each of the four actions that match statements, in the order of names.
func (p *Plan) DescribeAll() []*Document {
	var all []*Document
	for _, entity := range sortedKeys(p.Snapshot.Entities) {
		for _, action := range []catalog.Action{catalog.Read, catalog.Create, catalog.Update, catalog.Delete} {
			if d, err := p.Describe(entity, action); err == nil {
				all = append(all, d)
			}
		}
	}
	return all
}
