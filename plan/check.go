package plan

import (
	"maps"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
)

// Outcome is the answer of a check. The zero value denies.
type Outcome int

// The outcomes.
const (
	Denied  Outcome = iota
	Allowed         // PostgreSQL would say the same
	NeedsDB         // only the database can tell, or whoever knows more of the row
)

// String is the outcome's name in the API.
func (o Outcome) String() string {
	switch o {
	case Allowed:
		return "allowed"
	case NeedsDB:
		return "needs_db"
	case Denied:
		return "denied"
	default:
		return "denied"
	}
}

// Decision is what is known of whether a subject may do something. Needs, of NeedsDB, lists what is missing: columns and paths
// that the record has not, relations that only the database can follow, and in words what only it can compute.
type Decision struct {
	Outcome Outcome
	Needs   []string
}

func decide(v verdict) Decision {
	switch {
	case v.truth == isTRUE:
		return Decision{Outcome: Allowed}
	case v.truth&isTRUE == 0:
		return Decision{Outcome: Denied}
	default:
		return Decision{Outcome: NeedsDB, Needs: v.needs}
	}
}

// Check says whether a subject may do something to a row of which a record tells: for create the row as it would be, and
// otherwise the row as it is. Whoever updates or deletes a row must be able to read it. It never guesses.
func Check(p *Plan, action, entity string, record Record) Decision {
	e := p.entity(entity)
	if e == nil {
		return Decision{}
	}
	v := p.evaluator(e, record)
	switch a := catalog.Action(action); a {
	case catalog.Create:
		return decide(v.newRow(p.Rule(entity, a)))
	case catalog.Update, catalog.Delete:
		return decide(v.oldRow(p.Rule(entity, catalog.Read)).and(v.oldRow(p.Rule(entity, a))))
	default:
		return decide(v.oldRow(p.Rule(entity, a)))
	}
}

// CheckChange says whether a subject may set columns of a row: the row as it is may be read and updated, each of the columns may be
// set in it, and the row that comes of it may be written and seen.
func CheckChange(p *Plan, entity string, record, set Record) Decision {
	e := p.entity(entity)
	if e == nil {
		return Decision{}
	}
	read, update := p.Rule(entity, catalog.Read), p.Rule(entity, catalog.Update)
	old := p.evaluator(e, record)
	opened, ok := old.opened(update.Writable, set)
	if !ok {
		return Decision{}
	}
	result := old.oldRow(read).and(old.oldRow(update)).and(opened)
	changed := maps.Clone(record)
	if changed == nil {
		changed = Record{}
	}
	maps.Copy(changed, set)
	fresh := p.evaluator(e, forgetPaths(e, changed, set))
	opened, ok = fresh.opened(update.WritableTo, set)
	if !ok {
		return Decision{}
	}
	return decide(result.and(fresh.newRow(update)).and(opened).and(fresh.oldRow(read)))
}

// opened says whether all columns of a change may be set in the row at hand; ok is false where one may be set in none.
func (v *evaluator) opened(writable map[string]expr.Expr, set Record) (result verdict, ok bool) {
	result = verdict{truth: isTRUE}
	if writable == nil {
		return result, true
	}
	for _, column := range sortedKeys(set) {
		when, ok := writable[column]
		if !ok {
			return result, false
		}
		result = result.and(v.truth(when))
	}
	return result, true
}

// forgetPaths drops what a record knows of rows over relations whose keys change.
func forgetPaths(e *catalog.Entity, record, set Record) Record {
	for name, relation := range e.Relations {
		moved := false
		for _, pair := range relation.On {
			_, changes := set[pair.Ours]
			moved = moved || changes
		}
		for field := range record {
			if moved && len(field) > len(name) && field[:len(name)+1] == name+"." {
				delete(record, field)
			}
		}
	}
	return record
}

// CheckPermission says whether a subject could use a permission at all: whether any of its operations gives anything. It is for
// buttons: a row may still refuse.
func CheckPermission(p *Plan, permission string) bool {
	if p == nil || p.template == nil {
		return false
	}
	declared := p.Snapshot.Permissions[permission]
	if declared == nil {
		return false
	}
	b := p.builder()
	for i := range declared.Operations {
		o := operation{declared.Operations[i].Entity, declared.Operations[i].Action}
		for _, c := range b.covers(o) {
			if c.grant.Permission != permission {
				continue
			}
			of := oldRows
			if o.Action == catalog.Create {
				of = newRows
			}
			if _, _, ok := b.disjunct(o, c, of); ok {
				return true
			}
		}
	}
	return false
}

func (p *Plan) entity(name string) *catalog.Entity {
	if p == nil || p.template == nil {
		return nil
	}
	return p.Snapshot.Entities[name]
}

func (p *Plan) evaluator(e *catalog.Entity, record Record) *evaluator {
	return &evaluator{schema: p.Snapshot.Schema, me: p.me, relation: e.Relation, record: record}
}

func (v *evaluator) oldRow(r Rule) verdict { return v.under(r.Kind, r.Filter) }

func (v *evaluator) newRow(r Rule) verdict { return v.under(r.Kind, r.Check) }

func (v *evaluator) under(k Kind, condition expr.Expr) verdict {
	switch {
	case k == FullAccess:
		return verdict{truth: isTRUE}
	case k == Restricted && condition != nil:
		return v.truth(condition)
	default:
		return verdict{truth: isFALSE}
	}
}
