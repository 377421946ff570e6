package plan

// fork is a place in the tree of questions that the rules of one role set ask of a subject. Making rules is deterministic: where the answers
// so far are the same, so is the next question, and where all of them are, so are the rules. A leaf has them.
type fork struct {
	ask   question
	next  map[string]*fork // by the answer
	rules *template        // of a leaf; nil otherwise
}

// find is the template of a subject to whom the tree's questions are answered; nil for none yet.
func (f *fork) find(a *answers) *template {
	for f != nil && f.next != nil {
		f = f.next[a.answer(f.ask)]
	}
	if f == nil {
		return nil
	}
	return f.rules
}

// grow adds a template behind what was asked for it. Where that departs from the tree, which would be a fault here, nothing is added and
// nothing shared.
func (f *fork) grow(path []exchange, t *template) bool {
	for _, e := range path {
		if f.next == nil {
			f.ask, f.next = e.question, map[string]*fork{}
		}
		if f.rules != nil || f.ask.text() != e.question.text() {
			return false
		}
		if f.next[e.answer] == nil {
			f.next[e.answer] = &fork{}
		}
		f = f.next[e.answer]
	}
	if f.next != nil {
		return false
	}
	f.rules = t
	return true
}

// conversation is what was asked while rules were made, each question once, in order.
type conversation struct {
	path []exchange
	seen map[string]bool
}

type exchange struct {
	question question
	answer   string
}

func (c *conversation) note(q question, answer string) {
	text := q.text()
	if c.seen[text] {
		return
	}
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	c.seen[text] = true
	c.path = append(c.path, exchange{q, answer})
}
