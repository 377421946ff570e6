package wire

import (
	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// maxKnown bounds the views that the session of a shared login remembers. One that comes back finds its prepared statements as they were.
const maxKnown = 64

// acting is what a shared login's session knows of those that it has acted as. The requests goroutine owns it.
type acting struct {
	known map[string]*view // by digest of the plan, of the world of the session's own view
	of    *World
	last  *view // of who
	who   *identity
	// turning says that something was sent that may change the subject, and that nobody has waited for it yet.
	turning bool
	kept    kept
	nobody  *rewrite.Values // of whoever is barred; see barred
}

// acts is the view of whoever the session acts as when the server gets to the next message. own is the login's.
func (q *requests) acts(own *view) (*view, error) {
	if q.acting.turning {
		if err := q.settle(); err != nil {
			return nil, err
		}
		q.acting.turning = false
	}
	to := q.pending.subject()
	if to == nil || own.world == nil {
		q.now = own
		return own, nil
	}
	v, err := q.actingAs(own, to)
	if err != nil {
		return nil, err
	}
	q.now = v
	return v, nil
}

// actingAs is the view of an identity. Where it holds no more, the view refuses everything but what leads back.
func (q *requests) actingAs(own *view, to *identity) (*view, error) {
	may := q.impersonation(own.world)
	if may == catalog.NoImpersonation || may == catalog.ImpersonateByToken && to.token == nil {
		return nil, &failure{state: stateAuthorization, message: "this login may not act as somebody else any more", hint: "Connect again."}
	}
	a := &q.acting
	if a.of != own.world {
		a.turnTo(own.world)
	}
	if a.who == to && a.last != nil && !a.last.over(q.config) {
		return a.last, nil
	}
	seen, bad := look(own.world, *to, q.config.Now(), q.mark)
	if bad == nil && own.world.Snapshot.Users[seen.plan.Subject.User].Unfiltered {
		bad = &failure{state: stateAuthorization, message: "the subject of this session is not filtered any more"}
	}
	if bad == nil && to.began != (plan.Subject{}) && seen.plan.Subject != to.began {
		bad = &failure{state: stateAuthorization, message: "the subject of this session is another one under the policy in force"}
	}
	if bad != nil {
		return q.barred(own, bad), nil
	}
	a.who, a.last = to, q.remembered(seen)
	return a.last, nil
}

// turnTo forgets what held under another world: everything, or where no more than people have changed, who is who.
func (a *acting) turnTo(w *World) {
	if a.of != nil && a.of.Rewriter == w.Rewriter {
		a.of, a.who, a.last = w, nil, nil
		return
	}
	*a = acting{known: map[string]*view{}, of: w, turning: a.turning, kept: a.kept}
}

// remembered is a view with the values of an earlier one of the same subject, where there was one: statements that were prepared for it are good still.
func (q *requests) remembered(seen view) *view {
	a := &q.acting
	digest := seen.plan.Digest()
	if before := a.known[digest]; before != nil && seen.plan.Same(before.plan) {
		seen.keep(*before)
		seen.shared = true
		a.known[digest] = &seen
		return &seen
	}
	seen.values, seen.shared = seen.values.Of(q.pid), true
	if len(a.known) >= maxKnown {
		clear(a.known)
	}
	a.known[digest] = &seen
	return &seen
}

// barred is the view of a subject that is none any more. What it lets pass is the same for all of them, and so are the values: what leads back is prepared,
// bound and executed by several messages.
func (q *requests) barred(own *view, why *failure) *view {
	q.acting.who, q.acting.last = nil, nil
	no := refused(codeNoSubject, why.state, why.message)
	no.Hint = "SET wherewall.token to a new one, or RESET it."
	if q.acting.nobody == nil || q.acting.nobody.Plan() != own.plan {
		q.acting.nobody = rewrite.NewValues(own.plan, q.mark).Of(q.pid)
	}
	return &view{world: own.world, who: own.who, plan: own.plan, values: q.acting.nobody, barred: no}
}

// leadsBack says whether a text may be said when there is no subject: it ends the transaction, changes the subject, or forgets.
func leadsBack(s statement) bool {
	if s.template.Refused != nil {
		return false
	}
	for i := range s.template.Statements {
		switch s.template.Statements[i].Kind { //nolint:exhaustive // what reads or writes rows does not
		case rewrite.Transaction, rewrite.SwitchSubject, rewrite.Set, rewrite.DiscardAll, rewrite.Discard, rewrite.Deallocate, rewrite.Close, rewrite.Empty:
		default:
			return false
		}
	}
	return true
}

// misjudged refuses a text in which a statement would run for another subject than it was judged by.
func (q *requests) misjudged(s statement) *rewrite.Refusal {
	if !q.shared() {
		return nil
	}
	moved, unsure := false, false
	for i := range s.template.Statements {
		said := &s.template.Statements[i]
		if moved && (said.Kind != rewrite.Transaction && !switches(said) || unsure && leans(said)) && q.pending.abroad() {
			r := refused(codeSetting, stateUnsupported, "nothing may follow the end of a transaction in the same message while the session acts as somebody else")
			r.Hint = "Send COMMIT, ROLLBACK and RESET ALL as messages of their own."
			return r
		}
		moved = moved || moves(said)
		unsure = !switches(said) && (unsure || moves(said))
	}
	return nil
}

// leans says whether a statement that sets the subject begins with the one in force: a tenant is of the user who is.
func leans(said *rewrite.Statement) bool {
	return switches(said) && len(said.Switches) > 0 && said.Switches[0].By == rewrite.SwitchByTenant
}

// share is what the session of a shared login notes its subjects in; nil for the session of any other.
func (v *view) share() *subjects {
	u := v.world.Snapshot.Users[v.plan.Subject.User]
	if u == nil || u.Impersonate == catalog.NoImpersonation {
		return nil
	}
	v.shared = true
	return &subjects{}
}
