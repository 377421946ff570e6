package wire

import (
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// subjects is who the session of a shared login acts as, kept as PostgreSQL keeps a setting (src/backend/utils/misc/guc.c): SET holds when the
// transaction commits, SET LOCAL until it ends, and an error or ROLLBACK TO brings back what was. nil stands for the login itself.
//
// It is moved on by the server's replies and by nothing else, so that it is what the server has at the point it has come to.
type subjects struct {
	holding
	committed  *identity
	savepoints []savepoint
	failed     bool   // the transaction is; it will be rolled back, as a whole or to a savepoint
	forgotten  uint64 // how often DISCARD ALL has come to its end
}

// holding is a setting inside a transaction.
type holding struct {
	now  *identity // in force
	kept *identity // in force after COMMIT
}

type savepoint struct {
	name string
	holding
}

// turn is one change of the subject that a statement asks for.
type turn struct {
	to    *identity
	as    plan.Subject // who that is, for the log
	local bool
	at    int // which statement of its text it is of
}

func (s *subjects) set(t turn) {
	s.now = t.to
	if !t.local {
		s.kept = t.to
	}
}

// end ends the transaction.
func (s *subjects) end(commit bool) {
	if commit {
		s.committed = s.kept
	}
	s.holding = holding{now: s.committed, kept: s.committed}
	s.savepoints, s.failed = nil, false
}

// ready takes note of the server's ReadyForQuery. A transaction that nobody began ends with the batch.
func (s *subjects) ready(status byte) {
	if status == 'I' {
		s.end(!s.failed)
	}
}

func (s *subjects) control(c rewrite.Control, name string) {
	switch c {
	case rewrite.NoControl, rewrite.Begin:
	case rewrite.Commit:
		s.end(!s.failed) // COMMIT of a failed transaction rolls it back.
	case rewrite.Rollback:
		s.end(false)
	case rewrite.Savepoint:
		s.savepoints = append(s.savepoints, savepoint{name: name, holding: s.holding})
	case rewrite.Release:
		if i := s.find(name); i >= 0 {
			s.savepoints = s.savepoints[:i]
		}
	case rewrite.RollbackTo:
		if i := s.find(name); i >= 0 {
			s.savepoints = s.savepoints[:i+1]
			s.holding, s.failed = s.savepoints[i].holding, false
		}
	default:
		s.end(false)
	}
}

// find is the newest savepoint of a name; -1 for none.
func (s *subjects) find(name string) int {
	for i := len(s.savepoints) - 1; i >= 0; i-- {
		if s.savepoints[i].name == name {
			return i
		}
	}
	return -1
}

// took takes note that the server has come to the end of a statement.
func (s *subjects) took(said *rewrite.Statement, turns []turn, at int) {
	switch said.Kind { //nolint:exhaustive // no other kind is about the subject or the transaction
	case rewrite.Transaction:
		s.control(said.Control, said.Name)
	case rewrite.DiscardAll:
		s.set(turn{})
		s.end(true) // PostgreSQL commits it at once, also in the midst of a batch.
		s.forgotten++
	case rewrite.Set, rewrite.SwitchSubject:
		if said.Kind == rewrite.Set && len(said.Switches) > 0 {
			s.set(turn{}) // RESET ALL
		}
		for _, t := range turns {
			if t.at == at {
				s.set(t)
			}
		}
	}
}

// moves says whether a statement may change the subject of those behind it.
func moves(said *rewrite.Statement) bool {
	switch said.Kind { //nolint:exhaustive // no other kind does
	case rewrite.Transaction:
		return said.Control != rewrite.Begin && said.Control != rewrite.Savepoint && said.Control != rewrite.Release
	case rewrite.DiscardAll, rewrite.SwitchSubject:
		return true
	default:
		return len(said.Switches) > 0
	}
}

// abroad says whether the session acts as somebody else than its login, or could without another SET.
func (s *subjects) abroad() bool {
	away := s.now != nil || s.kept != nil || s.committed != nil
	for _, p := range s.savepoints {
		away = away || p.now != nil || p.kept != nil
	}
	return away
}

// transactionFailed takes note of an error.
func (p *pending) transactionFailed() {
	if p.subjects == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.subjects.failed = true
}

// turned takes note of the end of a statement, and returns the last of its turns where that has changed who the session acts as.
func (p *pending) turned(said *rewrite.Statement, turns []turn, at int) (last turn, changed bool) {
	if p.subjects == nil {
		return turn{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.subjects.now
	p.subjects.took(said, turns, at)
	for _, t := range turns {
		if t.at == at {
			last = t
		}
	}
	return last, switches(said) && p.subjects.now != before
}

// subject is who the session acts as where the server has come to; nil for its login.
func (p *pending) subject() *identity {
	if p.subjects == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.subjects.now
}

func (p *pending) abroad() bool {
	if p.subjects == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.subjects.abroad()
}

// forgotten counts how often the session has forgotten all that it had gathered.
func (p *pending) forgotten() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.subjects.forgotten
}
