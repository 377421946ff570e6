package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// What PostgreSQL says of a message whose body is not what its kind asks for (pqformat.c).
const (
	invalidFormat = "invalid message format"
	invalidString = "invalid string in message"
	noDataLeft    = "no data left in message"
	tooLittleData = "insufficient data left in message"
)

// bodyReader reads the fields of a message in their order, as PostgreSQL does. What it returns is borrowed from the message.
type bodyReader struct {
	rest  []byte
	wrong string // the first thing that was wrong, in PostgreSQL's words; empty for nothing
}

func (b *bodyReader) miss(wrong string) {
	if b.wrong == "" {
		b.wrong = wrong
	}
	b.rest = nil
}

// text reads a string and the zero byte behind it.
func (b *bodyReader) text() []byte {
	end := bytes.IndexByte(b.rest, 0)
	if end < 0 {
		b.miss(invalidString)
		return nil
	}
	text := b.rest[:end]
	b.rest = b.rest[end+1:]
	return text
}

// kind reads one byte.
func (b *bodyReader) kind() byte {
	if len(b.rest) == 0 {
		b.miss(noDataLeft)
		return 0
	}
	kind := b.rest[0]
	b.rest = b.rest[1:]
	return kind
}

// bytes reads n bytes.
func (b *bodyReader) bytes(n int) []byte {
	if len(b.rest) < n {
		b.miss(tooLittleData)
		return nil
	}
	read := b.rest[:n]
	b.rest = b.rest[n:]
	return read
}

// end says what was wrong with the message, now that it has been read; empty for nothing.
func (b *bodyReader) end() string {
	if b.wrong == "" && len(b.rest) > 0 {
		return invalidFormat
	}
	return b.wrong
}

// parseFields takes a Parse message apart. types are the parameter types, their count included.
func parseFields(message []byte) (name, sql, types []byte, wrong string) {
	b := bodyReader{rest: message}
	name, sql = b.text(), b.text()
	types = b.rest
	if count := b.bytes(2); count != nil {
		b.bytes(4 * int(binary.BigEndian.Uint16(count)))
	}
	return name, sql, types, b.end()
}

// executeFields takes an Execute message apart. limit is the field in the message.
func executeFields(message []byte) (portal, limit []byte, wrong string) {
	b := bodyReader{rest: message}
	portal, limit = b.text(), b.bytes(4)
	return portal, limit, b.end()
}

// targetFields takes a Describe or Close message apart: S or P, and a name.
func targetFields(command string, message []byte) (target byte, name []byte, wrong string) {
	b := bodyReader{rest: message}
	target, name = b.kind(), b.text()
	if wrong := b.end(); wrong != "" {
		return 0, nil, wrong
	}
	if target != 'S' && target != 'P' {
		return 0, nil, fmt.Sprintf("invalid %s message subtype %d", command, target)
	}
	return target, name, ""
}
