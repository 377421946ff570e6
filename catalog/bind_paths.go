package catalog

import (
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
	"github.com/wherewall/wherewall/catalog/expr"
)

// bindRelations checks every relation, also those that no path uses.
func (b *binder) bindRelations() {
	for _, e := range sortedDecls(b.entities) {
		for _, d := range sortedDecls(e.decl.relations) {
			e.hops[d.name.Text] = b.bindHop(e, d)
		}
	}
}

func (b *binder) bindHop(e *boundEntity, d *relationDecl) *boundHop {
	h := &boundHop{broken: true}
	if d.to == nil || len(d.join) == 0 {
		return h
	}
	if h.target = b.hopTarget(d.to); h.target == nil {
		return h
	}
	h.hop = expr.Hop{Relation: d.name.Text, Schema: h.target.Schema, Table: h.target.Name}
	for _, j := range d.join {
		ours, theirs := b.column(e.entity.Relation, j.ours), b.column(h.target, j.theirs)
		if ours == nil || theirs == nil {
			return h
		}
		a, z := b.schema.Base(ours.Type), b.schema.Base(theirs.Type)
		if family(a) != family(z) || b.schema.comparison(a) != comparable {
			b.add(j.ours.Place, CodeTypeMismatch, "", "%s.%s is %s and %s.%s is %s: they cannot be joined",
				label(e.entity.Relation), ours.Name, typeLabel(ours.Type), label(h.target), theirs.Name, typeLabel(theirs.Type))
			return h
		}
		h.hop.On = append(h.hop.On, expr.Pair{Ours: ours.Name, Theirs: theirs.Name})
	}
	h.broken = !b.toOne(d, h)
	return h
}

func (b *binder) hopTarget(to *document.Node) *Relation {
	if strings.Contains(to.Text, ".") {
		return b.table(to)
	}
	if e := b.entities[to.Text]; e != nil {
		return e.entity.Relation
	}
	return nil // the entity is missing or at fault, which was reported
}

// toOne checks that a join finds at most one row: its columns hold a key. A key of an inheritance parent says nothing
// of the rows of its children, which a query on the parent finds as well.
func (b *binder) toOne(d *relationDecl, h *boundHop) bool {
	var theirs []string
	for _, p := range h.hop.On {
		theirs = append(theirs, p.Theirs)
	}
	unique := slices.ContainsFunc(append([][]string{h.target.PrimaryKey}, h.target.Unique...), func(key []string) bool {
		return len(key) > 0 && !slices.ContainsFunc(key, func(c string) bool { return !slices.Contains(theirs, c) })
	})
	if !unique {
		b.add(d.name.Place, CodePathNotToOne, "join on its primary key, or on columns with a unique index",
			"relation %s may lead to many rows: %s is not unique by %s", d.name.Text, label(h.target), strings.Join(theirs, ", "))
		return false
	}
	if h.target.Kind == 'r' && b.hasChildren(h.target) {
		b.add(d.name.Place, CodePathNotToOne, "", "relation %s may lead to many rows: %s has inheritance children, which its key does not cover",
			d.name.Text, label(h.target))
		return false
	}
	return true
}

func (b *binder) hasChildren(r *Relation) bool {
	for _, other := range b.schema.Relations {
		if slices.Contains(other.Parents, r.RelationName) {
			return true
		}
	}
	return false
}

// step is one word of a dotted path and where it stands.
type step struct {
	name string
	at   document.Place
}

// yamlPath resolves the COL or PATH.COL of an entity's mapping.
func (b *binder) yamlPath(e *boundEntity, n *document.Node) (expr.Column, bool) {
	parts, offsets, ok := splitName(n.Text)
	if !ok {
		b.add(n.Place, CodeUnknownColumn, "", "%q is not a column or a dotted path to one", n.Text)
		return expr.Column{}, false
	}
	steps := make([]step, len(parts))
	for i := range parts {
		steps[i] = step{parts[i], n.Inside(offsets[i])}
	}
	return b.path(e, steps)
}

// path resolves relations and at last a column. The column's type is the one that its values are compared as.
func (b *binder) path(e *boundEntity, steps []step) (expr.Column, bool) {
	var hops []expr.Hop
	relation := e.entity.Relation
	for _, s := range steps[:len(steps)-1] {
		if e == nil {
			b.add(s.at, CodeUnknownColumn, "map the table as an entity", "%s is not an entity and has no relations", label(relation))
			return expr.Column{}, false
		}
		h := e.hops[s.name]
		if h == nil {
			b.add(s.at, CodeUnknownColumn, didYouMean(s.name, names(e.hops)), "%s has no relation %q", e.entity.Name, s.name)
			return expr.Column{}, false
		}
		if h.broken {
			return expr.Column{}, false
		}
		hops = append(hops, h.hop)
		relation = h.target
		e = b.tables[relation.RelationName]
	}
	last := steps[len(steps)-1]
	c := b.columnNamed(relation, last.name, last.at)
	if c == nil {
		return expr.Column{}, false
	}
	return expr.Column{Path: hops, Name: c.Name, Type: b.schema.Base(c.Type)}, true
}

// splitName cuts a dotted name written as in SQL, with the byte at which each part begins: what is not in double
// quotes is folded to lower case.
func splitName(text string) (parts []string, offsets []int, ok bool) {
	for i := 0; ; {
		offsets = append(offsets, i)
		end := i
		var part string
		if i < len(text) && text[i] == '"' {
			part, end = quotedName(text, i)
		} else {
			for end < len(text) && text[end] != '.' {
				end++
			}
			part = strings.ToLower(text[i:end])
			if strings.ContainsAny(part, "\" \t\n()") {
				return nil, nil, false
			}
		}
		if part == "" {
			return nil, nil, false
		}
		parts = append(parts, part)
		if end == len(text) {
			return parts, offsets, true
		}
		if text[end] != '.' {
			return nil, nil, false
		}
		i = end + 1
	}
}

// quotedName reads the name in double quotes at i, and returns an empty one where the quotes are not closed.
func quotedName(text string, i int) (name string, end int) {
	var b strings.Builder
	for i++; i < len(text); i++ {
		if text[i] == '"' {
			if i+1 >= len(text) || text[i+1] != '"' {
				return b.String(), i + 1
			}
			i++
		}
		b.WriteByte(text[i])
	}
	return "", i
}
