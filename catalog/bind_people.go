package catalog

import (
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
)

func (b *binder) bindPeople(s *Snapshot) {
	below := trees(b.policy.tenants)
	for _, d := range sortedDecls(b.policy.tenants) {
		s.Tenants[d.id.Text] = b.bindTenant(d, below[d.id.Text])
	}
	s.Users = b.policy.users
}

func (b *binder) bindTenant(d *tenantDecl, tree []string) *Tenant {
	t := &Tenant{ID: d.id.Text, Name: d.name, Active: d.active, Tree: tree}
	if d.parent != nil {
		t.Parent = d.parent.Text
	}
	if len(d.roles) > 0 {
		t.Roles = map[string]*Role{}
	}
	for _, role := range sortedDecls(d.roles) {
		t.Roles[role.name.Text] = b.bindRole(role)
	}
	return t
}

func (b *binder) bindGroups(s *Snapshot) {
	for _, d := range sortedDecls(b.policy.groups) {
		s.Groups[d.name] = b.bindGroup(d)
	}
}

func (b *binder) bindGroup(d *groupDecl) *Group {
	g := &Group{Name: d.name, Members: texts(d.members), Roles: texts(d.roles), At: at(d.at)}
	if d.tenant != nil {
		g.Tenant = d.tenant.Text
	}
	if d.bounded {
		g.Resources = map[string][][]string{}
	}
	for _, res := range d.resources {
		g.Resources[res.entity.Text] = [][]string{}
		if e := b.entities[res.entity.Text]; e != nil {
			g.Resources[res.entity.Text] = b.keys(e, res)
		}
	}
	return g
}

// keys reads the keys of a resource set as values of the entity's key.
func (b *binder) keys(e *boundEntity, res resourceDecl) [][]string {
	keys := [][]string{}
	if len(e.entity.Key) == 0 {
		b.add(res.entity.Place, CodeUnknownColumn, "add `key: COLUMN` to the entity", "entity %s has no key to list rows by", e.entity.Name)
		return keys
	}
	for _, n := range res.keys {
		parts := []*document.Node{n}
		if n.Kind == document.List {
			parts = n.Items
		}
		if len(parts) != len(e.entity.Key) {
			b.add(n.Place, CodeWrongShape, "", "a key of %s is (%s)", e.entity.Name, strings.Join(e.entity.Key, ", "))
			continue
		}
		var key []string
		for i, part := range parts {
			if part.Kind != document.Scalar {
				b.add(part.Place, CodeWrongShape, "", "a key of %s is %s, not %s", e.entity.Name, document.Scalar, part.Kind)
				continue
			}
			if err := b.schema.Fits(e.entity.Relation.Column(e.entity.Key[i]).Type, part.Text); err != nil {
				b.add(part.Place, CodeTypeMismatch, "", "%s.%s: %s", e.entity.Name, e.entity.Key[i], err)
			}
			key = append(key, part.Text)
		}
		keys = append(keys, key)
	}
	return keys
}
