package catalog

import (
	"github.com/wherewall/wherewall/catalog/document"
)

func (r *policyReader) entity(name, value *document.Node) {
	d := &entityDecl{name: name}
	what := "entity " + name.Text
	keys := r.entityKeys(d, what)
	keys["table"] = func(n *document.Node) { d.table = r.word(n, what+": table") }
	r.fields(value, what, keys)
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

// entityKeys reads what an entity and a pattern of entities may say.
func (r *policyReader) entityKeys(d *entityDecl, what string) map[string]func(*document.Node) {
	d.relations = map[string]*relationDecl{}
	return map[string]func(*document.Node){
		"key":       func(n *document.Node) { d.key = r.columns(n, what+": key") },
		"tenant":    func(n *document.Node) { r.tenantOf(d, n, what+": tenant") },
		"owner":     func(n *document.Node) { d.owner = r.word(n, what+": owner") },
		"owners":    func(n *document.Node) { r.owners(d, n, what+": owners") },
		"relations": func(n *document.Node) { r.relations(d, n, what+": relations") },
		"always":    func(n *document.Node) { d.always = r.condition(n, what+": always") },
		"view":      func(n *document.Node) { r.view(d, n, what+": view") },
	}
}

func (r *policyReader) owners(d *entityDecl, n *document.Node, what string) {
	d.owners = map[string]*ownerDecl{}
	r.entries(n, what, func(name, value *document.Node) {
		if w := r.word(value, what+"."+name.Text); w != nil && r.named(name, "an owner", identifier) {
			d.owners[name.Text] = &ownerDecl{name, w}
		}
	})
}

func (r *policyReader) view(d *entityDecl, n *document.Node, what string) {
	w := r.word(n, what)
	d.view = w
	switch {
	case w == nil || w.Text == "own" || w.Text == "expand":
	default:
		r.add(w.Place, CodeUnknownKey, didYouMean(w.Text, []string{"own", "expand"}), "a view is mapped as own or expand, not %q", w.Text)
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
func (r *policyReader) tenantOf(d *entityDecl, n *document.Node, what string) {
	if n.Kind != document.Map {
		d.tenant = r.word(n, what)
		return
	}
	r.fields(n, what, map[string]func(*document.Node){
		"column": func(n *document.Node) { d.tenant = r.word(n, what+".column") },
		"null_is": func(n *document.Node) {
			if d.shared = r.word(n, what+".null_is"); d.shared != nil && d.shared.Text != "shared" {
				r.add(n.Place, CodeUnknownKey, didYouMean(n.Text, []string{"shared"}), "rows without a tenant can only be shared, or nobody's")
			}
		},
	})
	if n.Get("column") == nil {
		r.add(n.Place, CodeTenantMissing, "add `column: COLUMN`", "%s has no column", what)
	}
	if d.shared != nil && d.global() {
		r.add(d.shared.Place, CodeWrongShape, "leave null_is out", "the rows of a global entity belong to everybody")
	}
}

func (r *policyReader) relations(d *entityDecl, n *document.Node, where string) {
	if n.Kind == document.Scalar && n.Text == "fk" {
		d.byKeys = n
		return
	}
	if n.Kind == document.Scalar {
		r.add(n.Place, CodeWrongShape, "write fk, or a map of relations", "%s must be fk or a map", where)
		return
	}
	r.entries(n, where, func(name, value *document.Node) {
		rel := &relationDecl{name: name}
		what := "relation " + name.Text
		if d.name != nil {
			what = "relation " + d.name.Text + "." + name.Text
		}
		r.fields(value, what, map[string]func(*document.Node){
			"to":   func(n *document.Node) { rel.to = r.word(n, what+": to") },
			"join": func(n *document.Node) { rel.join = r.join(n, what+": join") },
			"many": r.truth(&rel.many, what+": many"),
		})
		if value.Kind == document.Map && (value.Get("to") == nil || value.Get("join") == nil) {
			r.add(name.Place, CodeWrongShape, "write {to: ENTITY, join: {OUR_COLUMN: THEIR_COLUMN}}", "%s needs to and join", what)
		}
		if r.named(name, "a relation", identifier) {
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
