package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// The fence keeps conditions that may fail away from rows that nobody should see.
//
// A condition of a query level becomes CASE WHEN guard THEN (condition) END, with the guards of the relations that it may run over: joins,
// orders, indexes and row locks stay what they are. A query in FROM that holds guarded relations gets OFFSET 0 where the level
// around it has such a condition, so that none is pushed down into it. And a relation for which neither will do gets OFFSET 0 itself.
//
// A guard that leads over a path is late: the planner makes a join of it, and may run anything else of the level before that join. So whatever
// may fail in such a level concerns the relation, named there or not.

// item is what a query level has in FROM, or writes to, that holds rows under a guard.
type item struct {
	name     string
	at       int32
	locked   bool
	relation *catalog.Relation // nil for a query
	guard    expr.Expr
	row      row
	beside   *pg.Node       // the guard of a relation that stands itself
	wrapper  *pg.SelectStmt // the sub-select around it else
	late     bool
	partial  bool // not all columns are there for a guard to speak of
	query    *pg.SelectStmt
	with     *pg.CommonTableExpr // whose query that is
	lateral  bool
	target   bool // the statement writes to it
	summary  summary
	// catalog says that it is a catalog: a query, whose filter is judged before any join as a relation's guard is. columns are what it gives,
	// and renamed says that its alias has names for them.
	catalog bool
	columns []output
	renamed bool

	padded bool // an outer join may pad it with NULLs
	hidden bool // a join's alias hides its name
	// aliased says that a join around it has an alias, by which a condition may read its columns under other names.
	aliased bool
	// failed says that a condition on it that may fail could not be kept away from it by CASE; exposed, that something that may fail runs beside it.
	failed, exposed bool
	fenced          bool // nothing is moved into it
}

// onClause is the ON of a join.
type onClause struct {
	join   *pg.JoinExpr
	quals  *pg.Node // the client's
	fenced *pg.Node // the same, waiting for guards
	guards *sink    // ours
	inside []item   // what the join joins, as it looks from its ON
	origin []*item
}

// withQuery is a WITH query for those who read it.
type withQuery struct {
	cte   *pg.CommonTableExpr
	query *pg.SelectStmt // nil for one that writes, and for what a recursive one reads of itself
	summary
}

// guardedItem registers a relation that was guarded.
func (w *walker) guardedItem(i item) {
	i.late = i.late || i.beside != nil && hasSubSelect(i.beside) || i.wrapper.GetWhereClause() != nil && hasSubSelect(i.wrapper.WhereClause)
	w.scope.items = append(w.scope.items, &i)
}

// targetItem is what a statement writes to, under its guard.
func targetItem(rv *pg.RangeVar, r *catalog.Relation, condition expr.Expr, guard *pg.Node) item {
	return item{name: refname(rv), at: rv.Location, relation: r, guard: condition, row: aliased(refname(rv)), beside: guard, target: true}
}

func hasSubSelect(n *pg.Node) bool {
	return contains(n, func(m proto.Message) bool {
		_, ok := m.(*pg.SubLink)
		return ok
	})
}

// queryItem registers a query in FROM.
func (w *walker) queryItem(i item) {
	i.summary = w.queryOf(i.query)
	w.scope.items = append(w.scope.items, &i)
}

// inFrom is a sub-select in FROM.
func inFrom(s *pg.RangeSubselect, query *pg.SelectStmt, l locks) item {
	return item{name: s.Alias.GetAliasname(), at: sqltree.Unlocated, query: query, locked: l.any(), lateral: s.Lateral}
}

// readWith registers a WITH query that a level reads.
func (w *walker) readWith(rv *pg.RangeVar) error {
	name := refname(rv)
	with := w.scope.withQuery(rv.Relname)
	w.scope.origins[name] = shownAs(with.summary, rv.Alias)
	w.scope.items = append(w.scope.items, &item{name: name, at: rv.Location, query: with.query, with: with.cte, summary: with.summary})
	return w.returns(rv)
}

// joinPlace registers a join, whose items are those from a place in the list on, split by sides.
func (w *walker) joinPlace(j *pg.JoinExpr, on *sink, from, middle int) {
	all := w.scope.items[from:]
	p := &onClause{join: j, quals: j.Quals, guards: on, origin: slices.Clone(all)}
	for _, i := range all {
		p.inside = append(p.inside, *i)
	}
	w.scope.joins = append(w.scope.joins, p)
	for at, i := range all {
		left := from+at < middle
		switch j.Jointype {
		case pg.JoinType_JOIN_LEFT:
			i.padded = i.padded || !left
		case pg.JoinType_JOIN_RIGHT:
			i.padded = i.padded || left
		case pg.JoinType_JOIN_FULL:
			i.padded = true
		}
		i.hidden = i.hidden || j.Alias != nil
		i.aliased = i.aliased || j.Alias != nil || j.JoinUsingAlias != nil
	}
}

// clauses are where a query level has conditions of the client's.
type clauses struct {
	where, having *pg.Node
	keys          []*pg.Node // what it groups and sorts by, which may run before a late guard
}

// fence fences a level whose clauses were walked and whose items are all registered. The guards of its own WHERE are put beside what it returns.
//
// A first look finds out what CASE cannot keep back. That is fenced, and then nothing needs to wait for its guard.
func (w *walker) fence(c clauses) (where, having *pg.Node, err error) {
	if _, err := w.fenceQuals(c.where); err != nil {
		return nil, nil, err
	}
	if err := w.settle(w.mayFail(c.keys...)); err != nil {
		return nil, nil, err
	}
	if where, err = w.fenceQuals(c.where); err != nil {
		return nil, nil, err
	}
	w.finishJoins()
	return where, w.fenceHaving(c.having), nil
}

// fenceQuals makes the conditions of a level that may fail wait for guards: those of joins in their place, the other one is returned.
func (w *walker) fenceQuals(where *pg.Node) (*pg.Node, error) {
	for _, p := range w.scope.joins {
		p.fenced = p.quals
		if p.quals != nil && w.mayFail(p.quals) {
			var err error
			if p.fenced, err = w.fenceOn(p); err != nil {
				return nil, err
			}
		}
	}
	if where == nil || !w.mayFail(where) {
		return where, nil
	}
	return w.fenceConjuncts(where, w.scope.items)
}

// finishJoins puts our guards beside the conditions of a level's joins.
func (w *walker) finishJoins() {
	for _, p := range w.scope.joins {
		if p.quals != nil {
			p.join.Quals = and(append([]*pg.Node{p.fenced}, p.guards.guards...)...)
		}
	}
}

func (w *walker) fenceOn(p *onClause) (*pg.Node, error) {
	full := p.join.Jointype == pg.JoinType_JOIN_FULL // which takes no CASE
	seen := make([]*item, len(p.inside))
	for at := range p.inside {
		seen[at] = &p.inside[at]
		seen[at].hidden = seen[at].hidden || full
		seen[at].fenced = p.origin[at].fenced
	}
	for _, i := range w.scope.items {
		if i.late && !slices.Contains(p.origin, i) {
			i.exposed = true
		}
	}
	fenced, err := w.fenceConjuncts(p.quals, seen)
	for at, i := range seen {
		p.origin[at].failed = p.origin[at].failed || i.failed
	}
	return fenced, err
}

// fenceConjuncts puts each conjunct that may fail behind the guards of the items that it may run over.
func (w *walker) fenceConjuncts(quals *pg.Node, items []*item) (*pg.Node, error) {
	var fenced []*pg.Node
	for _, q := range allConjuncts(quals) {
		if !w.mayFail(q) {
			fenced = append(fenced, q)
			continue
		}
		guards, err := w.guardsFor(q, items)
		if err != nil {
			return nil, err
		}
		if len(guards) > 0 {
			q = caseWhen(and(guards...), q, nil)
		}
		fenced = append(fenced, q)
	}
	return and(fenced...), nil
}

// allConjuncts are the conjuncts of a condition, those in brackets too: PostgreSQL takes them apart before it plans, and so finds a constant
// among them that leaves nothing else to evaluate.
func allConjuncts(n *pg.Node) []*pg.Node {
	var all []*pg.Node
	for _, q := range conjunctNodes(n) {
		if b := q.GetBoolExpr(); b != nil && b.Boolop == pg.BoolExprType_AND_EXPR {
			all = append(all, allConjuncts(q)...)
			continue
		}
		all = append(all, q)
	}
	return all
}

// guardsFor lists the guards that a condition must wait for, and marks items that it cannot wait for.
func (w *walker) guardsFor(q *pg.Node, items []*item) ([]*pg.Node, error) {
	var guards []*pg.Node
	reads := readsOf(q)
	stranger := reads.stranger(items)
	for _, i := range items {
		switch {
		case i.fenced || i.catalog && !i.renamed && !i.aliased && !reads.catalog(i):
			continue
		case i.relation == nil:
			i.failed = true
			continue
		case !i.late && !i.aliased && !reads.item(i) && (!stranger || i.beside == nil):
			continue
		case !i.namable():
			i.failed = true
			continue
		}
		g, err := w.rewriter.condition(i.guard, i.row)
		if err != nil {
			return nil, err
		}
		if i.padded {
			g = or(isNull(i.row(i.relation.PrimaryKey[0])), g)
		}
		guards = append(guards, g)
	}
	return guards, nil
}

// namable says whether a condition of the level can wait for an item's guard. Of a row of NULLs that an outer join made up the guard is not
// TRUE: such a row is told by its primary key.
func (i *item) namable() bool {
	return !i.partial && !i.hidden && (!i.padded || hasKey(i.relation))
}

// hasKey says whether each row of a relation can be told from one of NULLs.
func hasKey(r *catalog.Relation) bool {
	return (r.Kind == 'r' || r.Kind == 'p') && len(r.PrimaryKey) > 0
}

// settle fences what CASE could not.
func (w *walker) settle(sorted bool) error {
	for at, i := range w.scope.items {
		others := w.scope.raises || slices.ContainsFunc(w.scope.items, func(o *item) bool { return o != w.scope.items[at] && o.summary.raises })
		lateral := !i.target && slices.ContainsFunc(w.scope.items, func(o *item) bool { return o.lateral && o.summary.raises })
		var err error
		switch {
		case i.catalog:
			if i.failed || lateral {
				offset(i.query)
				i.fenced = true
			}
		case i.relation == nil:
			if i.summary.guarded && (i.failed || i.exposed || others || sorted || i.padded && i.summary.leaks) {
				err = w.fenceQuery(i)
				i.fenced = true
			}
		case (i.failed || lateral) && (i.wrapper == nil || i.locked):
			err = w.cannotFence(i)
		case i.failed || lateral:
			offset(i.wrapper)
			i.fenced = true
		case i.late && (others || sorted || i.exposed):
			w.early(i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// early keeps the planner from making a join of a late guard, or fences the relation where it stands in a sub-select.
func (w *walker) early(i *item) {
	if i.wrapper != nil && !i.locked {
		offset(i.wrapper)
		i.fenced = true
		return
	}
	guard := i.beside
	if guard == nil {
		guard = i.wrapper.WhereClause
	}
	guard.Node = caseWhen(&pg.Node{Node: guard.Node}, boolean(true), nil).Node
}

func (w *walker) fenceQuery(i *item) error {
	switch {
	case i.query == nil:
		return nil // It is a fence.
	case i.with != nil:
		i.with.Ctematerialized = pg.CTEMaterialize_CTEMaterializeAlways
		return nil
	case i.locked:
		return w.cannotFence(i)
	default:
		offset(i.query)
		return nil
	}
}

func (w *walker) cannotFence(i *item) error {
	return deny(OperationDenied, stateFeatureNotSupported, i.at,
		"a condition of this statement might be evaluated on rows of %q that are not yours", i.name).
		hint("Take row locks away, or move the condition that may fail (a cast, a division, a pattern) to the rows that come out.")
}

// offset keeps the planner from moving conditions into a query, and its expressions out of it.
func offset(q *pg.SelectStmt) {
	if q.LimitOffset != nil || q.LimitCount != nil {
		return
	}
	q.LimitOffset = integer(0)
	q.LimitOption = pg.LimitOption_LIMIT_OPTION_COUNT
}

// fenceHaving keeps conditions on groups from being moved before the grouping: those with an aggregate are not.
func (w *walker) fenceHaving(having *pg.Node) *pg.Node {
	if having == nil || !w.mayFail(having) {
		return having
	}
	var fenced []*pg.Node
	for _, q := range conjunctNodes(having) {
		if w.mayFail(q) {
			q = caseWhen(grouped(), q, nil)
		}
		fenced = append(fenced, q)
	}
	return and(fenced...)
}

// grouped is TRUE of every group.
func grouped() *pg.Node {
	count := call("count")
	count.GetFuncCall().AggStar = true
	return expression(pg.A_Expr_Kind_AEXPR_OP, names(pgCatalog, ">="), count, integer(0))
}

// fenceMerged fences what a join joins where the columns that it merges may be compared by an operator that fails.
func (w *walker) fenceMerged(j *pg.JoinExpr, joined []*item) {
	failing := false
	if j.IsNatural {
		for _, i := range w.scope.origins {
			var sum summary
			sum.named = true
			i.every(&sum)
			failing = failing || !sum.named
			for _, o := range sum.outputs {
				failing = failing || !w.comparable(o.name)
			}
		}
	}
	for _, name := range strs(j.UsingClause) {
		failing = failing || !w.comparable(name)
	}
	if !failing {
		return
	}
	w.scope.raises = true
	for _, i := range joined {
		i.failed = true
	}
}

// comparable says whether all columns of a name within a level can be compared without a chance of failing.
func (w *walker) comparable(name string) bool {
	var all []known
	for _, i := range w.scope.origins {
		if k, may := i.column(name); may {
			all = append(all, k)
		}
	}
	for _, k := range all[min(1, len(all)):] {
		if !w.rewriter.leaks.operator("=", all[0], k).safe || w.scope.opaque {
			return false
		}
	}
	return true
}
