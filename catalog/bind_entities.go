package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
	"github.com/wherewall/wherewall/catalog/expr"
)

func at(p document.Place) string {
	if p.Line == 0 {
		return p.Name()
	}
	return fmt.Sprintf("%s:%d", p.Name(), p.Line)
}

func texts(nodes []*document.Node) []string {
	var list []string
	for _, n := range nodes {
		list = append(list, n.Text)
	}
	return list
}

// bindTables finds each entity's relation.
func (b *binder) bindTables() {
	for _, d := range sortedDecls(b.decls) {
		if d.table == nil {
			continue
		}
		r := b.table(d.table, d.view)
		if r == nil {
			continue
		}
		if first := b.tables[r.RelationName]; first != nil {
			b.add(d.table.Place, CodeTableMappedTwice, "", "%s is the table of %s too, at %s", label(r), first.decl.name.Text, first.decl.table.Place)
			continue
		}
		b.bound(d, r)
	}
}

// storeSchema holds policies, in databases that keep one: see package store. Its tables are nobody's rows.
const storeSchema = "wherewall"

func (b *binder) bound(d *entityDecl, r *Relation) {
	e := &boundEntity{decl: d, hops: map[string]*boundHop{}}
	e.entity = &Entity{Name: d.name.Text, Relation: r, Global: d.global(), Relations: map[string]*Relationship{}}
	if d.view != nil {
		e.entity.View = OwnView
		if d.view.Text == "expand" {
			e.entity.View = ExpandView
		}
	}
	b.entities[d.name.Text], b.tables[r.RelationName] = e, e
}

// table finds a relation that rows can be filtered in.
func (b *binder) table(n, view *document.Node) *Relation {
	r := b.namedRelation(n)
	if r == nil {
		return nil
	}
	if why := unmappable(r, view); why != "" {
		b.add(n.Place, CodeUnmappable, "", "%s cannot be an entity: %s", label(r), why)
		return nil
	}
	return r
}

// namedRelation finds SCHEMA.TABLE.
func (b *binder) namedRelation(n *document.Node) *Relation {
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
	}
	return r
}

// unmappable says why rows of a relation cannot be filtered, or nothing. view is the word after `view:`.
func unmappable(r *Relation, view *document.Node) string {
	isView := r.Kind == 'v' || r.Kind == 'm'
	switch {
	case isView && view == nil:
		return "it is a view, and the entity does not say `view: own` or `view: expand`"
	case isView && view.Text == "expand" && r.Definition == "":
		return "it is a materialized view, which holds everybody's rows; say `view: own`"
	case isView:
	case view != nil:
		return "it is no view, and the entity says `view: " + view.Text + "`"
	case r.Kind != 'r' && r.Kind != 'p':
		return "it is not a table"
	}
	if r.Schema == storeSchema {
		return "the schema " + storeSchema + " is for the policy itself"
	}
	if r.HasRules {
		return "it has rules, which rewrite statements after us"
	}
	return ""
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
			b.shared(e, c)
			b.fitTenants(e.decl.tenant, c.Type)
		}
	}
	e.entity.Owner = b.owner(e, e.decl.owner)
	for _, o := range sortedDecls(e.decl.owners) {
		if e.entity.Owners == nil {
			e.entity.Owners = map[string]expr.Expr{}
		}
		e.entity.Owners[o.name.Text] = b.owner(e, o.column)
	}
	if e.decl.always != nil {
		e.entity.Always = b.condition(e.decl.always, e)
	}
}

// shared says that rows without a tenant are for all. Over a path, a missing row would make rows shared that are not.
func (b *binder) shared(e *boundEntity, c expr.Column) {
	if e.decl.shared == nil {
		return
	}
	if len(c.Path) > 0 {
		b.add(e.decl.shared.Place, CodePathNotToOne, "", "rows can be shared by a column of their own, not by one over a path")
		return
	}
	e.entity.SharedNull = true
}

// owner resolves an owner's column; nil where there is none.
func (b *binder) owner(e *boundEntity, n *document.Node) expr.Expr {
	if n == nil {
		return nil
	}
	c, ok := b.yamlPath(e, n)
	if !ok || !b.identifying(e, n, c) {
		return nil
	}
	return c
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

// fitTenants checks that a type of tenant column can hold all tenants; once for each type.
func (b *binder) fitTenants(column *document.Node, t expr.Type) {
	if b.fitted[t] {
		return
	}
	b.fitted[t] = true
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
		if len(above) == 1 && unmappable(r, nil) == "" {
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
