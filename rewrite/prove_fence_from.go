package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/catalog"
)

// from finds what stands in FROM.
func (p *fenceProver) from(n *pg.Node) error {
	switch item := n.GetNode().(type) {
	case *pg.Node_RangeVar:
		p.frame.items = append(p.frame.items, p.named(item.RangeVar))
		return nil
	case *pg.Node_RangeTableSample:
		if err := p.below(item.RangeTableSample, "relation"); err != nil {
			return err
		}
		if err := p.from(item.RangeTableSample.Relation); err != nil {
			return err
		}
		p.frame.items[len(p.frame.items)-1].raises = true
		return nil
	case *pg.Node_RangeSubselect:
		return p.subselect(item.RangeSubselect)
	case *pg.Node_JoinExpr:
		return p.join(item.JoinExpr)
	case *pg.Node_RangeFunction:
		p.frame.raises = true
		if item.RangeFunction.Alias == nil {
			p.frame.blind = true
		}
		o := &exposure{name: item.RangeFunction.Alias.GetAliasname()}
		if err := p.below(item.RangeFunction); err != nil {
			return err
		}
		o.columns, o.complete = p.infer().rangeFunction(item.RangeFunction)
		p.frame.items = append(p.frame.items, o)
		return nil
	case *pg.Node_RangeTableFunc:
		return p.rowsOf(item.RangeTableFunc.Alias, item.RangeTableFunc)
	case *pg.Node_JsonTable:
		return p.rowsOf(item.JsonTable.Alias, item.JsonTable)
	default:
		return p.error("%T in FROM", item)
	}
}

// rowsOf is XMLTABLE or JSON_TABLE, which may fail and whose columns are not known.
func (p *fenceProver) rowsOf(a *pg.Alias, item proto.Message) error {
	p.frame.raises, p.frame.blind = true, p.frame.blind || a == nil
	p.frame.items = append(p.frame.items, &exposure{name: a.GetAliasname()})
	return p.below(item)
}

// named is a relation that stands itself, or a WITH query.
func (p *fenceProver) named(rv *pg.RangeVar) *exposure {
	if rv.Schemaname == "" {
		for f := p.frame; f != nil; f = f.outer {
			if w := f.withs[rv.Relname]; w != nil {
				o := *w
				o.name = refname(rv)
				o.columns, o.complete = rename(w.columns, w.complete, rv.Alias)
				o.recursing = nil
				return &o
			}
		}
		return &exposure{name: refname(rv), inner: true, raises: true}
	}
	if rv.Schemaname == temporarySchema && temporaryName(rv.Relname) {
		return &exposure{name: refname(rv)} // of the session's own rows, whose columns are not known
	}
	o := &exposure{rv: rv, itself: true, name: refname(rv), row: renamed(rv, p.relationOf(rv)), relation: p.relationOf(rv), complete: true}
	o.columns, o.complete = rename(relationOutputs(o.relation), true, rv.Alias)
	o.condition = p.proven[rv]
	o.late = p.isLate(o)
	return o
}

func (p *fenceProver) relationOf(rv *pg.RangeVar) *catalog.Relation {
	return p.rewriter.snapshot.Schema.Relations[catalog.RelationName{Schema: rv.Schemaname, Name: rv.Relname}]
}

// isLate says whether the planner makes a join of a guard.
func (p *fenceProver) isLate(o *exposure) bool {
	if o.condition == nil {
		return false
	}
	if late, known := p.late[o.rv]; known {
		return late
	}
	guard, err := p.rewriter.condition(o.condition, aliased("ww_0"))
	return err != nil || hasSubSelect(guard)
}

func relationOutputs(r *catalog.Relation) []output {
	var list []output
	if r == nil {
		return nil
	}
	for i := range r.Columns {
		c := &r.Columns[i]
		list = append(list, output{c.Name, relationColumn(r, c)})
	}
	return list
}

func rename(columns []output, complete bool, a *pg.Alias) ([]output, bool) {
	list := append([]output{}, columns...)
	for i, name := range strs(a.GetColnames()) {
		if !complete || i >= len(list) {
			return nil, false
		}
		list[i].name = name
	}
	for _, o := range list {
		complete = complete && o.name != unnamed
	}
	return list, complete
}

// subselect is a query in FROM: one of ours around a relation, or one of the client's.
func (p *fenceProver) subselect(item *pg.RangeSubselect) error {
	s := item.Subquery.GetSelectStmt()
	if t := p.catalogOf(s); t != nil {
		o := &exposure{name: item.Alias.GetAliasname(), inner: !isOffset(s), catalog: true}
		o.columns, o.complete = rename(t.outputs(), true, item.Alias)
		p.frame.items = append(p.frame.items, o)
		return nil
	}
	rv := ours(s)
	sum, err := p.query(s)
	if err != nil {
		return err
	}
	o := &exposure{name: item.Alias.GetAliasname(), raises: sum.raises, inner: sum.guarded && !isOffset(s), lateral: item.Lateral}
	o.columns, o.complete = rename(sum.outputs, sum.named && (sum.ordered || len(item.Alias.GetColnames()) == 0), item.Alias)
	for i := range o.columns {
		if rv != nil && i < len(s.TargetList) && s.TargetList[i].GetResTarget().GetVal().GetColumnRef() == nil {
			o.columns[i].known = known{} // What the plan shows in a column's place is not judged.
		}
	}
	if rv != nil { // What the plan says of a relation is not the client's, in an OFFSET or not.
		o.raises = s.FromClause[0].GetRangeTableSample() != nil
	}
	if rv != nil && o.inner {
		o.rv, o.relation, o.condition, o.inner = rv, p.relationOf(rv), p.proven[rv], false
		plain := rv.Alias
		rv = &pg.RangeVar{Relname: rv.Relname, Alias: item.Alias}
		o.row = renamed(rv, o.relation)
		o.late = p.isLate(o)
		o.nameless = !allColumns(s, o.relation, plain)
	}
	if item.Alias == nil {
		p.frame.blind = true
	}
	p.frame.items = append(p.frame.items, o)
	return nil
}

// ours is the relation in a sub-select that only guards it.
func ours(s *pg.SelectStmt) *pg.RangeVar {
	if len(s.GetFromClause()) != 1 || s.WithClause != nil || len(s.GroupClause)+len(s.SortClause)+len(s.DistinctClause) > 0 || s.HavingClause != nil {
		return nil
	}
	rv := s.FromClause[0].GetRangeVar()
	if t := s.FromClause[0].GetRangeTableSample(); t != nil {
		rv = t.Relation.GetRangeVar()
	}
	if rv.GetSchemaname() == "" || !strings.HasPrefix(rv.GetAlias().GetAliasname(), reservedPrefix) {
		return nil
	}
	return rv
}

// allColumns says whether a sub-select gives every column of a relation under its own name.
func allColumns(s *pg.SelectStmt, r *catalog.Relation, a *pg.Alias) bool {
	if r == nil || len(s.TargetList) != len(r.Columns) {
		return false
	}
	for i, n := range s.TargetList {
		t := n.GetResTarget()
		parts := strs(t.GetVal().GetColumnRef().GetFields())
		if t.GetName() != "" || len(parts) != 2 || parts[0] != a.GetAliasname() || parts[1] != r.Columns[i].Name {
			return false
		}
	}
	return true
}

func (p *fenceProver) join(j *pg.JoinExpr) error {
	from := len(p.frame.items)
	if err := p.from(j.Larg); err != nil {
		return err
	}
	middle := len(p.frame.items)
	if err := p.from(j.Rarg); err != nil {
		return err
	}
	if j.Quals != nil {
		if err := p.below((&pg.List{Items: []*pg.Node{j.Quals}})); err != nil {
			return err
		}
	}
	on := proofOn{quals: j.Quals, from: from, to: len(p.frame.items), full: j.Jointype == pg.JoinType_JOIN_FULL}
	for _, o := range p.frame.items[from:] {
		on.inside = append(on.inside, *o)
	}
	if j.IsNatural || len(j.UsingClause) > 0 {
		on.quals = nil
		if p.mergesColumns(j, p.frame.items[from:middle], p.frame.items[middle:]) {
			p.frame.raises = true
			for _, o := range p.frame.items[from:] {
				if o.inner || o.condition != nil {
					return p.error("columns of %s are merged by an operator that may fail", o.name)
				}
			}
		}
	}
	p.frame.ons = append(p.frame.ons, on)
	for i, o := range p.frame.items[from:] {
		left := from+i < middle
		o.padded = o.padded || on.full || j.Jointype == pg.JoinType_JOIN_LEFT && !left || j.Jointype == pg.JoinType_JOIN_RIGHT && left
		o.nameless = o.nameless || j.Alias != nil
		o.aliased = o.aliased || j.Alias != nil || j.JoinUsingAlias != nil
	}
	if j.Alias != nil {
		p.frame.items = append(p.frame.items, &exposure{name: j.Alias.Aliasname})
	}
	return nil
}

// mergesColumns says whether a join merges columns by an operator that may fail.
func (p *fenceProver) mergesColumns(j *pg.JoinExpr, left, right []*exposure) bool {
	if j.IsNatural {
		for _, l := range left {
			for _, c := range l.columns {
				if k, has := find(right, c.name); has && !p.rewriter.leaks.operator("=", c.known, k).safe || !l.complete {
					return true
				}
			}
			if !l.complete {
				return true
			}
		}
		return false
	}
	for _, name := range strs(j.UsingClause) {
		a, hasA := find(left, name)
		b, hasB := find(right, name)
		if hasA && hasB && !p.rewriter.leaks.operator("=", a, b).safe {
			return true
		}
	}
	return false
}

// find is a column that one of some items has. Two that differ, and items whose columns are not known, make it unknown.
func find(items []*exposure, name string) (known, bool) {
	var k known
	found := false
	for _, o := range items {
		if !o.complete {
			return known{}, true
		}
		for _, c := range o.columns {
			switch {
			case c.name != name:
			case found && c.known != k:
				return known{}, true
			default:
				k, found = c.known, true
			}
		}
	}
	return k, found
}
