package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
)

// columnOf finds the column that a reference means, in the tree that the server will read.
func (p *fenceProver) columnOf(ref *pg.ColumnRef) known {
	parts := strs(ref.Fields)
	last := parts[len(parts)-1]
	if last == "" {
		return known{}
	}
	for f := p.frame; f != nil; f = f.outer {
		if len(parts) == 1 {
			if k, found := f.column(last); found {
				return k
			}
			continue
		}
		for _, o := range f.items {
			if o.name == parts[len(parts)-2] {
				return o.column(last)
			}
		}
	}
	return known{}
}

func (f *frame) column(name string) (known, bool) {
	if f.blind {
		return known{}, true
	}
	if k, found := find(f.items, name); found {
		return k, true
	}
	if len(f.items) > 0 {
		return systemColumn(name)
	}
	return known{}, false
}

func (o *exposure) column(name string) known {
	if k, found := find([]*exposure{o}, name); found {
		return k
	}
	k, _ := systemColumn(name)
	return k
}

func (p *fenceProver) parameterOf(number int32) known { return p.parameters[number].known() }

func (p *fenceProver) queryOf(s *pg.SelectStmt) summary {
	if sum, ok := p.summaries[s]; ok {
		return sum
	}
	return unknownQuery()
}

// gives is what is known of a query's outputs.
func (p *fenceProver) gives(s *pg.SelectStmt, keys []*pg.Node) summary {
	sum := summary{ordered: true, named: true}
	for _, r := range s.ValuesLists {
		for at, n := range r.GetList().GetItems() {
			k := p.infer().common([]*pg.Node{n})
			k.fixed = false
			if at >= len(sum.outputs) {
				sum.outputs = append(sum.outputs, output{"column" + itoa(int32(at+1)), k}) //nolint:gosec // a statement has few columns
			} else if sum.outputs[at].known != k {
				sum.outputs[at].known = known{}
			}
			sum.raises = sum.raises || !k.safe
		}
	}
	for _, n := range s.TargetList {
		t := n.GetResTarget()
		if isStar(n) {
			sum.ordered = false
			p.starGives(t.Val.GetColumnRef(), &sum)
			continue
		}
		k := p.infer().node(t.GetVal())
		sum.raises = sum.raises || !k.safe
		k.safe = k.safe || p.rewriter.leaks.aggregated([]*pg.Node{t.GetVal()})
		k.fixed = false
		sum.outputs = append(sum.outputs, output{outputName(t), decided(k)})
	}
	for _, o := range sum.outputs {
		sum.leaks = sum.leaks || !o.safe
	}
	p.contents(s, keys, &sum)
	return sum
}

// contents notes what stands in a query beside its outputs.
func (p *fenceProver) contents(s *pg.SelectStmt, keys []*pg.Node, sum *summary) {
	sum.raises = sum.raises || p.frame.raises || p.fails(s.WhereClause) || p.fails(s.HavingClause) || limitFails(s.LimitCount) || limitFails(s.LimitOffset)
	for _, k := range keys {
		sum.raises = sum.raises || p.mayFail(k)
	}
	for _, on := range p.frame.ons {
		sum.raises = sum.raises || p.fails(on.quals)
	}
	for _, o := range p.frame.items {
		sum.raises = sum.raises || o.raises
		sum.guarded = sum.guarded || o.inner || o.condition != nil
	}
	sum.single = len(s.GroupClause) == 0 && len(s.ValuesLists) == 0 &&
		(p.rewriter.leaks.aggregated(s.TargetList) || s.LimitCount.GetAConst().GetIval().GetIval() == 1 && s.LimitOption == pg.LimitOption_LIMIT_OPTION_COUNT)
}

// fails says whether a condition of the client's may fail. What it waits for in a CASE is ours.
func (p *fenceProver) fails(quals *pg.Node) bool {
	if quals == nil {
		return false
	}
	for _, q := range conjunctNodes(quals) {
		if !p.isGuard(q) && p.mayFail(q) {
			return true
		}
	}
	return false
}

func (p *fenceProver) starGives(ref *pg.ColumnRef, sum *summary) {
	parts := strs(ref.GetFields())
	for _, o := range p.frame.items {
		if len(parts) > 1 && parts[len(parts)-2] != o.name {
			continue
		}
		sum.named = sum.named && o.complete
		sum.outputs = append(sum.outputs, o.columns...)
	}
	for _, o := range sum.outputs {
		sum.raises = sum.raises || !o.safe
	}
	sum.named = sum.named && len(parts) > 0
}
