package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// level proves the conditions of a level whose items are all there.
func (p *fenceProver) level(where, having *pg.Node, keys []*pg.Node) error {
	exposed := p.frame.raises // to something that may fail and that no CASE of this level keeps back
	for _, on := range p.frame.ons {
		failing, err := p.on(on)
		if err != nil {
			return err
		}
		exposed = exposed || failing
	}
	if where != nil {
		for _, q := range conjunctNodes(where) {
			if err := p.waits(q, p.frame.items); err != nil {
				return err
			}
		}
	}
	if having != nil {
		for _, q := range conjunctNodes(having) {
			if p.mayFail(q) && !p.afterGrouping(q) {
				return p.error("a condition on groups may be moved before a guard")
			}
		}
	}
	for _, k := range keys {
		exposed = exposed || p.mayFail(k)
	}
	return p.bystanders(exposed)
}

// on proves the ON of a join. It says whether something in it may fail that concerns relations outside of the join.
func (p *fenceProver) on(on proofOn) (bool, error) {
	if on.quals == nil {
		return false, nil
	}
	inside := make([]*exposure, len(on.inside))
	for i := range on.inside {
		inside[i] = &on.inside[i]
		inside[i].nameless = inside[i].nameless || on.full
	}
	failing := false
	for _, q := range conjunctNodes(on.quals) {
		if p.isGuard(q) {
			continue
		}
		failing = failing || p.mayFail(q)
		if err := p.waits(q, inside); err != nil {
			return false, err
		}
	}
	for i, o := range p.frame.items {
		if failing && (i < on.from || i >= on.to) && o.late && o.condition != nil && !p.early[o.rv] {
			return true, nil
		}
	}
	return false, nil
}

// waits demands that a condition that may fail waits for the guards of what it may run over.
func (p *fenceProver) waits(q *pg.Node, items []*exposure) error {
	if p.isGuard(q) {
		return nil
	}
	c := q.GetCaseExpr()
	var have []*pg.Node
	if c != nil && len(c.Args) == 1 && c.Arg == nil && c.Defresult == nil {
		have = conjunctNodes(c.Args[0].GetCaseWhen().GetExpr())
	}
	for _, o := range items { // Guards that nobody demands are guards too.
		if len(have) > 0 && o.condition != nil && !o.nameless {
			_ = p.guardIn(have, o)
		}
	}
	if !p.mayFail(q) {
		return nil
	}
	reads := readsOf(q)
	unknown := reads.unknown(items)
	for _, o := range items {
		switch {
		case o.catalog && !o.aliased && !reads.reaches(o):
			continue
		case o.inner:
			return p.error("a condition that may fail is pushed into %s", o.name)
		case o.condition == nil || !o.late && !o.aliased && !reads.reaches(o) && (!unknown || !o.itself):
			continue
		case o.nameless:
			return p.error("a condition that may fail runs over %s", o.name)
		}
		if err := p.guardIn(have, o); err != nil {
			return err
		}
	}
	return nil
}

// guardIn demands that an item's guard is among the conditions that a CASE waits for, and notes those as what the plan says.
func (p *fenceProver) guardIn(have []*pg.Node, o *exposure) error {
	guard, err := p.rewriter.condition(o.condition, o.row)
	if err != nil {
		return err
	}
	want := conjunctNodes(guard)
	if o.padded {
		if o.relation == nil || o.relation.Kind != 'r' && o.relation.Kind != 'p' || len(o.relation.PrimaryKey) == 0 {
			return p.error("a condition that may fail runs over %s", o.name)
		}
		want = []*pg.Node{or(isNull(o.row(o.relation.PrimaryKey[0])), guard)}
	}
	for _, term := range want {
		found := false
		for _, n := range have {
			if sqltree.Equal(term, n) {
				p.guards[n] = true
				found = true
			}
		}
		if !found {
			return p.error("a condition that may fail does not wait for the guard of %s", o.name)
		}
	}
	return nil
}

// isGuard says whether a condition is a guard, or a CASE around one that keeps the planner from making a join of it.
func (p *prover) isGuard(q *pg.Node) bool {
	if p.guards[q] {
		return true
	}
	inner := unjoined(q)
	if inner == nil {
		return false
	}
	for _, n := range conjunctNodes(inner) {
		if !p.guards[n] {
			return false
		}
	}
	return true
}

// afterGrouping says whether a condition on groups has an aggregate, which keeps PostgreSQL from moving it.
func (p *fenceProver) afterGrouping(q *pg.Node) bool {
	return p.rewriter.leaks.aggregated([]*pg.Node{q})
}

// bystanders proves that what may fail elsewhere in a level does not run for rows that a late guard has yet to judge.
func (p *fenceProver) bystanders(exposed bool) error {
	for i, o := range p.frame.items {
		near := exposed
		lateral := false
		for j, other := range p.frame.items {
			near = near || i != j && other.raises
			lateral = lateral || other.lateral && other.raises
		}
		switch {
		case o.catalog:
			if o.inner && lateral {
				return p.error("a LATERAL query may fail for rows of %s", o.name)
			}
		case o.inner && (near || o.padded && !allSafe(o.columns)):
			return p.error("a query in FROM holds rows that something beside it may fail for: %s", o.name)
		case o.condition != nil && lateral && !o.target:
			return p.error("a LATERAL query may fail for rows of %s", o.name)
		case o.condition != nil && o.late && near && !p.early[o.rv]:
			return p.error("something may fail for rows of %s before a path was followed", o.name)
		}
	}
	return nil
}

func allSafe(columns []output) bool {
	for _, c := range columns {
		if !c.safe {
			return false
		}
	}
	return true
}

// unknown says whether a name is that of no column that the items are known to have. What stands itself may have it all the same.
func (r readNames) unknown(items []*exposure) bool {
	known := map[string]bool{}
	for _, o := range items {
		for _, c := range o.columns {
			known[c.name] = true
		}
	}
	for name := range r.columns {
		if !known[name] {
			return true
		}
	}
	return false
}

func (r readNames) reaches(o *exposure) bool {
	if r.any || r.qualifiers[o.name] || r.columns[o.name] || !o.complete {
		return true
	}
	for name := range r.columns {
		if isSystemColumn(name) {
			return true
		}
	}
	for _, c := range o.columns {
		if r.columns[c.name] {
			return true
		}
	}
	return false
}
