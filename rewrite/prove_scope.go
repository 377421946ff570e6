package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
)

// holder is the innermost step that is more than a wrapper.
func (v *prover) holder() step {
	for i := len(v.path) - 1; i >= 0; i-- {
		if _, wrapper := v.path[i].message.(*pg.Node); !wrapper {
			return v.path[i]
		}
	}
	return step{message: (&pg.Node{})}
}

// outer is the innermost step around another that is more than a wrapper.
func (v *prover) outer(inner step) step {
	at := len(v.path) - 1
	for at >= 0 && v.path[at].message != inner.message {
		at--
	}
	for at--; at >= 0; at-- {
		if _, wrapper := v.path[at].message.(*pg.Node); !wrapper {
			return v.path[at]
		}
	}
	return step{message: (&pg.Node{})}
}

func (v *prover) ancestors() []proto.Message {
	list := make([]proto.Message, len(v.path))
	for i, s := range v.path {
		list[i] = s.message
	}
	return list
}

// anyGuard says whether one of the ancestors is a recognised guard, or a check that fails where its condition is not met.
func (v *prover) anyGuard(ancestors []proto.Message) bool {
	return slices.ContainsFunc(ancestors, func(m proto.Message) bool {
		c, ok := m.(*pg.CaseExpr)
		return v.guards[m] || ok && (isRaise(c.Defresult) || v.staging && isLinedRaise(c.Defresult))
	})
}

// inScope says whether an unqualified name is a WITH query that PostgreSQL would find here: one of a query around this place, and, seen from
// inside another WITH query of the same list, an earlier one unless the list is recursive.
func (v *prover) inScope(name string) bool {
	for i := len(v.path) - 1; i >= 0; i-- {
		clause := withClause(v.path[i].message)
		if clause == nil {
			continue
		}
		limit := len(clause.Ctes)
		if v.path[i].field == "with_clause" && !clause.Recursive {
			limit = v.positionIn(clause, i)
		}
		for _, n := range clause.Ctes[:limit] {
			if n.GetCommonTableExpr().GetCtename() == name {
				return true
			}
		}
	}
	return false
}

// positionIn finds which of a clause's WITH queries the walk is inside of.
func (v *prover) positionIn(clause *pg.WithClause, from int) int {
	for _, s := range v.path[from:] {
		cte, ok := s.message.(*pg.CommonTableExpr)
		if !ok {
			continue
		}
		return slices.IndexFunc(clause.Ctes, func(n *pg.Node) bool { return n.GetCommonTableExpr() == cte })
	}
	return 0
}

func withClause(m proto.Message) *pg.WithClause {
	switch n := m.(type) {
	case *pg.SelectStmt:
		return n.WithClause
	case *pg.InsertStmt:
		return n.WithClause
	case *pg.UpdateStmt:
		return n.WithClause
	case *pg.DeleteStmt:
		return n.WithClause
	case *pg.MergeStmt:
		return n.WithClause
	default:
		return nil
	}
}

// locked says whether a query level around the FROM item of that name locks it. Locks reach into sub-selects in FROM and into the arms of
// set operations, but not into WITH queries and expressions.
func (v *prover) locked(name string) bool {
	for i := len(v.path) - 1; i >= 0; i-- {
		switch n := v.path[i].message.(type) {
		case *pg.RangeSubselect:
			name = n.Alias.GetAliasname()
		case *pg.SelectStmt:
			if f := v.path[i].field; f != "from_clause" && f != "larg" && f != "rarg" {
				return false
			}
			if locks := n.LockingClause; slices.ContainsFunc(locks, func(l *pg.Node) bool { return locksItem(l, name) }) {
				return true
			}
		case *pg.CommonTableExpr:
			return false
		}
	}
	return false
}

func locksItem(clause *pg.Node, name string) bool {
	rels := clause.GetLockingClause().GetLockedRels()
	return len(rels) == 0 || slices.ContainsFunc(rels, func(r *pg.Node) bool { return r.GetRangeVar().GetRelname() == name })
}
