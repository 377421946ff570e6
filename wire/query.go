package wire

import (
	"bytes"
	"errors"

	"github.com/wherewall/wherewall/rewrite"
)

// query handles a simple Query.
func (q *requests) query(f frame) error {
	if f.size > q.config.MaxStatement {
		return q.instead(f, q.tooLong())
	}
	body, err := q.hold(f)
	noRoom := errors.Is(err, errNoMemory)
	if err != nil && !noRoom {
		return err
	}
	v, err := q.current()
	if err != nil {
		return err
	}
	if noRoom {
		return q.sendQuery(v.refusal(noMemory()))
	}
	b := bodyReader{rest: body}
	sql := string(b.text())
	if wrong := b.end(); wrong != "" {
		return q.sendQuery(v.refusal(refused(codeParse, stateProtocol, wrong)))
	}
	by, no, err := q.speaks(v, sql)
	if err != nil {
		return err
	}
	if no != nil {
		return q.sendQuery(v.refusal(no))
	}
	return q.sendText(by, q.rewriteFor(by))
}

// rewriteFor turns what a speaker says into what may be sent for it.
func (q *requests) rewriteFor(by speaker, declared ...uint32) statement {
	s := q.rewrite(by.view, by.sql, declared...)
	s.shift = by.shift
	if by.by != nil {
		if no := forOne(s); no != nil {
			return by.refusal(no)
		}
	}
	return s
}

// sendText sends a Query in the way that its statements need.
func (q *requests) sendText(by speaker, s statement) error {
	v := by.view
	if q.shared() && s.any(runsNamed) { // What it runs may not be answered yet.
		if err := q.settle(); err != nil {
			return err
		}
	}
	if no := q.keeping(v, s); no != nil {
		return q.sendQuery(v.refusal(no))
	}
	if by.by == nil {
		if no := q.misjudged(s); no != nil {
			return q.sendQuery(v.refusal(no))
		}
	}
	var turns []turn
	if s.any(switches) {
		all, no := q.turns(v, s, nil)
		if no != nil {
			return q.sendQuery(v.refusal(no))
		}
		turns = all
	}
	if s.any(names) {
		return q.sendNaming(v, s, turns...)
	}
	if s.any(loads) {
		return q.sendLoading(s, turns...)
	}
	return q.sendQuery(s, turns...)
}

// text takes the string out of a message that is nothing but one.
func text(body []byte) (string, bool) {
	end := bytes.IndexByte(body, 0)
	if end < 0 || end != len(body)-1 {
		return "", false
	}
	return string(body[:end]), true
}

func (q *requests) sendQuery(s statement, turns ...turn) error {
	return q.sendSQL(request{kind: 'Q', of: s, turns: turns}, nil, nil)
}

// functionCall handles a FunctionCall. It calls functions by OID, past every check that a text goes through.
func (q *requests) functionCall(f frame) error {
	return q.instead(f, refused(codeFunction, stateUnsupported, fastpathUnsupported))
}

// instead drops a message that is answered like a Query, and sends a refusal in its place.
func (q *requests) instead(f frame, r *rewrite.Refusal) error {
	if err := q.drop(f); err != nil {
		return err
	}
	v, err := q.current()
	if err != nil {
		return err
	}
	return q.sendQuery(v.refusal(r))
}
