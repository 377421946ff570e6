package catalog

import (
	"strings"
	"time"

	"github.com/wherewall/wherewall/catalog/document"
)

func (r *policyReader) tenant(id, value *document.Node) {
	d := &tenantDecl{id: id, stored: r.identity != "", active: true}
	what := "tenant " + id.Text
	if value.Kind != document.Null {
		r.fields(value, what, map[string]func(*document.Node){
			"active": r.truth(&d.active, what+": active"),
			"name": func(n *document.Node) {
				if w := r.word(n, what+": name"); w != nil {
					d.name = w.Text
				}
			},
			"parent": func(n *document.Node) { d.parent = r.word(n, what+": parent") },
			"roles": func(n *document.Node) {
				r.entries(n, what+": roles", func(name, value *document.Node) { r.customRole(d, name, value) })
			},
		})
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

// user reads one user; nil where the name is at fault.
func (r *policyReader) user(name, value *document.Node) *userDecl {
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
		"allow":    r.allow(&d.allow),

		"unfiltered":      r.truth(&d.unfiltered, what+": unfiltered"),
		"may_impersonate": r.impersonation(&d.impersonate, what+": may_impersonate"),
	})
	if d.unfiltered && d.impersonate != NoImpersonation {
		r.add(name.Place, CodeWrongShape, "use two logins", "%s is unfiltered and may_impersonate: who acts for others is filtered as they are", what)
	}
	var before *document.Node
	if u := r.policy.users[name.Text]; u != nil {
		before = &document.Node{Place: u.at}
	}
	if r.printable(name, "a user") && r.first(name, "user", before) {
		return d
	}
	return nil
}

func (d *userDecl) membership(r *policyReader) func(tenant, value *document.Node) {
	return func(tenant, value *document.Node) {
		m := membershipDecl{tenant: tenant, active: true}
		what := "user " + d.name.Text + " in " + tenant.Text
		if value.Kind == document.Map {
			r.fields(value, what, map[string]func(*document.Node){
				"roles":  func(n *document.Node) { m.roles = r.words(n, what+": roles") },
				"active": r.truth(&m.active, what+": active"),
				"from":   func(n *document.Node) { m.period.From = r.day(n, what+": from") },
				"until":  func(n *document.Node) { m.period.Until = r.day(n, what+": until") },
			})
			if m.period.From != "" && m.period.Until != "" && m.period.From >= m.period.Until {
				r.add(value.Get("until").Place, CodeWrongShape, "until is the first day after the membership", "%s ends before it begins", what)
			}
		} else {
			m.roles = r.words(value, what)
		}
		d.memberships = append(d.memberships, m)
	}
}

// day reads a date. A date at fault was reported, and the policy will not be used.
func (r *policyReader) day(n *document.Node, what string) string {
	w := r.word(n, what)
	if w == nil {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, w.Text); err != nil {
		r.add(w.Place, CodeTypeMismatch, "write it as 2006-01-02", "%s is not a date: %q", what, w.Text)
		return ""
	}
	return w.Text
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
