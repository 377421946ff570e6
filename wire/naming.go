package wire

import (
	"fmt"

	"github.com/wherewall/wherewall/rewrite"
)

// Statements of SQL and messages of the protocol share one namespace of prepared statements and one of portals. A text that makes, uses or
// ends names is sent when the server has answered everything before it, so that both registries are what the server has; what it does to
// them is noted when the server says that it is done, and the next message that needs a name waits for that.

// names says whether a statement makes, uses or ends prepared statements or portals by name.
func names(s *rewrite.Statement) bool {
	if s == nil {
		return false
	}
	switch s.Kind { //nolint:exhaustive // no other kind is about names
	case rewrite.Prepare, rewrite.Deallocate, rewrite.Declare, rewrite.Close, rewrite.DiscardAll:
		return true
	default:
		return runsNamed(s)
	}
}

// runsNamed says whether a statement runs, or explains, what stands under a name.
func runsNamed(s *rewrite.Statement) bool {
	if s == nil {
		return false
	}
	explained := s.Kind == rewrite.Explain && s.Body == nil
	return explained || s.Kind == rewrite.Execute || s.Kind == rewrite.Fetch || s.Kind == rewrite.Move
}

// any says whether one of a text's statements is of a sort; of a refused text, none is.
func (s statement) any(is func(*rewrite.Statement) bool) bool {
	if s.template.Refused != nil {
		return false
	}
	for i := range s.template.Statements {
		if is(&s.template.Statements[i]) {
			return true
		}
	}
	return false
}

// ofPortals says whether the name of a statement is a portal's.
func ofPortals(s *rewrite.Statement) bool {
	return s.Kind == rewrite.Fetch || s.Kind == rewrite.Move || s.Kind == rewrite.Declare || s.Kind == rewrite.Close
}

// target is what a statement runs by name, as far as the server has answered; nil for what it does not know.
func (p *pending) target(s *rewrite.Statement) *version {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.targetOf(s)
}

func (p *pending) targetOf(s *rewrite.Statement) *version {
	if !runsNamed(s) {
		return nil
	}
	return p.registry(ofPortals(s)).confirmed(s.Name)
}

// took notes what a statement has done to names, now that the server reports its end. It does not end the portal that it runs in.
func (p *pending) took(s statement, portal string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	said := s.said()
	made := &prepared{statement: s, name: said.Name}
	made.body = true
	switch said.Kind { //nolint:exhaustive // no other kind changes a name
	case rewrite.Prepare:
		p.names.put(&version{name: said.Name, is: made})
	case rewrite.Declare:
		p.portals.put(&version{name: said.Name, portal: true, is: made, hold: said.Hold})
	case rewrite.Deallocate:
		p.names.end(said.Name, "")
	case rewrite.Close:
		p.portals.end(said.Name, portal)
	case rewrite.DiscardAll:
		p.names.end("", "")
		p.portals.end("", portal)
	}
}

// put makes v what its name stands for now.
func (r *registry) put(v *version) {
	v.confirmed = true
	if r.confirmed(v.name) != nil {
		r.remove(v.name, 0, 1)
	}
	r.versions[v.name] = append([]*version{v}, r.versions[v.name]...)
	r.weight += v.is.weight()
}

// end makes a name stand for nothing; an empty one is every name but one.
func (r *registry) end(name, but string) {
	for each := range r.versions {
		if (name != "" && name == each || name == "" && each != but) && r.confirmed(each) != nil {
			r.remove(each, 0, 1)
		}
	}
}

// settle waits until the server has answered everything, so that what each name stands for is certain.
func (q *requests) settle() error {
	q.unsettled = false
	if !q.pending.busy() {
		return nil
	}
	if err := q.demandReplies(); err != nil {
		return err
	}
	q.wait()
	defer q.waited()
	q.pending.empty()
	return nil
}

// settled waits for a text that has changed names.
func (q *requests) settled() error {
	if !q.unsettled {
		return nil
	}
	return q.settle()
}

// sendNaming sends a Query with statements that are about names.
func (q *requests) sendNaming(v *view, s statement, turns ...turn) error {
	if err := q.settle(); err != nil {
		return err
	}
	no := q.judgeText(v, s)
	if no == nil {
		no = q.roomFor(s)
	}
	if no != nil {
		return q.sendQuery(v.refusal(no))
	}
	q.unsettled = true
	if s.any(loads) {
		return q.sendLoading(s, turns...)
	}
	return q.sendQuery(s, turns...)
}

// judgeText says why a text may not use the names that it uses; nil where it may. What the text itself has made under a name, or ended, is
// judged with the text.
func (q *requests) judgeText(v *view, s statement) *rewrite.Refusal {
	own := map[bool]map[string]bool{false: {}, true: {}}
	all := map[bool]bool{}
	for i := range s.template.Statements {
		said := &s.template.Statements[i]
		portals := ofPortals(said)
		switch {
		case runsNamed(said):
			if all[portals] || own[portals][said.Name] {
				continue
			}
			if no := v.mayRun(said, q.pending.target(said)); no != nil {
				return no
			}
		case said.Kind == rewrite.DiscardAll:
			all[false], all[true] = true, true
		case names(said) && said.Name == "":
			all[portals] = true
		case names(said):
			own[portals][said.Name] = true
		}
	}
	return nil
}

// mayRun says why a statement may not run what it names; nil where it may. What nobody knows, the server does not know either, and says so.
func (v *view) mayRun(s *rewrite.Statement, target *version) *rewrite.Refusal {
	if target == nil || target.is == nil {
		return nil
	}
	if !v.made(target.is.statement) {
		return v.staleName(s)
	}
	of := target.is.said()
	switch {
	case of != nil && of.Kind == rewrite.Copy && s.Kind == rewrite.Execute:
		return nil
	case target.through != nil || of == nil || !of.Kind.IsQuery():
		r := refused(codeStatement, stateUnsupported, fmt.Sprintf("what %q stands for cannot be run by name in SQL", s.Name))
		r.Hint = "Only SELECT, INSERT, UPDATE, DELETE and MERGE can; send the others as they are."
		return r
	case ofPortals(s) && of.Hidden == rewrite.HiddenRows:
		return refused(codeStatement, stateNotReady, fmt.Sprintf("portal %q cannot be run", s.Name))
	default:
		return nil
	}
}

// made says whether a statement was made under this very view.
func (v *view) made(s statement) bool { return v.world != nil && s.values == v.values }

// staleName refuses to run what was made under another view than v.
func (v *view) staleName(s *rewrite.Statement) *rewrite.Refusal {
	if !ofPortals(s) {
		return v.stale(fmt.Sprintf("prepared statement %q was made %s; prepare it again", s.Name, v.otherwise()))
	}
	r := v.stale(fmt.Sprintf("cursor %q was opened %s; open it again", s.Name, v.otherwise()))
	if r.Code == codeStale {
		r.SQLState = stateNoCursor
	}
	return r
}

// roomFor says whether a session may have what a text makes under names.
func (q *requests) roomFor(s statement) *rewrite.Refusal {
	made, portals := 0, false
	for i := range s.template.Statements {
		switch s.template.Statements[i].Kind { //nolint:exhaustive // no other kind makes one
		case rewrite.Declare:
			portals = true
			made++
		case rewrite.Prepare:
			made++
		}
	}
	if made > 0 && q.full(portals, made*(&prepared{statement: s}).weight()) {
		return refused(codeComplex, stateLimit, "too many prepared statements and cursors are kept")
	}
	return nil
}

// otherwise is how what was made under another view than v was made.
func (v *view) otherwise() string {
	if v.shared {
		return "for another subject or under an older policy"
	}
	return "under an older policy"
}
