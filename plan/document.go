package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
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
	ETag          string          `json:"etag"`
	// ExpiresAt is for whoever has a clock to fill in.
	ExpiresAt string `json:"expiresAt,omitempty"`
	// Filter is what existing rows must satisfy, Check what new rows must; null where there is nothing to satisfy or nothing
	// is allowed, which Kind tells.
	Filter any `json:"filter"`
	// Columns says of each column what is seen of it or may be written: "allow", or the rows in which it is. {"*": "allow"} is all columns
	// in all rows. A column that is not named is closed.
	Columns map[string]any            `json:"columns"`
	Check   any                       `json:"check"`
	Presets map[string]any            `json:"presets"`
	Why     map[string]ReasonDocument `json:"why"`
	// SQL is for whoever can print it.
	SQL *SQLDocument `json:"sql,omitempty"`
}

// SubjectDocument is a Subject with its effective roles and groups. An empty tenant is left out.
type SubjectDocument struct {
	User   string   `json:"user"`
	Tenant string   `json:"tenant,omitempty"`
	Roles  []string `json:"roles"`
	Groups []string `json:"groups"`
}

// ReasonDocument is one grant behind a rule.
type ReasonDocument struct {
	Group      string `json:"group,omitempty"`
	Role       string `json:"role"`
	Permission string `json:"permission"`
	Scope      string `json:"scope"`
	AnyTenant  bool   `json:"anyTenant,omitempty"`
	Resources  string `json:"resources,omitempty"`
	At         string `json:"at"`
}

// SQLDocument is a filter as SQL text over a table that is called Alias, with parameters.
type SQLDocument struct {
	Text       string   `json:"text"`
	Params     []any    `json:"params"`
	Alias      string   `json:"alias"`
	ParamTypes []string `json:"paramTypes"`
}

// Describe makes the document of what the plan says of an entity and an action.
func (p *Plan) Describe(entity string, action catalog.Action) (*Document, error) {
	e := p.Snapshot.Entities[entity]
	if e == nil {
		return nil, fmt.Errorf("describing a plan: there is no entity %q", entity)
	}
	r := p.Rule(entity, action)
	d := &Document{
		Plan: "1", Kind: r.Kind.String(), Subject: p.subjectDocument(),
		Entity: entity, Table: e.Relation.Schema + "." + e.Relation.Name, Key: append([]string{}, e.Key...), Action: string(action),
		PolicyVersion: p.Snapshot.Version, SchemaDigest: p.Snapshot.Schema.Digest, ETag: p.etag(entity, action),
		Presets: map[string]any{}, Why: map[string]ReasonDocument{},
	}
	w := jsonWriter{p.me}
	d.Columns = w.columns(r)
	if r.Kind == Restricted {
		d.Filter, d.Check = w.marked(r.Filter, r.filterWhy), w.marked(r.Check, r.checkWhy)
	}
	for column, value := range r.Presets {
		d.Presets[column] = w.condition(value, false)
	}
	for i, why := range r.Why {
		d.Why[reasonName(i)] = ReasonDocument{
			Group: why.Group, Role: why.Role, Permission: why.Permission, Scope: why.Scope, AnyTenant: why.AnyTenant,
			Resources: why.Resources, At: why.At,
		}
	}
	return d, nil
}

func (p *Plan) subjectDocument() SubjectDocument {
	return SubjectDocument{
		User: p.Subject.User, Tenant: p.Subject.Tenant, Roles: append([]string{}, p.Roles...), Groups: append([]string{}, p.Groups...),
	}
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

// etag changes whenever the document may: with the rules and with the subject's values.
func (p *Plan) etag(entity string, action catalog.Action) string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%q %q %q %q %q %q", p.Shape, p.Subject, p.Roles, p.Groups, entity, action)
	for _, name := range sortedKeys(p.Values) {
		_, _ = fmt.Fprintf(h, " %q %q", name, p.Values[name])
	}
	return `W/"` + hex.EncodeToString(h.Sum(nil)[:16]) + `"`
}

// columns writes what a rule says of columns: those that are read, or those that may be written.
func (w jsonWriter) columns(r Rule) map[string]any {
	written := map[string]any{}
	switch {
	case r.Kind == NoAccess:
	case r.Columns != nil:
		for name, shown := range r.Columns {
			written[name] = w.shown(shown)
		}
	case r.Writable != nil || r.WritableTo != nil:
		for _, name := range sortedKeys(longer(r.Writable, r.WritableTo)) {
			written[name] = w.written(r, name)
		}
	default:
		written["*"] = "allow"
	}
	return written
}

// longer is the one that names columns: where there are two, they name the same.
func longer(a, b map[string]expr.Expr) map[string]expr.Expr {
	if a == nil {
		return b
	}
	return a
}

// written is in which rows a column may be set, and in which new ones it may have been.
func (w jsonWriter) written(r Rule, name string) any {
	conditions := object{}
	if when := r.Writable[name]; when != nil && !isTrue(when) {
		conditions["when"] = w.condition(when, true)
	}
	if check := r.WritableTo[name]; check != nil && !isTrue(check) {
		conditions["check"] = w.condition(check, true)
	}
	if len(conditions) == 0 {
		return "allow"
	}
	return conditions
}

func (w jsonWriter) shown(s Shown) any {
	if isTrue(s.Raw) {
		return "allow"
	}
	masks := []any{}
	for _, m := range s.Masks {
		masks = append(masks, object{"when": w.condition(m.When, true), "value": w.condition(m.Value, false)})
	}
	written := object{"masks": masks}
	if s.Raw != nil {
		written["when"] = w.condition(s.Raw, true)
	}
	return written
}
