package catalog

import (
	"slices"

	"github.com/wherewall/wherewall/catalog/document"
	"github.com/wherewall/wherewall/catalog/expr"
)

// warnings tells of what is allowed and probably not meant. The policy has no errors.
func (b *binder) warnings(s *Snapshot) {
	w := &warner{
		binder: b, snapshot: s, held: map[string]bool{s.BaseRole: true}, given: map[string]bool{}, own: map[[2]string]bool{},
		ways: map[[2]string]bool{},
	}
	w.whoHasWhat()
	w.ownRows()
	for _, d := range sortedDecls(b.policy.roles) {
		w.role(d, s.Roles[d.name.Text])
		if !w.held[d.name.Text] {
			b.warn(d.name.Place, CodeUnusedRole, "", "nobody has the role %s", d.name.Text)
		}
	}
	for _, t := range sortedDecls(b.policy.tenants) {
		for _, d := range sortedDecls(t.roles) {
			w.role(d, s.Tenants[t.id.Text].Roles[d.name.Text])
		}
	}
	for _, e := range sortedDecls(b.entities) {
		w.indexes(e)
	}
	for _, d := range sortedDecls(b.policy.groups) {
		w.resources(d)
	}
}

type warner struct {
	*binder
	snapshot *Snapshot
	held     map[string]bool    // roles that somebody has
	given    map[string]bool    // attributes that some user has
	own      map[[2]string]bool // entities and owners that some role reads rows by
	ways     map[[2]string]bool // entities and resources: whether one way leads from one to the other
}

func (w *warner) whoHasWhat() {
	hold := func(roles []string) {
		for _, r := range roles {
			w.held[r] = true
		}
	}
	for _, u := range w.snapshot.Users {
		hold(u.Roles)
		hold(u.Platform)
		for _, roles := range u.Memberships {
			hold(roles)
		}
		for name := range u.Attributes {
			w.given[name] = true
		}
	}
	for _, g := range w.snapshot.Groups {
		hold(g.Roles)
	}
}

// role warns of conditions that no row and nobody can meet, and of those that only the database can decide.
func (w *warner) role(d *roleDecl, r *Role) {
	for i := range d.grants {
		for _, c := range []struct {
			source *condition
			on     map[string]expr.Expr
		}{{d.grants[i].where, r.Grants[i].Where}, {d.grants[i].check, r.Grants[i].Check}} {
			if c.source == nil {
				continue
			}
			for _, name := range sortedNames(c.on) {
				w.condition(c.source, c.on[name])
			}
		}
	}
}

func (w *warner) condition(c *condition, x expr.Expr) {
	if b, ok := x.(expr.Bool); ok && !bool(b) {
		w.warn(c.source.Place, CodeNeverMatches, "leave the grant out", "this is never true")
	}
	expr.Walk(x, func(x expr.Expr) {
		switch x := x.(type) {
		case expr.Me:
			if !w.given[x.Name] && !slices.Contains(builtinAttributes, x.Name) {
				w.warn(c.source.Place, CodeNeverMatches, "give it to users by `attrs:`", "no user has the attribute %s", x.Name)
			}
		case expr.SQL:
			w.warn(c.source.Place, CodeNotLocal, "", "only the database can decide this: checks without it answer needs_db")
		case expr.Compare:
			if x.Op != expr.Eq && x.Op != expr.Ne && family(typeOfExpr(x.Left)) == "text" {
				w.warn(c.source.Place, CodeNotLocal, "", "the order of texts depends on their collation: checks without the database answer needs_db")
			}
		}
	})
}

// typeOfExpr is the type of a column, constant or attribute.
func typeOfExpr(x expr.Expr) expr.Type {
	switch x := x.(type) {
	case expr.Column:
		return x.Type
	case expr.Me:
		return x.Type
	case expr.Const:
		return x.Type
	default:
		return expr.Type{}
	}
}

// indexes warns of columns that every statement on the entity looks for rows by.
func (w *warner) indexes(e *boundEntity) {
	if e.entity.Relation.Kind != 'r' && e.entity.Relation.Kind != 'p' {
		return
	}
	w.indexed(e, e.decl.tenant, e.entity.Tenant)
	if w.own[[2]string{e.entity.Name, ""}] {
		w.indexed(e, e.decl.owner, e.entity.Owner)
	}
	for _, o := range sortedDecls(e.decl.owners) {
		if w.own[[2]string{e.entity.Name, o.name.Text}] {
			w.indexed(e, o.column, e.entity.Owners[o.name.Text])
		}
	}
	for _, d := range sortedDecls(e.decl.relations) {
		h := e.hops[d.name.Text]
		if h.many && !h.broken && !beginsIndex(h.target, theirsOf(h.hop.On)) {
			w.warn(d.name.Place, CodeUnindexed, "CREATE INDEX ON "+label(h.target)+" ("+h.hop.On[0].Theirs+")",
				"no index of %s begins with %s", label(h.target), h.hop.On[0].Theirs)
		}
	}
}

// indexed warns where neither a boundary's column nor the first step of its path begins an index.
func (w *warner) indexed(e *boundEntity, n *document.Node, x expr.Expr) {
	c, ok := x.(expr.Column)
	if !ok || n == nil {
		return
	}
	columns := []string{c.Name}
	if len(c.Path) > 0 {
		columns = nil
		for _, p := range c.Path[0].On {
			columns = append(columns, p.Ours)
		}
	}
	if r := e.entity.Relation; !beginsIndex(r, columns) {
		w.warn(n.Place, CodeUnindexed, "CREATE INDEX ON "+label(r)+" ("+columns[0]+")", "no index of %s begins with %s", label(r), columns[0])
	}
}

func beginsIndex(r *Relation, columns []string) bool {
	return slices.ContainsFunc(columns, func(c string) bool { return slices.Contains(r.Indexed, c) })
}

// ownRows notes which entities' rows are read by an owner.
func (w *warner) ownRows() {
	for _, d := range w.policy.roles {
		for i := range d.grants {
			g := &d.grants[i]
			if g.scope != ScopeOwn {
				continue
			}
			for _, o := range w.policy.permissions[g.permission.Text].operations {
				if o.action == Read {
					w.own[[2]string{o.entity, g.owner}] = true
				}
			}
		}
	}
}

func (w *warner) leads(entity, resource string) bool {
	key := [2]string{entity, resource}
	known, ok := w.ways[key]
	if !ok {
		_, known = w.snapshot.PathTo(entity, resource)
		w.ways[key] = known
	}
	return known
}

// resources warns of entities that a group's roles cover and its resource set says nothing of.
func (w *warner) resources(d *groupDecl) {
	if !d.bounded || len(d.resources) == 0 {
		return
	}
	for _, role := range d.roles {
		r := w.roleIn(d, role.Text)
		if r == nil {
			continue
		}
		for i := range r.grants {
			for _, entity := range w.policy.permissions[r.grants[i].permission.Text].covers() {
				if !slices.ContainsFunc(d.resources, func(res resourceDecl) bool {
					return w.leads(entity, res.entity.Text)
				}) {
					w.warn(d.resources[0].entity.Place, CodeUnrelatedResource, "add relations that lead from it to one of the resources",
						"%s gives nothing on %s: no one way leads from it to %s", role.Text, entity, d.resources[0].entity.Text)
				}
			}
		}
	}
}

func (w *warner) roleIn(d *groupDecl, name string) *roleDecl {
	if t := w.policy.tenants[d.tenant.Text]; t != nil && t.roles[name] != nil {
		return t.roles[name]
	}
	return w.policy.roles[name]
}
