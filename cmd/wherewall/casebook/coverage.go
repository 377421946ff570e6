package casebook

import (
	"maps"
	"slices"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// coverage notes what of the policy some case has touched: entities that were asked for, roles that somebody had while asking, and
// permissions that stood behind a rule or were asked for by name.
type coverage struct {
	declared, touched [coverageKinds]map[string]bool
}

const (
	coveredEntities = iota
	coveredPermissions
	coveredRoles
	coverageKinds
)

func newCoverage() *coverage {
	c := &coverage{}
	for i := range coverageKinds {
		c.declared[i], c.touched[i] = map[string]bool{}, map[string]bool{}
	}
	return c
}

func (c *coverage) declare(s *catalog.Snapshot) {
	for name := range s.Entities {
		c.declared[coveredEntities][name] = true
	}
	for name := range s.Permissions {
		c.declared[coveredPermissions][name] = true
	}
	for name := range s.Roles {
		c.declared[coveredRoles][name] = true
	}
	for id, t := range s.Tenants {
		for name := range t.Roles {
			c.declared[coveredRoles][ownRole(name, id)] = true
		}
	}
}

// ownRole is what a tenant's own role is called here: it may have the name of one that all tenants have.
func ownRole(name, tenant string) string { return name + " of " + tenant }

func (c *coverage) session(p *plan.Plan) {
	tenant := p.Snapshot.Tenants[p.Subject.Tenant]
	for _, role := range p.Roles {
		if tenant != nil && tenant.Roles[role] != nil {
			role = ownRole(role, tenant.ID)
		}
		c.touched[coveredRoles][role] = true
	}
}

func (c *coverage) permission(name string) { c.touched[coveredPermissions][name] = true }

// rule notes that a case asked for what a rule says.
func (c *coverage) rule(entity string, r plan.Rule) {
	c.touched[coveredEntities][entity] = true
	for _, why := range r.Why {
		c.touched[coveredPermissions][why.Permission] = true
	}
}

// untouched are the names of one kind that no case touched.
func (c *coverage) untouched(kind int) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c.declared[kind])), func(name string) bool { return c.touched[kind][name] })
}

// uses notes what a statement does. A refused one does nothing.
func (t *trial) uses(sql string) {
	for _, s := range t.rewriter.Rewrite(sql, t.plan).Statements {
		for _, u := range s.Uses {
			t.coverage.rule(u.Entity, t.plan.Rule(u.Entity, u.Action))
		}
	}
}
