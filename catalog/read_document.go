package catalog

import (
	"github.com/wherewall/wherewall/catalog/document"
	"github.com/wherewall/wherewall/catalog/expr"
)

// document reads one document into the policy.
func (r *policyReader) document(n *document.Node) {
	known := map[string]func(*document.Node){
		"wherewall":   r.version,
		"base_role":   r.baseRole,
		"defaults":    r.defaults,
		"attributes":  func(n *document.Node) { r.entries(n, "attributes", r.attribute) },
		"entities":    func(n *document.Node) { r.entries(n, "entities", r.entity) },
		"permissions": func(n *document.Node) { r.entries(n, "permissions", r.permission) },
		"roles":       func(n *document.Node) { r.entries(n, "roles", r.role) },
		"tenants":     func(n *document.Node) { r.entries(n, "tenants", r.tenant) },
		"users": func(n *document.Node) {
			r.people = append(r.people, func(read func(name, value *document.Node)) []document.Fault {
				r.entries(n, "users", read)
				return nil
			})
		},
		"groups":    func(n *document.Node) { r.entries(n, "groups", r.group) },
		"functions": func(n *document.Node) { r.entries(n, "functions", r.function) },
		"star":      r.star,
		"trust":     r.trustWord,
		"audit":     r.audit,

		"resource_grants": r.resourceGrants,
	}
	if r.modelOnly {
		for _, key := range []string{"tenants", "users", "groups", "resource_grants"} {
			known[key] = func(*document.Node) {}
		}
	}
	r.fields(n, "the policy", known)
}

func (r *policyReader) version(n *document.Node) {
	r.language = n
	if n.Kind != document.Scalar || n.Text != "1" {
		r.add(n.Place, CodeWrongShape, "", "this release reads version 1 of the language")
	}
}

func (r *policyReader) baseRole(n *document.Node) {
	if w := r.word(n, "base_role"); w != nil && r.first(w, "base_role", r.policy.baseRole) {
		r.policy.baseRole = w
	}
}

func (r *policyReader) attribute(name, value *document.Node) {
	ok := r.attributeName(name)
	w := r.word(value, "the type of "+name.Text)
	if w == nil {
		return
	}
	typ, known := attributeType(w.Text)
	if !known {
		r.add(w.Place, CodeWrongShape, didYouMean(w.Text, attributeTypeNames()), "attributes have no type %q", w.Text)
		return
	}
	var before *document.Node
	if d := r.policy.attributes[name.Text]; d != nil {
		before = d.name
	}
	if ok && r.first(name, "attribute", before) {
		r.policy.attributes[name.Text] = &attributeDecl{name: name, typ: typ, declared: true}
	}
}

// builtinAttributes are those that every subject has.
var builtinAttributes = []string{"id", "tenant", "roles", "groups"}

// builtinType is the type of a built-in attribute until it meets a column.
func builtinType(name string) (expr.Type, bool) {
	switch name {
	case "id", "tenant":
		return typeText, true
	case "roles", "groups":
		return expr.Type{Schema: typeText.Schema, Name: typeText.Name, Array: true}, true
	default:
		return expr.Type{}, false
	}
}
