package plan

import (
	"fmt"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// answers is all that a builder learns of a subject's values. The form of rules depends on nothing else of the subject than what is answered
// here, so that two subjects to whom the same answers are given have the same rules.
type answers struct {
	schema *catalog.Schema
	me     map[string]catalog.Attribute
	// asked gets each question and its answer; nil for nobody.
	asked func(question, string)
}

// question is one that a builder asks.
type question struct {
	kind questionKind
	me   expr.Me   // for lacksValue and isEmptyList
	term expr.Expr // for truthOfTerm
}

func (q question) text() string {
	var subject expr.Expr
	switch q.kind {
	case hasTenant:
	case lacksValue, isEmptyList:
		subject = q.me
	case truthOfTerm:
		subject = q.term
	}
	return string([]byte{'0' + byte(q.kind)}) + expr.Text(subject)
}

type questionKind byte

const (
	hasTenant   questionKind = iota
	lacksValue               // is there no value that fits?
	isEmptyList              // does a list have no elements?
	truthOfTerm              // what is a condition that looks at no row?
)

// acting says whether the session has a tenant.
func (a *answers) acting() bool {
	return a.ask(question{kind: hasTenant}) == yes
}

// lacks says why a slot has no value that fits; empty where it has one.
func (a *answers) lacks(me expr.Me) string {
	if a.ask(question{kind: lacksValue, me: me}) != yes {
		return ""
	}
	return a.unfit(me)
}

// emptyList says whether a slot's value is a list without elements.
func (a *answers) emptyList(me expr.Me) bool {
	return a.ask(question{kind: isEmptyList, me: me}) == yes
}

// truth is what a condition over the subject and constants alone comes to.
func (a *answers) truth(term expr.Expr) truth {
	return truth(a.ask(question{kind: truthOfTerm, term: term})[0])
}

const (
	yes = "yes"
	no  = "no"
)

func (a *answers) ask(q question) string {
	answer := a.answer(q)
	if a.asked != nil {
		a.asked(q, answer)
	}
	return answer
}

func (a *answers) answer(q question) string {
	said := false
	switch q.kind {
	case hasTenant:
		_, said = a.me[meTenant]
	case lacksValue:
		said = a.unfit(q.me) != ""
	case isEmptyList:
		v, has := a.me[q.me.Name]
		said = has && q.me.Type.Array && v.Type.Array && len(v.List) == 0
	case truthOfTerm:
		v := evaluator{schema: a.schema, me: a.me}
		return string([]byte{byte(v.truth(q.term).truth)})
	}
	if said {
		return yes
	}
	return no
}

func (a *answers) unfit(me expr.Me) string {
	value, has := a.me[me.Name]
	switch {
	case !has:
		return fmt.Sprintf("the user has no attribute %s", me.Name)
	case value.Type.Array != me.Type.Array:
		return fmt.Sprintf("the attribute %s is not what the condition expects", me.Name)
	}
	if err := reads(a.schema, me, value); err != nil {
		return fmt.Sprintf("the attribute %s cannot be compared: %s", me.Name, err)
	}
	return ""
}
