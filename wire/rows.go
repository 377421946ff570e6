package wire

import (
	"bytes"
	"encoding/binary"

	"github.com/wherewall/wherewall/rewrite"
)

// row handles DataRow. It is never decoded; at most its last column is cut off.
func (p *replies) row(f frame) error {
	r, ok := p.front()
	if !ok {
		return unexpected("row without a request")
	}
	hidden, ok := p.hidden(r)
	if !ok || r.kind == 'D' {
		return unexpected("row of a statement that was not sent")
	}
	switch hidden {
	case rewrite.HiddenNothing:
		return p.pass(f)
	case rewrite.HiddenRows:
		return p.drop(f)
	case rewrite.HiddenColumn:
		return p.rowWithoutLast(f)
	case rewrite.HiddenPlan:
		return p.planRow(f, p.explained(r))
	default:
		return unexpected("row")
	}
}

// nullColumn is a NULL at the end of a DataRow: a length of -1 and no bytes.
const nullColumn = "\xff\xff\xff\xff"

// rowWithoutLast forwards a row without its last column, which is NULL: no value tells where it begins, so any other
// value ends the session.
func (p *replies) rowWithoutLast(f frame) error {
	const count = 2
	if f.size < count+len(nullColumn) {
		return unexpected("row without the hidden column")
	}
	if err := p.gather(); err != nil {
		return err
	}
	if err := p.need(frame{size: count}); err != nil {
		return err
	}
	head := p.in.bytes()[:headerSize+count]
	columns := binary.BigEndian.Uint16(head[headerSize:])
	if columns == 0 {
		return unexpected("row without the hidden column")
	}
	binary.BigEndian.PutUint32(head[1:], uint32(4+f.size-len(nullColumn)))
	binary.BigEndian.PutUint16(head[headerSize:], columns-1)
	p.midFrame = true
	if err := toClient(p.out.write(head)); err != nil {
		return err
	}
	p.in.skip(len(head))
	err := p.consume(f.size-count-len(nullColumn), func(b []byte) error { return toClient(p.out.write(b)) })
	if err != nil {
		return err
	}
	p.midFrame = false
	return p.takeNull()
}

// takeNull consumes the hidden column.
func (p *replies) takeNull() error {
	at := 0
	return p.consume(len(nullColumn), func(b []byte) error {
		if string(b) != nullColumn[at:at+len(b)] {
			return unexpected("the hidden column has a value")
		}
		at += len(b)
		return nil
	})
}

// rowDescription handles RowDescription, which answers a Describe or comes before the rows of a Query.
func (p *replies) rowDescription(f frame) error {
	r, ok := p.front()
	if !ok {
		return unexpected("row description without a request")
	}
	hidden, ok := p.hidden(r)
	if !ok || r.kind == 'E' {
		return unexpected("row description of a statement that was not sent")
	}
	described := r.kind == 'D'
	if described && p.pending.subjects != nil {
		return p.rowDescribedTo(r, f, hidden)
	}
	if described {
		p.done()
	}
	switch hidden {
	case rewrite.HiddenNothing, rewrite.HiddenPlan:
		return p.pass(f)
	case rewrite.HiddenRows:
		if err := p.drop(f); err != nil || !described {
			return err
		}
		return toClient(p.out.write([]byte{'n', 0, 0, 0, 4}))
	case rewrite.HiddenColumn:
		return p.descriptionWithoutLast(f)
	default:
		return unexpected("row description")
	}
}

func (p *replies) descriptionWithoutLast(f frame) error {
	if f.size > maxHeldReply {
		return unexpected("row description too long")
	}
	body, err := p.hold(f)
	if err != nil {
		return err
	}
	fields, ok := withoutLastField(body)
	if !ok {
		return unexpected("row description")
	}
	return toClient(p.out.write(appendMessage(nil, 'T', func(b []byte) []byte { return append(b, fields...) })))
}

// withoutLastField takes the last field out of a RowDescription's body.
func withoutLastField(body []byte) ([]byte, bool) {
	const afterName = 18 // table, column, type, size, modifier, format
	if len(body) < 2 {
		return nil, false
	}
	count := int(binary.BigEndian.Uint16(body))
	at, last := 2, 0
	for range count {
		end := bytes.IndexByte(body[at:], 0)
		if end < 0 || len(body)-at-end-1 < afterName {
			return nil, false
		}
		last = at
		at += end + 1 + afterName
	}
	if count == 0 || at != len(body) {
		return nil, false
	}
	binary.BigEndian.PutUint16(body, uint16(count-1))
	return body[:last], true
}
