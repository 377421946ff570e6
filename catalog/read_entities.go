package catalog

import (
	"github.com/wherewall/wherewall/catalog/document"
)

func (r *policyReader) entity(name, value *document.Node) {
	d := &entityDecl{name: name, relations: map[string]*relationDecl{}}
	what := "entity " + name.Text
	r.fields(value, what, map[string]func(*document.Node){
		"table":     func(n *document.Node) { d.table = r.word(n, what+": table") },
		"key":       func(n *document.Node) { d.key = r.columns(n, what+": key") },
		"tenant":    func(n *document.Node) { d.tenant = r.tenantOf(n, what+": tenant") },
		"owner":     func(n *document.Node) { d.owner = r.word(n, what+": owner") },
		"relations": func(n *document.Node) { r.relations(d, n) },
	}, "owners", "always", "view")
	if value.Kind == document.Map {
		r.mandatory(d, value)
	}
	var before *document.Node
	if e := r.policy.entities[name.Text]; e != nil {
		before = e.name
	}
	if r.named(name, "an entity", entityName) && r.first(name, "entity", before) {
		r.policy.entities[name.Text] = d
	}
}

// mandatory reports the keys that every entity has.
func (r *policyReader) mandatory(d *entityDecl, value *document.Node) {
	if value.Get("table") == nil {
		r.add(d.name.Place, CodeUnknownTable, "add `table: SCHEMA.TABLE`", "entity %s has no table", d.name.Text)
	}
	if value.Get("tenant") == nil {
		r.add(d.name.Place, CodeTenantMissing, "add `tenant: COLUMN`, or `tenant: global` for rows that belong to everybody",
			"entity %s does not say which tenant its rows belong to", d.name.Text)
	}
}

// columns reads one column or a list of them.
func (r *policyReader) columns(n *document.Node, what string) []*document.Node {
	if n.Kind == document.List {
		return r.words(n, what)
	}
	if w := r.word(n, what); w != nil {
		return []*document.Node{w}
	}
	return nil
}

// tenantOf reads `tenant:`, also in its long form.
func (r *policyReader) tenantOf(n *document.Node, what string) (column *document.Node) {
	if n.Kind != document.Map {
		return r.word(n, what)
	}
	r.fields(n, what, map[string]func(*document.Node){
		"column": func(n *document.Node) { column = r.word(n, what+".column") },
	}, "null_is")
	return column
}

func (r *policyReader) relations(d *entityDecl, n *document.Node) {
	if n.Kind == document.Scalar && n.Text == "fk" {
		r.notSupported(n, "relations: fk")
		return
	}
	r.entries(n, "relations of "+d.name.Text, func(name, value *document.Node) {
		rel := &relationDecl{name: name}
		what := "relation " + d.name.Text + "." + name.Text
		var many bool
		r.fields(value, what, map[string]func(*document.Node){
			"to":   func(n *document.Node) { rel.to = r.word(n, what+": to") },
			"join": func(n *document.Node) { rel.join = r.join(n, what+": join") },
			"many": r.truth(&many, what+": many"),
		})
		if many {
			r.notSupported(name, "relations to many rows")
		}
		if value.Kind == document.Map && (value.Get("to") == nil || value.Get("join") == nil) {
			r.add(name.Place, CodeWrongShape, "write {to: ENTITY, join: {OUR_COLUMN: THEIR_COLUMN}}", "%s needs to and join", what)
		}
		if r.named(name, "a relation", identifier) && !many {
			d.relations[name.Text] = rel
		}
	})
}

func (r *policyReader) join(n *document.Node, what string) (pairs []joinDecl) {
	if !r.is(n, document.Map, what) {
		return nil
	}
	if len(n.Entries) == 0 {
		r.add(n.Place, CodeWrongShape, "", "%s is empty", what)
	}
	for _, e := range n.Entries {
		if theirs := r.word(e.Value, what); theirs != nil {
			pairs = append(pairs, joinDecl{ours: e.Key, theirs: theirs})
		}
	}
	return pairs
}
