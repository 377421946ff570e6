package plan

import (
	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// operation is an entity and an action, whatever a permission says beside.
type operation struct {
	Entity string
	Action catalog.Action
}

// cover is an operation of a permission and the grant that gives it.
type cover struct {
	held
	given *catalog.Operation
}

// condition is one grant's part in the formula of Allowed, before anything of the subject's is filled in. A nil Always or
// Boundary is none; the others are never nil.
type condition struct {
	Always, Boundary       expr.Expr
	Scope, Resource, Where expr.Expr
}

// side says which rows a condition is about.
type side int

const (
	oldRows side = iota
	newRows
)

// condition puts a grant's part together. why says why the grant gives nothing here, and silent that the session's
// lack of a tenant does.
func (b *builder) condition(o operation, c cover, of side) (made condition, why string) {
	entity := b.snapshot.Entities[o.Entity]
	r, why := reachOf(c.held)
	if why != "" {
		return made, why
	}
	if why := unusable(c.given); why != "" {
		return made, why
	}
	shared := o.Action != catalog.Create && o.Action != catalog.Update && o.Action != catalog.Delete || c.role.Platform
	if made.Boundary, why = b.boundary(entity, r, shared); why != "" {
		return made, why
	}
	owner, why := ownerOf(entity, c.grant)
	if why != "" {
		return made, why
	}
	resource, ok := resourceTerm(b.snapshot, o.Entity, c.group)
	if !ok {
		return made, "nothing leads from the entity to the group's resources"
	}
	made.Always = b.restrictWithin(entity.Always, r, []string{entity.Name})
	made.Scope = b.restrict(owner, r)
	made.Resource = b.restrict(resource, r)
	made.Where = b.restrict(whereOf(c.grant, o.Entity, of), r)
	return made, ""
}

// unusable says why an operation can give nothing. A reader of policies refuses it too; here it must not pass for the
// operation without its limits.
func unusable(o *catalog.Operation) string {
	switch {
	case len(o.Mask) > 0 && (o.Action == catalog.Create || o.Action == catalog.Update || o.Action == catalog.Delete):
		return "masks are for reading"
	case o.Columns != nil && o.Action == catalog.Delete:
		return "rows are deleted with all of their columns"
	case len(o.Set) > 0 && o.Action != catalog.Create && o.Action != catalog.Update:
		return "`set:` is for writing"
	default:
		return ""
	}
}

// ownerOf is the scope's condition.
func ownerOf(e *catalog.Entity, g *catalog.Grant) (expr.Expr, string) {
	if g.Scope != catalog.ScopeOwn {
		return expr.Bool(true), ""
	}
	owner := e.Owner
	if g.Owner != "" {
		owner = e.Owners[g.Owner]
	}
	column, ok := owner.(expr.Column)
	if !ok && g.Owner != "" {
		return nil, "the entity has no owner " + g.Owner
	}
	if !ok {
		return nil, "the entity has no owner"
	}
	return equals(column, meID), ""
}

// whereOf is a grant's condition on an entity's rows; TRUE where it has none. One `where:` is for old and for new rows,
// unless a `check:` says otherwise of the new.
func whereOf(g *catalog.Grant, entity string, of side) expr.Expr {
	if of == newRows {
		if check, differs := g.Check[entity]; differs {
			return check
		}
	}
	if w, ok := g.Where[entity]; ok {
		return w
	}
	return expr.Bool(true)
}

// parts lists everything that is said of a row, and of what the operation shows or fills.
func (c condition) parts() []expr.Expr {
	return []expr.Expr{c.Always, c.Boundary, c.Scope, c.Resource, c.Where}
}

// values lists what an operation shows or fills instead of a column's own value.
func (b *builder) values(o *catalog.Operation, r reach) []expr.Expr {
	list := make([]expr.Expr, 0, len(o.Mask)+len(o.Set))
	for _, name := range sortedKeys(o.Mask) {
		list = append(list, b.restrict(o.Mask[name], r))
	}
	for _, name := range sortedKeys(o.Set) {
		list = append(list, b.restrict(o.Set[name], r))
	}
	return list
}

// disjunct is what one grant allows: Always AND Boundary AND Rest. The boundary stays apart until all grants are
// together, so that a grant without one never lifts it from another.
type disjunct struct {
	always, boundary expr.Expr // nil for none
	rest             expr.Expr
	from             cover
	why              int // which of the rule's reasons, from 0
}

// disjunct fills in what depends on the subject alone. ok is false where the grant gives nothing; why says why, and is empty where
// the session's lack of a tenant does.
func (b *builder) disjunct(o operation, c cover, of side) (d disjunct, why string, ok bool) {
	made, why := b.condition(o, c, of)
	if why != "" {
		return d, why, false
	}
	r, _ := reachOf(c.held)
	if made.Boundary != nil && !b.subject.acting() {
		return d, "", false
	}
	for _, e := range append(made.parts(), b.values(c.given, r)...) {
		if why := b.lacks(e); why != "" {
			return d, why, false
		}
	}
	d = disjunct{always: b.fold(made.Always), boundary: b.fold(made.Boundary), from: c}
	d.rest = b.fold(expr.And{Terms: []expr.Expr{made.Scope, made.Resource, made.Where}})
	if isTrue(d.always) {
		d.always = nil
	}
	for _, e := range []expr.Expr{d.always, d.boundary, d.rest} {
		if never(e) {
			return d, "its conditions cannot be true for this subject", false
		}
	}
	return d, "", true
}

// lacks says which value of me an expression needs and the subject has not, or has in a form that the column cannot
// be compared with. Nothing of NULL is made of it: the grant goes.
func (b *builder) lacks(e expr.Expr) (why string) {
	for _, me := range slots(e) {
		if why := b.subject.lacks(me); why != "" {
			return why
		}
	}
	return ""
}

// reads says whether a value can be read as a slot's type. Tenants and users must moreover be written in the one way that
// tells them apart.
func reads(schema *catalog.Schema, me expr.Me, value catalog.Attribute) error {
	fits := schema.Fits
	if me.Name == meID || me.Name == meTenant || me.Name == meTenants {
		fits = schema.Identifies
	}
	if !me.Type.Array {
		return fits(me.Type, value.Text)
	}
	element := me.Type
	element.Array = false
	for _, item := range value.List {
		if err := fits(element, item); err != nil {
			return err
		}
	}
	return nil
}

// slots are the values of me that an expression uses.
func slots(e expr.Expr) []expr.Me {
	var used []expr.Me
	if e == nil {
		return nil
	}
	expr.Walk(e, func(x expr.Expr) {
		switch x := x.(type) {
		case expr.Me:
			used = append(used, x)
		case expr.SQL:
			used = append(used, x.Me...)
		default:
		}
	})
	return used
}
