package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
)

// mergeInsert is the condition of an INSERT: the new row satisfies its check.
func (w *walker) mergeInsert(m *merging, c *pg.MergeWhenClause) (*pg.Node, error) {
	create, err := w.mergeRule(m, catalog.Create)
	if err != nil {
		return nil, err
	}
	if err := w.namedOnce(c.TargetList, m.relation); err != nil {
		return nil, err
	}
	if err := w.listMerged(m, c); err != nil {
		return nil, err
	}
	if err := w.mayWrite(create, m.relation, c.TargetList); err != nil {
		return nil, err
	}
	for _, name := range leftOut(create.Presets, c.TargetList) {
		value, err := w.rewriter.value(create.Presets[name], nil)
		if err != nil {
			return nil, err
		}
		c.TargetList, c.Values = append(c.TargetList, target(nil, name)), append(c.Values, value)
	}
	condition := insertCondition(m.read, create, c, len(m.stmt.ReturningList) > 0)
	if err := w.giveDefaults(m.relation, c, condition); err != nil {
		return nil, err
	}
	ahead, err := w.foreseeInsert(m.relation, c, condition, m.settled)
	if err != nil {
		return nil, err
	}
	if err := w.leave(m, catalog.Create, condition, ahead); err != nil {
		return nil, err
	}
	return w.aheadCheck(m, ahead)
}

// insertCondition is what a new row must satisfy. RETURNING reads it.
func insertCondition(read, create plan.Rule, c *pg.MergeWhenClause, returned bool) expr.Expr {
	condition := newRowCondition(create)
	if returned {
		condition = readableRow(condition, read)
	}
	if terms, _ := columnTerms(create, targetNames(c.TargetList)); len(terms) > 0 {
		condition = flatAnd(append([]expr.Expr{condition}, terms...))
	}
	return condition
}

// listMerged makes the target columns explicit, and refuses a list that does not go with the values.
func (w *walker) listMerged(m *merging, c *pg.MergeWhenClause) error {
	columns := m.relation.Columns
	switch {
	case slices.ContainsFunc(c.Values, isStarRef):
		return w.deny(OperationDenied, stateFeatureNotSupported, "row expansion in the values of MERGE is not supported").
			hint("Write the values one by one.")
	case len(c.TargetList) == 0 && len(c.Values) <= len(columns):
		for _, column := range columns[:len(c.Values)] {
			c.TargetList = append(c.TargetList, target(nil, column.Name))
		}
	case len(c.TargetList) < len(c.Values):
		return w.deny(StatementDenied, stateSyntaxError, "INSERT has more expressions than target columns")
	case len(c.TargetList) > len(c.Values):
		return w.deny(StatementDenied, stateSyntaxError, "INSERT has more target columns than expressions")
	}
	return nil
}

// giveDefaults writes out the constant defaults of columns that the condition looks at, so that the check sees what will be stored.
func (w *walker) giveDefaults(relation *catalog.Relation, c *pg.MergeWhenClause, condition expr.Expr) error {
	looked := map[string]bool{}
	columnsOf(condition, looked)
	if isTrue(condition) || relation.BeforeInsert {
		return nil // The final row is what counts.
	}
	for i := range relation.Columns {
		column := &relation.Columns[i]
		if !looked[column.Name] {
			continue
		}
		value, constant := w.defaultValue(column)
		at := slices.Index(targetNames(c.TargetList), column.Name)
		switch {
		case !constant:
		case at < 0:
			c.TargetList, c.Values = append(c.TargetList, target(nil, column.Name)), append(c.Values, value)
		case c.Values[at].GetSetToDefault() != nil && len(c.TargetList[at].GetResTarget().GetIndirection()) == 0:
			c.Values[at] = value
		}
	}
	return nil
}

// foreseeInsert finds what of a condition can be checked on the values of an INSERT branch.
//
// A check repeats the value, which must then be the same both times. A sub-select or a volatile function is not: it belongs in the source.
func (w *walker) foreseeInsert(relation *catalog.Relation, c *pg.MergeWhenClause, condition expr.Expr, settled bool) (*ahead, error) {
	if isTrue(condition) {
		return &ahead{certain: true}, nil
	}
	looked := map[string]bool{}
	columnsOf(condition, looked)
	set := &assigned{values: map[string]*pg.Node{}, late: map[string]bool{}}
	paths := hasPath(condition)
	for name := range looked {
		value, err := w.insertedValue(relation, c, name, paths, settled)
		switch {
		case err != nil:
			return nil, err
		case value == nil:
			set.late[name] = true
		default:
			set.values[name] = value
		}
	}
	later := relation.BeforeInsert || anyGenerated(relation, looked) || looked[anyColumn]
	found := &ahead{certain: !later && len(set.late) == 0, row: set.row("")}
	for _, term := range conjuncts(condition) {
		columns := map[string]bool{}
		columnsOf(term, columns)
		given, keyed := true, false
		for name := range columns {
			given = given && set.values[name] != nil
			keyed = keyed || relation.Keyed[name]
		}
		if given && (keyed || !later) {
			found.now = append(found.now, term)
		}
	}
	return found, nil
}

// insertedValue is the value of a column as it will be stored; nil where only the final row tells.
func (w *walker) insertedValue(relation *catalog.Relation, c *pg.MergeWhenClause, name string, paths, settled bool) (*pg.Node, error) {
	column := relation.Column(name)
	at := slices.Index(targetNames(c.TargetList), name)
	if column == nil || column.Identity || at < 0 || len(c.TargetList[at].GetResTarget().GetIndirection()) > 0 {
		return nil, nil
	}
	value := c.Values[at]
	switch {
	case value.GetSetToDefault() != nil:
		return nil, nil
	case w.changes(value) || paths && !allQualified(value) || !settled && namesColumns(value, ""):
		return nil, w.deny(OperationDenied, stateFeatureNotSupported, "column %q cannot be checked when MERGE computes it like this", name).
			hint("Compute the value in a sub-select in USING, and name its column with the sub-select's alias.")
	}
	return w.stored(copyOf(typed(value, column)), column)
}
