package plan

import (
	"slices"
	"strings"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// GrantExplanation is one grant that covers an action, and what it asks of a row. Vanished says why it gives nothing to anybody who is this
// subject; it has no conjuncts then.
type GrantExplanation struct {
	Name string // g1, g2 and so on, in the order of the grants
	Reason
	Vanished  string
	Conjuncts []Conjunct
}

// Conjunct is one thing that a grant asks of a row.
type Conjunct struct {
	Part  string // always, boundary, scope, resource, where or check
	Text  string // the condition, with the subject's values
	Truth string // TRUE, FALSE, NULL, or ? where only the database can tell; empty where no row was given
	Needs []string
	// Values are what the record has of the columns in the condition.
	Values Record

	// Term is the condition itself, with me left open: for who asks the database what it says of the row.
	Term  expr.Expr
	truth truth
}

// RowExplanation says why a row may or may not be touched.
type RowExplanation struct {
	Decision Decision // by this action's rule alone
	Grants   []GrantExplanation
	Nearest  int // the place in Grants of the one that fails least; -1 where none could ever hold
}

// ExplainRule lists the grants that a subject holds on an action and what each asks of a row. It is for whoever may see
// explanations.
func ExplainRule(p *Plan, action, entity string) []GrantExplanation {
	if p.entity(entity) == nil {
		return nil
	}
	b := p.builder()
	o := operation{entity, catalog.Action(action)}
	var all []GrantExplanation
	for _, c := range b.covers(o) {
		g := GrantExplanation{Reason: p.reason(c.reason())}
		if g.Vanished = b.vanishes(o, c); g.Vanished == "" {
			g.Conjuncts = b.conjuncts(o, c)
		}
		if !slices.ContainsFunc(all, g.same) {
			all = append(all, g)
		}
	}
	for i := range all {
		all[i].Name = reasonName(i)
	}
	return all
}

// same says whether an explanation says nothing new.
func (g GrantExplanation) same(other GrantExplanation) bool {
	return g.Reason == other.Reason && g.Vanished == other.Vanished && slices.EqualFunc(g.Conjuncts, other.Conjuncts, func(a, b Conjunct) bool {
		return a.Part == b.Part && a.Text == b.Text
	})
}

func (b *builder) vanishes(o operation, c cover) string {
	of := oldRows
	if o.Action == catalog.Create {
		of = newRows
	}
	_, why, ok := b.disjunct(o, c, of)
	switch {
	case ok:
		return ""
	case why == "":
		return "the session has no tenant"
	default:
		return why
	}
}

// conjuncts are what a grant asks of a row: of the new one for create, else of the old one.
func (b *builder) conjuncts(o operation, c cover) []Conjunct {
	of, where := oldRows, "where"
	if o.Action == catalog.Create {
		of, where = newRows, "check"
	}
	made, why := b.condition(o, c, of)
	if why != "" {
		return nil
	}
	var list []Conjunct
	add := func(part string, e expr.Expr) {
		if e == nil || isTrue(e) {
			return
		}
		terms := []expr.Expr{e}
		if and, ok := e.(expr.And); ok {
			terms = and.Terms
		}
		for _, t := range terms {
			list = append(list, Conjunct{Part: part, Text: speller{b.subject.me}.spell(t, looseOr), Term: t})
		}
	}
	add("always", made.Always)
	add("boundary", made.Boundary)
	add("scope", made.Scope)
	add("resource", made.Resource)
	add(where, made.Where)
	return list
}

// ExplainRow says, for each grant that a subject holds on an action, which of its conjuncts a row satisfies. It tells what is in the
// row, so it is for administrators.
func ExplainRow(p *Plan, action, entity string, record Record) RowExplanation {
	e := p.entity(entity)
	if e == nil {
		return RowExplanation{Nearest: -1}
	}
	explained := RowExplanation{Grants: ExplainRule(p, action, entity), Nearest: -1}
	v := p.evaluator(e, record)
	rule := p.Rule(entity, catalog.Action(action))
	if catalog.Action(action) == catalog.Create {
		explained.Decision = decide(v.newRow(rule))
	} else {
		explained.Decision = decide(v.oldRow(rule))
	}
	least := 0
	for i := range explained.Grants {
		g := &explained.Grants[i]
		if g.Vanished != "" {
			continue
		}
		failing := 0
		for j := range g.Conjuncts {
			c := &g.Conjuncts[j]
			found := v.truth(c.Term)
			c.truth, c.Truth, c.Needs, c.Values = found.truth, found.truth.String(), found.needs, v.valuesIn(c.Term)
			if c.truth != isTRUE {
				failing++
			}
		}
		if explained.Nearest < 0 || failing < least {
			explained.Nearest, least = i, failing
		}
	}
	return explained
}

// valuesIn are what the record has of the columns in a term.
func (v *evaluator) valuesIn(e expr.Expr) Record {
	values := Record{}
	expr.Walk(e, func(x expr.Expr) {
		if c, ok := x.(expr.Column); ok && c.Up == 0 {
			name := columnPath(c)
			if value, has := v.record[name]; has {
				values[name] = value
			}
		}
	})
	return values
}

// String is one line: `g2 view_tasks (editor via marketing): boundary org = 'acme' TRUE, resource project_id IN (2, 4) FALSE`.
func (g GrantExplanation) String() string {
	var b strings.Builder
	b.WriteString(g.Name + " " + g.Permission + " (" + g.Role)
	if g.Group != "" {
		b.WriteString(" via " + g.Group)
	}
	b.WriteString("): ")
	if g.Vanished != "" {
		return b.String() + "gives nothing: " + g.Vanished
	}
	if len(g.Conjuncts) == 0 {
		return b.String() + "every row"
	}
	for i, c := range g.Conjuncts {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.String())
	}
	return b.String()
}

// String is the part, the condition, the row's values where the condition does not show them, and how it comes out.
func (c Conjunct) String() string {
	words := []string{c.Part, c.Text}
	var values []string
	for _, name := range sortedKeys(c.Values) {
		value := "NULL"
		if !c.Values[name].Null {
			value = c.Values[name].Text
		}
		values = append(values, name+"="+value)
	}
	if len(values) > 0 {
		words = append(words, "["+strings.Join(values, ", ")+"]")
	}
	if c.Truth != "" {
		words = append(words, c.Truth)
	}
	return strings.Join(words, " ")
}
