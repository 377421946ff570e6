package plan

import (
	"slices"

	"github.com/wherewall/wherewall/catalog"
)

// builder makes rules for a subject's grants and values.
type builder struct {
	snapshot *catalog.Snapshot
	held     []held
	subject  *answers
	// told gets what is to be said of grants that give nothing; nil for nobody to tell.
	told func(Diagnostic)
}

func (b *builder) tell(o operation, c cover, message string) {
	if b.told != nil && message != "" {
		b.told(Diagnostic{c.reason(), o.Entity, o.Action, message})
	}
}

// covers are the operations that the held grants give on an entity and action, in the order of the grants.
func (b *builder) covers(o operation) []cover {
	var found []cover
	if b.snapshot.Entities[o.Entity] == nil {
		return nil
	}
	for _, h := range b.held {
		permission := b.snapshot.Permissions[h.grant.Permission]
		if permission == nil {
			continue
		}
		for i := range permission.Operations {
			if given := &permission.Operations[i]; given.Entity == o.Entity && given.Action == o.Action {
				found = append(found, cover{h, given})
			}
		}
	}
	return found
}

// allowing is what the grants behind a rule say of old and of new rows; the lists run in parallel.
type allowing struct {
	old, new []disjunct
	why      []Reason
}

// allowing leaves out the grants that give nothing. For Create there are no old rows, for Update there are both, and otherwise no
// new ones.
func (b *builder) allowing(o operation) allowing {
	var a allowing
	for _, c := range b.covers(o) {
		var old, fresh disjunct
		why, ok := "", true
		if o.Action != catalog.Create {
			old, why, ok = b.disjunct(o, c, oldRows)
		}
		if ok && (o.Action == catalog.Create || o.Action == catalog.Update) {
			fresh, why, ok = b.disjunct(o, c, newRows)
		}
		if !ok {
			b.tell(o, c, why)
			continue
		}
		reason := slices.Index(a.why, c.reason())
		if reason < 0 {
			reason = len(a.why)
			a.why = append(a.why, c.reason())
		}
		old.why, fresh.why = reason, reason
		a.old, a.new = append(a.old, old), append(a.new, fresh)
	}
	return a
}

// rule is the formula of Allowed for one entity and action.
func (b *builder) rule(o operation) Rule {
	a := b.allowing(o)
	if len(a.why) == 0 {
		return Rule{}
	}
	r := Rule{Kind: Restricted, Why: a.why}
	full, some := true, true
	if o.Action != catalog.Create {
		r.Filter, r.filterWhy, some = anyOf(a.old)
		full = isTrue(r.Filter)
	}
	if o.Action == catalog.Create || o.Action == catalog.Update {
		var writable bool
		r.Check, r.checkWhy, writable = anyOf(a.new)
		full, some = full && isTrue(r.Check), some && writable
	}
	if !some {
		return Rule{}
	}
	if full {
		r.Kind, r.Filter = FullAccess, nil
	}
	b.columns(o, a, &r)
	return r
}

// Diagnostics are the grants that the subject holds and that give nothing, for whoever may see explanations, and not for the
// session's user. They are in the order of the grants.
func (p *Plan) Diagnostics() []Diagnostic {
	if p == nil || p.template == nil {
		return nil
	}
	var all []Diagnostic
	seen := map[operation]bool{}
	b := p.builder()
	b.told = func(d Diagnostic) {
		d.Reason = p.reason(d.Reason)
		if !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	for _, h := range b.held {
		permission := b.snapshot.Permissions[h.grant.Permission]
		if permission == nil {
			continue
		}
		for _, given := range permission.Operations {
			if o := (operation{given.Entity, given.Action}); !seen[o] {
				seen[o] = true
				b.rule(o)
			}
		}
	}
	return all
}

// builder makes rules with this very subject's values.
func (p *Plan) builder() *builder {
	return &builder{snapshot: p.Snapshot, held: p.template.held, subject: &answers{schema: p.Snapshot.Schema, me: p.me}}
}
