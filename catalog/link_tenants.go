package catalog

import (
	"slices"
)

// maxTenantDepth bounds how far tenants lie below each other: each of them keeps the list of all below it.
const maxTenantDepth = 32

// tenants checks the hierarchy of tenants and the roles that they have of their own.
func (l *linker) tenants() {
	all := sortedDecls(l.policy.tenants)
	for _, t := range all {
		if t.parent != nil {
			l.tenant(t.parent)
			l.ancestry(t)
		}
		for _, d := range sortedDecls(t.roles) {
			l.customRole(d)
			l.role(d)
		}
		l.replacements(t)
	}
}

// ancestry follows a tenant's parents to the top.
func (l *linker) ancestry(t *tenantDecl) {
	above := l.policy.tenants[t.parent.Text]
	for depth := 1; above != nil; depth++ {
		switch {
		case above == t:
			l.add(t.parent.Place, CodeTenantCycle, "", "tenant %s is below itself", t.id.Text)
			return
		case depth > maxTenantDepth:
			l.add(t.parent.Place, CodeTenantCycle, "", "tenant %s lies more than %d levels deep", t.id.Text, maxTenantDepth)
			return
		case above.parent == nil:
			return
		}
		above = l.policy.tenants[above.parent.Text]
	}
}

func (l *linker) customRole(d *roleDecl) {
	if d.replaces != nil {
		switch system := l.policy.roles[d.replaces.Text]; {
		case system == nil:
			l.unknown(d.replaces.Place, CodeUnknownRole, "role", d.replaces.Text, lazy(l.policy.roles))
		case system.platform:
			l.add(d.replaces.Place, CodeRoleMisplaced, "", "%s is a platform role, which no tenant can replace", d.replaces.Text)
		case l.policy.baseRole != nil && l.policy.baseRole.Text == d.replaces.Text:
			l.add(d.replaces.Place, CodeRoleMisplaced, "", "%s is the base role, which every user holds in every tenant", d.replaces.Text)
		}
	}
	if l.policy.roles[d.name.Text] != nil && (d.replaces == nil || d.replaces.Text != d.name.Text) {
		l.add(d.name.Place, CodeDuplicateKey, "add `replaces: "+d.name.Text+"`, or choose another name",
			"role %q is one of the policy's own", d.name.Text)
	}
}

// replacements checks that a role is replaced by one role at most.
func (l *linker) replacements(t *tenantDecl) {
	by := map[string]*roleDecl{}
	for _, d := range sortedDecls(t.roles) {
		if d.replaces == nil {
			continue
		}
		if first := by[d.replaces.Text]; first != nil {
			l.add(d.replaces.Place, CodeDuplicateKey, "", "role %q is replaced twice, first at %s", d.replaces.Text, first.replaces.Place)
			continue
		}
		by[d.replaces.Text] = d
	}
}

// trees lists, for each tenant, itself and all below it, sorted. A tenant in a cycle is below nobody.
func trees(tenants map[string]*tenantDecl) map[string][]string {
	below := make(map[string][]string, len(tenants))
	for id, t := range tenants {
		for depth := 0; t != nil && depth <= maxTenantDepth; depth++ {
			below[t.id.Text] = append(below[t.id.Text], id)
			if t.parent == nil {
				break
			}
			t = tenants[t.parent.Text]
		}
	}
	for _, list := range below {
		slices.Sort(list)
	}
	return below
}
