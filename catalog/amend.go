package catalog

import (
	"errors"
	"maps"
	"slices"

	"github.com/wherewall/wherewall/catalog/document"
	"github.com/wherewall/wherewall/catalog/expr"
)

// Change is what has become of some people of a population: all that is known now of those whose identity it names.
type Change struct {
	Version                        string
	Tenants, Users, Groups, Grants []Member // of tenants, the identity is the name
}

// ErrWhole says that a change cannot be taken over by itself: the policy has to be read and bound whole.
var ErrWhole = errors.New("the policy has to be read whole")

// Amend returns a policy and its snapshot with a change of its people, and leaves both as they were. What has not changed is shared, and only what has is checked
// and bound again, by the code that does it for the whole. Problems that are errors come with nil.
//
// The snapshot must be Bind's or Amend's of this policy, with people from a store. It is safe to call it at the same time as others.
func Amend(p *Policy, s *Snapshot, c Change) (*Policy, *Snapshot, Problems, error) {
	if s == nil || s.bound == nil {
		return nil, nil, nil, ErrWhole
	}
	a := newAmender(p, s)
	a.policy.version = versionOf(p.model, c.Version)
	a.tenants(c.Tenants)
	a.users(c.Users)
	a.groups(c.Groups, c.Grants)
	a.link(len(c.Tenants) > 0)
	if a.whole {
		return nil, nil, nil, ErrWhole
	}
	if a.reader.problems.Failed() {
		return nil, nil, a.reader.sorted(), nil
	}
	next := a.bind(s, len(c.Tenants) > 0)
	if problems := a.binder.sorted(); problems.Failed() {
		return nil, nil, problems, nil
	}
	a.binder.report = report{}
	return a.policy, next, a.reader.sorted(), nil
}

// amender reads and links what has changed into a copy of a policy.
type amender struct {
	policy *Policy
	reader *policyReader
	linker *linker
	binder *binder

	tenantIDs map[string]bool // those that were read or are gone
	replaced  map[string]bool // groups that were read
	gone      bool            // somebody whom groups may name is not there any more
	whole     bool
}

func newAmender(p *Policy, s *Snapshot) *amender {
	next := *p
	next.tenants, next.users, next.groups = maps.Clone(p.tenants), maps.Clone(p.users), maps.Clone(p.groups)
	next.attributes = make(map[string]*attributeDecl, len(p.attributes))
	for name, d := range p.attributes {
		known := *d
		next.attributes[name] = &known
	}
	reader := &policyReader{policy: &next}
	b := *s.bound
	b.policy, b.report, b.fitted = &next, report{}, maps.Clone(s.bound.fitted)
	return &amender{
		policy: &next, reader: reader, linker: &linker{&reader.report, &next, s.bound.decls}, binder: &b,
		tenantIDs: map[string]bool{}, replaced: map[string]bool{},
	}
}

func (a *amender) tenants(changed []Member) {
	for _, m := range changed {
		a.tenantIDs[m.Identity] = true
		if t := a.policy.tenants[m.Identity]; t != nil && t.stored {
			delete(a.policy.tenants, m.Identity)
		}
	}
	for _, m := range changed {
		if m.Value != nil {
			a.reader.stored(m, a.reader.tenant)
		}
	}
}

// users replaces users by identity: a name may have passed from one to another. An attribute that gets a new type by them is a matter of the model.
func (a *amender) users(changed []Member) {
	identities := identitiesOf(changed)
	for name, u := range a.policy.users {
		if u.Identity != "" && identities[u.Identity] {
			delete(a.policy.users, name)
			a.gone = true
		}
	}
	packer := newPacker(a.linker)
	known := maps.Clone(a.binder.attributeTypes())
	for _, m := range changed {
		if m.Value == nil {
			continue
		}
		a.reader.stored(m, func(name, value *document.Node) {
			if u := a.reader.packed(packer, name, value); u != nil {
				u.at = document.Place{}
			}
		})
	}
	packer.typed()
	a.whole = a.whole || !maps.Equal(known, a.binder.attributeTypes())
}

func identitiesOf(changed []Member) map[string]bool {
	identities := make(map[string]bool, len(changed))
	for _, m := range changed {
		identities[m.Identity] = true
	}
	return identities
}

func (a *amender) groups(groups, grants []Member) {
	for of, changed := range [][]Member{groups, grants} {
		identities := identitiesOf(changed)
		for name, d := range a.policy.groups {
			if d.identity != "" && d.granted == (of == 1) && identities[d.identity] {
				delete(a.policy.groups, name)
				a.replaced[name] = true
			}
		}
	}
	before := maps.Clone(a.policy.groups)
	a.reader.populationGroups(groups, grants)
	for name, d := range a.policy.groups {
		if before[name] != d {
			a.replaced[name] = true
		}
	}
}

// link checks the names that what has changed uses, and those that others use of it.
func (a *amender) link(tenants bool) {
	l := a.linker
	if tenants {
		l.tenants()
		a.holders()
		for _, id := range slices.Sorted(maps.Keys(a.tenantIDs)) {
			if t := a.policy.tenants[id]; t != nil {
				for _, d := range sortedDecls(t.roles) {
					l.ownScopes(d)
				}
			}
		}
	}
	for _, name := range sortedNames(a.policy.groups) {
		if d := a.policy.groups[name]; tenants || a.gone || a.replaced[name] {
			l.group(d)
			for _, res := range d.resources {
				l.unknownEntity(res.entity.Place, res.entity.Text)
			}
		}
	}
	l.rolesWithoutTenant()
}

// holders checks the roles that users have in tenants that have changed.
func (a *amender) holders() {
	for _, u := range a.policy.users {
		for tenant, roles := range u.Memberships {
			if !a.tenantIDs[tenant] {
				continue
			}
			at := document.Place{File: &document.File{Name: "db:app_user/" + u.Name}}
			t := a.linker.tenant(&document.Node{Kind: document.Scalar, Text: tenant, Place: at})
			for _, role := range roles {
				a.linker.given(&document.Node{Kind: document.Scalar, Text: role, Place: at}, t, false, "a tenant")
			}
		}
	}
}

// bind makes the snapshot. Everything but people is that of the one before.
func (a *amender) bind(before *Snapshot, tenants bool) *Snapshot {
	next := *before
	next.Version, next.Users, next.bound = a.policy.version, a.policy.users, a.binder
	if tenants {
		next.Tenants = a.bindTenants(before)
	}
	if tenants || len(a.replaced) > 0 {
		next.Groups = maps.Clone(before.Groups)
		for name := range a.replaced {
			delete(next.Groups, name)
			if d := a.policy.groups[name]; d != nil {
				next.Groups[name] = a.binder.bindGroup(d)
			}
		}
	}
	return &next
}

func (a *amender) bindTenants(before *Snapshot) map[string]*Tenant {
	below := trees(a.policy.tenants)
	bound := make(map[string]*Tenant, len(a.policy.tenants))
	for id, d := range a.policy.tenants {
		t := before.Tenants[id]
		switch {
		case t == nil || a.tenantIDs[id]:
			t = a.binder.bindTenant(d, below[id])
			a.binder.fitTenant(d)
		case !slices.Equal(t.Tree, below[id]):
			moved := *t
			moved.Tree, t = below[id], &moved
		}
		bound[id] = t
	}
	return bound
}

func (b *binder) attributeTypes() map[string]expr.Type {
	types := make(map[string]expr.Type, len(b.policy.attributes))
	for name, d := range b.policy.attributes {
		types[name] = d.typ
	}
	return types
}

// fitTenant checks that the tenant columns found before can hold one more tenant.
func (b *binder) fitTenant(d *tenantDecl) {
	for t := range b.fitted {
		if err := b.schema.Identifies(t, d.id.Text); err != nil {
			b.add(d.id.Place, CodeTypeMismatch, "", "a tenant column of type %s cannot hold this tenant: %s", typeLabel(t), err)
		}
	}
}
