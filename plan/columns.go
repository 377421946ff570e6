package plan

import (
	"math"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// columns fills in what a rule says of columns. The predicates are those of the grants, and not whether the row can be seen.
func (b *builder) columns(o operation, a allowing, r *Rule) {
	relation := b.snapshot.Entities[o.Entity].Relation
	switch o.Action {
	case catalog.Delete:
	case catalog.Create:
		r.Writable = b.writable(relation, a.new)
		r.Presets = b.presets(o, a.new)
	case catalog.Update:
		r.Writable, r.WritableTo = b.writable(relation, a.old), b.writable(relation, a.new)
		r.Presets = b.presets(o, a.old)
	default:
		r.Columns = b.shown(relation, a.old)
	}
}

// gives says whether an operation gives a column as it is.
func gives(o *catalog.Operation, column string) bool {
	if _, masked := o.Mask[column]; masked {
		return false
	}
	return o.Columns == nil || slices.Contains(o.Columns, column)
}

func limits(ds []disjunct) bool {
	return slices.ContainsFunc(ds, func(d disjunct) bool { return d.from.given.Columns != nil || len(d.from.given.Mask) > 0 })
}

// limited says whether some columns of a relation may be kept from those for whom some disjuncts hold.
func (b *builder) limited(relation *catalog.Relation, ds []disjunct) bool {
	return limits(ds) || len(ds) > 0 && slices.ContainsFunc(relation.Columns, func(c catalog.Column) bool { return b.namesObjects(&c) })
}

// namesObjects says whether a column holds names of what is in the database, as those of regclass do. No grant gives such a column: an untyped constant
// beside its value is looked up among all names, hidden ones too, and a number beside it, or written to it or to a table made like it, is printed
// as the name of a hidden table. Text search configurations are all that is looked up for regconfig.
func (b *builder) namesObjects(c *catalog.Column) bool {
	info := b.snapshot.Schema.Types[catalog.TypeName{Schema: c.Type.Schema, Name: c.Type.Name}]
	return info != nil && info.NamesObjects
}

// within is the part of rows in which any of some disjuncts holds, among the rows in which any of all does. What all of them
// share is not said again.
func within(some, all []disjunct) expr.Expr {
	if len(some) == len(all) {
		return expr.Bool(true)
	}
	whole, _, _ := anyOf(all)
	stripped := slices.Clone(some)
	alike := func(of func(disjunct) expr.Expr) bool {
		return !slices.ContainsFunc(all, func(d disjunct) bool { return expr.Text(of(d)) != expr.Text(of(all[0])) })
	}
	if part, _, _ := anyOf(some); expr.Text(part) == expr.Text(whole) {
		return expr.Bool(true)
	}
	always, boundary := alike(func(d disjunct) expr.Expr { return d.always }), alike(func(d disjunct) expr.Expr { return d.boundary })
	for i := range stripped {
		if always {
			stripped[i].always = nil
		}
		if boundary {
			stripped[i].boundary = nil
		}
	}
	part, _, _ := anyOf(stripped)
	return part
}

func (b *builder) writable(relation *catalog.Relation, ds []disjunct) map[string]expr.Expr {
	if !b.limited(relation, ds) {
		return nil
	}
	columns := map[string]expr.Expr{}
	for _, c := range relation.Columns {
		if b.namesObjects(&c) {
			continue
		}
		if some := giving(ds, c.Name); len(some) > 0 {
			columns[c.Name] = within(some, ds)
		}
	}
	if everywhere(relation, func(column string) expr.Expr { return columns[column] }) {
		return nil
	}
	return columns
}

// everywhere says that limits come to nothing: each column is given in all rows.
func everywhere(relation *catalog.Relation, of func(column string) expr.Expr) bool {
	return !slices.ContainsFunc(relation.Columns, func(c catalog.Column) bool { return !isTrue(of(c.Name)) })
}

func giving(ds []disjunct, column string) []disjunct {
	var some []disjunct
	for _, d := range ds {
		if gives(d.from.given, column) {
			some = append(some, d)
		}
	}
	return some
}

func (b *builder) shown(relation *catalog.Relation, ds []disjunct) map[string]Shown {
	if !b.limited(relation, ds) {
		return nil
	}
	columns := map[string]Shown{}
	for _, c := range relation.Columns {
		if b.namesObjects(&c) {
			continue
		}
		var shown Shown
		if some := giving(ds, c.Name); len(some) > 0 {
			shown.Raw = within(some, ds)
		}
		if !isTrue(shown.Raw) {
			shown.Masks = b.masks(c.Name, ds)
		}
		if shown.Raw != nil || len(shown.Masks) > 0 {
			columns[c.Name] = shown
		}
	}
	if everywhere(relation, func(column string) expr.Expr { return columns[column].Raw }) {
		return nil
	}
	return columns
}

// masks are a column's, the one of the more specific permission first: a row for which several hold shows that one.
func (b *builder) masks(column string, ds []disjunct) []Mask {
	type masking struct {
		value expr.Expr
		ds    []disjunct
	}
	var found []masking
	place := map[string]int{}
	for _, d := range bySpecificity(ds) {
		value, masked := d.from.given.Mask[column]
		if !masked {
			continue
		}
		r, _ := reachOf(d.from.held)
		value = b.restrict(value, r)
		key := expr.Text(value)
		i, seen := place[key]
		if !seen {
			i = len(found)
			place[key] = i
			found = append(found, masking{value: value})
		}
		found[i].ds = append(found[i].ds, d)
	}
	var masks []Mask
	for _, m := range found {
		masks = append(masks, Mask{When: within(m.ds, ds), Value: m.value})
		if isTrue(masks[len(masks)-1].When) {
			break
		}
	}
	return masks
}

// bySpecificity orders disjuncts by how few columns their operation gives, and then by the permission's name.
func bySpecificity(ds []disjunct) []disjunct {
	sorted := slices.Clone(ds)
	slices.SortStableFunc(sorted, func(a, b disjunct) int {
		if c := breadth(a.from.given) - breadth(b.from.given); c != 0 {
			return c
		}
		return strings.Compare(a.from.grant.Permission, b.from.grant.Permission)
	})
	return sorted
}

// breadth is how many columns an operation shows; catalog takes two masks for a conflict where it is the same.
func breadth(o *catalog.Operation) int {
	if o.Columns == nil && len(o.Mask) == 0 {
		return math.MaxInt32
	}
	return o.Width()
}

// presets are what the grants fill in alike. Where two would fill a column differently, none does: the statement must say.
func (b *builder) presets(o operation, ds []disjunct) map[string]expr.Expr {
	presets := map[string]expr.Expr{}
	for _, d := range ds {
		r, _ := reachOf(d.from.held)
		for column, value := range d.from.given.Set {
			value = b.restrict(value, r)
			if other, taken := presets[column]; taken && expr.Text(other) != expr.Text(value) {
				b.tell(o, d.from, "another grant fills "+column+" differently, so nothing does")
				value = nil
			}
			presets[column] = value
		}
	}
	for column, value := range presets {
		if value == nil {
			delete(presets, column)
		}
	}
	if len(presets) == 0 {
		return nil
	}
	return presets
}
