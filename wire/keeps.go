package wire

import (
	"fmt"
	"maps"
	"slices"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/rewrite"
)

// kept is whose things the session of a shared login holds, as far as they outlive a subject. A subject finds nothing there that another one left.
type kept struct {
	tables  string // whose temporary tables there may be, see whose; empty for nobody's
	numbers string // who has drawn numbers from sequences; empty for nobody
	mixed   bool   // more than one has
	since   uint64 // of pending.forgotten: DISCARD ALL ends all of it
}

// keeping says why a statement may not be said in the session of a shared login because of what outlives a subject; nil where it may.
func (q *requests) keeping(v *view, s statement) *rewrite.Refusal {
	if !q.shared() || v.plan == nil || s.template.Refused != nil {
		return nil
	}
	k := &q.acting.kept
	if now := q.pending.forgotten(); now != k.since {
		*k = kept{since: now}
	}
	for i := range s.template.Statements {
		said := &s.template.Statements[i]
		all := said.Keeps
		if target := q.pending.target(said); target != nil && target.is != nil && target.is.said() != nil {
			all |= target.is.said().Keeps
		}
		if said.Kind == rewrite.Define {
			all |= rewrite.KeepsTables
		}
		if draws(said) {
			all |= rewrite.DrawsNumbers
		}
		if all == 0 && said.Kind != rewrite.Listen {
			continue
		}
		who := v.whose()
		if no := k.judge(who, all); no != nil {
			return no
		}
		if who != q.view.whose() {
			if no := ownOnly(said, all); no != nil {
				return no
			}
		}
	}
	return nil
}

// keepingTables is keeping for what is only prepared: the server would tell what columns a temporary table has.
func (q *requests) keepingTables(v *view, s statement) *rewrite.Refusal {
	if !s.any(func(said *rewrite.Statement) bool { return said.Keeps&rewrite.KeepsTables != 0 }) {
		return nil
	}
	return q.keeping(v, s)
}

// judge notes what a subject is about to leave, and refuses what another one has left.
func (k *kept) judge(who string, all rewrite.Keeps) *rewrite.Refusal {
	if all&rewrite.KeepsTables != 0 {
		if k.tables != "" && k.tables != who {
			return left("this session has temporary tables of another subject")
		}
		k.tables = who
	}
	if all&rewrite.DrawsNumbers != 0 {
		k.mixed = k.mixed || k.numbers != "" && k.numbers != who
		k.numbers = who
	}
	if all&rewrite.KeepsNumbers != 0 && (k.mixed || k.numbers != "" && k.numbers != who) {
		r := left("the last values of sequences in this session are another subject's")
		r.Hint = "Use INSERT ... RETURNING, or DISCARD ALL before the next subject's statements."
		return r
	}
	return nil
}

// whose names the subject of a view, with the attributes that a token brought: the same person with others is somebody else. It is never empty.
func (v *view) whose() string {
	if v.name != "" {
		return v.name
	}
	subject := v.plan.Subject
	name := fmt.Sprintf("%q in %q", subject.User, subject.Tenant)
	if v.who.token != nil {
		for _, attribute := range slices.Sorted(maps.Keys(v.who.token.Attributes)) {
			claim := v.who.token.Attributes[attribute]
			name += fmt.Sprintf(" %q %d %q", attribute, claim.Kind, claim.Texts)
		}
	}
	v.name = name
	return name
}

func left(message string) *rewrite.Refusal {
	r := refused(codeStatement, stateNotReady, message)
	r.Hint = "DISCARD ALL ends them; so does a connection for each subject."
	return r
}

// ownOnly refuses to somebody whom a shared login acts as what would outlive him: the login itself may.
func ownOnly(said *rewrite.Statement, all rewrite.Keeps) *rewrite.Refusal {
	what := ""
	switch {
	case all&rewrite.KeepsLocks != 0:
		what = "advisory locks of the session are"
	case said.Kind == rewrite.Listen:
		what = "LISTEN is"
	default:
		return nil
	}
	r := refused(codeStatement, stateUnsupported, what+" not for a subject that the session only acts as")
	r.Hint = "Lock with pg_advisory_xact_lock(), which ends with the transaction; listen in a session of its own."
	return r
}

// draws says whether a statement may take a number from a sequence, as defaults of new rows do.
func draws(said *rewrite.Statement) bool {
	switch said.Kind { //nolint:exhaustive // the others write no rows but by their uses
	case rewrite.Insert, rewrite.Update, rewrite.Merge, rewrite.CopyIn, rewrite.CopyPrepare, rewrite.CopyFill, rewrite.CopyStore, rewrite.Execute:
		return true
	}
	for _, u := range said.Uses {
		if u.Action != catalog.Read {
			return true
		}
	}
	return said.Body != nil && draws(said.Body)
}
