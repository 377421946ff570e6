package catalog

import (
	"maps"
	"slices"

	"github.com/wherewall/wherewall/catalog/expr"
)

// Bind checks a policy against a database's schema and makes the snapshot of both. All problems of the policy come
// back, those of reading included; the snapshot is nil where any of them is an error.
func Bind(p *Policy, schema *Schema) (*Snapshot, Problems) {
	b := &binder{
		policy: p, schema: schema, decls: maps.Clone(p.entities),
		entities: map[string]*boundEntity{}, tables: map[RelationName]*boundEntity{}, fitted: map[expr.Type]bool{},
	}
	b.problems = append(b.problems, p.problems...)
	b.bindTables()
	b.matchTables()
	if len(p.patterns) > 0 {
		(&linker{&b.report, p, b.decls}).entityNames()
	}
	b.bindRelations()
	for _, e := range sortedDecls(b.entities) {
		b.bindEntity(e)
	}
	s := b.snapshot()
	b.bindRights(s)
	b.bindPeople(s)
	b.bindGroups(s)
	for _, e := range sortedDecls(b.entities) {
		s.Entities[e.entity.Name] = e.entity
	}
	s.byRelation = b.mapRelations()
	s.bound, s.model = b, &model{}
	if !b.problems.Failed() {
		b.warnings(s)
	}
	problems := b.sorted()
	if problems.Failed() {
		return nil, problems
	}
	b.report = report{} // It was told, and the binder stays.
	return s, problems
}

func (b *binder) snapshot() *Snapshot {
	s := &Snapshot{
		Schema:       b.schema,
		Version:      b.policy.version,
		ModelVersion: b.policy.model,
		Entities:     map[string]*Entity{},
		Permissions:  map[string]*Permission{},
		Roles:        map[string]*Role{},
		Tenants:      map[string]*Tenant{},
		Groups:       map[string]*Group{},
		Functions:    map[string]*ListedFunction{},
		StarErrors:   b.policy.star != nil && b.policy.star.Text == "error",
		Trust:        b.policy.trusted(),

		AttributeTypes: map[string]expr.Type{},
	}
	for name, d := range b.policy.attributes {
		s.AttributeTypes[name] = d.typ
	}
	if b.policy.baseRole != nil {
		s.BaseRole = b.policy.baseRole.Text
	}
	for _, n := range b.policy.audited {
		if e := b.entities[n.Text]; e != nil {
			e.entity.AuditKeys = true
		}
	}
	b.bindFunctions(s)
	return s
}

// binder resolves the names of one policy in one schema.
type binder struct {
	report
	policy   *Policy
	schema   *Schema
	decls    map[string]*entityDecl  // those of the policy, and those that patterns make
	entities map[string]*boundEntity // those whose table was found
	tables   map[RelationName]*boundEntity
	fitted   map[expr.Type]bool // types of tenant columns that were checked
}

// boundEntity is an entity on its way into the snapshot.
type boundEntity struct {
	decl   *entityDecl
	entity *Entity
	hops   map[string]*boundHop
}

func (b *binder) bindRights(s *Snapshot) {
	for _, d := range sortedDecls(b.policy.permissions) {
		s.Permissions[d.name.Text] = b.bindPermission(d)
	}
	b.maskConflicts(s)
	for _, d := range sortedDecls(b.policy.roles) {
		s.Roles[d.name.Text] = b.bindRole(d)
	}
}

func (b *binder) bindRole(d *roleDecl) *Role {
	role := &Role{Name: d.name.Text, Platform: d.platform, Explain: d.allow["explain"], Allow: d.allow, At: at(d.name.Place)}
	if d.replaces != nil {
		role.Replaces = d.replaces.Text
	}
	if d.reviewed != nil {
		role.Reviewed = d.reviewed.Text
	}
	for i := range d.grants {
		role.Grants = append(role.Grants, b.bindGrant(&d.grants[i]))
	}
	return role
}

// bindGrant compiles a grant's conditions on every entity that its permission covers.
func (b *binder) bindGrant(d *grantDecl) Grant {
	g := Grant{Permission: d.permission.Text, Scope: d.scope, Owner: d.owner, AnyTenant: d.anyTenant != nil, At: at(d.permission.Place)}
	permission := b.policy.permissions[d.permission.Text]
	if permission == nil {
		return g
	}
	g.Where = b.compileOn(d.where, permission)
	g.Check = b.compileOn(d.check, permission)
	return g
}

func (b *binder) compileOn(c *condition, p *permissionDecl) map[string]expr.Expr {
	if c == nil {
		return nil
	}
	compiled := map[string]expr.Expr{}
	for _, name := range p.covers() {
		if e := b.entities[name]; e != nil {
			compiled[name] = b.condition(c, e)
		}
	}
	return compiled
}

// condition compiles a condition that something is narrowed by. One at fault was reported and the snapshot will not be
// made; FALSE is for the case that somebody changes that.
func (b *binder) condition(c *condition, e *boundEntity) expr.Expr {
	if c.tree == nil {
		return expr.Bool(false)
	}
	x, ok := b.compile(c, e)
	if !ok {
		return expr.Bool(false)
	}
	return x
}

// bindFunctions finds the functions that may be called beside those of pg_catalog.
func (b *binder) bindFunctions(s *Snapshot) {
	for _, d := range sortedDecls(b.policy.functions) {
		parts, args, ok := functionName(d.name.Text)
		if !ok {
			b.add(d.name.Place, CodeUnknownFunction, "write SCHEMA.NAME, or 'SCHEMA.NAME(ARGTYPES)'", "%q is not a function", d.name.Text)
			continue
		}
		if parts[0] == "pg_catalog" || parts[0] == "information_schema" {
			b.add(d.name.Place, CodeFunctionNotAllowed, "", "the functions of %s are not for a policy to allow", parts[0])
			continue
		}
		found := slices.ContainsFunc(b.schema.Functions[parts[1]], func(f Function) bool {
			return f.Schema == parts[0] && (args == nil || slices.Equal(f.Args, args))
		})
		if !found {
			b.add(d.name.Place, CodeUnknownFunction, b.functionHint(parts), "the database has no function %s", d.name.Text)
			continue
		}
		f := &ListedFunction{Name: parts[0] + "." + parts[1], Args: args, Reads: texts(d.reads)}
		s.Functions[f.key()] = f
	}
}
