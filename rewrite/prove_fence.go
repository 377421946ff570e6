package rewrite

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// The fence is proven on the tree that the server will read, level by level from the inside out. In each level, a condition that may fail must
// wait, in a CASE, for the guards of all relations of the level that it may run over; and what a CASE cannot keep it from must stand in a query
// with OFFSET, into which PostgreSQL moves nothing. What may fail is read from the same catalog as by the walker; which names, relations and
// levels it concerns is found anew.

// exposure is something in FROM that a condition of the level may run over before a guard has passed its rows.
type exposure struct {
	name     string
	columns  []output
	complete bool

	relation  *catalog.Relation
	condition expr.Expr // its guard; nil for none
	row       row
	late      bool // the guard has a sub-select
	nameless  bool // a CASE cannot speak of its guard
	aliased   bool // a join around it has an alias, which may speak of its columns
	inner     bool // it is a query that holds guarded rows and that conditions are pushed into
	raises    bool
	lateral   bool
	recursing *pg.CommonTableExpr // the recursive WITH query that it is, while its first arm is walked
	padded    bool
	rv        *pg.RangeVar // the relation, as it stands in the tree
	itself    bool         // the relation stands itself in FROM, or as a target: it has columns that were added since the schema was read
	target    bool         // the statement writes to it
	catalog   bool         // it is one, whose rows are filtered before they are joined
}

// frame is a query level.
type frame struct {
	outer  *frame
	items  []*exposure
	withs  map[string]*exposure
	ons    []proofOn
	raises bool
	blind  bool // names may mean columns that are not known
}

// proofOn is the ON of a join with copies of what it joins.
type proofOn struct {
	quals  *pg.Node
	inside []exposure
	from   int
	to     int
	full   bool
}

// fenceProver walks the levels.
type fenceProver struct {
	*prover
	frame     *frame
	summaries map[*pg.SelectStmt]summary
}

func (v *prover) fences(root *pg.Node) error {
	p := &fenceProver{prover: v, summaries: map[*pg.SelectStmt]summary{}}
	_, err := p.statement(root)
	return err
}

func (p *fenceProver) infer() infer { return infer{p.rewriter.leaks, p} }

func (p *fenceProver) mayFail(n *pg.Node) bool { return n != nil && !p.infer().node(n).safe }

func (p *fenceProver) enter() func() {
	outer := p.frame
	p.frame = &frame{outer: outer, withs: map[string]*exposure{}}
	return func() { p.frame = outer }
}

// statement walks a statement and returns what it gives.
func (p *fenceProver) statement(n *pg.Node) (summary, error) {
	switch s := n.GetNode().(type) {
	case *pg.Node_SelectStmt:
		return p.query(s.SelectStmt)
	case *pg.Node_UpdateStmt:
		u := s.UpdateStmt
		return p.writes(u.WithClause, u.Relation, u.FromClause, u.WhereClause, u.ReturningList, u)
	case *pg.Node_DeleteStmt:
		d := s.DeleteStmt
		return p.writes(d.WithClause, d.Relation, d.UsingClause, d.WhereClause, d.ReturningList, d)
	case *pg.Node_InsertStmt:
		return p.insert(s.InsertStmt)
	case *pg.Node_MergeStmt:
		return p.merges(s.MergeStmt)
	default:
		return unknownQuery(), p.below(n)
	}
}

// merges walks a MERGE. Its own proof has judged the target; the source must be fenced where the join condition may fail.
func (p *fenceProver) merges(s *pg.MergeStmt) (summary, error) {
	defer p.enter()()
	if err := p.with(s.WithClause); err != nil {
		return summary{}, err
	}
	if err := p.from(s.SourceRelation); err != nil {
		return summary{}, err
	}
	source := p.frame.items
	target := p.named(s.Relation)
	target.target = true
	p.frame.items = append(p.frame.items, target)
	if err := p.below(s, "with_clause", "source_relation", "relation"); err != nil {
		return summary{}, err
	}
	for _, q := range conjunctNodes(s.JoinCondition) {
		for _, o := range source {
			if (o.inner || o.condition != nil) && !p.isGuard(q) && p.mayFail(q) {
				return summary{}, p.error("a condition that may fail runs over %s", o.name)
			}
		}
	}
	return p.returns(s.ReturningList), p.level(nil, nil, nil)
}

// writes walks a statement that writes; where it reads its target, that stands beside what it joins.
func (p *fenceProver) writes(with *pg.WithClause, target *pg.RangeVar, from []*pg.Node, where *pg.Node, returning []*pg.Node, s proto.Message) (summary, error) {
	defer p.enter()()
	if err := p.with(with); err != nil {
		return summary{}, err
	}
	if target != nil {
		o := p.named(target)
		o.target = true
		p.frame.items = append(p.frame.items, o)
	}
	for _, n := range from {
		if err := p.from(n); err != nil {
			return summary{}, err
		}
	}
	if err := p.below(s, "with_clause", "relation", "from_clause", "using_clause"); err != nil {
		return summary{}, err
	}
	if err := p.level(where, nil, nil); err != nil {
		return summary{}, err
	}
	return p.returns(returning), nil
}

// insert walks an INSERT, which reads its target in RETURNING alone.
func (p *fenceProver) insert(s *pg.InsertStmt) (summary, error) {
	defer p.enter()()
	if err := p.with(s.WithClause); err != nil {
		return summary{}, err
	}
	if s.SelectStmt != nil {
		if _, err := p.statement(s.SelectStmt); err != nil {
			return summary{}, err
		}
	}
	target := p.named(s.Relation)
	p.frame.items = []*exposure{target}
	if s.OnConflictClause != nil {
		p.frame.items = append(p.frame.items, &exposure{name: "excluded", columns: relationOutputs(target.relation), complete: target.relation != nil})
	}
	if err := p.below(s, "with_clause", "relation", "select_stmt"); err != nil {
		return summary{}, err
	}
	return p.returns(s.ReturningList), nil
}

// returns are the outputs of a statement that writes, which reads them all before anybody else does.
func (p *fenceProver) returns(list []*pg.Node) summary {
	return stored(p.gives(&pg.SelectStmt{TargetList: list}, nil))
}

// query walks a query.
func (p *fenceProver) query(s *pg.SelectStmt) (sum summary, err error) {
	defer p.enter()()
	if err := p.with(s.WithClause); err != nil {
		return summary{}, err
	}
	if s.Op != pg.SetOperation_SETOP_NONE {
		return p.arms(s)
	}
	for _, n := range s.FromClause {
		if err := p.from(n); err != nil {
			return summary{}, err
		}
	}
	if err := p.below(s, "with_clause", "from_clause"); err != nil {
		return summary{}, err
	}
	keys := keysOf(s)
	if err := p.level(s.WhereClause, s.HavingClause, keys); err != nil {
		return summary{}, err
	}
	sum = p.gives(s, keys)
	p.summaries[s] = sum
	return sum, nil
}

func (p *fenceProver) arms(s *pg.SelectStmt) (summary, error) {
	a, err := p.query(s.Larg)
	if err != nil {
		return summary{}, err
	}
	if p.frame.outer != nil {
		for _, w := range p.frame.outer.withs {
			if w.recursing != nil { // Its second arm reads what the first one gave.
				given := withNames(stored(a), w.recursing)
				w.columns, w.complete, w.recursing = given.outputs, given.named && given.ordered, nil
			}
		}
	}
	b, err := p.query(s.Rarg)
	if err != nil {
		return summary{}, err
	}
	sum := summary{guarded: a.guarded || b.guarded, raises: a.raises || b.raises, leaks: a.leaks || b.leaks, named: a.named, ordered: a.ordered && b.ordered}
	for i, o := range a.outputs {
		k := known{safe: o.safe, typ: o.typ}
		if !sum.ordered || i >= len(b.outputs) || b.outputs[i].typ != o.typ || !b.outputs[i].safe {
			k = known{}
			sum.leaks = true
		}
		sum.outputs = append(sum.outputs, output{o.name, k})
	}
	if err := p.below(s, "with_clause", "larg", "rarg"); err != nil {
		return summary{}, err
	}
	p.summaries[s] = sum
	return sum, nil
}

// below walks the sub-selects in a level's expressions. What the plan itself says is not the client's.
func (p *fenceProver) below(m proto.Message, except ...protoreflect.Name) error {
	return sqltree.Children(m, func(field protoreflect.Name, child proto.Message) error {
		if slices.Contains(except, field) || p.guards[child] {
			return nil
		}
		if s, ok := child.(*pg.SelectStmt); ok {
			if _, done := p.summaries[s]; done {
				return nil
			}
			_, err := p.query(s)
			return err
		}
		if n, ok := child.(*pg.Node); ok && writing(n) {
			_, err := p.statement(n)
			return err
		}
		return p.below(child)
	})
}

func writing(n *pg.Node) bool {
	switch n.GetNode().(type) {
	case *pg.Node_InsertStmt, *pg.Node_UpdateStmt, *pg.Node_DeleteStmt, *pg.Node_MergeStmt:
		return true
	default:
		return false
	}
}

// with walks WITH queries.
func (p *fenceProver) with(clause *pg.WithClause) error {
	for _, n := range clause.GetCtes() {
		cte := n.GetCommonTableExpr()
		o := &exposure{name: cte.Ctename, recursing: cte}
		if clause.Recursive {
			p.frame.withs[cte.Ctename] = o
		}
		sum, err := p.statement(cte.Ctequery)
		if err != nil {
			return err
		}
		sum = withNames(sum, cte)
		s := cte.Ctequery.GetSelectStmt()
		fenced := s == nil || cte.Ctematerialized == pg.CTEMaterialize_CTEMaterializeAlways || isOffset(s)
		done := &exposure{name: cte.Ctename, columns: sum.outputs, complete: sum.named, raises: s != nil && sum.raises, inner: sum.guarded && !fenced}
		if clause.Recursive && s.GetOp() != pg.SetOperation_SETOP_NONE && readsItself(cte) {
			done.inner = false
		}
		p.frame.withs[cte.Ctename] = done
	}
	return nil
}

// readsItself says whether a WITH query names itself, so that the planner cannot put it in the place of its name.
func readsItself(cte *pg.CommonTableExpr) bool {
	return contains(cte.Ctequery, func(m proto.Message) bool {
		rv, ok := m.(*pg.RangeVar)
		return ok && rv.Schemaname == "" && rv.Relname == cte.Ctename
	})
}

func isOffset(s *pg.SelectStmt) bool { return s.LimitOffset != nil || s.LimitCount != nil }

func (p *fenceProver) error(format string, args ...any) error {
	return fmt.Errorf("fence: "+format, args...)
}
