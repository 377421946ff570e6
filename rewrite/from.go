package rewrite

import (
	"slices"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// level is a query level while its FROM items are guarded.
type level struct {
	keep   bool // guards go beside relations, where that is possible, and not around them
	plain  bool // the same, where nothing can come of it that the fence could not keep away: see plainFrom
	padded bool // an outer join may pad what is here with NULLs
	locks  locks
}

// plainFrom says that guards of a level may as well stand beside its relations: it joins relations and queries of its own by conditions, and
// nothing in it is evaluated row by row for something else in it. What PostgreSQL plans is the same then, and it has less to read and to pull up.
func plainFrom(items []*pg.Node) bool {
	return !slices.ContainsFunc(items, func(n *pg.Node) bool { return !plainItem(n) })
}

func plainItem(n *pg.Node) bool {
	switch item := n.Node.(type) {
	case *pg.Node_RangeVar:
		return len(item.RangeVar.GetAlias().GetColnames()) == 0
	case *pg.Node_RangeSubselect:
		return !item.RangeSubselect.Lateral
	case *pg.Node_JoinExpr:
		j := item.JoinExpr
		plain := j.Jointype != pg.JoinType_JOIN_FULL && !j.IsNatural && len(j.UsingClause) == 0 && j.Alias == nil && j.JoinUsingAlias == nil
		return plain && plainItem(j.Larg) && plainItem(j.Rarg)
	default:
		return false
	}
}

// sink collects guards for a place where a conjunct may be added: the WHERE of a level, or the ON of the join on whose
// nullable side a relation stands. A nil sink is no such place.
type sink struct{ guards []*pg.Node }

// locks says which FROM items a locking clause locks; locking needs the right to update.
type locks struct {
	all   bool
	names map[string]bool
}

func (l locks) any() bool               { return l.all || len(l.names) > 0 }
func (l locks) locked(name string) bool { return l.all || l.names[name] }

// below is what a locked sub-select's own FROM items inherit: all of them are locked.
func (l locks) below(name string) locks { return locks{all: l.locked(name)} }

// from guards a FROM list and returns the conjuncts that its level's WHERE needs.
func (w *walker) from(items []*pg.Node, lv level) ([]*pg.Node, error) {
	where := &sink{}
	for _, item := range items {
		if err := w.fromItem(item, where, lv); err != nil {
			return nil, err
		}
	}
	return where.guards, nil
}

func (w *walker) fromItem(n *pg.Node, s *sink, lv level) error {
	switch item := n.Node.(type) {
	case *pg.Node_RangeVar:
		return w.relation(n, item.RangeVar, nil, s, lv)
	case *pg.Node_RangeTableSample:
		return w.sample(n, item.RangeTableSample, s, lv)
	case *pg.Node_JoinExpr:
		return w.join(item.JoinExpr, s, lv)
	case *pg.Node_RangeSubselect:
		return w.subselect(item.RangeSubselect, lv)
	case *pg.Node_RangeTableFunc:
		return w.rowsOf(item.RangeTableFunc.Alias, item.RangeTableFunc)
	case *pg.Node_JsonTable:
		return w.rowsOf(item.JsonTable.Alias, item.JsonTable)
	case *pg.Node_RangeFunction:
		for _, f := range item.RangeFunction.Functions {
			if list := f.GetList().GetItems(); len(list) > 0 && isBackendPID(list[0].GetFuncCall()) {
				return w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for function pg_backend_pid").
					hint("Write it in the select list.")
			}
		}
		nameChannels(item.RangeFunction)
		return w.functionItem(item.RangeFunction)
	default:
		return w.children(n) // refuses it by name
	}
}

// nameChannels gives pg_listening_channels() the name that it has without an alias.
func nameChannels(f *pg.RangeFunction) {
	if len(f.Functions) == 1 && f.Alias == nil {
		if list := f.Functions[0].GetList().GetItems(); len(list) > 0 && channelCall(list[0].GetFuncCall()) == "pg_listening_channels" {
			f.Alias = alias("pg_listening_channels")
		}
	}
}

// rowsOf visits XMLTABLE or JSON_TABLE, whose rows have columns of their own.
func (w *walker) rowsOf(a *pg.Alias, item proto.Message) error {
	w.scope.raises, w.scope.opaque = true, w.scope.opaque || a == nil
	if a != nil {
		w.scope.origins[a.Aliasname] = origin{row: true}
	}
	return w.visit(item)
}

func (w *walker) functionItem(item *pg.RangeFunction) error {
	unnestEach(item)
	if err := w.helpedFrom(item); err != nil {
		return err
	}
	w.scope.raises = true
	w.scope.opaque = w.scope.opaque || item.Alias == nil
	if item.Alias != nil {
		w.scope.origins[item.Alias.Aliasname] = origin{}
	}
	if err := w.visit(item); err != nil {
		return err
	}
	if outputs, plain := w.infer().rangeFunction(item); plain {
		w.scope.origins[item.Alias.Aliasname] = origin{outputs: outputs, named: true}
	}
	return nil
}

func (w *walker) subselect(item *pg.RangeSubselect, lv level) error {
	name := ""
	if item.Alias != nil {
		name = item.Alias.Aliasname
		if err := w.visit(item.Alias); err != nil {
			return err
		}
		w.scope.origins[name] = origin{row: true}
	}
	query := item.Subquery.GetSelectStmt()
	if query == nil {
		return w.refuseNode(item)
	}
	below := lv.locks.below(name)
	if err := w.query(query, below); err != nil {
		return err
	}
	if w.scope.opaque = w.scope.opaque || item.Alias == nil; item.Alias != nil {
		w.scope.origins[name] = shownAs(w.queryOf(query), item.Alias)
	}
	w.queryItem(inFrom(item, query, below))
	return nil
}

func (w *walker) sample(n *pg.Node, item *pg.RangeTableSample, s *sink, lv level) error {
	if err := w.sampleMethod(item); err != nil {
		return err
	}
	w.scope.raises = true
	if err := w.visitAll(item.Args); err != nil {
		return err
	}
	if err := w.visitNode(item.Repeatable); err != nil {
		return err
	}
	rv := item.Relation.GetRangeVar()
	if rv == nil {
		return w.refuseNode(item)
	}
	return w.relation(n, rv, item, s, lv)
}

// relation guards one relation: n is the node that holds it (or its TABLESAMPLE).
func (w *walker) relation(n *pg.Node, rv *pg.RangeVar, sample *pg.RangeTableSample, s *sink, lv level) error {
	if rv.Alias != nil {
		if err := w.visit(rv.Alias); err != nil {
			return err
		}
	}
	if rv.Schemaname == "" && w.scope.isCTE(rv.Relname) {
		return w.readWith(rv)
	}
	if w.relations++; w.relations > maxRelations {
		return w.deny(TooComplex, stateTooComplex, "statement names more than %d relations", maxRelations)
	}
	if w.isTemporary(rv) && sample == nil {
		w.readTemporary(rv)
		return nil
	}
	if name, ok := w.rewriter.openCatalog(rv); ok {
		return w.catalogRelation(n, name, rv, sample, lv)
	}
	if sequence := w.rewriter.visibleSequence(rv, w.plan); sequence != nil {
		return w.sequenceRelation(n, sequence, rv, sample, lv)
	}
	at, spelled := rv.Location, refname(rv)
	relation, entity, err := w.resolve(rv)
	if err != nil {
		return err
	}
	rules, err := w.readRules(entity, lv.locks.locked(spelled), at)
	if err != nil {
		return err
	}
	shown := rules[0].Columns
	from := origin{relation: relation, shown: shown, row: true}
	w.scope.origins[spelled] = from
	if rv.Alias != nil && len(rv.Alias.Colnames) > 0 {
		w.scope.origins[spelled] = renamedColumns(from, rv.Alias)
	}
	guard := conditionOf(rules...)
	held := item{
		name: spelled, at: at, locked: lv.locks.locked(spelled), relation: relation, guard: guard, partial: shown != nil,
		row: renamed(&pg.RangeVar{Relname: rv.Relname, Alias: rv.Alias}, relation),
	}
	if entity.View == catalog.ExpandView {
		if sample != nil || lv.locks.locked(spelled) {
			return w.deny(OperationDenied, stateFeatureNotSupported, "rows of view %s cannot be locked or sampled", relation.Name)
		}
		if err := w.wrap(n, rv, nil, wrapping{relation, guard, shown, true}, held); err != nil {
			return err
		}
		from.outputs = w.scope.items[len(w.scope.items)-1].summary.outputs
		w.scope.origins[spelled] = from
		return nil
	}
	if guard == nil && shown == nil {
		return nil
	}
	if (lv.keep || lv.plain && (!lv.padded || hasKey(relation))) && s != nil && shown == nil {
		node, err := w.rewriter.condition(guard, renamed(rv, relation))
		if err != nil {
			return err
		}
		s.guards = append(s.guards, node)
		held.beside = node
		w.guardedItem(held)
		return nil
	}
	return w.wrap(n, rv, sample, wrapping{relation, guard, shown, false}, held)
}

func (w *walker) readRules(entity *catalog.Entity, locked bool, at int32) ([]plan.Rule, error) {
	read, err := w.rule(entity, catalog.Read, at)
	if err != nil {
		return nil, err
	}
	if !locked {
		return []plan.Rule{read}, nil
	}
	update, err := w.rule(entity, catalog.Update, at)
	if err != nil {
		return nil, err
	}
	return []plan.Rule{read, update}, nil
}

// maxRelations bounds how often a statement may name relations. PostgreSQL's planner gives up long before.
const maxRelations = 500

// wrapping is what a relation is put into.
type wrapping struct {
	relation *catalog.Relation
	guard    expr.Expr             // nil: every row
	shown    map[string]plan.Shown // nil: every column as it is
	expand   bool                  // a view, whose definition takes its place
}

// wrap puts (SELECT columns FROM relation AS ww_n WHERE guard) in a relation's place, under the relation's own alias.
func (w *walker) wrap(n *pg.Node, rv *pg.RangeVar, sample *pg.RangeTableSample, in wrapping, as item) error {
	w.wrapped++
	inner := reservedPrefix + strconv.Itoa(w.wrapped)
	var where *pg.Node
	var err error
	if in.guard != nil {
		if where, err = w.rewriter.condition(in.guard, aliased(inner)); err != nil {
			return err
		}
	}
	targets, err := w.rewriter.shownTargets(in.relation, in.shown, inner)
	if err != nil {
		return err
	}
	outer := rv.Alias
	if outer == nil {
		outer = alias(rv.Relname)
		item := w.scope.origins[rv.Relname]
		item.wrapped = true
		w.scope.origins[rv.Relname] = item
	}
	rv.Alias = alias(inner)
	held := &pg.Node{Node: &pg.Node_RangeVar{RangeVar: rv}}
	if in.expand {
		if held, err = w.expanded(in.relation, rv.Alias); err != nil {
			return err
		}
	}
	if sample != nil {
		sample.Relation = held
		held = &pg.Node{Node: &pg.Node_RangeTableSample{RangeTableSample: sample}}
	}
	as.wrapper = selectFrom(targets, []*pg.Node{held}, where)
	if in.expand {
		as.partial, as.late = true, true
		as.summary = w.queryOf(held.GetRangeSubselect().Subquery.GetSelectStmt())
	}
	if in.guard != nil || in.expand {
		w.guardedItem(as)
	}
	n.Node = rangeSubselect(as.wrapper, outer).Node
	return nil
}
