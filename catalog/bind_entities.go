package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
	"github.com/wherewall/wherewall/catalog/expr"
)

func at(p document.Place) string { return fmt.Sprintf("%s:%d", p.Name(), p.Line) }

func texts(nodes []*document.Node) []string {
	var list []string
	for _, n := range nodes {
		list = append(list, n.Text)
	}
	return list
}

// bindTables finds each entity's relation.
func (b *binder) bindTables() {
	for _, d := range sortedDecls(b.policy.entities) {
		if d.table == nil {
			continue
		}
		r := b.table(d.table)
		if r == nil {
			continue
		}
		if first := b.tables[r.RelationName]; first != nil {
			b.add(d.table.Place, CodeTableMappedTwice, "", "%s is the table of %s too, at %s", label(r), first.decl.name.Text, first.decl.table.Place)
			continue
		}
		e := &boundEntity{decl: d, hops: map[string]*boundHop{}}
		e.entity = &Entity{Name: d.name.Text, Relation: r, Global: d.global()}
		b.entities[d.name.Text], b.tables[r.RelationName] = e, e
	}
}

// table finds a relation that rows can be filtered in.
func (b *binder) table(n *document.Node) *Relation {
	parts, _, ok := splitName(n.Text)
	if !ok || len(parts) != 2 {
		hint := ""
		if ok && len(parts) == 1 {
			if r := b.schema.Resolve("", parts[0]); r != nil {
				hint = "write " + label(r)
			}
		}
		b.add(n.Place, CodeUnknownTable, hint, "a table is written SCHEMA.TABLE, not %q", n.Text)
		return nil
	}
	r := b.schema.Relations[RelationName{parts[0], parts[1]}]
	if r == nil {
		var known []string
		for name := range b.schema.Relations {
			known = append(known, name.Schema+"."+name.Name)
		}
		b.add(n.Place, CodeUnknownTable, didYouMean(strings.Join(parts, "."), known), "the database has no table %s", n.Text)
		return nil
	}
	if why := unmappable(r); why != "" {
		b.add(n.Place, CodeUnmappable, "", "%s cannot be an entity: %s", label(r), why)
		return nil
	}
	return r
}

// unmappable says why rows of a relation cannot be filtered, or nothing.
func unmappable(r *Relation) string {
	switch {
	case r.Kind == 'v' || r.Kind == 'm':
		return "views are not supported yet"
	case r.Kind != 'r' && r.Kind != 'p':
		return "it is not a table"
	case r.HasRules:
		return "it has rules, which rewrite statements after us"
	default:
		return ""
	}
}

func label(r *Relation) string { return r.Schema + "." + r.Name }

func (b *binder) bindEntity(e *boundEntity) {
	for _, k := range e.decl.key {
		if c := b.column(e.entity.Relation, k); c != nil {
			e.entity.Key = append(e.entity.Key, c.Name)
		}
	}
	if len(e.decl.key) == 0 {
		e.entity.Key = e.entity.Relation.PrimaryKey
	}
	if e.decl.tenant != nil && !e.entity.Global {
		if c, ok := b.yamlPath(e, e.decl.tenant); ok && b.identifying(e, e.decl.tenant, c) {
			e.entity.Tenant = c
			b.fitTenants(e.decl.tenant, c.Type)
		}
	}
	if e.decl.owner != nil {
		if c, ok := b.yamlPath(e, e.decl.owner); ok && b.identifying(e, e.decl.owner, c) {
			e.entity.Owner = c
		}
	}
}

// identifying says whether = on a tenant or owner column tells one tenant or user from every other.
func (b *binder) identifying(e *boundEntity, n *document.Node, c expr.Column) bool {
	if b.schema.comparison(c.Type) != comparable {
		b.add(n.Place, CodeTypeMismatch, "", "%s is of type %s, whose values cannot be told apart by =", n.Text, typeLabel(c.Type))
		return false
	}
	relation := e.entity.Relation
	if hops := len(c.Path); hops > 0 {
		relation = b.schema.Relations[RelationName{c.Path[hops-1].Schema, c.Path[hops-1].Table}]
	}
	if relation.Column(c.Name).FoldsEqual {
		b.add(n.Place, CodeTypeMismatch, "", "%s has a collation in which different texts are equal, and so cannot tell whose a row is", n.Text)
		return false
	}
	return true
}

func (b *binder) fitTenants(column *document.Node, t expr.Type) {
	for _, d := range sortedDecls(b.policy.tenants) {
		if err := b.schema.Identifies(t, d.id.Text); err != nil {
			b.add(d.id.Place, CodeTypeMismatch, "", "the tenant column at %s cannot hold this tenant: %s", column.Place, err)
		}
	}
}

// column finds one column of a relation.
func (b *binder) column(r *Relation, n *document.Node) *Column {
	parts, _, ok := splitName(n.Text)
	if !ok || len(parts) != 1 {
		b.add(n.Place, CodeUnknownColumn, "", "%q is not a column", n.Text)
		return nil
	}
	return b.columnNamed(r, parts[0], n.Place)
}

func (b *binder) columnNamed(r *Relation, name string, at document.Place) *Column {
	c := r.Column(name)
	if c == nil {
		var known []string
		for i := range r.Columns {
			known = append(known, r.Columns[i].Name)
		}
		b.add(at, CodeUnknownColumn, didYouMean(name, known), "%s has no column %q", label(r), name)
	}
	return c
}

// mapRelations says which entity's rows each relation holds: its own, or those of the one entity above it. A partition
// or child may be named directly, and then takes the mapping of its parent.
func (b *binder) mapRelations() map[RelationName]*Entity {
	mapped := map[RelationName]*Entity{}
	for name, r := range b.schema.Relations {
		if e := b.tables[name]; e != nil {
			mapped[name] = e.entity
			continue
		}
		above := b.entitiesAbove(r, nil)
		if len(above) == 1 && unmappable(r) == "" {
			child := *above[0]
			child.Relation = r
			mapped[name] = &child
		}
	}
	return mapped
}

// entitiesAbove collects the nearest entity on each way up.
func (b *binder) entitiesAbove(r *Relation, found []*Entity) []*Entity {
	for _, p := range r.Parents {
		if e := b.tables[p]; e != nil {
			if !slices.Contains(found, e.entity) {
				found = append(found, e.entity)
			}
		} else if parent := b.schema.Relations[p]; parent != nil {
			found = b.entitiesAbove(parent, found)
		}
	}
	return found
}
