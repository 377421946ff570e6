package catalog

import (
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
	"github.com/wherewall/wherewall/catalog/expr"
)

// boundHop is a relation of an entity on its way into the snapshot. broken says that it was reported.
type boundHop struct {
	hop    expr.Hop
	target *Relation
	many   bool
	broken bool
	// rivals are the foreign keys that a relation taken from them may mean, where there is more than one.
	rivals []string
}

// bindRelations checks every relation, also those that no path uses.
func (b *binder) bindRelations() {
	for _, e := range sortedDecls(b.entities) {
		for _, d := range sortedDecls(e.decl.relations) {
			e.hops[d.name.Text] = b.bindHop(e, d)
		}
		if e.decl.byKeys != nil {
			b.foreignKeys(e)
		}
		for name, h := range e.hops {
			if h.broken || len(h.rivals) > 0 {
				continue
			}
			r := &Relationship{Name: name, To: h.target, On: h.hop.On, Many: h.many}
			if to := b.tables[h.target.RelationName]; to != nil {
				r.Entity = to.entity.Name
			}
			e.entity.Relations[name] = r
		}
	}
}

func (b *binder) bindHop(e *boundEntity, d *relationDecl) *boundHop {
	h := &boundHop{broken: true, many: d.many}
	if d.to == nil || len(d.join) == 0 {
		return h
	}
	if h.target = b.hopTarget(d.to); h.target == nil {
		return h
	}
	h.hop = expr.Hop{Relation: d.name.Text, Schema: h.target.Schema, Table: h.target.Name}
	for _, j := range d.join {
		ours, theirs := b.column(e.entity.Relation, j.ours), b.column(h.target, j.theirs)
		if ours == nil || theirs == nil || !b.joinable(e, h.target, ours, theirs, j.ours) {
			return h
		}
		h.hop.On = append(h.hop.On, expr.Pair{Ours: ours.Name, Theirs: theirs.Name})
	}
	h.broken = !d.many && !b.toOne(d, h)
	return h
}

func (b *binder) joinable(e *boundEntity, target *Relation, ours, theirs *Column, at *document.Node) bool {
	a, z := b.schema.Base(ours.Type), b.schema.Base(theirs.Type)
	if family(a) == family(z) && b.schema.comparison(a) == comparable {
		return true
	}
	b.add(at.Place, CodeTypeMismatch, "", "%s.%s is %s and %s.%s is %s: they cannot be joined",
		label(e.entity.Relation), ours.Name, typeLabel(ours.Type), label(target), theirs.Name, typeLabel(theirs.Type))
	return false
}

func (b *binder) hopTarget(to *document.Node) *Relation {
	if !isEntity(to) {
		return b.joined(to)
	}
	if e := b.entities[to.Text]; e != nil {
		return e.entity.Relation
	}
	return nil // the entity is missing or at fault, which was reported
}

// joined finds a table that a relation leads to by its own name.
func (b *binder) joined(to *document.Node) *Relation {
	if r := b.namedRelation(to); r != nil {
		view := (*document.Node)(nil)
		if r.Kind == 'v' || r.Kind == 'm' {
			view = to
		}
		if why := unmappable(r, view); why != "" {
			b.add(to.Place, CodeUnmappable, "", "%s cannot be joined: %s", label(r), why)
			return nil
		}
		return r
	}
	return nil
}

// toOne checks that a join finds at most one row: its columns hold a key.
func (b *binder) toOne(d *relationDecl, h *boundHop) bool {
	theirs := theirsOf(h.hop.On)
	const hint = "join on its primary key, or on columns with a unique index; or say `many: true`"
	if !unique(h.target, theirs) {
		b.add(d.name.Place, CodePathNotToOne, hint, "relation %s may lead to many rows: %s is not unique by %s",
			d.name.Text, label(h.target), strings.Join(theirs, ", "))
		return false
	}
	if h.target.Kind == 'r' && b.hasChildren(h.target) {
		b.add(d.name.Place, CodePathNotToOne, "", "relation %s may lead to many rows: %s has inheritance children, which its key does not cover",
			d.name.Text, label(h.target))
		return false
	}
	return true
}

func theirsOf(on []expr.Pair) []string {
	theirs := make([]string, len(on))
	for i, p := range on {
		theirs[i] = p.Theirs
	}
	return theirs
}

// unique says whether columns hold a key of a relation. A key of an inheritance parent says nothing of the rows of its
// children, which a query on the parent finds as well; that is for hasChildren to tell.
func unique(r *Relation, columns []string) bool {
	return slices.ContainsFunc(append([][]string{r.PrimaryKey}, r.Unique...), func(key []string) bool {
		return len(key) > 0 && !slices.ContainsFunc(key, func(c string) bool { return !slices.Contains(columns, c) })
	})
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

// yamlPath resolves the COL or PATH.COL of an entity's mapping. There every row has one tenant and one owner, so the
// relations lead to one row.
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
	p, ok := b.path(e, steps)
	if !ok {
		return expr.Column{}, false
	}
	if i := slices.Index(p.many, true); i >= 0 {
		b.add(steps[i].at, CodePathNotToOne, "relations to many rows are for conditions", "relation %s leads to many rows", steps[i].name)
		return expr.Column{}, false
	}
	return p.column, true
}

// path is a resolved dotted path. The column's type is the one that its values are compared as.
type path struct {
	column expr.Column
	many   []bool // for each hop
	null   bool   // the column may be NULL, or the path break
}

// path resolves relations and at last a column.
func (b *binder) path(e *boundEntity, steps []step) (path, bool) {
	var p path
	relation := e.entity.Relation
	for _, s := range steps[:len(steps)-1] {
		if e == nil {
			b.add(s.at, CodeUnknownColumn, "map the table as an entity", "%s is not an entity and has no relations", label(relation))
			return p, false
		}
		h := b.hop(e, s)
		if h == nil {
			return p, false
		}
		p.column.Path, p.many = append(p.column.Path, h.hop), append(p.many, h.many)
		relation = h.target
		e = b.tables[relation.RelationName]
	}
	last := steps[len(steps)-1]
	c := b.columnNamed(relation, last.name, last.at)
	if c == nil {
		return p, false
	}
	p.column.Name, p.column.Type = c.Name, b.schema.Base(c.Type)
	p.null = !c.NotNull || len(p.column.Path) > 0
	return p, true
}

// hop finds a relation of an entity; nil where there is none that can be used.
func (b *binder) hop(e *boundEntity, s step) *boundHop {
	h := e.hops[s.name]
	switch {
	case h == nil:
		b.add(s.at, CodeUnknownColumn, didYouMean(s.name, names(e.hops)), "%s has no relation %q", e.entity.Name, s.name)
		return nil
	case len(h.rivals) > 0:
		b.add(s.at, CodeRelationAmbiguous, "declare it by `relations: {NAME: {to: ..., join: ...}}`",
			"%s may be any of the foreign keys %s", s.name, strings.Join(h.rivals, ", "))
		return nil
	case h.broken:
		return nil
	default:
		return h
	}
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
