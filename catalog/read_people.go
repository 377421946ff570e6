package catalog

import (
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
)

func (r *policyReader) tenant(id, value *document.Node) {
	d := &tenantDecl{id: id, active: true}
	what := "tenant " + id.Text
	if value.Kind != document.Null {
		r.fields(value, what, map[string]func(*document.Node){
			"active": r.truth(&d.active, what+": active"),
			"name": func(n *document.Node) {
				if w := r.word(n, what+": name"); w != nil {
					d.name = w.Text
				}
			},
		}, "parent", "roles")
	}
	var before *document.Node
	if t := r.policy.tenants[id.Text]; t != nil {
		before = t.id
	}
	if r.printable(id, "a tenant") && r.first(id, "tenant", before) {
		r.policy.tenants[id.Text] = d
	}
}

// printable checks the names of tenants and users, which come from elsewhere and may be nearly anything.
func (r *policyReader) printable(n *document.Node, what string) bool {
	if n.Text == "" || strings.TrimSpace(n.Text) != n.Text || strings.ContainsFunc(n.Text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		r.add(n.Place, CodeInvalidName, "", "%q cannot be the name of %s", n.Text, what)
		return false
	}
	return true
}

func (r *policyReader) user(name, value *document.Node) {
	d := &userDecl{name: name, active: true}
	what := "user " + name.Text
	r.fields(value, what, map[string]func(*document.Node){
		"tenants":  func(n *document.Node) { r.entries(n, what+": tenants", d.membership(r)) },
		"roles":    func(n *document.Node) { d.roles = r.words(n, what+": roles") },
		"platform": func(n *document.Node) { d.platform = r.words(n, what+": platform") },
		"attrs": func(n *document.Node) {
			r.entries(n, what+": attrs", func(k, v *document.Node) { d.attributes = append(d.attributes, document.Entry{Key: k, Value: v}) })
		},
		"active":   r.truth(&d.active, what+": active"),
		"password": func(n *document.Node) { d.password = r.verifier(n, what+": password") },
		"allow":    r.allow(&d.explain),
	}, "may_impersonate", "unfiltered")
	var before *document.Node
	if u := r.policy.users[name.Text]; u != nil {
		before = u.name
	}
	if r.printable(name, "a user") && r.first(name, "user", before) {
		r.policy.users[name.Text] = d
	}
}

func (d *userDecl) membership(r *policyReader) func(tenant, value *document.Node) {
	return func(tenant, value *document.Node) {
		m := membershipDecl{tenant: tenant, active: true}
		what := "user " + d.name.Text + " in " + tenant.Text
		if value.Kind == document.Map {
			r.fields(value, what, map[string]func(*document.Node){
				"roles":  func(n *document.Node) { m.roles = r.words(n, what+": roles") },
				"active": r.truth(&m.active, what+": active"),
			}, "from", "until")
		} else {
			m.roles = r.words(value, what)
		}
		d.memberships = append(d.memberships, m)
	}
}

// verifier reads a password's verifier. It is never repeated in a message, and neither is its line.
func (r *policyReader) verifier(n *document.Node, what string) string {
	if n.Kind == document.Scalar && strings.HasPrefix(n.Text, "SCRAM-SHA-256$") {
		return n.Text
	}
	at := document.Place{File: &document.File{Name: n.Place.Name()}, Line: n.Place.Line, Col: n.Place.Col}
	r.add(at, CodeWrongShape, "make one with `wherewall passwd`", "%s is not a SCRAM-SHA-256 verifier", what)
	return ""
}
