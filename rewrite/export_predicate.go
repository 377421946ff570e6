package rewrite

import (
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// rowSide says which rows a predicate is about.
type rowSide int

const (
	oldRow rowSide = iota
	newRow
)

// given are the roles that give the same rows, and which rows.
type given struct {
	by   holders
	rows []expr.Expr // conjuncts, without who holds the roles
}

// predicate prints what the policy says of an action on an entity's rows, over every role: held AND boundary AND scope AND where, for each
// grant, joined by OR. It is empty where no role has the action.
func (x *exporter) predicate(r *catalog.Relation, e *catalog.Entity, action catalog.Action, side rowSide) (string, error) {
	var texts []string
	for _, g := range x.given(e, action, side) {
		text, err := x.passing(r, append([]expr.Expr{x.held(e, g.by)}, g.rows...))
		if err != nil {
			return "", err
		}
		texts = append(texts, "("+text+")")
	}
	return strings.Join(texts, "\n        OR "), nil
}

// given lists what the grants of all roles say. Roles that say the same are put together.
func (x *exporter) given(e *catalog.Entity, action catalog.Action, side rowSide) []given {
	var all []given
	place := map[string]int{}
	for _, role := range x.roles {
		for i := range role.Grants {
			g := &role.Grants[i]
			for _, o := range x.operations(g, e, action) {
				rows, ok := x.rows(role, g, o, e, side)
				if !ok {
					continue
				}
				by := role.holders()
				key := by.key() + "\x00" + expr.Text(expr.And{Terms: rows})
				at, seen := place[key]
				if !seen {
					place[key] = len(all)
					all = append(all, given{by, rows})
				} else if !slices.Contains(all[at].by.names, role.Name) {
					all[at].by.names = append(all[at].by.names, role.Name)
				}
			}
		}
	}
	return all
}

// operations are those of a grant's permission that cover an entity and an action.
func (x *exporter) operations(g *catalog.Grant, e *catalog.Entity, action catalog.Action) []*catalog.Operation {
	permission := x.snapshot.Permissions[g.Permission]
	if permission == nil {
		return nil
	}
	var found []*catalog.Operation
	for i := range permission.Operations {
		if o := &permission.Operations[i]; o.Entity == e.Name && o.Action == action {
			found = append(found, o)
		}
	}
	return found
}

// rows are the conjuncts that a grant asks of a row. ok is false where it can give nothing.
func (x *exporter) rows(role exportedRole, g *catalog.Grant, o *catalog.Operation, e *catalog.Entity, side rowSide) (rows []expr.Expr, ok bool) {
	reach, ok := reachOf(role, g)
	if !ok || o.Columns != nil && o.Action == catalog.Delete || len(o.Mask) > 0 && o.Action != catalog.Read {
		return nil, false
	}
	within := restrictor{x.snapshot, reach}
	if reach != reachesAll && !e.Global {
		shared := o.Action == catalog.Read || role.Platform
		boundary, ok := within.boundary(e, shared)
		if !ok {
			return nil, false
		}
		rows = append(rows, boundary)
	}
	if e.Always != nil && reachesRows(e.Always) {
		rows = append(rows, within.inside(e.Always, []string{e.Name}))
	}
	if g.Scope == catalog.ScopeOwn {
		owner, ok := ownerOf(e, g).(expr.Column)
		if !ok {
			return nil, false
		}
		owned := expr.Compare{Op: expr.Eq, Left: owner, Right: expr.Me{Name: "id", Type: owner.Type}}
		rows = append(rows, within.inside(owned, nil))
	}
	if where := whereOf(g, e, side); where != nil {
		rows = append(rows, within.inside(where, nil))
	}
	used := append(slices.Clone(rows), inPlaceOf(o)...)
	if reach != reachesAll && !e.Global {
		used = append(used, expr.Me{Name: "tenant", Type: builtinText()})
	}
	return append(x.presence(used...), rows...), true
}

func ownerOf(e *catalog.Entity, g *catalog.Grant) expr.Expr {
	if g.Owner != "" {
		return e.Owners[g.Owner]
	}
	return e.Owner
}

func whereOf(g *catalog.Grant, e *catalog.Entity, side rowSide) expr.Expr {
	if check, differs := g.Check[e.Name]; side == newRow && differs {
		return check
	}
	return g.Where[e.Name]
}

// inPlaceOf are the masks and presets of an operation. Its grant gives nothing to a user who lacks what they are made of.
func inPlaceOf(o *catalog.Operation) []expr.Expr {
	var all []expr.Expr
	for _, values := range []map[string]expr.Expr{o.Mask, o.Set} {
		for _, name := range sortedNames(values) {
			all = append(all, values[name])
		}
	}
	return all
}

// presence says that the user has every attribute that conditions ask of, and a tenant where they ask for it. A grant that lacks
// one gives nothing: NULL in its place could make a condition TRUE.
func (x *exporter) presence(conditions ...expr.Expr) []expr.Expr {
	var terms []expr.Expr
	seen := map[string]bool{}
	require := func(part expr.Expr) {
		me, ok := part.(expr.Me)
		if !ok || x.slots[me.Name] != "" || me.Name == "roles" || me.Name == "groups" {
			return
		}
		if me.Name == "tenants" {
			me.Name = "tenant"
		}
		if me.Name != "id" {
			me.Type = builtinText()
		}
		if key := expr.Text(me); !seen[key] {
			seen[key] = true
			terms = append(terms, expr.Not{Term: expr.IsNull{Operand: me}})
		}
	}
	for _, e := range conditions {
		if c, ok := e.(expr.Compare); ok {
			// A comparison with what is missing is not TRUE anyway.
			if me, ok := c.Right.(expr.Me); ok {
				if me.Name != "id" {
					me.Type = builtinText()
				}
				seen[expr.Text(me)] = true
			}
		}
	}
	for _, e := range conditions {
		if e != nil {
			expr.Walk(e, require)
		}
	}
	return terms
}
