package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

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
		return q.standIn(q.tooLong())
	}
	body, err := q.hold(f)
	if errors.Is(err, errNoMemory) {
		return q.standIn(noMemory())
	}
	if err != nil {
		return err
	}
	name, sql, types, wrong := parseFields(body)
	if wrong != "" {
		return q.standIn(refused(codeParse, stateProtocol, wrong))
	}
	v, err := q.current()
	if err != nil {
		return err
	}
	if crowded, err := q.crowded(false, len(sql)); err != nil {
		return err
	} else if crowded {
		return q.standIn(refused(codeComplex, stateLimit, "the prepared statements of the session are too long"))
	}
	by, no, err := q.speaks(v, string(sql))
	if err != nil {
		return err
	}
	made := &prepared{name: nameKey(name), rewriter: by.world.rewriter(), by: by.by}
	if no == nil {
		made.statement = q.rewriteFor(by, declaredTypes(types)...)
		no = by.unfit(made.template, types)
	}
	if no == nil && made.any(switches) && !q.shared() {
		no = notShared()
	}
	if no == nil {
		no = q.keepingTables(by.view, made.statement)
	}
	if no != nil {
		made.statement = v.refusal(no)
	}
	if q.shared() {
		made.text, made.types = by.sql, slices.Clone(types)
	}
	if made.template.Refused != nil {
		types = noTypes()
	}
	made.stage()
	r := request{kind: 'P', name: made.name, of: made.statement, change: &version{name: made.name, is: made}}
	return q.sendSQL(r, name, types)
}

// unfit says why a statement that is allowed may not be prepared. A parameter's type can do what a cast does.
func (v *view) unfit(t *rewrite.Template, types []byte) *rewrite.Refusal {
	if t.Refused != nil {
		return nil
	}
	if len(t.Statements) > 1 && t.Parts == nil {
		return refused(codeParse, stateSyntax, multipleInPrepared)
	}
	for i, oid := range declaredTypes(types) {
		if v.world == nil || !v.world.Rewriter.MayDeclare(oid, v.plan) {
			return refused(codeFunction, stateDenied, fmt.Sprintf("permission denied for the type of parameter $%d", i+1))
		}
	}
	return nil
}

// declaredTypes are the OIDs in the types of a Parse message.
func declaredTypes(types []byte) []uint32 {
	if len(types) == 2 {
		return nil
	}
	list := make([]uint32, (len(types)-2)/4)
	for i := range list {
		list[i] = binary.BigEndian.Uint32(types[2+4*i:])
	}
	return list
}

// noTypes are the types of a Parse message that declares none.
func noTypes() []byte { return []byte{0, 0} }

// standIn refuses a message of the extended protocol in its place: the server parses a text that must fail.
func (q *requests) standIn(r *rewrite.Refusal) error {
	v, err := q.current()
	if err != nil {
		return err
	}
	return q.sendSQL(request{kind: 'P', of: v.refusal(r), standIn: true}, []byte(standInName), noTypes())
}
