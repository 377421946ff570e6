package rewrite

import (
	"fmt"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// The checks of new rows are proven by making them again from the plan and the values in the tree that the server will read.

// insert demands that new rows are checked around the source or in RETURNING, and conflicting rows in the WHERE of DO UPDATE.
func (v *prover) insert(n *pg.InsertStmt) error {
	entity, err := v.entity(n.Relation)
	if err != nil {
		return err
	}
	read := v.plan.Rule(entity.Name, catalog.Read)
	condition := newRowCondition(v.plan.Rule(entity.Name, catalog.Create))
	returning, returned := splitCheck(n.ReturningList)
	if reads(&pg.InsertStmt{ReturningList: returning, OnConflictClause: n.OnConflictClause}) {
		if read.Kind != plan.Restricted && read.Kind != plan.FullAccess {
			return fmt.Errorf("relation %s may not be read", n.Relation.Relname)
		}
		condition = readableRow(condition, read)
	}
	create := v.plan.Rule(entity.Name, catalog.Create)
	terms, denied := columnTerms(create, v.given(n, entity.Relation))
	if denied != "" || create.Writable != nil && len(n.Cols) == 0 && n.SelectStmt != nil {
		return fmt.Errorf("columns of %s are written that may not be", n.Relation.Relname)
	}
	if err := v.insertedPresets(create, n, entity.Relation); err != nil {
		return err
	}
	if len(terms) > 0 {
		condition = flatAnd(append([]expr.Expr{condition}, terms...))
	}
	late, err := v.conflict(n, entity, read)
	if err != nil {
		return err
	}
	if isTrue(condition) && late == nil {
		return nil
	}
	if returned != nil {
		if late != nil {
			condition = flatAnd([]expr.Expr{condition, late})
		}
		return v.sameCheck(returned, condition, aliased(refname(n.Relation)), n.Relation)
	}
	relation := entity.Relation
	looked := map[string]bool{}
	columnsOf(condition, looked)
	if ignoresGiven(n, relation, looked) {
		return fmt.Errorf("rows of %s are inserted without a check of the values that are made for them", relation.Name)
	}
	if late != nil || relation.BeforeInsert {
		return fmt.Errorf("rows of %s are inserted without a check of what triggers make of them", relation.Name)
	}
	if items := n.SelectStmt.GetSelectStmt().GetFromClause(); len(items) > 0 && !isFenced(items[0].GetRangeSubselect().GetSubquery().GetSelectStmt()) {
		return fmt.Errorf("rows of %s may not be those that are checked", relation.Name)
	}
	return v.sameCheck(checked(n.SelectStmt.GetSelectStmt().GetWhereClause()), joined(conjuncts(condition)), v.sourceRow(n, relation), n.Relation)
}

// given names the columns that an INSERT gives values: all in its list, save those of the defaults that the check looks at. To give a column
// its own constant default is to leave it out.
func (v *prover) given(n *pg.InsertStmt, relation *catalog.Relation) []string {
	names := targetNames(n.Cols)
	query := n.SelectStmt.GetSelectStmt()
	for i := len(names) - 1; i >= fencedWidth(query); i-- {
		c := relation.Column(names[i])
		if c == nil || len(n.Cols[i].GetResTarget().GetIndirection()) > 0 {
			continue
		}
		w := &walker{rewriter: v.rewriter}
		value := sourceValue(query, i)
		if left, constant := w.defaultValue(c); constant && value != nil && sqltree.Equal(left, value) {
			names = append(names[:i], names[i+1:]...)
		}
	}
	return names
}

// fencedWidth is how many columns of a checked source come from the fenced sub-select; defaults stand behind them.
func fencedWidth(query *pg.SelectStmt) int {
	if len(query.GetFromClause()) != 1 {
		return 0
	}
	return len(query.FromClause[0].GetRangeSubselect().GetAlias().GetColnames())
}

// sourceValue is what a checked source gives to the column in place i of the list.
func sourceValue(query *pg.SelectStmt, i int) *pg.Node {
	fenced := fencedWidth(query)
	switch at := i - fenced + min(fenced, 1); {
	case i < fenced:
		return column("ww_s", fmt.Sprintf("ww_c%d", i+1))
	case at < len(query.GetTargetList()):
		return query.TargetList[at].GetResTarget().GetVal()
	default:
		return nil
	}
}

// sourceRow names the values of an INSERT that we wrote: the columns of the fenced source, and the defaults behind them.
func (v *prover) sourceRow(n *pg.InsertStmt, relation *catalog.Relation) row {
	query := n.SelectStmt.GetSelectStmt()
	return func(name string) *pg.Node {
		c := relation.Column(name)
		for i, target := range n.Cols {
			if c == nil || target.GetResTarget().GetName() != name || len(target.GetResTarget().Indirection) > 0 {
				continue
			}
			value := sourceValue(query, i)
			if t, err := v.rewriter.declaredType(c); err == nil && value != nil {
				return cast(copyOf(value), t)
			}
		}
		return null() // no check that we write compares with it
	}
}

// conflict proves ON CONFLICT DO UPDATE. It returns the condition that RETURNING must hold updated rows against, if the SET list does not.
func (v *prover) conflict(n *pg.InsertStmt, entity *catalog.Entity, read plan.Rule) (expr.Expr, error) {
	c := n.OnConflictClause
	if c == nil || c.Action != pg.OnConflictAction_ONCONFLICT_UPDATE {
		return nil, nil
	}
	update := v.plan.Rule(entity.Name, catalog.Update)
	if err := v.mayWrite(n.Relation, catalog.Update); err != nil {
		return nil, err
	}
	name := refname(n.Relation)
	if _, denied := columnTerms(update, targetNames(c.TargetList)); denied != "" {
		return nil, fmt.Errorf("columns of %s are written that may not be", n.Relation.Relname)
	}
	if err := v.preset(update, c.TargetList); err != nil {
		return nil, err
	}
	old, condition := updateTerms(read, update, targetNames(c.TargetList))
	if old != nil {
		guard, err := v.rewriter.condition(old, aliased(name))
		if err != nil {
			return nil, err
		}
		where := c.WhereClause.GetCaseExpr()
		if where == nil || len(where.Args) != 1 || !isRaise(where.Defresult) || !sqltree.Equal(guard, where.Args[0].GetCaseWhen().GetExpr()) {
			return nil, fmt.Errorf("conflicting rows of %s are updated without a check", n.Relation.Relname)
		}
	}
	a := assignment{relation: entity.Relation, name: name, targets: c.TargetList, old: old, condition: condition}
	if v.assigned(&a, n.Relation) == nil {
		return nil, nil
	}
	return a.condition, nil
}

// update demands that updated rows are checked in the SET list or in RETURNING.
func (v *prover) update(n *pg.UpdateStmt) error {
	entity, err := v.entity(n.Relation)
	if err != nil {
		return err
	}
	read, update := v.plan.Rule(entity.Name, catalog.Read), v.plan.Rule(entity.Name, catalog.Update)
	if _, denied := columnTerms(update, targetNames(n.TargetList)); denied != "" {
		return fmt.Errorf("columns of %s are written that may not be", n.Relation.Relname)
	}
	if err := v.preset(update, n.TargetList); err != nil {
		return err
	}
	old, condition := updateTerms(read, update, targetNames(n.TargetList))
	a := assignment{
		relation: entity.Relation, name: refname(n.Relation), joined: len(n.FromClause) > 0, targets: n.TargetList,
		old: old, condition: condition,
	}
	if _, returned := splitCheck(n.ReturningList); returned != nil {
		return v.sameCheck(returned, a.condition, aliased(a.name), n.Relation)
	}
	return v.assigned(&a, n.Relation)
}

// assigned proves a SET list's own check.
func (v *prover) assigned(a *assignment, rv *pg.RangeVar) error {
	if isTrue(a.condition) {
		return nil
	}
	looked := map[string]bool{}
	columnsOf(a.condition, looked)
	if changedLater(a.relation) || anyGenerated(a.relation, looked) || looked[anyColumn] {
		return fmt.Errorf("rows of %s are updated without a check of what triggers make of them", rv.Relname)
	}
	bare, check := uncheck(a.targets)
	w := &walker{rewriter: v.rewriter}
	set, err := w.assignedValues(&assignment{
		relation: a.relation, name: a.name, joined: a.joined, targets: bare, condition: a.condition,
	}, looked)
	if err != nil {
		return err
	}
	if len(set.late) > 0 {
		return fmt.Errorf("rows of %s are updated without a check of their final values", rv.Relname)
	}
	var now []expr.Expr
	for _, c := range conjuncts(a.condition) {
		if set.checkedNow(c, a, false) {
			now = append(now, c)
		}
	}
	if len(now) == 0 {
		return nil
	}
	return v.sameCheck(check, joined(now), set.row(a.name), rv)
}

func (v *prover) sameCheck(have *pg.Node, condition expr.Expr, r row, rv *pg.RangeVar) error {
	want, err := v.rewriter.condition(condition, r)
	if err != nil {
		return err
	}
	if have == nil || !sqltree.Equal(want, have) {
		return fmt.Errorf("rows of %s are written without their check", rv.Relname)
	}
	return nil
}

// uncheck takes the check off the SET entry that carries it. It returns the entries without it, and its condition.
func uncheck(targets []*pg.Node) (bare []*pg.Node, condition *pg.Node) {
	for _, n := range targets {
		n = copyOf(n)
		c := n.GetResTarget().GetVal().GetCaseExpr()
		if c != nil && len(c.Args) == 1 && condition == nil {
			if condition = checked(c.Args[0].GetCaseWhen().GetExpr()); condition != nil {
				n.GetResTarget().Val = c.Args[0].GetCaseWhen().Result
			}
		}
		bare = append(bare, n)
	}
	return bare, condition
}

// splitCheck finds the check in a RETURNING list: a column of its own at the end, or around the first column. It returns the client's list and the
// check's condition.
func splitCheck(list []*pg.Node) (clients []*pg.Node, condition *pg.Node) {
	if len(list) == 0 {
		return nil, nil
	}
	for _, i := range []int{len(list) - 1, 0} {
		t := list[i].GetResTarget()
		c := t.GetVal().GetCaseExpr()
		if c == nil || len(c.Args) != 1 {
			continue
		}
		if condition = checked(c.Args[0].GetCaseWhen().GetExpr()); condition == nil {
			continue
		}
		if t.Name == checkColumn {
			return list[:i], condition
		}
		return list, condition
	}
	return list, nil
}

// checked returns the condition of CASE WHEN condition THEN true ELSE fail END, or nil for anything else.
func checked(n *pg.Node) *pg.Node {
	c := n.GetCaseExpr()
	if c == nil || len(c.Args) != 1 || !isRaise(c.Defresult) || !sqltree.Equal(c.Args[0].GetCaseWhen().GetResult(), boolean(true)) {
		return nil
	}
	return c.Args[0].GetCaseWhen().GetExpr()
}

// isRaise recognises the failing expression by its mark, which no constant of a client's can be.
func isRaise(n *pg.Node) bool {
	number, ok := raised(n)
	return ok && sqltree.Equal(n, raise(number))
}

// raised is the number of the refusal that an expression with a mark stands for.
func raised(n *pg.Node) (number int, ok bool) {
	message := n.GetTypeCast().GetArg().GetAExpr()
	name, _ := slotOf(message.GetLexpr().GetTypeCast().GetArg().GetAConst())
	digits, isMark := strings.CutPrefix(name, markSlot)
	number, err := strconv.Atoi(digits)
	return number, isMark && err == nil
}
