package catalog

import (
	"maps"
	"slices"

	"github.com/wherewall/wherewall/catalog/expr"
)

// maxPath bounds how many tables a resource may lie away.
const maxPath = 8

// PathTo finds the way over to-one relations from an entity's rows to those of a resource's entity: the shortest one. From the
// resource itself it is empty. ok is false where there is none, or where two are equally short: then nobody has said which of
// the two rows is meant.
func (s *Snapshot) PathTo(entity, resource string) (path []expr.Hop, ok bool) {
	e := s.Entities[entity]
	if e == nil || s.Entities[resource] == nil {
		return nil, false
	}
	type way struct {
		at   *Entity
		hops []expr.Hop
	}
	ways, seen := []way{{at: e}}, map[string]bool{entity: true}
	for range maxPath + 1 {
		var found, next []way
		for _, w := range ways {
			if w.at.Name == resource {
				found = append(found, w)
			}
		}
		if len(found) > 0 {
			return found[0].hops, len(found) == 1
		}
		reached := map[string]int{}
		for _, w := range ways {
			for _, name := range slices.Sorted(maps.Keys(w.at.Relations)) {
				r := w.at.Relations[name]
				to := s.Entities[r.Entity]
				// Two ways to one place are as ambiguous as a hundred.
				if r.Many || to == nil || seen[to.Name] || reached[to.Name] > 1 {
					continue
				}
				reached[to.Name]++
				hop := expr.Hop{Relation: r.Name, Schema: r.To.Schema, Table: r.To.Name, On: r.On}
				next = append(next, way{to, append(slices.Clone(w.hops), hop)})
			}
		}
		for name := range reached {
			seen[name] = true
		}
		ways = next
	}
	return nil, false
}
