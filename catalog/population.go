package catalog

import (
	"github.com/wherewall/wherewall/catalog/document"
)

// Population is what of a policy a store holds, in the form of the documents that would say the same. The places of its nodes name
// rows of the store.
type Population struct {
	// Version names this state of the store, and ModelVersion that of its model: the same name is the same content.
	Version, ModelVersion string
	// Model has documents without people; it may be empty.
	Model []*document.Node
	// Tenants, Groups and Users are the entries of the documents' maps of these names. Identity tells one from a later one of the same name.
	Tenants, Groups, Users []Member
	// Grants are the items of `resource_grants`; their names mean nothing.
	Grants []Member
}

// Member is an entry of a population. A nil Value says, in a Change, that there is none of this identity any more.
type Member struct {
	Identity string
	Name     *document.Node
	Value    *document.Node
}

// ReadPolicyWith reads a policy of which a store holds a part, or all of it where path is empty. It is otherwise as ReadPolicy.
func ReadPolicyWith(path string, people *Population) (*Policy, error) {
	var names []string
	if path != "" {
		var err error
		if names, err = policyFiles(path); err != nil {
			return nil, err
		}
	}
	p, err := newReader().policies(names, readFile, people)
	if err != nil {
		return nil, err
	}
	return p, p.problems.Err()
}

// ReadModelWith is ReadPolicyWith for files that declare people too: those are left out, and the store's stand in their place.
func ReadModelWith(path string, people *Population) (*Policy, error) {
	names, err := policyFiles(path)
	if err != nil {
		return nil, err
	}
	r := newReader()
	r.modelOnly = true
	p, err := r.policies(names, readFile, people)
	if err != nil {
		return nil, err
	}
	return p, p.problems.Err()
}

// population reads what the store holds, all but its users, who come last.
func (r *policyReader) population(p *Population) {
	for _, d := range p.Model {
		r.document(d)
	}
	for _, m := range p.Tenants {
		r.stored(m, r.tenant)
	}
	r.populationGroups(p.Groups, p.Grants)
	r.people = append(r.people, func(read func(name, value *document.Node)) []document.Fault {
		for _, m := range p.Users {
			r.stored(m, read)
		}
		return nil
	})
}

func (r *policyReader) populationGroups(groups, grants []Member) {
	for _, m := range groups {
		if m.Value != nil {
			r.stored(m, r.group)
		}
	}
	for _, m := range grants {
		if m.Value != nil {
			r.stored(m, func(_, value *document.Node) {
				r.resourceGrants(&document.Node{Kind: document.List, Items: []*document.Node{value}, Place: value.Place})
			})
		}
	}
}

// stored reads one entry whose identity what it declares is to have.
func (r *policyReader) stored(m Member, read func(name, value *document.Node)) {
	r.identity = m.Identity
	read(m.Name, m.Value)
	r.identity = ""
}
