package plan

import (
	"slices"

	"github.com/wherewall/wherewall/catalog"
)

// WhoCould lists the permissions that cover an action and the roles that carry each, both sorted. A permission that no role carries
// is left out. It tells what the policy says and nothing of who has which role.
func WhoCould(s *catalog.Snapshot, entity string, action catalog.Action) []Grantable {
	return carriers(s, func(o *catalog.Operation) bool { return o.Entity == entity && o.Action == action })
}

// WhoCouldOpen does so for the permissions by which any of some actions reaches a column as it is.
func WhoCouldOpen(s *catalog.Snapshot, entity, column string, actions ...catalog.Action) []Grantable {
	return carriers(s, func(o *catalog.Operation) bool {
		return o.Entity == entity && slices.Contains(actions, o.Action) && gives(o, column)
	})
}

func carriers(s *catalog.Snapshot, covers func(*catalog.Operation) bool) []Grantable {
	if s == nil {
		return nil
	}
	roles := map[string][]string{}
	for _, role := range s.Roles {
		for _, g := range role.Grants {
			roles[g.Permission] = append(roles[g.Permission], role.Name)
		}
	}
	var found []Grantable
	for _, p := range s.Permissions {
		if len(roles[p.Name]) > 0 && slices.ContainsFunc(p.Operations, func(o catalog.Operation) bool { return covers(&o) }) {
			slices.Sort(roles[p.Name])
			found = append(found, Grantable{Permission: p.Name, Roles: slices.Compact(roles[p.Name])})
		}
	}
	slices.SortFunc(found, func(a, b Grantable) int {
		if a.Permission < b.Permission {
			return -1
		}
		return 1
	})
	return found
}
