package wire

import "slices"

// prepared is a statement that a Parse message made.
type prepared struct {
	statement
	name  string
	world *World // under which it was rewritten
}

// version is one state of a statement's name: what it stands for once a certain request has succeeded.
type version struct {
	name      string
	is        *prepared // nil: nothing, it was closed
	batch     uint64
	confirmed bool
}

// registry holds the versions of each name in the order of their requests. At most the first is confirmed; the others wait
// for the server. Names are as the server cuts them.
type registry map[string][]*version

// nameKey cuts a name to what the server tells apart.
func nameKey(name []byte) []byte {
	const significant = 63
	return name[:min(len(name), significant)]
}

func (r registry) add(v *version) {
	if v.is == nil && len(r[v.name]) == 0 {
		return // nothing becomes nothing
	}
	r[v.name] = append(r[v.name], v)
}

func (r registry) newest(name string) *version {
	versions := r[name]
	if len(versions) == 0 {
		return nil
	}
	return versions[len(versions)-1]
}

func (r registry) oldest(name string) *prepared {
	versions := r[name]
	if len(versions) == 0 || !versions[0].confirmed {
		return nil
	}
	return versions[0].is
}

// confirm makes v what its name stands for now.
func (r registry) confirm(v *version) {
	v.confirmed = true
	versions := r[v.name]
	i := slices.Index(versions, v)
	if i < 0 {
		return
	}
	versions = slices.Delete(versions, 0, i)
	if len(versions) == 1 && v.is == nil {
		delete(r, v.name)
		return
	}
	r[v.name] = versions
}

// cancel forgets v: the server never saw its request.
func (r registry) cancel(v *version) {
	versions := r[v.name]
	if i := slices.Index(versions, v); i >= 0 {
		versions = slices.Delete(versions, i, i+1)
	}
	if len(versions) == 0 {
		delete(r, v.name)
		return
	}
	r[v.name] = versions
}

// failed is what an error does: a name keeps what it stood for, but the unnamed statement is gone before the server reads
// the text of its successor.
func (r registry) failed(v *version) {
	if v.name != "" {
		r.cancel(v)
		return
	}
	v.is = nil
	r.confirm(v)
}
