package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// groupHeld is a group that a subject is in, with the place of its name and keys among the subject's values.
type groupHeld struct {
	group     *catalog.Group
	number    int // 1 for the subject's first
	resources []resource
	limited   bool // the group has a resource set: without a resource in it, it gives nothing
}

// resource is one entity's keys in a group's resource set. A key of one column is a slot; of several, a condition.
type resource struct {
	entity string
	slot   string // empty for keys of several columns
	keys   [][]string
}

// groupsIn are the groups of a user in a tenant, by name.
func groupsIn(s *catalog.Snapshot, candidates []*catalog.Group, subject Subject) []*groupHeld {
	if subject.Tenant == "" {
		return nil
	}
	var mine []*catalog.Group
	for _, g := range candidates {
		if g.Tenant == subject.Tenant && slices.Contains(g.Members, subject.User) {
			mine = append(mine, g)
		}
	}
	slices.SortFunc(mine, func(a, b *catalog.Group) int { return strings.Compare(a.Name, b.Name) })
	all := make([]*groupHeld, 0, len(mine))
	for i, g := range mine {
		all = append(all, newGroupHeld(s, g, i+1))
	}
	return all
}

func newGroupHeld(s *catalog.Snapshot, g *catalog.Group, number int) *groupHeld {
	held := &groupHeld{group: g, number: number, limited: g.Resources != nil}
	for i, entity := range sortedKeys(g.Resources) {
		r := resource{entity: entity, keys: g.Resources[entity]}
		if e := s.Entities[entity]; e != nil && len(e.Key) == 1 {
			// A dot keeps the name apart from those of attributes.
			r.slot = "group." + strconv.Itoa(number) + "." + strconv.Itoa(i+1)
		}
		held.resources = append(held.resources, r)
	}
	return held
}

func (g *groupHeld) resourceNames() string {
	names := make([]string, len(g.resources))
	for i, r := range g.resources {
		names[i] = r.entity
	}
	return strings.Join(names, ",")
}

// key is what of a group is not a value.
func (g *groupHeld) key() string {
	var b strings.Builder
	b.WriteString("g" + strconv.Itoa(g.number) + "," + strconv.FormatBool(g.limited))
	for _, r := range g.resources {
		b.WriteString(quote(r.entity) + r.slot)
		if r.slot != "" {
			continue
		}
		for _, key := range r.keys {
			for _, part := range key {
				b.WriteString(quote(part))
			}
			b.WriteByte(';')
		}
	}
	return b.String()
}

// values adds the keys to the values of me.
func (g *groupHeld) values(me map[string]catalog.Attribute) {
	for _, r := range g.resources {
		if r.slot == "" {
			continue
		}
		list := make([]string, 0, len(r.keys))
		for _, key := range r.keys {
			if len(key) == 1 {
				list = append(list, key[0])
			}
		}
		me[r.slot] = texts(list)
	}
}

// resourceTerm says that a row is one of a group's resources or belongs to one over a to-one path. Of several entities any will
// do, as of several grants. ok is false where the entity has nothing to do with any of them.
func resourceTerm(s *catalog.Snapshot, entity string, g *groupHeld) (e expr.Expr, ok bool) {
	if g == nil || !g.limited {
		return expr.Bool(true), true
	}
	var terms []expr.Expr
	for _, r := range g.resources {
		target := s.Entities[r.entity]
		path, leads := s.PathTo(entity, r.entity)
		if target == nil || !leads {
			continue
		}
		if term, ok := r.among(target, path); ok {
			terms = append(terms, term)
		}
	}
	return either(terms), len(terms) > 0
}

func (r resource) among(target *catalog.Entity, path []expr.Hop) (expr.Expr, bool) {
	columns := make([]expr.Column, len(target.Key))
	for i, name := range target.Key {
		declared := target.Relation.Column(name)
		if declared == nil {
			return nil, false
		}
		columns[i] = expr.Column{Path: path, Name: name, Type: declared.Type}
	}
	if r.slot != "" {
		return equalsOneOf(columns[0], r.slot), true
	}
	var keys []expr.Expr
	for _, key := range r.keys {
		if len(key) != len(columns) || len(key) == 0 {
			return nil, false
		}
		terms := make([]expr.Expr, len(key))
		for i, part := range key {
			terms[i] = expr.Compare{Op: expr.Eq, Left: columns[i], Right: expr.Const{Type: columns[i].Type, Text: part}}
		}
		keys = append(keys, all(terms))
	}
	return either(keys), true
}
