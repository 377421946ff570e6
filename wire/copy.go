package wire

import "github.com/wherewall/wherewall/rewrite"

// amidCopy says whether the server may say something between CopyOutResponse and CopyDone.
func amidCopy(kind byte) bool {
	switch kind {
	case 'd', 'c', 'E', 'N', 'S', 'A':
		return true
	default:
		return false
	}
}

// copied handles CopyOutResponse, CopyData and CopyDone. The rows of a COPY are those of a query that was rewritten, and pass as they are.
func (p *replies) copied(f frame) error {
	r, ok := p.front()
	if !ok || !p.copies(r) {
		return unexpected("copy of a statement that is no COPY")
	}
	begins := f.kind == 'H'
	if begins == p.copying {
		return unexpected("kind " + string(rune(f.kind)) + " out of a COPY's order")
	}
	p.copying = f.kind != 'c'
	return p.pass(f)
}

// copies says whether the statement that the server answers now is a COPY to the client, or runs one by its name.
func (p *replies) copies(r *request) bool {
	if r.kind != 'Q' && r.kind != 'E' {
		return false
	}
	said := p.said(r)
	if said != nil && said.Kind == rewrite.Execute {
		target := p.through(r, said)
		if target == nil {
			return false
		}
		said = target.said()
	}
	return said != nil && said.Kind == rewrite.Copy
}
