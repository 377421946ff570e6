package catalog

import (
	"github.com/wherewall/wherewall/catalog/document"
)

// entityNames checks every use of an entity's name, and what depends on what the entity has.
func (l *linker) entityNames() {
	p := l.policy
	for _, d := range sortedDecls(l.entities) {
		for _, rel := range sortedDecls(d.relations) {
			if isEntity(rel.to) {
				l.unknownEntity(rel.to.Place, rel.to.Text)
			}
		}
	}
	for _, d := range sortedDecls(p.permissions) {
		for _, o := range d.operations {
			l.unknownEntity(o.at, o.entity)
		}
	}
	for _, d := range sortedDecls(p.roles) {
		l.ownScopes(d)
	}
	for _, t := range sortedDecls(p.tenants) {
		for _, d := range sortedDecls(t.roles) {
			l.ownScopes(d)
		}
	}
	for _, d := range sortedDecls(p.functions) {
		l.entityList(d.reads)
	}
	l.entityList(p.audited)
	for _, d := range sortedDecls(p.groups) {
		for _, res := range d.resources {
			l.unknownEntity(res.entity.Place, res.entity.Text)
		}
	}
	l.rolesWithoutTenant()
}

func (l *linker) entityList(list []*document.Node) {
	for _, n := range list {
		l.unknownEntity(n.Place, n.Text)
	}
}

// ownScopes checks that whatever is given by scope own has the owner.
func (l *linker) ownScopes(d *roleDecl) {
	for i := range d.grants {
		g := &d.grants[i]
		permission := l.policy.permissions[g.permission.Text]
		if g.scope != ScopeOwn || permission == nil {
			continue
		}
		for _, name := range permission.covers() {
			e := l.entities[name]
			switch {
			case e == nil:
			case g.owner == "" && e.owner == nil:
				l.add(g.scopeAt, CodeScopeOwnNeedsOwner, "add `owner: COLUMN` to the entity",
					"scope own needs an owner, and %s, which %s covers, has none", name, permission.name.Text)
			case g.owner != "" && e.owners[g.owner] == nil:
				hint := didYouMean(g.owner, names(e.owners))
				if hint == "" {
					hint = "add `owners: {" + g.owner + ": COLUMN}` to the entity"
				}
				l.add(g.scopeAt, CodeScopeOwnNeedsOwner, hint, "%s, which %s covers, has no owner %q", name, permission.name.Text, g.owner)
			}
		}
	}
}

// rolesWithoutTenant checks that users have roles outside tenants only where there are no tenants' rows.
func (l *linker) rolesWithoutTenant() {
	if l.policy.direct == nil {
		return
	}
	for _, e := range sortedDecls(l.entities) {
		if !e.global() {
			l.add(l.policy.direct.Place, CodeRoleMisplaced, "give the roles in a tenant",
				"`roles:` of a user is for policies in which every entity is global, and %s is not", e.name.Text)
			return
		}
	}
}
