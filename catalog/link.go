package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
)

// linker checks every name that one declaration uses of another.
type linker struct {
	*report
	policy   *Policy
	entities map[string]*entityDecl
}

// link checks what needs no database. Names of entities wait for one where patterns make entities of tables.
func (r *policyReader) link() {
	p := r.policy
	l := &linker{&r.report, p, p.entities}
	for _, d := range sortedDecls(p.roles) {
		l.role(d)
	}
	if p.baseRole != nil {
		l.given(p.baseRole, nil, false, "base_role")
	}
	l.tenants()
	r.users()
	for _, d := range sortedDecls(p.groups) {
		l.group(d)
	}
	if len(p.patterns) == 0 {
		l.entityNames()
	}
}

// unknown reports a name that nobody declared, unless its declaration may stand in what could not be read.
func (l *linker) unknown(at document.Place, code, what, name string, known func() []string) {
	if !l.policy.broken {
		l.add(at, code, didYouMean(name, known()), "there is no %s %q", what, name)
	}
}

func (l *linker) unknownEntity(at document.Place, name string) {
	if l.entities[name] == nil {
		l.unknown(at, CodeUnknownEntity, "entity", name, lazy(l.entities))
	}
}

// role checks a role's grants, as far as entities play no part.
func (l *linker) role(d *roleDecl) {
	for i := range d.grants {
		g := &d.grants[i]
		permission := l.policy.permissions[g.permission.Text]
		if permission == nil {
			l.unknown(g.permission.Place, CodeUnknownPermission, "permission", g.permission.Text, lazy(l.policy.permissions))
			continue
		}
		if d.custom {
			l.ceiling(d, g, permission)
			continue
		}
		const hint = "add `platform: true` to the role, and give it by `platform:` of users"
		if g.scope == ScopeAll && !d.platform {
			l.add(g.scopeAt, CodeScopeAllNeedsPlatform, hint, "scope all is for platform roles, and %s is none", d.name.Text)
		}
		if g.anyTenant != nil && !d.platform {
			l.add(g.anyTenant.Place, CodeScopeAllNeedsPlatform, hint, "tenants: any is for platform roles, and %s is none", d.name.Text)
		}
	}
}

// ceiling checks that a tenant's own role gives no more than a tenant may give.
func (l *linker) ceiling(d *roleDecl, g *grantDecl, p *permissionDecl) {
	if !p.assignable {
		l.add(g.permission.Place, CodeNotAssignable, "add `tenant_assignable: true` to the permission",
			"%s is a tenant's role, and %s is not for tenants to give", d.name.Text, p.name.Text)
	}
	if g.scope != ScopeTenant && g.scope != ScopeOwn {
		l.add(g.scopeAt, CodeNotAssignable, "", "%s is a tenant's role: its scopes are own and tenant", d.name.Text)
	}
	if g.anyTenant != nil {
		l.add(g.anyTenant.Place, CodeNotAssignable, "", "%s is a tenant's role, and reaches no other tenant", d.name.Text)
	}
	for _, c := range []*condition{g.where, g.check} {
		if c != nil && c.opaque {
			l.add(c.source.Place, CodeNotAssignable, "", "%s is a tenant's role: sql: is for the policy's own roles", d.name.Text)
		}
	}
}

// given checks a role where it is given: in a tenant, its own roles stand before those of the policy.
func (l *linker) given(n *document.Node, tenant *tenantDecl, platform bool, where string) {
	if tenant != nil && !platform && tenant.roles[n.Text] != nil {
		return
	}
	d := l.policy.roles[n.Text]
	switch {
	case d == nil:
		l.unknown(n.Place, CodeUnknownRole, "role", n.Text, func() []string {
			if tenant == nil {
				return lazy(l.policy.roles)()
			}
			return append(lazy(l.policy.roles)(), names(tenant.roles)...)
		})
	case d.platform && !platform:
		l.add(n.Place, CodeRoleMisplaced, "give it by `platform:` of users", "%s is a platform role and cannot be given by %s", n.Text, where)
	case !d.platform && platform:
		l.add(n.Place, CodeRoleMisplaced, "add `platform: true` to the role, or give it in a tenant", "%s is not a platform role", n.Text)
	}
}

func (l *linker) tenant(n *document.Node) *tenantDecl {
	t := l.policy.tenants[n.Text]
	if t == nil {
		l.unknown(n.Place, CodeUnknownTenant, "tenant", n.Text, lazy(l.policy.tenants))
	}
	return t
}

func (l *linker) user(d *userDecl) {
	for _, m := range d.memberships {
		t := l.tenant(m.tenant)
		for _, role := range m.roles {
			l.given(role, t, false, "a tenant")
		}
	}
	for _, role := range d.roles {
		l.given(role, nil, false, "`roles:` of a user")
	}
	for _, role := range d.platform {
		l.given(role, nil, true, "`platform:` of a user")
	}
}

func (l *linker) group(d *groupDecl) {
	var t *tenantDecl
	if d.tenant != nil {
		t = l.tenant(d.tenant)
	}
	for _, role := range d.roles {
		l.given(role, t, false, "a group")
	}
	for _, m := range d.members {
		u := l.policy.users[m.Text]
		if u == nil {
			l.unknown(m.Place, CodeUnknownUser, "user", m.Text, lazy(l.policy.users))
			continue
		}
		if _, member := u.Memberships[d.tenantID()]; t != nil && !member {
			l.warn(m.Place, CodeNeverMatches, "add the tenant to the user's `tenants:`",
				"%s is not a member of %s, and so has nothing from this group", m.Text, t.id.Text)
		}
	}
}

// maxNear bounds how many names are searched for the nearest one.
const maxNear = 5000

// lazy lists the declared names when they are asked for, unless there are too many of them.
func lazy[D any](declared map[string]D) func() []string {
	return func() []string {
		if len(declared) > maxNear {
			return nil
		}
		return names(declared)
	}
}

func names[D any](declared map[string]D) []string { return slices.Collect(maps.Keys(declared)) }

func sortedNames[D any](declared map[string]D) []string { return slices.Sorted(maps.Keys(declared)) }

// sortedDecls returns declarations by name, so that runs agree about the order of what they find.
func sortedDecls[D any](declared map[string]D) []D {
	sorted := make([]D, 0, len(declared))
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		sorted = append(sorted, declared[name])
	}
	return sorted
}

// isEntity says whether what a relation leads to is written as an entity, and not as SCHEMA.TABLE.
func isEntity(n *document.Node) bool { return n != nil && !strings.Contains(n.Text, ".") }
