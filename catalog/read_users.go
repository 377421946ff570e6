package catalog

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog/document"
)

// There may be a million users, so none of their nodes is kept: each is read, checked against the rest of the policy, which was read
// before, and packed. What many of them have alike (the same roles in the same tenant) is kept once.

// population is one way in which a document lists users, tenants or groups.
type population func(read func(name, value *document.Node)) []document.Fault

// users reads all users of all documents.
func (r *policyReader) users() {
	p := newPacker(&linker{&r.report, r.policy, r.policy.entities})
	for _, list := range r.people {
		r.faults(list(func(name, value *document.Node) { r.packed(p, name, value) }))
	}
	p.finish()
}

// packed reads one user into the policy; nil where it is at fault.
func (r *policyReader) packed(p *packer, name, value *document.Node) *User {
	d := r.user(name, value)
	if d == nil {
		return nil
	}
	p.user(d)
	for _, e := range d.attributes {
		r.inferAttribute(e)
		if a := r.policy.attributes[e.Key.Text]; a != nil && a.declared && e.Value.Kind != document.Null {
			r.checkAttribute(a, e)
		}
	}
	u := p.pack(d)
	u.Identity = r.identity
	r.policy.users[strings.Clone(name.Text)] = u
	return u
}

func newPacker(l *linker) *packer {
	return &packer{linker: l, lists: map[string][]string{}, memberships: map[string]map[string][]string{}, attributes: map[string]map[string]Attribute{}}
}

// packer makes users of their declarations.
type packer struct {
	*linker
	lists       map[string][]string
	memberships map[string]map[string][]string
	attributes  map[string]map[string]Attribute
}

func (p *packer) pack(d *userDecl) *User {
	u := &User{
		Name: strings.Clone(d.name.Text), Active: d.active, Password: strings.Clone(d.password), Explain: d.allow["explain"], Allow: d.allow,
		Roles: p.list(d.roles), Platform: p.list(d.platform), Unfiltered: d.unfiltered, Impersonate: d.impersonate,
		at: d.name.Place,
	}
	if len(d.roles) > 0 && p.policy.direct == nil {
		p.policy.direct = d.roles[0]
	}
	u.Memberships = p.members(d)
	for _, m := range d.memberships {
		if m.active && m.period != (Period{}) {
			if u.Periods == nil {
				u.Periods = map[string]Period{}
			}
			u.Periods[strings.Clone(m.tenant.Text)] = m.period
		}
	}
	u.Attributes = p.attrs(d)
	return u
}

// appendText appends a text with its length before it, so that no two lists of texts look alike.
func appendText(key []byte, text string) []byte {
	return append(binary.AppendUvarint(key, uint64(len(text))), text...)
}

func appendTexts(key []byte, nodes []*document.Node) []byte {
	key = binary.AppendUvarint(key, uint64(len(nodes)))
	for _, n := range nodes {
		key = appendText(key, n.Text)
	}
	return key
}

// list is the texts of nodes, the same list for the same texts.
func (p *packer) list(nodes []*document.Node) []string {
	if len(nodes) == 0 {
		return nil
	}
	key := string(appendTexts(nil, nodes))
	if known, ok := p.lists[key]; ok {
		return known
	}
	list := make([]string, len(nodes))
	for i, n := range nodes {
		list[i] = strings.Clone(n.Text)
	}
	p.lists[key] = list
	return list
}

func (p *packer) members(d *userDecl) map[string][]string {
	var key []byte
	for _, m := range d.memberships {
		if m.active {
			key = appendTexts(appendText(key, m.tenant.Text), m.roles)
		}
	}
	if known, ok := p.memberships[string(key)]; ok {
		return known
	}
	members := map[string][]string{}
	for _, m := range d.memberships {
		if m.active {
			members[strings.Clone(m.tenant.Text)] = p.list(m.roles)
		}
	}
	p.memberships[string(key)] = members
	return members
}

// attrs are a user's values. The type of one that nobody declared is known when all users were read, and filled in then.
func (p *packer) attrs(d *userDecl) map[string]Attribute {
	var key []byte
	for _, e := range d.attributes {
		key = appendText(append(key, byte(e.Value.Kind)), e.Key.Text)
		key = appendTexts(appendText(key, e.Value.Text), e.Value.Items)
	}
	if known, ok := p.attributes[string(key)]; ok {
		return known
	}
	values := map[string]Attribute{}
	for _, e := range d.attributes {
		if a := p.policy.attributes[e.Key.Text]; a != nil && e.Value.Kind != document.Null {
			values[strings.Clone(e.Key.Text)] = a.value(e.Value)
		}
	}
	p.attributes[string(key)] = values
	return values
}

// finish gives attributes the types that all their values have, and lets go of the places, which hold the files' text.
func (p *packer) finish() {
	for _, u := range p.policy.users {
		u.at = document.Place{}
	}
	p.typed()
}

func (p *packer) typed() {
	for _, values := range p.attributes {
		for _, name := range slices.Collect(maps.Keys(values)) {
			a := values[name]
			a.Type = p.policy.attributes[name].typ
			values[name] = a
		}
	}
}
