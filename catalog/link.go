package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
)

// link checks every name that one declaration uses of another. Nothing here needs a database.
func (r *policyReader) link() {
	p := r.policy
	r.linkEntities()
	for _, d := range sortedDecls(p.permissions) {
		for _, o := range d.operations {
			if p.entities[o.Entity] == nil {
				r.unknown(o.at, CodeUnknownEntity, "entity", o.Entity, names(p.entities))
			}
		}
	}
	for _, d := range sortedDecls(p.roles) {
		for i := range d.grants {
			r.linkGrant(d, &d.grants[i])
		}
	}
	if p.baseRole != nil {
		r.linkRole(p.baseRole, false, "base_role")
	}
	r.inferAttributes()
	for _, d := range sortedDecls(p.users) {
		r.linkUser(d)
	}
}

// unknown reports a name that nobody declared, unless its declaration may stand in what could not be read.
func (r *policyReader) unknown(at document.Place, code, what, name string, known []string) {
	if !r.broken {
		r.add(at, code, didYouMean(name, known), "there is no %s %q", what, name)
	}
}

func (r *policyReader) linkEntities() {
	for _, d := range sortedDecls(r.policy.entities) {
		for _, rel := range sortedDecls(d.relations) {
			if rel.to != nil && !strings.Contains(rel.to.Text, ".") && r.policy.entities[rel.to.Text] == nil {
				r.unknown(rel.to.Place, CodeUnknownEntity, "entity", rel.to.Text, names(r.policy.entities))
			}
		}
	}
}

func (r *policyReader) linkGrant(role *roleDecl, g *grantDecl) {
	permission := r.policy.permissions[g.permission.Text]
	if permission == nil {
		r.unknown(g.permission.Place, CodeUnknownPermission, "permission", g.permission.Text, names(r.policy.permissions))
		return
	}
	if g.scope == ScopeAll && !role.platform {
		r.add(g.scopeAt, CodeScopeAllNeedsPlatform, "add `platform: true` to the role, and give it by `platform:` of users",
			"scope all is for platform roles, and %s is none", role.name.Text)
	}
	if g.scope != ScopeOwn {
		return
	}
	for _, name := range permission.covers() {
		if e := r.policy.entities[name]; e != nil && e.owner == nil {
			r.add(g.scopeAt, CodeScopeOwnNeedsOwner, "add `owner: COLUMN` to the entity",
				"scope own needs an owner, and %s, which %s covers, has none", name, permission.name.Text)
		}
	}
}

// linkRole checks a role where it is given.
func (r *policyReader) linkRole(n *document.Node, platform bool, where string) {
	d := r.policy.roles[n.Text]
	switch {
	case d == nil:
		r.unknown(n.Place, CodeUnknownRole, "role", n.Text, names(r.policy.roles))
	case d.platform && !platform:
		r.add(n.Place, CodeRoleMisplaced, "give it by `platform:` of users", "%s is a platform role and cannot be given by %s", n.Text, where)
	case !d.platform && platform:
		r.add(n.Place, CodeRoleMisplaced, "add `platform: true` to the role, or give it in a tenant", "%s is not a platform role", n.Text)
	}
}

func (r *policyReader) linkUser(d *userDecl) {
	for _, m := range d.memberships {
		if r.policy.tenants[m.tenant.Text] == nil {
			r.unknown(m.tenant.Place, CodeUnknownTenant, "tenant", m.tenant.Text, names(r.policy.tenants))
		}
		for _, role := range m.roles {
			r.linkRole(role, false, "a tenant")
		}
	}
	for _, role := range d.roles {
		r.linkRole(role, false, "`roles:` of a user")
	}
	if len(d.roles) > 0 {
		for _, e := range sortedDecls(r.policy.entities) {
			if !e.global() {
				r.add(d.roles[0].Place, CodeRoleMisplaced, "give the roles in a tenant",
					"`roles:` of a user is for policies in which every entity is global, and %s is not", e.name.Text)
				break
			}
		}
	}
	for _, role := range d.platform {
		r.linkRole(role, true, "`platform:` of a user")
	}
}

func (d *entityDecl) global() bool { return d.tenant != nil && d.tenant.Text == "global" }

func names[D any](declared map[string]D) []string { return slices.Collect(maps.Keys(declared)) }

// sortedDecls returns declarations by name, so that runs agree about the order of what they find.
func sortedDecls[D any](declared map[string]D) []D {
	sorted := make([]D, 0, len(declared))
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		sorted = append(sorted, declared[name])
	}
	return sorted
}
