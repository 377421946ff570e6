package rewrite

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// Setting is a setting and its value.
type Setting struct{ Name, Value string }

// RowSecuritySettings are what ExportRLS's policies must find set while somebody acts under a plan, in the order of names.
// Attributes that the user lacks are not among them and must not be set.
func RowSecuritySettings(p *plan.Plan) ([]Setting, error) {
	s, user := p.Snapshot, p.Snapshot.Users[p.Subject.User]
	if user == nil {
		return nil, fmt.Errorf("the policy has no user %q", p.Subject.User)
	}
	tenant := s.Tenants[p.Subject.Tenant]
	held := slices.Concat([]string{s.BaseRole}, user.Roles)
	if tenant != nil {
		held = append(held, user.Memberships[tenant.ID]...)
	}
	resources := map[string]map[string][]any{}
	for _, name := range p.Groups {
		g := s.Groups[name]
		if g.Resources == nil {
			held = append(held, g.Roles...)
			continue
		}
		for _, role := range g.Roles {
			if name := meant(s, tenant, role); name != "" {
				addResources(resources, name, g)
			}
		}
	}
	var roles []string
	for _, name := range held {
		if name = meant(s, tenant, name); name != "" {
			roles = append(roles, name)
		}
	}
	for _, name := range user.Platform {
		if role := s.Roles[name]; role != nil && role.Platform {
			roles = append(roles, name)
		}
	}
	slices.Sort(roles)
	limited, err := json.Marshal(resources)
	if err != nil {
		return nil, fmt.Errorf("writing resources: %w", err)
	}
	all := []Setting{
		{"wherewall.user", p.Subject.User},
		{"wherewall.tenant", p.Subject.Tenant},
		{"wherewall.roles", catalog.ArrayText(slices.Compact(roles))},
		{"wherewall.groups", catalog.ArrayText(p.Groups)},
		{"wherewall.resources", string(limited)},
		{"wherewall.tenants", catalog.ArrayText(nil)},
	}
	if tenant != nil {
		all[5].Value = catalog.ArrayText(tenant.Tree)
	}
	for name, value := range user.Attributes {
		all = append(all, Setting{"wherewall.attr." + name, value.Text})
	}
	slices.SortFunc(all, func(a, b Setting) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return all, nil
}

// addResources adds a group's keys to those for which a role holds.
func addResources(resources map[string]map[string][]any, role string, g *catalog.Group) {
	if resources[role] == nil {
		resources[role] = map[string][]any{}
	}
	for entity, keys := range g.Resources {
		for _, key := range keys {
			if len(key) == 1 {
				resources[role][entity] = append(resources[role][entity], key[0])
			} else {
				resources[role][entity] = append(resources[role][entity], key)
			}
		}
	}
}

// meant is the name of the role that a name means in a tenant: the tenant's own, the one with which the tenant replaces it, or the
// system's. It is empty for none, and for platform roles, which are not held in a tenant.
func meant(s *catalog.Snapshot, tenant *catalog.Tenant, name string) string {
	if tenant != nil {
		if tenant.Roles[name] != nil {
			return name
		}
		instead := ""
		for _, own := range tenant.Roles {
			switch {
			case own.Replaces != name:
			case instead != "":
				return ""
			default:
				instead = own.Name
			}
		}
		if instead != "" {
			return instead
		}
	}
	if role := s.Roles[name]; role == nil || role.Platform {
		return ""
	}
	return name
}
