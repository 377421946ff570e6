package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog/expr"
)

// join guards both sides of a join. A guard beside a relation must not change which rows an outer join pads with NULLs:
// on the nullable side it goes into that join's ON, elsewhere it goes where the join's own guards would go. A join with
// an alias hides its relations from the level around it, so that only its own ON is left.
func (w *walker) join(j *pg.JoinExpr, outer *sink, lv level) error {
	var on *sink
	if j.Quals != nil {
		on = &sink{}
	}
	if j.Alias != nil {
		outer = nil
		if err := w.visit(j.Alias); err != nil {
			return err
		}
		w.scope.origins[j.Alias.Aliasname] = origin{}
	}
	left, right, err := w.sides(j, on, outer)
	if err != nil {
		return err
	}
	onLeft, onRight := lv, lv
	onLeft.padded = lv.padded || j.Jointype == pg.JoinType_JOIN_RIGHT
	onRight.padded = lv.padded || j.Jointype == pg.JoinType_JOIN_LEFT
	from := len(w.scope.items)
	if err := w.fromItem(j.Larg, left, onLeft); err != nil {
		return err
	}
	middle := len(w.scope.items)
	if err := w.fromItem(j.Rarg, right, onRight); err != nil {
		return err
	}
	w.fenceMerged(j, w.scope.items[from:])
	if err := w.merged(j); err != nil {
		return err
	}
	if err := w.visitNode(j.Quals); err != nil {
		return err
	}
	w.joinPlace(j, on, from, middle)
	return nil
}

// sides says where the guards of each side may go.
func (w *walker) sides(j *pg.JoinExpr, on, outer *sink) (left, right *sink, err error) {
	switch j.Jointype {
	case pg.JoinType_JOIN_INNER:
		if outer == nil {
			outer = on
		}
		return outer, outer, nil
	case pg.JoinType_JOIN_LEFT:
		return outer, on, nil
	case pg.JoinType_JOIN_RIGHT:
		return on, outer, nil
	case pg.JoinType_JOIN_FULL:
		return nil, nil, nil
	default:
		return nil, nil, w.refuseNode(j)
	}
}

// merged checks the columns that a join merges: they are compared with the operator =.
func (w *walker) merged(j *pg.JoinExpr) error {
	if !j.IsNatural && len(j.UsingClause) == 0 {
		return nil
	}
	if j.JoinUsingAlias != nil {
		if err := w.visit(j.JoinUsingAlias); err != nil {
			return err
		}
		w.scope.origins[j.JoinUsingAlias.Aliasname] = origin{}
	}
	return w.mergedTypes(j)
}

// mergedTypes checks the = that merged columns are compared with, for every type that their names might stand for.
func (w *walker) mergedTypes(j *pg.JoinExpr) error {
	columns := strs(j.UsingClause)
	if j.IsNatural {
		columns = []string{""}
	}
	for _, name := range columns {
		types := w.mergedColumn(name)
		for _, left := range types {
			if err := w.compares("=", left, types); err != nil {
				return err
			}
		}
	}
	return nil
}

// mergedColumn lists the types of columns of a name in all items of the level. No name stands for any column.
func (w *walker) mergedColumn(name string) []operand {
	if name == "" {
		return []operand{{}}
	}
	var types []operand
	for _, i := range w.scope.origins {
		if i.relation == nil {
			return []operand{{}}
		}
		if t := i.columnType(name); t != (expr.Type{}) {
			types = append(types, operand{typ: t})
		}
	}
	return types
}
