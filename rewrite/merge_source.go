package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/catalog"
)

// mergeSource guards the source, which does not see the target. Its guards cannot stand in the join condition: a hidden source row would
// count as one without a match.
func (w *walker) mergeSource(m *merging) error {
	defer w.hideTarget(m.name)()
	guards, err := w.from([]*pg.Node{m.stmt.SourceRelation}, level{})
	if err != nil {
		return err
	}
	if len(guards) > 0 {
		return w.refuseNode(m.stmt.SourceRelation)
	}
	_, _, err = w.fence(clauses{})
	return err
}

// settleFor fences the source where checks repeat its columns, and where the join condition might tell of its hidden rows.
func (w *walker) settleFor(m *merging) {
	open := false
	for _, n := range conjunctNodes(m.stmt.JoinCondition) {
		open = open || !w.rewriter.quietJoin(n, m.stmt, m.relation)
	}
	m.settled = w.rewriter.settle(m.stmt.SourceRelation, open)
}

// settle makes a FROM item give each of its columns one value, however often the statement names it: the planner would put a sub-select's
// expressions in every place, and two evaluations may differ. It returns false where it cannot. all fences guarded tables, too.
func (g *Rewriter) settle(n *pg.Node, all bool) bool {
	switch item := n.GetNode().(type) {
	case *pg.Node_RangeVar:
		if item.RangeVar.Schemaname == "" {
			n.Node = fencedCTE(item.RangeVar).Node
		}
		return g.isSettled(n)
	case *pg.Node_RangeSubselect:
		query := item.RangeSubselect.Subquery.GetSelectStmt()
		if query == nil {
			return false
		}
		if all || !g.isSettled(n) {
			(&source{query: query}).fenced()
		}
		return g.isSettled(n)
	case *pg.Node_JoinExpr:
		left, right := g.settle(item.JoinExpr.Larg, all), g.settle(item.JoinExpr.Rarg, all)
		return left && right
	default:
		return g.isSettled(n)
	}
}

// fencedCTE is (SELECT * FROM name OFFSET 0) AS alias.
func fencedCTE(rv *pg.RangeVar) *pg.Node {
	outer := rv.Alias
	if outer == nil {
		outer = alias(rv.Relname)
	}
	rv.Alias = nil
	every := column()
	every.GetColumnRef().Fields = []*pg.Node{{Node: &pg.Node_AStar{AStar: &pg.A_Star{}}}}
	query := selectFrom([]*pg.Node{target(every, "")}, []*pg.Node{{Node: &pg.Node_RangeVar{RangeVar: rv}}}, nil)
	return rangeSubselect((&source{query: query}).fenced(), outer)
}

// isSettled says whether each column of a FROM item has one value: it comes from a table as it is, or from behind a fence.
func (g *Rewriter) isSettled(n *pg.Node) bool {
	switch item := n.GetNode().(type) {
	case *pg.Node_RangeVar:
		return g.isTable(item.RangeVar)
	case *pg.Node_RangeTableSample:
		return g.isSettled(item.RangeTableSample.Relation)
	case *pg.Node_RangeSubselect:
		query := item.RangeSubselect.Subquery.GetSelectStmt()
		return query != nil && (isFenced(query) || g.plainColumns(query))
	case *pg.Node_JoinExpr:
		return g.isSettled(item.JoinExpr.Larg) && g.isSettled(item.JoinExpr.Rarg)
	case *pg.Node_RangeFunction:
		// A function of somebody's own in SQL may be put in the place of its call.
		return !contains(n, func(m proto.Message) bool {
			f, ok := m.(*pg.FuncCall)
			return ok && !isNames(f.Funcname, pgCatalog)
		})
	default:
		return false
	}
}

// isTable says whether a name is that of a relation whose columns are stored.
func (g *Rewriter) isTable(rv *pg.RangeVar) bool {
	if rv.Schemaname == "" {
		return false
	}
	if rv.Schemaname == temporarySchema {
		return true // A generated column is computed by what is immutable.
	}
	r := g.snapshot.Schema.Relations[catalog.RelationName{Schema: rv.Schemaname, Name: rv.Relname}]
	return r != nil && strings.ContainsRune("rpmf", rune(r.Kind))
}

// plainColumns says whether a query gives nothing but columns of one table.
func (g *Rewriter) plainColumns(q *pg.SelectStmt) bool {
	if len(q.FromClause) != 1 || q.FromClause[0].GetRangeVar() == nil || !g.isTable(q.FromClause[0].GetRangeVar()) {
		return false
	}
	for _, n := range q.TargetList {
		if n.GetResTarget().GetVal().GetColumnRef() == nil {
			return false
		}
	}
	return true
}
