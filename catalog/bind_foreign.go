package catalog

import (
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog/expr"
)

// foreignKeys makes relations of an entity's foreign keys. One over a column NAME_id is called NAME, any other one like
// the entity or table that it leads to. Relations that are declared stand; of two keys with one name neither is meant.
func (b *binder) foreignKeys(e *boundEntity) {
	for _, k := range e.entity.Relation.ForeignKeys {
		target := b.schema.Relations[k.To]
		if target == nil || unmappable(target, nil) != "" {
			continue
		}
		name := b.foreignName(k)
		if !identifier.MatchString(name) || name == "me" || e.decl.relations[name] != nil {
			continue
		}
		h := &boundHop{target: target, hop: expr.Hop{Relation: name, Schema: target.Schema, Table: target.Name}}
		for i, column := range k.Columns {
			h.hop.On = append(h.hop.On, expr.Pair{Ours: column, Theirs: k.Theirs[i]})
		}
		if !unique(target, k.Theirs) || target.Kind == 'r' && b.hasChildren(target) || !b.comparableKey(e, k, target) {
			continue
		}
		if first := e.hops[name]; first != nil {
			if len(first.rivals) == 0 {
				first.rivals = []string{columnsOf(first.hop.On)}
			}
			first.rivals = append(first.rivals, columnsOf(h.hop.On))
			continue
		}
		e.hops[name] = h
	}
}

func (b *binder) foreignName(k ForeignKey) string {
	if len(k.Columns) == 1 {
		if stem, ok := strings.CutSuffix(k.Columns[0], "_id"); ok && stem != "" {
			return stem
		}
	}
	if to := b.tables[k.To]; to != nil {
		return to.entity.Name
	}
	return k.To.Name
}

// comparableKey says whether = on the key's columns is PostgreSQL's own.
func (b *binder) comparableKey(e *boundEntity, k ForeignKey, target *Relation) bool {
	return !slices.ContainsFunc(k.Columns, func(name string) bool {
		ours, theirs := e.entity.Relation.Column(name), target.Column(k.Theirs[slices.Index(k.Columns, name)])
		if ours == nil || theirs == nil {
			return true
		}
		a, z := b.schema.Base(ours.Type), b.schema.Base(theirs.Type)
		return family(a) != family(z) || b.schema.comparison(a) != comparable
	})
}

func columnsOf(on []expr.Pair) string {
	list := make([]string, len(on))
	for i, p := range on {
		list[i] = p.Ours
	}
	return "(" + strings.Join(list, ", ") + ")"
}
