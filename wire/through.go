package wire

import (
	"fmt"

	"github.com/wherewall/wherewall/rewrite"
)

// through finds what a statement that is about to be bound runs by name; nil for none. The refusal says why it may not.
func (q *requests) through(v *view, s *rewrite.Statement) (*prepared, *rewrite.Refusal, error) {
	if !runsNamed(s) {
		return nil, nil, nil
	}
	if err := q.settle(); err != nil {
		return nil, nil, err
	}
	target := q.pending.target(s)
	if no := v.mayRun(s, target); no != nil || target == nil {
		return nil, no, nil
	}
	return target.is, nil, nil
}

// mayExecute judges a portal whose statement is about names before the server runs it. When it has run once, the server has its rows, and
// does not look at the name again.
func (q *requests) mayExecute(v *view, bound known) (*rewrite.Refusal, error) {
	said := bound.said()
	if !names(said) || bound.ran {
		return nil, nil
	}
	is, no, err := q.through(v, said)
	if no != nil || err != nil {
		return no, err
	}
	if err := q.settle(); err != nil {
		return nil, err
	}
	if is != bound.version.through {
		return refused(codeStatement, stateNotReady, fmt.Sprintf("%q stands for something else than when the portal was bound", said.Name)), nil
	}
	if no := q.roomFor(bound.statement); no != nil {
		return no, nil
	}
	q.unsettled = true
	return nil, nil
}

// hidden is what must be taken out of a portal's replies.
func (v *version) hidden() rewrite.Hidden {
	switch {
	case v == nil || v.is == nil:
		return rewrite.HiddenNothing
	case v.through == nil:
		return v.is.hidden()
	case v.is.said().Kind == rewrite.Explain:
		return rewrite.HiddenPlan
	default:
		return v.through.hidden()
	}
}
