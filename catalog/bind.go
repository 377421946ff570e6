package catalog

import (
	"github.com/wherewall/wherewall/catalog/expr"
)

// Bind checks a policy against a database's schema and makes the snapshot of both. All problems of the policy come
// back, those of reading included; the snapshot is nil where any of them is an error.
func Bind(p *Policy, schema *Schema) (*Snapshot, Problems) {
	b := &binder{policy: p, schema: schema, entities: map[string]*boundEntity{}, tables: map[RelationName]*boundEntity{}}
	for _, q := range p.problems {
		b.problems = append(b.problems, q)
	}
	b.bindTables()
	b.bindRelations()
	for _, e := range sortedDecls(b.entities) {
		b.bindEntity(e)
	}
	s := &Snapshot{
		Schema:      schema,
		Version:     p.version,
		Entities:    map[string]*Entity{},
		Permissions: map[string]*Permission{},
		Roles:       map[string]*Role{},
		Tenants:     map[string]*Tenant{},
		Users:       map[string]*User{},
	}
	if p.baseRole != nil {
		s.BaseRole = p.baseRole.Text
	}
	b.bindRights(s)
	b.bindPeople(s)
	problems := b.sorted()
	if problems.Failed() {
		return nil, problems
	}
	for _, e := range sortedDecls(b.entities) {
		s.Entities[e.decl.name.Text] = e.entity
	}
	s.byRelation = b.mapRelations()
	return s, problems
}

// binder resolves the names of one policy in one schema.
type binder struct {
	report
	policy   *Policy
	schema   *Schema
	entities map[string]*boundEntity // those whose table was found
	tables   map[RelationName]*boundEntity
}

// boundEntity is an entity on its way into the snapshot.
type boundEntity struct {
	decl   *entityDecl
	entity *Entity
	hops   map[string]*boundHop
}

// boundHop is a relation of an entity that was found to lead to at most one row. broken says that it was reported.
type boundHop struct {
	hop    expr.Hop
	target *Relation
	broken bool
}

func (b *binder) bindRights(s *Snapshot) {
	for _, d := range sortedDecls(b.policy.permissions) {
		p := &Permission{Name: d.name.Text}
		for _, o := range d.operations {
			p.Operations = append(p.Operations, o.Operation)
		}
		s.Permissions[p.Name] = p
	}
	for _, d := range sortedDecls(b.policy.roles) {
		role := &Role{Name: d.name.Text, Platform: d.platform, Explain: d.explain}
		for i := range d.grants {
			role.Grants = append(role.Grants, b.bindGrant(&d.grants[i]))
		}
		s.Roles[role.Name] = role
	}
}

// bindGrant compiles a grant's conditions on every entity that its permission covers.
func (b *binder) bindGrant(d *grantDecl) Grant {
	g := Grant{Permission: d.permission.Text, Scope: d.scope, At: at(d.permission.Place)}
	permission := b.policy.permissions[d.permission.Text]
	if permission == nil {
		return g
	}
	g.Where = b.compileOn(d.where, permission)
	g.Check = b.compileOn(d.check, permission)
	return g
}

func (b *binder) compileOn(c *condition, p *permissionDecl) map[string]expr.Expr {
	if c == nil || c.tree == nil {
		return nil
	}
	compiled := map[string]expr.Expr{}
	for _, name := range p.covers() {
		if e := b.entities[name]; e != nil {
			// A condition at fault was reported and the snapshot will not be made; FALSE is for the case that somebody
			// changes that.
			compiled[name] = expr.Bool(false)
			if x, ok := b.compile(c, e); ok {
				compiled[name] = x
			}
		}
	}
	return compiled
}

func (b *binder) bindPeople(s *Snapshot) {
	for _, d := range sortedDecls(b.policy.tenants) {
		s.Tenants[d.id.Text] = &Tenant{ID: d.id.Text, Name: d.name, Active: d.active}
	}
	for _, d := range sortedDecls(b.policy.users) {
		u := &User{
			Name: d.name.Text, Active: d.active, Password: d.password, Explain: d.explain,
			Roles: texts(d.roles), Platform: texts(d.platform),
			Memberships: map[string][]string{}, Attributes: map[string]Attribute{},
		}
		for _, m := range d.memberships {
			if m.active {
				u.Memberships[m.tenant.Text] = texts(m.roles)
			}
		}
		for _, e := range d.attributes {
			if a := b.policy.attributes[e.Key.Text]; a != nil && e.Value.Kind != 0 {
				u.Attributes[e.Key.Text] = a.value(e.Value)
			}
		}
		s.Users[u.Name] = u
	}
}
