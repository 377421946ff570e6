package catalog

import (
	"github.com/wherewall/wherewall/catalog/document"
)

func (r *policyReader) group(name, value *document.Node) {
	d := &groupDecl{name: name.Text, identity: r.identity, at: name.Place}
	what := "group " + name.Text
	r.fields(value, what, map[string]func(*document.Node){
		"tenant":    func(n *document.Node) { d.tenant = r.word(n, what+": tenant") },
		"members":   func(n *document.Node) { d.members = r.words(n, what+": members") },
		"roles":     func(n *document.Node) { d.roles = r.words(n, what+": roles") },
		"resources": func(n *document.Node) { r.resources(d, n, what+": resources") },
	})
	if value.Kind == document.Map && value.Get("tenant") == nil {
		r.add(name.Place, CodeWrongShape, "add `tenant: ID`", "%s has no tenant", what)
	}
	var before *document.Node
	if g := r.policy.groups[name.Text]; g != nil {
		before = &document.Node{Place: g.at}
	}
	if r.printable(name, "a group") && r.first(name, "group", before) {
		r.policy.groups[name.Text] = d
	}
}

// resources reads keys by entity. A map without entries is a set without keys, and gives nothing.
func (r *policyReader) resources(d *groupDecl, n *document.Node, what string) {
	d.bounded = true
	if !r.is(n, document.Map, what) {
		return
	}
	for _, e := range n.Entries {
		if !r.is(e.Value, document.List, what+"."+e.Key.Text) {
			continue
		}
		d.resources = append(d.resources, resourceDecl{entity: e.Key, keys: e.Value.Items})
	}
}

// resourceGrants reads roles of single users on listed rows. Each is a group of one, named by its place.
func (r *policyReader) resourceGrants(n *document.Node) {
	if !r.is(n, document.List, "resource_grants") {
		return
	}
	for _, item := range n.Items {
		d := &groupDecl{name: item.Place.String(), identity: r.identity, granted: true, at: item.Place}
		const what = "a resource grant"
		r.fields(item, what, map[string]func(*document.Node){
			"user":      func(n *document.Node) { d.members = r.single(n, what+": user") },
			"tenant":    func(n *document.Node) { d.tenant = r.word(n, what+": tenant") },
			"role":      func(n *document.Node) { d.roles = r.single(n, what+": role") },
			"resources": func(n *document.Node) { r.resources(d, n, what+": resources") },
		})
		if item.Kind != document.Map {
			continue
		}
		whole := true
		for _, key := range []string{"user", "tenant", "role", "resources"} {
			if item.Get(key) == nil {
				r.add(item.Place, CodeWrongShape, "write {user: USER, tenant: ID, role: ROLE, resources: {ENTITY: [KEY]}}", "%s has no %s", what, key)
				whole = false
			}
		}
		if whole {
			r.policy.groups[d.name] = d
		}
	}
}

func (r *policyReader) single(n *document.Node, what string) []*document.Node {
	if w := r.word(n, what); w != nil {
		return []*document.Node{w}
	}
	return nil
}
