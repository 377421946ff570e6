package catalog

import (
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
)

func (r *policyReader) role(name, value *document.Node) {
	d := &roleDecl{name: name}
	what := "role " + name.Text
	r.fields(value, what, map[string]func(*document.Node){
		"can":         func(n *document.Node) { r.grants(d, n, what+": can") },
		"platform":    r.truth(&d.platform, what+": platform"),
		"description": r.comment(what + ": description"),
		"allow":       r.allow(&d.allow),
	})
	var before *document.Node
	if e := r.policy.roles[name.Text]; e != nil {
		before = e.name
	}
	if r.named(name, "a role", plainName) && r.first(name, "role", before) {
		r.policy.roles[name.Text] = d
	}
}

func (r *policyReader) grants(d *roleDecl, n *document.Node, what string) {
	if !r.is(n, document.List, what) {
		return
	}
	for _, item := range n.Items {
		g := grantDecl{}
		ok := false
		switch {
		case item.Kind == document.Scalar:
			g.permission, ok = item, true
		case item.Kind == document.Map && len(item.Entries) == 1:
			g.permission = item.Entries[0].Key
			ok = r.grant(&g, item.Entries[0].Value)
		default:
			r.add(item.Place, CodeWrongShape, "write PERMISSION, or {PERMISSION: SCOPE}", "an item of %s is text, or a map with one key", what)
		}
		if ok && strings.ContainsAny(g.permission.Text[:min(1, len(g.permission.Text))], "!-") {
			r.negative(g.permission)
			ok = false
		}
		if ok {
			d.grants = append(d.grants, g)
		}
	}
}

// grant reads what follows a permission's name.
func (r *policyReader) grant(g *grantDecl, n *document.Node) bool {
	what := "the grant of " + g.permission.Text
	if n.Kind != document.Map {
		return r.scope(g, n, what)
	}
	ok := true
	r.fields(n, what, map[string]func(*document.Node){
		"scope": func(n *document.Node) { ok = r.scope(g, n, what+": scope") },
		"where": func(n *document.Node) { g.where = r.condition(n, what+": where") },
		"check": func(n *document.Node) { g.check = r.condition(n, what+": check") },
		"tenants": func(n *document.Node) {
			if n.Kind != document.Scalar || n.Text != "any" {
				r.add(n.Place, CodeWrongShape, "leave it out for the session's tenant", "%s: tenants can only be any", what)
				ok = false
				return
			}
			g.anyTenant = n
		},
	})
	return ok
}

func (r *policyReader) scope(g *grantDecl, n *document.Node, what string) bool {
	w := r.word(n, what)
	if w == nil {
		return false
	}
	g.scopeAt = w.Place
	switch w.Text {
	case "tenant":
		g.scope = ScopeTenant
	case "own":
		g.scope = ScopeOwn
	case "all":
		g.scope = ScopeAll
	case "tree":
		g.scope = ScopeTree
	default:
		owner, named := strings.CutPrefix(w.Text, "own:")
		if named && owner != "" {
			g.scope, g.owner = ScopeOwn, owner
			return true
		}
		words := []string{"tenant", "own", "own:NAME", "tree", "all"}
		r.add(w.Place, CodeUnknownKey, didYouMean(w.Text, words), "there is no scope %q", w.Text)
		return false
	}
	return true
}

// customRole reads a role of one tenant. It has an explicit list and nothing that reaches beyond the tenant.
func (r *policyReader) customRole(t *tenantDecl, name, value *document.Node) {
	d := &roleDecl{name: name, custom: true}
	what := "role " + name.Text + " of " + t.id.Text
	r.fields(value, what, map[string]func(*document.Node){
		"can":         func(n *document.Node) { r.grants(d, n, what+": can") },
		"description": r.comment(what + ": description"),
		"replaces":    func(n *document.Node) { d.replaces = r.word(n, what+": replaces") },
		"reviewed":    func(n *document.Node) { d.reviewed = r.word(n, what+": reviewed") },
	})
	if value.Kind == document.Map && value.Get("can") == nil {
		r.add(name.Place, CodeWrongShape, "add `can: [PERMISSION, ...]`: nothing is inherited", "%s lists no permissions", what)
	}
	if !r.named(name, "a role", plainName) {
		return
	}
	if t.roles == nil {
		t.roles = map[string]*roleDecl{}
	}
	t.roles[name.Text] = d
}
