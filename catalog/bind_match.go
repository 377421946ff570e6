package catalog

import (
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
)

// matchTables makes entities of tables that no entity names and a pattern fits. The most specific pattern wins.
func (b *binder) matchTables() {
	if len(b.policy.patterns) == 0 {
		return
	}
	found := map[*Relation]*patternDecl{}
	bare := map[string]int{}
	for _, name := range b.relationNames() {
		r := b.schema.Relations[name]
		if b.tables[name] != nil || r.Kind != 'r' && r.Kind != 'p' || len(b.entitiesAbove(r, nil)) > 0 {
			continue
		}
		if p := b.pattern(r); p != nil {
			found[r] = p
			bare[r.Name]++
		}
	}
	for _, name := range b.relationNames() {
		r := b.schema.Relations[name]
		p := found[r]
		if p == nil || b.childOf(r, found) {
			continue
		}
		entity := r.Name
		if bare[entity] > 1 || b.decls[entity] != nil {
			entity = r.Schema + "_" + r.Name
		}
		b.matched(p, r, entity)
	}
}

// matched makes an entity of a table, unless the table cannot be one: then it stays out of reach.
func (b *binder) matched(p *patternDecl, r *Relation, name string) {
	why := unmappable(r, nil)
	if !entityName.MatchString(name) || b.decls[name] != nil || strings.HasPrefix(strings.ToLower(name), "ww_") || name == "me" {
		why = "no entity can be called " + name
	}
	if why != "" {
		b.warn(p.tables.Place, CodeUnmatched, "map it by an entity", "%s stays out of reach: %s", label(r), why)
		return
	}
	d := *p.as
	d.name = &document.Node{Kind: document.Scalar, Text: name, Place: p.tables.Place}
	d.relation = r
	b.decls[name] = &d
	b.bound(&d, r)
}

// childOf says whether a table above one matches too; then the one takes its mapping.
func (b *binder) childOf(r *Relation, found map[*Relation]*patternDecl) bool {
	return slices.ContainsFunc(r.Parents, func(p RelationName) bool {
		parent := b.schema.Relations[p]
		return parent != nil && (found[parent] != nil || b.childOf(parent, found))
	})
}

// pattern finds the most specific pattern for a table.
func (b *binder) pattern(r *Relation) *patternDecl {
	var best *patternDecl
	for _, p := range b.policy.patterns {
		if !fitsPattern(p, r) {
			continue
		}
		switch {
		case best == nil || p.specificity() > best.specificity():
			best = p
		case p.specificity() == best.specificity():
			b.add(p.tables.Place, CodePatternAmbiguous, "make one of them more specific, or map the table by an entity",
				"%s is matched by %q at %s too, and neither is the more specific one", label(r), best.tables.Text, best.tables.Place)
		}
	}
	return best
}

// specificity counts the letters that a pattern demands; a demand for a column tells patterns of the same letters apart.
func (p *patternDecl) specificity() int {
	n := 2 * (len(p.tables.Text) - strings.Count(p.tables.Text, "*"))
	if p.hasColumn != nil {
		n++
	}
	return n
}

func fitsPattern(p *patternDecl, r *Relation) bool {
	schema, table, _ := strings.Cut(p.tables.Text, ".")
	if r.Schema == storeSchema || !glob(schema, r.Schema) || !glob(table, r.Name) {
		return false
	}
	return p.hasColumn == nil || r.Column(p.hasColumn.Text) != nil
}

// glob matches * with any letters, and everything else with itself.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// relationNames lists the schema's relations in an order that does not change from run to run.
func (b *binder) relationNames() []RelationName {
	names := make([]RelationName, 0, len(b.schema.Relations))
	for name := range b.schema.Relations {
		names = append(names, name)
	}
	slices.SortFunc(names, func(x, y RelationName) int {
		return strings.Compare(x.Schema+"."+x.Name, y.Schema+"."+y.Name)
	})
	return names
}
