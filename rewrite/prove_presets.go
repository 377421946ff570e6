package rewrite

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// preset demands that columns which no grant opens are set to what the plan fills in.
func (v *prover) preset(update plan.Rule, targets []*pg.Node) error {
	bare, _ := uncheck(targets)
	for _, n := range bare {
		if err := v.isPreset(update, n.GetResTarget().GetName(), n.GetResTarget().GetVal(), nil); err != nil {
			return err
		}
	}
	return nil
}

// isPreset demands it of one column; a relation tells the type that a literal may have been given.
func (v *prover) isPreset(r plan.Rule, name string, value *pg.Node, relation *catalog.Relation) error {
	if _, open := r.Writable[name]; open || r.Writable == nil {
		return nil
	}
	want, err := v.rewriter.value(r.Presets[name], nil)
	if err != nil {
		return err
	}
	if sqltree.Equal(want, value) || relation != nil && relation.Column(name) != nil && sqltree.Equal(typed(want, relation.Column(name)), value) {
		return nil
	}
	return fmt.Errorf("column %s is set to something else than the plan says", name)
}

// insertedPresets demands it of every row of an INSERT.
func (v *prover) insertedPresets(create plan.Rule, n *pg.InsertStmt, relation *catalog.Relation) error {
	if create.Writable == nil {
		return nil
	}
	for _, c := range v.given(n, relation) {
		if _, open := create.Writable[c]; open {
			continue
		}
		at := slices.Index(targetNames(n.Cols), c)
		values := valuesAt(n.SelectStmt.GetSelectStmt(), at)
		if len(values) == 0 {
			return fmt.Errorf("what column %s of an INSERT gets cannot be told", c)
		}
		for _, value := range values {
			if err := v.isPreset(create, c, value, relation); err != nil {
				return err
			}
		}
	}
	return nil
}

// valuesAt finds what the rows of a query have in a column, through the sub-selects that stand around the source of an INSERT; none where that
// cannot be told.
func valuesAt(query *pg.SelectStmt, i int) []*pg.Node {
	if query.GetOp() != pg.SetOperation_SETOP_NONE {
		return nil
	}
	var values []*pg.Node
	for _, r := range query.GetValuesLists() {
		items := r.GetList().GetItems()
		if i >= len(items) {
			return nil
		}
		values = append(values, items[i])
	}
	for _, n := range query.GetTargetList() {
		if !isStar(n) {
			if i == 0 {
				return []*pg.Node{n.GetResTarget().GetVal()}
			}
			i--
			continue
		}
		width := fencedWidth(query)
		if width == 0 {
			return nil
		}
		if i < width {
			return valuesAt(query.FromClause[0].GetRangeSubselect().GetSubquery().GetSelectStmt(), i)
		}
		i -= width
	}
	return values
}
