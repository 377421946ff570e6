package wire

import (
	"fmt"

	"github.com/wherewall/wherewall/rewrite"
)

// loads says whether a statement reads rows from the client.
func loads(s *rewrite.Statement) bool { return s != nil && s.Kind.Loads() }

// sendLoading sends a Query with a COPY from the client in it, and sees to it until the server has answered: what a message means
// depends on whether the server waits for rows.
func (q *requests) sendLoading(s statement, turns ...turn) error {
	if err := q.sendQuery(s, turns...); err != nil {
		return err
	}
	if err := q.out.flush(); err != nil {
		return err
	}
	for q.awaitLoad() {
		if _, err := q.relayRows(); err != nil {
			return err
		}
	}
	return nil
}

// awaitLoad waits until the server asks for rows, or has answered everything and will not.
func (q *requests) awaitLoad() bool {
	q.wait()
	defer q.waited()
	return q.pending.awaitLoad()
}

// relayRows passes rows on until the client has said that there are no more, which it reports, or the server does not want any more. They go
// through one buffer, as fast as the server takes them.
func (q *requests) relayRows() (all bool, err error) {
	for {
		f, err := q.next()
		if err != nil {
			return false, err
		}
		if !q.pending.isLoading() {
			return false, nil // The COPY has failed, and this message is another one's.
		}
		if f.size > q.limit(f.kind) {
			return false, q.invalidLength(f.kind)
		}
		switch f.kind {
		case 'd':
			err = q.relay(f)
		case 'c', 'f':
			q.pending.setLoading(false)
			if err := q.relay(f); err != nil {
				return false, err
			}
			return f.kind == 'c', q.out.flush()
		case 'H', 'S':
			err = q.drop(f) // PostgreSQL ignores them here.
		case 'X':
			return false, q.terminate()
		default:
			return false, violation(fmt.Sprintf("unexpected message type 0x%02X during COPY from stdin", f.kind))
		}
		if err != nil {
			return false, err
		}
	}
}

// asked handles CopyInResponse.
func (p *replies) asked(f frame) error {
	r, ok := p.front()
	if !ok || r.kind != 'Q' && r.kind != 'E' || p.loading {
		return unexpected("a demand for rows")
	}
	if said := p.said(r); said == nil || !said.Kind.Loads() {
		return unexpected("a demand for the rows of a statement that is no COPY")
	}
	p.loading = true
	p.pending.setLoading(true)
	return p.pass(f)
}

// endLoad notes that the server does not wait for rows any more.
func (p *replies) endLoad() {
	if p.loading {
		p.loading = false
		p.pending.setLoading(false)
	}
}

// loaded handles the end of a statement that is, or is part of, a COPY from the client. It says whether that was all: of the statements that
// stand for one COPY, the client hears of one.
func (p *replies) loaded(r *request, f frame) (bool, error) {
	said := p.said(r)
	if said == nil {
		return false, nil
	}
	switch said.Kind { //nolint:exhaustive // no other kind is part of a COPY from the client
	case rewrite.CopyPrepare, rewrite.CopyFill, rewrite.CopyEnd:
		p.partDone(r)
		return true, p.drop(f)
	case rewrite.CopyStore:
		p.partDone(r)
		return true, p.countLoaded(f)
	default:
		return false, nil
	}
}

func (p *replies) partDone(r *request) {
	p.completes(r)
	if r.kind == 'E' {
		p.done()
	}
}

// countLoaded tells of an INSERT as of the COPY that it stands for.
func (p *replies) countLoaded(f frame) error {
	body, err := p.hold(f)
	if err != nil {
		return err
	}
	tag, ok := text(body)
	var rows uint64
	if n, err := fmt.Sscanf(tag, "INSERT 0 %d", &rows); !ok || n != 1 || err != nil {
		return unexpected("the end of an INSERT")
	}
	return toClient(p.out.write(appendMessage(nil, 'C', func(b []byte) []byte { return appendString(b, fmt.Sprintf("COPY %d", rows)) })))
}
