package wire

import (
	"encoding/binary"

	"github.com/wherewall/wherewall/rewrite"
)

// planRow forwards what may be told of a line of a plan: a row of one text.
func (p *replies) planRow(f frame, explained *rewrite.Statement) error {
	if f.size > maxHeldReply {
		return p.drop(f)
	}
	body, err := p.hold(f)
	if err != nil {
		return err
	}
	line, ok := onlyColumn(body)
	if explained == nil || !ok {
		return unexpected("line of a plan")
	}
	told, ok := explained.PlanLine(line)
	if !ok {
		return nil
	}
	return toClient(p.out.write(appendMessage(nil, 'D', func(b []byte) []byte {
		b = append(b, 0, 1)
		b = binary.BigEndian.AppendUint32(b, uint32(len(told))) //nolint:gosec // bounded by maxHeldReply
		return append(b, told...)
	})))
}

// onlyColumn is the value of a DataRow of one column that is not NULL.
func onlyColumn(body []byte) (string, bool) {
	const before = 2 + 4
	if len(body) < before || binary.BigEndian.Uint16(body) != 1 || int(binary.BigEndian.Uint32(body[2:])) != len(body)-before {
		return "", false
	}
	return string(body[before:]), true
}
