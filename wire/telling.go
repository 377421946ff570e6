package wire

import "github.com/wherewall/wherewall/rewrite"

// In the session of a shared login, what the client is told of a statement is noted: see fits.

// describedTo passes NoData or ParameterDescription on.
func (p *replies) describedTo(r *request, f frame) error {
	body, err := p.hold(f)
	if err != nil {
		return err
	}
	heard := told{row: noRow}
	if f.kind == 't' {
		heard = told{parameters: string(body)}
	}
	p.pending.tell(r, heard)
	own := r.own
	if f.kind == 'n' {
		p.done()
	}
	if own {
		return nil
	}
	return p.say(f.kind, body)
}

// rowDescribedTo passes a RowDescription on, as far as the client may see it.
func (p *replies) rowDescribedTo(r *request, f frame, hidden rewrite.Hidden) error {
	if f.size > maxHeldReply {
		return unexpected("row description too long")
	}
	body, err := p.hold(f)
	if err != nil {
		return err
	}
	kind, row := byte('T'), ""
	switch hidden {
	case rewrite.HiddenNothing, rewrite.HiddenPlan:
		row = rowOf(body)
	case rewrite.HiddenRows:
		kind, body, row = 'n', nil, noRow
	case rewrite.HiddenColumn:
		fields, ok := withoutLastField(body)
		if !ok {
			return unexpected("row description")
		}
		body, row = fields, rowOf(fields)
	default:
		return unexpected("row description")
	}
	p.pending.tell(r, told{row: row})
	own := r.own
	p.done()
	if own {
		return nil
	}
	return p.say(kind, body)
}

func (p *replies) say(kind byte, body []byte) error {
	return toClient(p.out.write(appendMessage(nil, kind, func(b []byte) []byte { return append(b, body...) })))
}
