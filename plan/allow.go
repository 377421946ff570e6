package plan

import (
	"fmt"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// disjunct is what one grant allows: Boundary AND Rest. The boundary stays apart until all grants are together, so that
// a grant without one never lifts it from another.
type disjunct struct {
	boundary expr.Expr // nil for none
	rest     expr.Expr
}

// disjunct is one grant's part in the formula of Allowed. ok is false where the grant gives nothing; a diagnostic says
// why unless the session's lack of a tenant does.
func (b *builder) disjunct(o operation, h held, where expr.Expr) (d disjunct, ok bool) {
	entity := b.snapshot.Entities[o.Entity]
	switch {
	case h.grant.Scope == catalog.ScopeAll && !h.role.Platform:
		return d, b.vanish(o, h, "scope all is for platform roles")
	case h.grant.Scope == catalog.ScopeAll || entity.Global:
	case entity.Tenant == nil:
		return d, b.vanish(o, h, "the entity does not say whose its rows are")
	case b.plan.Subject.Tenant == "":
		return d, false
	default:
		d.boundary = ownedBy(entity.Tenant)
	}
	terms := []expr.Expr{where}
	switch h.grant.Scope {
	case catalog.ScopeTenant, catalog.ScopeAll:
	case catalog.ScopeOwn:
		if entity.Owner == nil {
			return d, b.vanish(o, h, "the entity has no owner")
		}
		terms = append([]expr.Expr{equals(entity.Owner, "id")}, terms...)
	default:
		return d, b.vanish(o, h, "the scope is unknown")
	}
	d.rest = expr.And{Terms: terms}
	if d.boundary != nil {
		d.rest = b.boundHops(d.rest)
	}
	for _, e := range []expr.Expr{d.boundary, d.rest} {
		if why := b.plan.lacks(e); why != "" {
			return d, b.vanish(o, h, why)
		}
	}
	d.rest = b.plan.fold(d.rest)
	return d, !isFalse(d.rest)
}

func (b *builder) vanish(o operation, h held, why string) bool {
	b.plan.Diagnostics = append(b.plan.Diagnostics, Diagnostic{h.reason(), o.Entity, o.Action, why})
	return false
}

// ownedBy is the boundary: the row's tenant is the session's.
func ownedBy(tenant expr.Expr) expr.Expr { return equals(tenant, "tenant") }

func equals(column expr.Expr, attribute string) expr.Expr {
	c, ok := column.(expr.Column)
	if !ok {
		return expr.Bool(false)
	}
	return expr.Compare{Op: expr.Eq, Left: c, Right: expr.Me{Name: attribute, Type: c.Type}}
}

// boundHops restricts each row that a condition reaches to the session's tenant, where the row's table says by a
// plain column whose it is: a foreign parent counts as absent.
func (b *builder) boundHops(e expr.Expr) expr.Expr {
	return expr.Map(e, func(x expr.Expr) expr.Expr {
		c, ok := x.(expr.Column)
		for i := range c.Path {
			if target := b.snapshot.EntityOf(catalog.RelationName{Schema: c.Path[i].Schema, Name: c.Path[i].Table}); target != nil {
				c.Path[i].Where = both(c.Path[i].Where, plainBoundary(target))
			}
		}
		if ok {
			return c
		}
		return x
	})
}

func plainBoundary(e *catalog.Entity) expr.Expr {
	if tenant, ok := e.Tenant.(expr.Column); ok && !e.Global && len(tenant.Path) == 0 {
		return ownedBy(tenant)
	}
	return nil
}

func both(a, b expr.Expr) expr.Expr {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	default:
		return expr.And{Terms: []expr.Expr{a, b}}
	}
}

// anyOf joins what grants allow. Those with the same boundary share it: (B AND x) OR (B AND y) is B AND (x OR y), in
// three-valued logic too. some is false where nothing is allowed.
func anyOf(disjuncts []disjunct) (e expr.Expr, some bool) {
	var order []string
	boundaries, rests := map[string]expr.Expr{}, map[string][]expr.Expr{}
	for _, d := range disjuncts {
		key := expr.Text(d.boundary)
		if rests[key] == nil {
			order = append(order, key)
		}
		boundaries[key] = d.boundary
		rests[key] = append(rests[key], d.rest)
	}
	var groups []expr.Expr
	for _, key := range order {
		group := either(rests[key])
		if boundaries[key] != nil {
			group = all([]expr.Expr{boundaries[key], group})
		}
		groups = append(groups, group)
	}
	e = either(groups)
	return e, !isFalse(e)
}

// lacks says which value of me an expression needs and the subject has not, or has in a form that the column cannot
// be compared with. Nothing of NULL is made of it: the grant goes.
func (p *Plan) lacks(e expr.Expr) (why string) {
	expr.Walk(e, func(x expr.Expr) {
		me, ok := x.(expr.Me)
		if !ok || why != "" {
			return
		}
		value, has := p.me[me.Name]
		switch {
		case !has:
			why = fmt.Sprintf("the user has no attribute %s", me.Name)
		case value.Type.Array != me.Type.Array:
			why = fmt.Sprintf("the attribute %s is not what the condition expects", me.Name)
		default:
			if err := p.reads(me, value); err != nil {
				why = fmt.Sprintf("the attribute %s cannot be compared: %s", me.Name, err)
			}
		}
	})
	return why
}

func (p *Plan) reads(me expr.Me, value catalog.Attribute) error {
	schema := p.Snapshot.Schema
	if me.Name == "id" || me.Name == "tenant" {
		return schema.Identifies(me.Type, value.Text)
	}
	if !me.Type.Array {
		return schema.Fits(me.Type, value.Text)
	}
	element := me.Type
	element.Array = false
	for _, item := range value.List {
		if err := schema.Fits(element, item); err != nil {
			return err
		}
	}
	return nil
}
