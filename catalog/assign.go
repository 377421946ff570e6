package catalog

// MayAssign says whether a tenant's administrator may give a role there: one of the tenant's own, or one of the policy's that gives no more than such a role could.
func (p *Policy) MayAssign(tenant, role string) bool {
	if t := p.tenants[tenant]; t != nil && t.roles[role] != nil {
		return true
	}
	d := p.roles[role]
	if d == nil || d.platform || len(d.allow) > 0 {
		return false
	}
	for i := range d.grants {
		g := &d.grants[i]
		permission := p.permissions[g.permission.Text]
		bounded := (g.scope == ScopeTenant || g.scope == ScopeOwn) && g.anyTenant == nil
		if permission == nil || !permission.assignable || !bounded || g.where != nil && g.where.opaque || g.check != nil && g.check.opaque {
			return false
		}
	}
	return true
}
