package wire

import (
	"slices"

	"github.com/wherewall/wherewall/rewrite"
)

// prepared is a statement that a Parse message made.
type prepared struct {
	statement
	name  string
	parts []*rewrite.Template // what stands for the statement, which is one of them; nil for itself alone

	// Of the sessions of shared logins, which make a statement anew for each subject.
	text     string            // the client's, without a token; empty where it cannot be made anew
	types    []byte            // as the client declared them
	by       *identity         // of the token in a comment; nil for none
	rewriter *rewrite.Rewriter // that has made it; nil where there was no policy

	// Under pending.mu.
	told    told
	differs bool // from what the client was told
	absent  bool // the server does not have it any more
}

// weight is roughly the memory that a statement takes, in bytes.
func (p *prepared) weight() int {
	const overhead = 512
	if p == nil {
		return 0
	}
	return p.size + len(p.text) + overhead
}

// version is one state of a name: what it stands for once a certain request has succeeded. Statements and portals have
// names; what a portal stands for is the statement that was bound.
type version struct {
	name      string
	portal    bool
	is        *prepared // nil: nothing, it was closed
	batch     uint64
	confirmed bool
	ran       bool // an Execute was sent for this portal
	// given are the values of a portal's parameters, where its statement sets the subject to them.
	given map[int]string
	hold  bool // a cursor that outlives its transaction
	// through is what the statement of a portal runs by name, as it stood when the portal was bound; nil for none.
	through *prepared
}

// registry holds the versions of each name in the order of their requests. At most the first is confirmed; the others wait
// for the server. Names are as the server cuts them.
type registry struct {
	versions map[string][]*version
	weight   int        // of all that the versions stand for
	spare    []*version // an empty one, for the next name: there is always one for the portal without a name
}

func newRegistry() registry { return registry{versions: map[string][]*version{}} }

// nameKey cuts a name to what the server tells apart.
func nameKey(name []byte) string {
	const significant = 63
	return string(name[:min(len(name), significant)])
}

func (r *registry) add(v *version) {
	if v.is == nil && len(r.versions[v.name]) == 0 {
		return // nothing becomes nothing
	}
	versions := r.versions[v.name]
	if versions == nil {
		versions, r.spare = r.spare, nil
	}
	r.versions[v.name] = append(versions, v)
	r.weight += v.is.weight()
}

func (r *registry) newest(name string) *version {
	versions := r.versions[name]
	if len(versions) == 0 {
		return nil
	}
	return versions[len(versions)-1]
}

func (r *registry) oldest(name string) *prepared {
	if v := r.confirmed(name); v != nil {
		return v.is
	}
	return nil
}

// confirmed is what a name stands for in the server, as far as that has answered; nil for nothing.
func (r *registry) confirmed(name string) *version {
	versions := r.versions[name]
	if len(versions) == 0 || !versions[0].confirmed {
		return nil
	}
	return versions[0]
}

// confirm makes v what its name stands for now.
func (r *registry) confirm(v *version) {
	v.confirmed = true
	i := slices.Index(r.versions[v.name], v)
	if i < 0 {
		return
	}
	r.remove(v.name, 0, i)
	if v.is == nil && len(r.versions[v.name]) == 1 {
		r.remove(v.name, 0, 1)
	}
}

// cancel forgets v: its request had no effect.
func (r *registry) cancel(v *version) {
	if i := slices.Index(r.versions[v.name], v); i >= 0 {
		r.remove(v.name, i, i+1)
	}
}

// forget takes all confirmed versions away that do not outlive a transaction.
func (r *registry) forget() {
	for name, versions := range r.versions {
		if versions[0].confirmed && !versions[0].hold {
			r.remove(name, 0, 1)
		}
	}
}

// remove takes the versions from i to j of a name away.
func (r *registry) remove(name string, i, j int) {
	versions := r.versions[name]
	for _, v := range versions[i:j] {
		r.weight -= v.is.weight()
	}
	versions = slices.Delete(versions, i, j)
	if len(versions) == 0 {
		delete(r.versions, name)
		r.spare = versions
		return
	}
	r.versions[name] = versions
}

// failed is what an error does to a statement's name: it keeps what it stood for, but the unnamed statement is gone before
// the server reads the text of its successor.
func (r *registry) failed(v *version) {
	if v.name != "" {
		r.cancel(v)
		return
	}
	r.weight -= v.is.weight()
	v.is = nil
	r.confirm(v)
}
