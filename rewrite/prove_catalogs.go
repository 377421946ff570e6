package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// catalogRelation demands that a catalog stands in a sub-select that is, to the last node, what the plan gives of it.
func (v *prover) catalogRelation(rv *pg.RangeVar, holder step) error {
	s, ok := holder.message.Interface().(*pg.SelectStmt)
	if !ok || holder.field != "from_clause" || !v.ours(rv) {
		return fmt.Errorf("catalog %s stands bare", rv.Relname)
	}
	v.catalogs++
	want, listed := v.rewriter.catalogSelect(rv.Relname, refname(rv), v.plan)
	if listed && sqltree.Equal(want, s) || v.isTypeNames(s, refname(rv)) {
		return nil
	}
	return fmt.Errorf("catalog %s stands without what the plan demands", rv.Relname)
}

func (v *prover) ours(rv *pg.RangeVar) bool {
	name := refname(rv)
	return rv.Catalogname == "" && len(name) > len(reservedPrefix) && name[:len(reservedPrefix)] == reservedPrefix
}

// isTypeNames says whether a sub-select is the one for looking types up.
func (v *prover) isTypeNames(s *pg.SelectStmt, alias string) bool {
	return sqltree.Equal(v.rewriter.typeNames(alias, v.plan), s)
}

// inTypeNames says whether the walk is in such a sub-select: it alone may print types.
func (v *prover) inTypeNames() bool {
	for i := len(v.path) - 1; i >= 0; i-- {
		s, ok := v.path[i].message.Interface().(*pg.SelectStmt)
		if !ok {
			continue
		}
		if len(s.FromClause) != 1 {
			return false
		}
		rv := s.FromClause[0].GetRangeVar()
		return rv != nil && v.ours(rv) && v.isTypeNames(s, refname(rv))
	}
	return false
}

// catalogsAlone demands that a statement with catalogs is a SELECT that names no table.
func (v *prover) catalogsAlone(root *pg.Node) error {
	if v.catalogs == 0 || v.tables == 0 && root.GetSelectStmt() != nil {
		return nil
	}
	return fmt.Errorf("catalogs stand beside tables")
}
