package rewrite

import (
	"slices"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// tenantReach is whose rows a grant is about.
type tenantReach int

const (
	reachesTenant tenantReach = iota // the session's tenant
	reachesTree                      // it and all below it
	reachesAll                       // no boundary
)

// reachOf is a grant's reach. ok is false for one that the role may not have.
func reachOf(role exportedRole, g *catalog.Grant) (reach tenantReach, ok bool) {
	system := role.tenant == ""
	switch {
	case g.Scope == catalog.ScopeAll || g.AnyTenant:
		return reachesAll, role.Platform && system
	case g.Scope == catalog.ScopeTree:
		return reachesTree, system
	case g.Scope == catalog.ScopeTenant || g.Scope == catalog.ScopeOwn:
		return reachesTenant, true
	default:
		return reachesTenant, false
	}
}

// restrictor adds to conditions what every row on the way must satisfy.
type restrictor struct {
	snapshot *catalog.Snapshot
	reach    tenantReach
}

// boundary says that a row belongs to a tenant within reach. shared lets rows of no tenant through, where the mapping shares them.
func (w restrictor) boundary(e *catalog.Entity, shared bool) (expr.Expr, bool) {
	tenant, ok := e.Tenant.(expr.Column)
	if !ok {
		return nil, false
	}
	own := w.inside(w.belongs(tenant), nil)
	if shared && e.SharedNull {
		return expr.Or{Terms: []expr.Expr{own, expr.IsNull{Operand: tenant}}}, true
	}
	return own, true
}

func (w restrictor) belongs(tenant expr.Column) expr.Expr {
	if w.reach == reachesTree {
		list := tenant.Type
		list.Array = true
		return expr.EqAny{Left: tenant, Array: expr.Me{Name: "tenants", Type: list}}
	}
	return expr.Compare{Op: expr.Eq, Left: tenant, Right: expr.Me{Name: "tenant", Type: tenant.Type}}
}

// inside makes every row that a condition reaches one that counts: not withdrawn by its entity's `always:`, and, where its entity says by
// a plain column whose it is, within reach. within are the entities whose `always:` this is part of, which do not apply again.
func (w restrictor) inside(e expr.Expr, within []string) expr.Expr {
	hops := func(path []expr.Hop) []expr.Hop {
		restricted := slices.Clone(path)
		for i := range restricted {
			restricted[i].Where = w.hop(restricted[i], within)
		}
		return restricted
	}
	return expr.Map(e, func(part expr.Expr) expr.Expr {
		switch part := part.(type) {
		case expr.Column:
			part.Path = hops(part.Path)
			return part
		case expr.Exists:
			part.Path = hops(part.Path)
			return part
		default:
			return part
		}
	})
}

func (w restrictor) hop(h expr.Hop, within []string) expr.Expr {
	var terms []expr.Expr
	if h.Where != nil {
		terms = append(terms, h.Where)
	}
	target := w.snapshot.EntityOf(catalog.RelationName{Schema: h.Schema, Name: h.Table})
	if target == nil {
		return h.Where
	}
	if target.Always != nil && !slices.Contains(within, target.Name) {
		terms = append(terms, w.inside(target.Always, append(slices.Clone(within), target.Name)))
	}
	tenant, plain := target.Tenant.(expr.Column)
	if plain && !target.Global && len(tenant.Path) == 0 && w.reach != reachesAll {
		// To look a shared row up is to read it.
		if boundary, ok := w.boundary(target, true); ok {
			terms = append(terms, boundary)
		}
	}
	if len(terms) == 0 {
		return nil
	}
	return expr.And{Terms: terms}
}
