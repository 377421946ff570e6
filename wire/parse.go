package wire

import (
	"bytes"
	"encoding/binary"

	"github.com/wherewall/wherewall/rewrite"
)

// standInName is the name under which refusals of messages other than Query are parsed. The statements fail, so the name
// never comes to exist; a name there must be, or the client would lose its unnamed statement.
const standInName = "ww_refused"

// parse handles a Parse message.
func (q *requests) parse(f frame) error {
	if f.size > q.config.MaxStatement {
		if err := q.drop(f); err != nil {
			return err
		}
		return q.standIn(refused(codeComplex, stateLimit, "statement is too long"))
	}
	body, err := q.in.whole(f)
	if err != nil {
		return clientGone(err)
	}
	name, sql, types, ok := parseFields(body)
	if !ok {
		return q.standIn(refused(codeParse, stateProtocol, invalidFormat))
	}
	v, err := q.current()
	if err != nil {
		return err
	}
	made := &prepared{
		statement: v.rewrite(string(sql)),
		name:      string(nameKey(name)),
		world:     v.world,
	}
	if len(made.template.Statements) > 1 && made.template.Refused == nil {
		made.statement = v.refusal(refused(codeStatement, stateSyntax, multipleInPrepared))
	}
	r := request{kind: 'P', name: made.name, of: made.statement, change: &version{name: made.name, is: made}}
	return q.sendSQL(r, made.name, types)
}

// parseFields takes a Parse message apart. types are the parameter types, their count included.
func parseFields(body []byte) (name, sql, types []byte, ok bool) {
	name, rest, ok1 := bytes.Cut(body, []byte{0})
	sql, types, ok2 := bytes.Cut(rest, []byte{0})
	if !ok1 || !ok2 || len(types) < 2 {
		return nil, nil, nil, false
	}
	count := int(binary.BigEndian.Uint16(types))
	return name, sql, types, len(types) == 2+4*count
}

// standIn refuses a message of the extended protocol in its place: the server parses a text that must fail.
func (q *requests) standIn(r *rewrite.Refusal) error {
	v, err := q.current()
	if err != nil {
		return err
	}
	return q.sendSQL(request{kind: 'P', of: v.refusal(r), standIn: true}, standInName, []byte{0, 0})
}
