package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// output is a column that a query gives.
type output struct {
	name string
	known
}

// summary is what is known of a query once it was walked. The zero summary may leak in every way.
type summary struct {
	outputs []output
	ordered bool // the outputs are all of them, in their order
	named   bool // the outputs are all of them, in any order
	raises  bool // something in it may fail
	leaks   bool // an output may fail
	guarded bool // a relation in it is under a guard
	single  bool // it gives one row
}

// unknownQuery is what is known of a query that was not walked.
func unknownQuery() summary { return summary{raises: true, leaks: true, guarded: true} }

func (w *walker) infer() infer { return infer{w.rewriter.leaks, w} }

func (w *walker) parameterOf(number int32) known { return w.parameters[number].known() }

func (w *walker) queryOf(s *pg.SelectStmt) summary {
	if found, ok := w.summaries[s]; ok {
		return found
	}
	return unknownQuery()
}

// columnOf finds the column that a reference means: that of the innermost level which has one.
func (w *walker) columnOf(ref *pg.ColumnRef) known {
	parts := strs(ref.Fields)
	last := parts[len(parts)-1]
	if last == "" {
		return known{}
	}
	if len(parts) > 1 {
		i, _ := w.scope.origin(parts[len(parts)-2])
		k, _ := i.column(last)
		return k
	}
	for s := w.scope; s != nil; s = s.outer {
		if k, found := s.column(last); found {
			return k
		}
	}
	return known{}
}

// column finds an unqualified column within one level. Where an item might have it, or several do, it is not known.
func (s *scope) column(name string) (known, bool) {
	if s.opaque {
		return known{}, true
	}
	var k known
	found := false
	for _, i := range s.origins {
		here, may := i.column(name)
		switch {
		case !may:
		case found && here != k:
			k = known{}
		default:
			k, found = here, true
		}
	}
	return k, found
}

// column is what is known of an item's column, and whether the item has it or may have it.
func (i origin) column(name string) (known, bool) {
	if i.relation != nil {
		return i.relationColumn(name)
	}
	if !i.named {
		return known{}, true
	}
	var k known
	found := false
	for _, o := range i.outputs {
		if o.name == name {
			k, found = o.known, true
		}
	}
	return k, found
}

// relationColumn is a column of a relation. What computes its value anew when it is read is an expression under a name: columns of views,
// virtual ones, and those that the subject sees in part.
func (i origin) relationColumn(name string) (known, bool) {
	c := i.relation.Column(name)
	if c == nil {
		return systemColumn(name)
	}
	k := relationColumn(i.relation, c)
	if len(i.outputs) == len(i.relation.Columns) { // a view that was expanded
		for at := range i.relation.Columns {
			if i.relation.Columns[at].Name == name {
				k = i.outputs[at].known
			}
		}
		k.typ = c.Type
	}
	if i.shown == nil || i.bare {
		return k, true
	}
	s, open := i.shown[name]
	if !isOpen(s) {
		k.safe, k.plain = false, false
	}
	return k, open
}

// relationColumn is a column of a relation that stands itself.
func relationColumn(r *catalog.Relation, c *catalog.Column) known {
	return known{safe: r.Kind != 'v' && !c.Virtual, typ: c.Type, plain: r.Kind != 'v' && !c.Virtual && !c.FoldsEqual}
}

func systemColumn(name string) (known, bool) {
	switch name {
	case "ctid":
		return known{safe: true, typ: pgType("tid")}, true
	case "tableoid":
		return known{safe: true, typ: pgType("oid")}, true
	case "xmin", "xmax":
		return known{safe: true, typ: pgType("xid")}, true
	case "cmin", "cmax":
		return known{safe: true, typ: pgType("cid")}, true
	default:
		return known{}, false
	}
}

// summarise notes what is known of a query that was walked, while its level is still open.
func (w *walker) summarise(s *pg.SelectStmt) {
	sum := summary{named: true, ordered: true}
	switch {
	case s.Op != pg.SetOperation_SETOP_NONE:
		sum = w.union(w.queryOf(s.Larg), w.queryOf(s.Rarg))
	case len(s.ValuesLists) > 0:
		w.valuesOutputs(s, &sum)
	default:
		w.targetOutputs(s, &sum)
	}
	sum.raises = sum.raises || w.raises(s)
	for _, i := range w.scope.items {
		sum.guarded = sum.guarded || i.relation != nil || i.summary.guarded
	}
	sum.single = len(s.GroupClause) == 0 && s.Op == pg.SetOperation_SETOP_NONE && len(s.ValuesLists) == 0 &&
		(w.rewriter.leaks.aggregated(s.TargetList) || s.LimitCount.GetAConst().GetIval().GetIval() == 1 && s.LimitOption == pg.LimitOption_LIMIT_OPTION_COUNT)
	w.summaries[s] = sum
}

func (w *walker) union(a, b summary) summary {
	sum := summary{
		guarded: a.guarded || b.guarded, raises: a.raises || b.raises, leaks: a.leaks || b.leaks,
		ordered: a.ordered && b.ordered && len(a.outputs) == len(b.outputs), named: a.named,
	}
	for i, o := range a.outputs {
		if !sum.ordered || o.typ != b.outputs[i].typ || !b.outputs[i].safe {
			o.known = known{}
			sum.leaks = true
		}
		o.fixed = false
		o.known = decided(o.known)
		sum.outputs = append(sum.outputs, o)
	}
	return sum
}

func (w *walker) valuesOutputs(s *pg.SelectStmt, sum *summary) {
	for at := range s.ValuesLists[0].GetList().GetItems() {
		var column []*pg.Node
		for _, r := range s.ValuesLists {
			if items := r.GetList().GetItems(); at < len(items) {
				column = append(column, items[at])
			}
		}
		k := w.infer().common(column)
		k.fixed = false
		sum.outputs = append(sum.outputs, output{"column" + itoa(int32(at+1)), k}) //nolint:gosec // a statement has few columns
		sum.leaks = sum.leaks || !k.safe
		sum.raises = sum.raises || !k.safe
	}
}

func (w *walker) targetOutputs(s *pg.SelectStmt, sum *summary) {
	for _, n := range s.TargetList {
		t := n.GetResTarget()
		if isStar(n) {
			sum.ordered = false
			w.starOutputs(t.Val.GetColumnRef(), sum)
			continue
		}
		k := w.infer().node(t.GetVal())
		sum.raises = sum.raises || !k.safe
		if w.rewriter.leaks.aggregated([]*pg.Node{t.GetVal()}) {
			k.safe = true // It is evaluated after rows were grouped, and nothing pushes it down from there.
		}
		sum.leaks = sum.leaks || !k.safe
		k.fixed = false
		sum.outputs = append(sum.outputs, output{outputName(t), decided(k)})
	}
}

func (w *walker) starOutputs(ref *pg.ColumnRef, sum *summary) {
	if ref == nil {
		sum.named, sum.leaks, sum.raises = false, true, true
		return
	}
	if parts := strs(ref.Fields); len(parts) > 1 {
		i, _ := w.scope.origin(parts[len(parts)-2])
		i.every(sum)
		return
	}
	for _, i := range w.scope.origins {
		i.every(sum)
	}
}

// every adds all columns of an item.
func (i origin) every(sum *summary) {
	var list []output
	switch {
	case i.relation != nil:
		for _, c := range i.relation.Columns {
			if k, has := i.relationColumn(c.Name); has {
				list = append(list, output{c.Name, k})
			}
		}
	case i.named:
		list = i.outputs
	default:
		sum.named = false
	}
	for _, o := range list {
		sum.leaks, sum.raises = sum.leaks || !o.safe, sum.raises || !o.safe
		sum.outputs = append(sum.outputs, o)
	}
}

// outputName is the name that PostgreSQL gives a column of a select list. One that is not known is nobody's.
func outputName(t *pg.ResTarget) string {
	if t.GetName() != "" {
		return t.Name
	}
	fields := strs(t.GetVal().GetColumnRef().GetFields())
	if len(fields) > 0 {
		return fields[len(fields)-1]
	}
	name := strs(t.GetVal().GetFuncCall().GetFuncname())
	if len(name) > 0 {
		return name[len(name)-1]
	}
	return unnamed
}

// unnamed is an output whose name is not known here: it may be any.
const unnamed = "?column?"

// aggregated says whether an expression has an aggregate or a window function of its own level.
func (l *leaks) aggregated(list []*pg.Node) bool {
	found := false
	var look func(protoreflect.Name, proto.Message) error
	look = func(_ protoreflect.Name, m proto.Message) error {
		switch f := m.(type) {
		case *pg.SubLink:
			return nil
		case *pg.FuncCall:
			parts := strs(f.Funcname)
			found = found || f.Over != nil || len(parts) == 2 && parts[0] == pgCatalog && l.aggregates(parts[1])
		}
		return sqltree.Children(m, look)
	}
	for _, n := range list {
		if n != nil {
			_ = look("", n)
		}
	}
	return found
}

// raises says whether something in a query beside its outputs may fail.
func (w *walker) raises(s *pg.SelectStmt) bool {
	if w.scope.raises || w.mayFail(keysOf(s)...) || w.mayFail(s.WhereClause, s.HavingClause) {
		return true
	}
	if limitFails(s.LimitCount) || limitFails(s.LimitOffset) {
		return true
	}
	for _, i := range w.scope.items {
		if i.summary.raises {
			return true
		}
	}
	for _, p := range w.scope.joins {
		if w.mayFail(p.quals) {
			return true
		}
	}
	return false
}

// limitFails says whether LIMIT or OFFSET may be negative, which is an error when the query is reached.
func limitFails(n *pg.Node) bool {
	if n == nil {
		return false
	}
	c := n.GetAConst()
	return c == nil || !c.Isnull && (c.GetIval() == nil || c.GetIval().GetIval() < 0)
}

// mayFail says whether one of some expressions may fail, if it is there.
func (w *walker) mayFail(list ...*pg.Node) bool {
	for _, n := range list {
		if n != nil && !w.infer().node(n).safe {
			return true
		}
	}
	return false
}

// keysOf are the expressions by which a query groups, sorts and partitions. A number, or a name, may mean an entry of the select list.
func keysOf(s *pg.SelectStmt) []*pg.Node {
	list := append(append([]*pg.Node{}, s.GroupClause...), s.DistinctClause...)
	list = append(list, s.SortClause...)
	for _, n := range s.WindowClause {
		list = append(append(list, n.GetWindowDef().GetPartitionClause()...), n.GetWindowDef().GetOrderClause()...)
	}
	var keys []*pg.Node
	for _, n := range list {
		switch k := n.GetNode().(type) {
		case nil: // DISTINCT
			for at := range s.TargetList {
				keys = append(keys, s.TargetList[at].GetResTarget().GetVal())
			}
		case *pg.Node_SortBy:
			keys = append(keys, entryOf(s, k.SortBy.Node)...)
		case *pg.Node_GroupingSet:
			keys = append(keys, keysOf(&pg.SelectStmt{TargetList: s.TargetList, GroupClause: k.GroupingSet.Content})...)
		default:
			keys = append(keys, entryOf(s, n)...)
		}
	}
	return keys
}

// entryOf is a key with the entry of the select list that it may stand for.
func entryOf(s *pg.SelectStmt, key *pg.Node) []*pg.Node {
	if at := key.GetAConst().GetIval().GetIval(); at > 0 && int(at) <= len(s.TargetList) {
		return []*pg.Node{s.TargetList[at-1].GetResTarget().GetVal()}
	}
	keys := []*pg.Node{key}
	if parts := strs(key.GetColumnRef().GetFields()); len(parts) == 1 {
		for _, n := range s.TargetList {
			if t := n.GetResTarget(); t.GetName() == parts[0] {
				keys = []*pg.Node{t.Val}
			}
		}
	}
	return keys
}

// shownAs is what a name in FROM that is not a relation's stands for: a query's outputs, under the names of its alias.
func shownAs(sum summary, a *pg.Alias) origin {
	i := origin{row: true, outputs: sum.outputs, named: sum.named}
	if renamed := strs(a.GetColnames()); len(renamed) > 0 {
		if !sum.ordered || len(renamed) > len(sum.outputs) {
			return origin{row: true}
		}
		i.outputs = append([]output{}, sum.outputs...)
		for at, name := range renamed {
			i.outputs[at].name = name
		}
	}
	for _, o := range i.outputs {
		if o.name == unnamed {
			i.named = false
		}
	}
	return i
}

// renamedColumns are a relation's columns under the names of its alias.
func renamedColumns(i origin, a *pg.Alias) origin {
	var sum summary
	sum.named, sum.ordered = true, i.shown == nil
	i.every(&sum)
	return shownAs(sum, a)
}

// stored are outputs as those find them who read them from where they were put.
func stored(sum summary) summary {
	kept := summary{ordered: sum.ordered, named: sum.named}
	for _, o := range sum.outputs {
		kept.outputs = append(kept.outputs, output{o.name, known{safe: true, typ: o.typ}})
	}
	return kept
}

// summariseReturning notes what a writing WITH query gives. It runs to its end whatever others do with it.
func (w *walker) summariseReturning(list []*pg.Node) {
	sum := summary{named: true, ordered: true}
	w.targetOutputs(&pg.SelectStmt{TargetList: list}, &sum)
	w.returned = stored(sum)
}

// withNames are a WITH query's outputs under the names that the WITH gives them.
func withNames(sum summary, cte *pg.CommonTableExpr) summary {
	if len(cte.Aliascolnames) == 0 && cte.SearchClause == nil && cte.CycleClause == nil {
		return sum
	}
	i := shownAs(sum, &pg.Alias{Colnames: cte.Aliascolnames})
	sum.outputs, sum.named = i.outputs, i.named && cte.SearchClause == nil && cte.CycleClause == nil
	sum.ordered = sum.ordered && sum.named
	return sum
}

// recurse lets the second arm of a recursive WITH query know what it reads of itself: the rows that are there already.
func (w *walker) recurse(s *pg.SelectStmt) {
	level := w.scope.outer
	if level == nil || level.recursive == nil || level.recursive.Ctequery.GetSelectStmt() != s {
		return
	}
	sum := stored(w.queryOf(s.Larg))
	level.outer.queries[level.recursive.Ctename] = withQuery{summary: withNames(sum, level.recursive)}
}

// rangeFunction is the column that a function in FROM gives, for the few of which it is plain.
func (i infer) rangeFunction(f *pg.RangeFunction) ([]output, bool) {
	if len(f.Functions) != 1 || f.Ordinality || len(f.Coldeflist) > 0 || f.Alias == nil {
		return nil, false
	}
	call := f.Functions[0].GetList().GetItems()[0].GetFuncCall()
	name := strs(call.GetFuncname())
	if len(name) != 2 || name[0] != pgCatalog || len(call.Args) == 0 {
		return nil, false
	}
	k := known{safe: true}
	switch first := i.node(call.Args[0]); name[1] {
	case "generate_series":
		for _, n := range call.Args[1:min(2, len(call.Args))] {
			if i.node(n).typ != first.typ {
				return nil, false
			}
		}
		k.typ = first.typ
	case "unnest":
		k.typ = expr.Type{Schema: first.typ.Schema, Name: first.typ.Name}
		if !first.typ.Array || len(call.Args) != 1 {
			return nil, false
		}
	default:
		return nil, false
	}
	column := f.Alias.Aliasname
	if renamed := strs(f.Alias.Colnames); len(renamed) > 0 {
		column = renamed[0]
	}
	return []output{{column, k}}, true
}
