package wire

import (
	"github.com/wherewall/wherewall/rewrite"
)

// speaker is for whom a text is to be judged: the session's subject, or that of a token in a comment.
type speaker struct {
	*view
	sql   string
	shift int       // by how many characters sql begins later in the client's text
	by    *identity // of the comment; nil for none
}

// speaks takes the token off a text.
func (q *requests) speaks(v *view, sql string) (speaker, *rewrite.Refusal, error) {
	plain := speaker{view: v, sql: sql}
	c, found, no := rewrite.TakeToken(sql)
	switch {
	case !found:
		return plain, nil, nil
	case no != nil:
		return plain, no, nil
	case !q.shared():
		return plain, notShared(), nil
	case v.world == nil:
		return plain, unavailable(), nil
	}
	own, err := q.own()
	if err != nil {
		return plain, nil, err
	}
	t, no := q.turn(own.world, nil, rewrite.Switch{By: rewrite.SwitchByToken, Value: c.Token})
	if no != nil {
		return plain, no, nil
	}
	v, err = q.actingAs(own, t)
	return speaker{view: v, sql: c.SQL, shift: c.Shift, by: t}, nil, err
}

// viewBy is the view that a statement is judged by which was prepared with a token in a comment; without one, the session's.
func (q *requests) viewBy(by *identity) (*view, error) {
	v, err := q.current()
	if err != nil || by == nil {
		return v, err
	}
	own, err := q.own()
	if err != nil || own.world == nil {
		return own, err
	}
	return q.actingAs(own, by)
}

// forOne says why a statement may not be said for the one whose token stands in its comment; nil where it may. What it leaves in the session would be
// found by others.
func forOne(s statement) *rewrite.Refusal {
	if s.template.Refused != nil {
		return nil
	}
	for i := range s.template.Statements {
		said := &s.template.Statements[i]
		fit := said.Kind.IsQuery() || said.Kind == rewrite.Explain && said.Body != nil
		switch said.Kind { //nolint:exhaustive // the others stay with the session
		case rewrite.Copy, rewrite.CopyIn, rewrite.CopyPrepare, rewrite.CopyFill, rewrite.CopyStore, rewrite.CopyEnd,
			rewrite.Transaction, rewrite.Set, rewrite.Show, rewrite.Empty, rewrite.Lock, rewrite.Notify:
			fit = true
		}
		if !fit || said.Keeps&rewrite.KeepsTables != 0 {
			r := refused(codeStatement, stateUnsupported, "this statement cannot be said with a token in a comment")
			r.Hint = "What it makes stays with the session. SET LOCAL wherewall.token in the transaction instead."
			return r
		}
	}
	return nil
}
