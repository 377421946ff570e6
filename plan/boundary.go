package plan

import (
	"slices"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// reach is whose rows a grant is about.
type reach int

const (
	reachTenant reach = iota // the session's tenant; the zero value is the narrowest
	reachTree                // it and all below it
	reachAll                 // no boundary
)

// reachOf is a grant's reach, or why it has none.
func reachOf(h held) (r reach, why string) {
	lifted := h.grant.Scope == catalog.ScopeAll || h.grant.AnyTenant
	switch {
	case lifted && !h.role.Platform:
		return r, "scope all and `tenants: any` are for platform roles"
	case lifted && h.custom:
		return r, "a tenant's own role stays in the tenant"
	case lifted:
		return reachAll, ""
	case h.grant.Scope == catalog.ScopeTree && h.custom:
		return r, "a tenant's own role has scope own or tenant"
	case h.grant.Scope == catalog.ScopeTree:
		return reachTree, ""
	case h.grant.Scope == catalog.ScopeTenant || h.grant.Scope == catalog.ScopeOwn:
		return reachTenant, ""
	default:
		return r, "the scope is unknown"
	}
}

// belongs says that a column holds a tenant within reach.
func (r reach) belongs(column expr.Column) expr.Expr {
	if r == reachTree {
		return equalsOneOf(column, meTenants)
	}
	return equals(column, meTenant)
}

func equals(column expr.Column, slot string) expr.Expr {
	return expr.Compare{Op: expr.Eq, Left: column, Right: expr.Me{Name: slot, Type: column.Type}}
}

func equalsOneOf(column expr.Column, slot string) expr.Expr {
	list := column.Type
	list.Array = true
	return expr.EqAny{Left: column, Array: expr.Me{Name: slot, Type: list}}
}

// boundary is what makes a row one within reach; nil for none. shared says that rows of no tenant count too, where
// the mapping shares them.
func (b *builder) boundary(e *catalog.Entity, r reach, shared bool) (boundary expr.Expr, why string) {
	if r == reachAll || e.Global {
		return nil, ""
	}
	tenant, ok := e.Tenant.(expr.Column)
	if !ok {
		return nil, "the entity does not say whose its rows are"
	}
	boundary = r.belongs(b.tenantPath(tenant, r))
	if shared && e.SharedNull {
		// Over a path, only a row that truly has no tenant is shared. One whose parent counts as absent has somebody's.
		boundary = expr.Or{Terms: []expr.Expr{boundary, expr.IsNull{Operand: unrestricted(tenant)}}}
	}
	return boundary, ""
}

// tenantPath restricts the rows that a tenant is reached over. The last one needs no boundary where it has the tenant that is asked for.
func (b *builder) tenantPath(c expr.Column, r reach) expr.Column {
	if len(c.Path) == 0 {
		return c
	}
	last := len(c.Path) - 1
	restrict := b.restriction(r, nil)
	path := slices.Clone(c.Path)
	for i := range path {
		target := b.target(path[i])
		if i < last || target == nil || !isPlainTenant(target, c.Name) {
			path[i] = restrict(path[i])
			continue
		}
		// Its `always:` may lead to other rows, which stay within reach.
		if target.Always != nil {
			path[i].Where = both(path[i].Where, b.restrictWithin(target.Always, r, []string{target.Name}))
		}
	}
	c.Path = path
	return c
}

func isPlainTenant(e *catalog.Entity, column string) bool {
	c, ok := e.Tenant.(expr.Column)
	return ok && len(c.Path) == 0 && c.Name == column
}

func unrestricted(c expr.Column) expr.Column {
	c.Path = slices.Clone(c.Path)
	for i := range c.Path {
		c.Path[i].Where = nil
	}
	return c
}

// target is the entity that a hop leads to; nil for none.
func (b *builder) target(h expr.Hop) *catalog.Entity {
	return b.snapshot.EntityOf(catalog.RelationName{Schema: h.Schema, Name: h.Table})
}

// restrict makes every row that a condition reaches one that counts: its entity's `always:` holds and, where the entity says by a
// plain column whose the row is, it is within reach. A foreign or withdrawn parent counts as absent.
func (b *builder) restrict(e expr.Expr, r reach) expr.Expr {
	return b.restrictWithin(e, r, nil)
}

// restrictWithin is restrict inside the `always:` of entities: an `always:` that reaches its own entity again is not
// applied once more, since there would be no end.
func (b *builder) restrictWithin(e expr.Expr, r reach, within []string) expr.Expr {
	if e == nil {
		return nil
	}
	hop := b.restriction(r, within)
	return expr.Map(e, func(x expr.Expr) expr.Expr {
		switch x := x.(type) {
		case expr.Column:
			x.Path = mapHops(x.Path, hop)
			return x
		case expr.Exists:
			x.Path = mapHops(x.Path, hop)
			return x
		default:
			return x
		}
	})
}

func mapHops(path []expr.Hop, f func(expr.Hop) expr.Hop) []expr.Hop {
	if len(path) == 0 {
		return path
	}
	mapped := make([]expr.Hop, len(path))
	for i, h := range path {
		mapped[i] = f(h)
	}
	return mapped
}

func (b *builder) restriction(r reach, within []string) func(expr.Hop) expr.Hop {
	return func(h expr.Hop) expr.Hop {
		target := b.target(h)
		if target == nil {
			return h
		}
		if target.Always != nil && !slices.Contains(within, target.Name) {
			nested := append(slices.Clone(within), target.Name)
			h.Where = both(h.Where, b.restrictWithin(target.Always, r, nested))
		}
		if tenant, ok := target.Tenant.(expr.Column); ok && !target.Global && len(tenant.Path) == 0 {
			// To look at a shared row is to read it.
			if boundary, _ := b.boundary(target, r, true); boundary != nil {
				h.Where = both(h.Where, boundary)
			}
		}
		return h
	}
}

// both is a conjunction; nil is no condition. What is said already is not said again.
func both(a, b expr.Expr) expr.Expr {
	switch {
	case a == nil:
		return b
	case b == nil || expr.Text(a) == expr.Text(b):
		return a
	default:
		return all([]expr.Expr{a, b})
	}
}
