package plan

import (
	"errors"
	"slices"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// ErrNoSnapshot says that there is no policy to build from.
var ErrNoSnapshot = errors.New("building a plan: no snapshot")

// Build makes a subject's plan. A subject that Resolve would not have given is refused by its *SessionError.
func Build(s *catalog.Snapshot, subject Subject) (*Plan, error) {
	if s == nil {
		return nil, ErrNoSnapshot
	}
	if err := admit(s, subject); err != nil {
		return nil, err
	}
	p := &Plan{Snapshot: s, Subject: subject, rules: map[string]map[catalog.Action]Rule{}}
	p.Roles = effectiveRoles(s, subject)
	p.Explain = s.Users[subject.User].Explain
	for _, name := range p.Roles {
		p.Explain = p.Explain || s.Roles[name].Explain
	}
	p.me = attributesOf(s, subject, p.Roles)
	b := &builder{plan: p, snapshot: s, held: heldGrants(s, p.Roles)}
	b.build()
	p.Values = p.usedValues()
	p.Shape = p.shape()
	return p, nil
}

// effectiveRoles are the roles that a subject acts with, sorted. A role that the snapshot does not have, or that is held
// where it may not be, gives nothing.
func effectiveRoles(s *catalog.Snapshot, subject Subject) []string {
	u := s.Users[subject.User]
	var roles []string
	hold := func(names []string, platform bool) {
		for _, n := range names {
			if r := s.Roles[n]; r != nil && r.Platform == platform {
				roles = append(roles, n)
			}
		}
	}
	hold([]string{s.BaseRole}, false)
	hold(u.Roles, false)
	hold(u.Platform, true)
	if subject.Tenant != "" {
		hold(u.Memberships[subject.Tenant], false)
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

// attributesOf are the values of me.*.
func attributesOf(s *catalog.Snapshot, subject Subject, roles []string) map[string]catalog.Attribute {
	me := map[string]catalog.Attribute{}
	for name, a := range s.Users[subject.User].Attributes {
		me[name] = a
	}
	text := expr.Type{Schema: "pg_catalog", Name: "text"}
	me["id"] = catalog.Attribute{Type: text, Text: subject.User}
	delete(me, "tenant")
	if subject.Tenant != "" {
		me["tenant"] = catalog.Attribute{Type: text, Text: subject.Tenant}
	}
	texts := expr.Type{Schema: "pg_catalog", Name: "text", Array: true}
	me["roles"] = catalog.Attribute{Type: texts, Text: catalog.ArrayText(roles), List: roles}
	return me
}

// held is a grant and the role that carries it.
type held struct {
	role  *catalog.Role
	grant *catalog.Grant
}

func (h held) reason() Reason {
	scope := map[catalog.Scope]string{catalog.ScopeTenant: "tenant", catalog.ScopeOwn: "own", catalog.ScopeAll: "all"}
	return Reason{Role: h.role.Name, Permission: h.grant.Permission, At: h.grant.At, Scope: scope[h.grant.Scope]}
}

func heldGrants(s *catalog.Snapshot, roles []string) []held {
	var all []held
	for _, name := range roles {
		role := s.Roles[name]
		for i := range role.Grants {
			all = append(all, held{role, &role.Grants[i]})
		}
	}
	return all
}

// operation is an entity and an action, whatever a permission says beside.
type operation struct {
	Entity string
	Action catalog.Action
}

type builder struct {
	plan     *Plan
	snapshot *catalog.Snapshot
	held     []held
}

func (b *builder) build() {
	covering := map[operation][]held{}
	var operations []operation
	for _, h := range b.held {
		permission := b.snapshot.Permissions[h.grant.Permission]
		if permission == nil {
			continue
		}
		seen := map[operation]bool{}
		for _, declared := range permission.Operations {
			o := operation{declared.Entity, declared.Action}
			if seen[o] || b.snapshot.Entities[o.Entity] == nil {
				continue
			}
			seen[o] = true
			if covering[o] == nil {
				operations = append(operations, o)
			}
			covering[o] = append(covering[o], h)
		}
	}
	for _, o := range operations {
		rule := b.rule(o, covering[o])
		if rule.Kind == NoAccess {
			continue
		}
		if b.plan.rules[o.Entity] == nil {
			b.plan.rules[o.Entity] = map[catalog.Action]Rule{}
		}
		b.plan.rules[o.Entity][o.Action] = rule
	}
}

// rule is the formula of Allowed for one entity and action.
func (b *builder) rule(o operation, grants []held) Rule {
	if o.Action == catalog.Create {
		return b.createRule(o, grants)
	}
	var r Rule
	var filters, checks []disjunct
	for _, h := range grants {
		filter, ok := b.disjunct(o, h, whereOf(h.grant, o.Entity))
		check := filter
		if checked, differs := h.grant.Check[o.Entity]; ok && differs && o.Action == catalog.Update {
			check, ok = b.disjunct(o, h, checked)
		}
		if ok {
			filters, checks = append(filters, filter), append(checks, check)
			r.Why = append(r.Why, h.reason())
		}
	}
	filter, some := anyOf(filters)
	if !some {
		return Rule{}
	}
	r.Kind, r.Filter = Restricted, filter
	full := isTrue(filter)
	if o.Action == catalog.Update {
		r.Check, _ = anyOf(checks)
		full = full && isTrue(r.Check)
	}
	if full {
		r.Kind, r.Filter = FullAccess, nil
	}
	return r
}

// createRule has no filter, since there are no old rows: a grant's `where:` counts only where it stands for the check.
func (b *builder) createRule(o operation, grants []held) Rule {
	var r Rule
	var checks []disjunct
	for _, h := range grants {
		condition := whereOf(h.grant, o.Entity)
		if checked, differs := h.grant.Check[o.Entity]; differs {
			condition = checked
		}
		if check, ok := b.disjunct(o, h, condition); ok {
			checks = append(checks, check)
			r.Why = append(r.Why, h.reason())
		}
	}
	check, some := anyOf(checks)
	if !some {
		return Rule{}
	}
	r.Kind, r.Check = Restricted, check
	if isTrue(check) {
		r.Kind = FullAccess
	}
	return r
}

func isTrue(e expr.Expr) bool  { b, ok := e.(expr.Bool); return ok && bool(b) }
func isFalse(e expr.Expr) bool { b, ok := e.(expr.Bool); return ok && !bool(b) }

// whereOf is a grant's condition on an entity; TRUE where it has none.
func whereOf(g *catalog.Grant, entity string) expr.Expr {
	if w, ok := g.Where[entity]; ok {
		return w
	}
	return expr.Bool(true)
}
