package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/wherewall/wherewall/rewrite"
)

// A prepared statement is of the subject that it was prepared for. In the session of a shared login the client prepares it once and uses it for many:
// where it is bound or described for another subject, its text is rewritten for that one and parsed under the same name, in messages of our own.

// told is what the client knows of a prepared statement: as the server described it. Empty texts are of what it never asked for.
type told struct {
	parameters string // the body of ParameterDescription
	row        string // see rowOf
}

// noRow is what told has of a statement without rows.
const noRow = "none"

// fits returns what a statement that the client means stands for under a view: itself, or made anew. described says that the client is about to be told
// what it is like; otherwise it has to be what it was told.
func (q *requests) fits(v *view, made *prepared, described bool) (*prepared, *rewrite.Refusal, error) {
	if v.made(made.statement) && !q.shared() {
		return made, nil, nil
	}
	if (v.made(made.statement) || v.anyones(made.statement)) && !q.pending.isAbsent(made) {
		if described || !q.pending.isUnlike(made) {
			return made, nil, nil
		}
		if err := q.settle(); err != nil { // The client may just have asked what it is like.
			return nil, nil, err
		}
		return made, q.unlike(made), nil
	}
	if made.text == "" || v.world == nil {
		return nil, v.stale(fmt.Sprintf("prepared statement %q was made %s; prepare it again", made.name, v.otherwise())), nil
	}
	anew := &prepared{
		statement: q.rewrite(v, made.text, declaredTypes(made.types)...), name: made.name, text: made.text, types: made.types, by: made.by, rewriter: v.world.Rewriter,
	}
	if no := v.unfit(anew.template, anew.types); no != nil {
		return nil, no, nil
	}
	if anew.template.Refused != nil {
		return nil, anew.template.Refused, nil
	}
	if no := q.keepingTables(v, anew.statement); no != nil {
		return nil, no, nil
	}
	anew.stage()
	anew.shift = made.shift
	known := false
	anew.told, known = q.pending.toldOf(made)
	if err := q.remake(made, anew); err != nil {
		return nil, nil, err
	}
	if described || !known || made.rewriter == v.world.Rewriter && made.values.Plan().Shape == v.plan.Shape {
		return anew, nil, nil
	}
	return q.compared(anew)
}

// anyones says whether a statement is the same for all subjects of a session: it ends a transaction or changes the subject.
func (v *view) anyones(s statement) bool {
	said := s.said()
	return v.shared && said != nil && (said.Kind == rewrite.Transaction || said.Kind == rewrite.SwitchSubject)
}

// remake has the server parse a statement for another subject.
func (q *requests) remake(old, anew *prepared) error {
	if old.name != "" {
		if err := q.sendAbout('C', request{own: true, of: anew.statement, absent: old}, anew.name); err != nil {
			return err
		}
	}
	r := request{kind: 'P', own: true, name: anew.name, of: anew.statement, change: &version{name: anew.name, is: anew}}
	return q.sendSQL(r, []byte(anew.name), anew.types)
}

// compared asks the server whether the statement is for the client what it was: it may send and read values by what it was told.
func (q *requests) compared(anew *prepared) (*prepared, *rewrite.Refusal, error) {
	if err := q.sendAbout('D', request{own: true, target: 'S', of: anew.statement, describes: anew}, anew.name); err != nil {
		return nil, nil, err
	}
	if err := q.settle(); err != nil {
		return nil, nil, err
	}
	return anew, q.unlike(anew), nil
}

// sendAbout sends a Close or Describe of a statement in a message of our own.
func (q *requests) sendAbout(kind byte, r request, name string) error {
	r.kind = kind
	if !q.push(r) {
		return nil
	}
	return q.out.write(appendMessage(nil, kind, func(b []byte) []byte { return appendString(append(b, 'S'), name) }))
}

// unlike refuses to bind a statement that has become another one for the client.
func (q *requests) unlike(made *prepared) *rewrite.Refusal {
	if !q.pending.isUnlike(made) {
		return nil
	}
	r := refused(codeStale, stateUnsupported, "cached plan must not change result type")
	r.Hint = "The statement has other columns or parameters for this subject; prepare it again."
	return r
}

// toldOf is what the client was told of a statement, and whether it was told anything.
func (p *pending) toldOf(made *prepared) (told, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return made.told, made.told != told{}
}

// isAbsent says whether the server has a statement no more, because one was to take its place and could not.
func (p *pending) isAbsent(made *prepared) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return made.absent
}

// isUnlike says whether a statement is not what the client was told it is.
func (p *pending) isUnlike(made *prepared) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return made.differs
}

// tell notes how the server describes a statement: for the client, or to compare it with what the client was told.
func (p *pending) tell(r *request, heard told) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case r.describes != nil:
		of := r.describes
		of.differs = of.differs || heard.parameters != "" && of.told.parameters != "" && heard.parameters != of.told.parameters ||
			heard.row != "" && of.told.row != "" && heard.row != of.told.row
	case r.is != nil && r.target == 'S':
		r.is.differs = false
		if heard.parameters != "" {
			r.is.told.parameters = heard.parameters
		}
		if heard.row != "" {
			r.is.told.row = heard.row
		}
	}
}

// rowOf is what of a RowDescription a client relies on: names, types and modifiers of the columns.
func rowOf(body []byte) string {
	const column, typeAndModifier = 6, 10 // table and number; type, length and modifier
	if len(body) < 2 {
		return ""
	}
	row := append([]byte(nil), body[:2]...)
	at := 2
	for range binary.BigEndian.Uint16(body) {
		end := at
		for end < len(body) && body[end] != 0 {
			end++
		}
		if end+1+column+typeAndModifier+2 > len(body) {
			return ""
		}
		row = append(row, body[at:end+1]...)
		row = append(row, body[end+1+column:end+1+column+typeAndModifier]...)
		at = end + 1 + column + typeAndModifier + 2
	}
	return string(row)
}
