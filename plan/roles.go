package plan

import (
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
)

// held is a grant, the role that carries it, and the group that the role comes through.
type held struct {
	role   *catalog.Role
	custom bool // the role is the tenant's own
	grant  *catalog.Grant
	group  *groupHeld // nil for none
}

func (h held) reason() Reason {
	r := Reason{
		Role: h.role.Name, Permission: h.grant.Permission, At: h.grant.At, Scope: scopeName(h.grant), AnyTenant: h.grant.AnyTenant,
	}
	if h.group != nil {
		r.group, r.Resources = h.group.number, h.group.resourceNames()
	}
	return r
}

func scopeName(g *catalog.Grant) string {
	switch g.Scope {
	case catalog.ScopeTenant:
		return "tenant"
	case catalog.ScopeOwn:
		if g.Owner != "" {
			return "own:" + g.Owner
		}
		return "own"
	case catalog.ScopeTree:
		return "tree"
	case catalog.ScopeAll:
		return "all"
	default:
		return "unknown"
	}
}

// holding is a role that a subject acts with.
type holding struct {
	role   *catalog.Role
	custom string // the tenant whose own the role is; empty for the system's
	group  *groupHeld
}

// key tells holdings apart that give different rules. Groups of the same make are the same here: what they are called and
// which keys they list are values.
func (h holding) key() string {
	key := quote(h.role.Name) + quote(h.custom)
	if h.group != nil {
		key += h.group.key()
	}
	return key
}

// holdings are the roles that a subject acts with: the base role, the membership's, its groups', platform roles, and those of
// policies without tenants. A name that means no role here, or one that is held where it may not be, gives nothing.
func holdings(s *catalog.Snapshot, subject Subject, groups []*groupHeld) []holding {
	u := s.Users[subject.User]
	var tenant *catalog.Tenant
	if subject.Tenant != "" {
		tenant = s.Tenants[subject.Tenant]
	}
	var all []holding
	hold := func(names []string, group *groupHeld) {
		for _, n := range names {
			if h := roleIn(s, tenant, n); h.role != nil && !h.role.Platform {
				h.group = group
				all = append(all, h)
			}
		}
	}
	hold([]string{s.BaseRole}, nil)
	hold(u.Roles, nil)
	for _, n := range u.Platform {
		// A tenant has no say about platform roles.
		if role := s.Roles[n]; role != nil && role.Platform {
			all = append(all, holding{role: role})
		}
	}
	if tenant != nil {
		hold(u.Memberships[subject.Tenant], nil)
		for _, g := range groups {
			hold(g.group.Roles, g)
		}
	}
	return distinct(all)
}

func distinct(all []holding) []holding {
	keys := map[string]bool{}
	kept := all[:0]
	for _, h := range all {
		// Two groups of the same make are two all the same.
		key := h.key()
		if h.group != nil {
			key += quote(h.group.group.Name)
		}
		if !keys[key] {
			keys[key] = true
			kept = append(kept, h)
		}
	}
	slices.SortStableFunc(kept, func(a, b holding) int {
		if c := strings.Compare(a.role.Name, b.role.Name); c != 0 {
			return c
		}
		return a.number() - b.number()
	})
	return kept
}

func (h holding) number() int {
	if h.group == nil {
		return 0
	}
	return h.group.number
}

// roleIn is the role that a name means in a tenant: the tenant's own of that name, else the one with which the tenant replaces the
// system's, else the system's. Two that replace the same are a fault of the policy, and then the name means none.
func roleIn(s *catalog.Snapshot, tenant *catalog.Tenant, name string) holding {
	switch {
	case name == "":
		return holding{}
	case tenant == nil:
		return holding{role: s.Roles[name]}
	case tenant.Roles[name] != nil:
		return holding{role: tenant.Roles[name], custom: tenant.ID}
	}
	var instead *catalog.Role
	for _, own := range tenant.Roles {
		if own.Replaces != name {
			continue
		}
		if instead != nil {
			return holding{}
		}
		instead = own
	}
	if instead != nil {
		return holding{role: instead, custom: tenant.ID}
	}
	return holding{role: s.Roles[name]}
}

// grantsOf lists the grants of holdings in their order.
func grantsOf(holdings []holding) []held {
	var all []held
	for _, h := range holdings {
		for i := range h.role.Grants {
			all = append(all, held{role: h.role, custom: h.custom != "", grant: &h.role.Grants[i], group: h.group})
		}
	}
	return all
}

func roleNames(holdings []holding) []string {
	names := make([]string, 0, len(holdings))
	for _, h := range holdings {
		names = append(names, h.role.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
