package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// query guards a SELECT, VALUES or TABLE with everything in it. inherited says that a locking clause around it reaches in.
func (w *walker) query(s *pg.SelectStmt, inherited locks) error {
	if s.IntoClause != nil {
		return w.deny(StatementDenied, stateInsufficientPrivilege, "permission denied: SELECT INTO is not allowed").hint("%s", insteadOfTable)
	}
	defer w.enter()()
	if err := w.with(s.WithClause); err != nil {
		return err
	}
	held, err := w.locking(s.LockingClause, inherited)
	if err != nil {
		return err
	}
	for _, arm := range []*pg.SelectStmt{s.Larg, s.Rarg} {
		if arm == nil {
			continue
		}
		if err := w.query(arm, locks{all: held.any()}); err != nil {
			return err
		}
		if arm == s.Larg {
			w.recurse(s)
		}
	}
	guards, err := w.from(s.FromClause, level{keep: w.keep || len(s.GroupClause) > 0 || held.any(), plain: plainFrom(s.FromClause), locks: held})
	if err != nil {
		return err
	}
	w.nameColumns(s.TargetList)
	for _, name := range targetNames(s.TargetList) {
		w.scope.outputs[name] = name != ""
	}
	if err := w.distinct(s); err != nil {
		return err
	}
	err = w.children(s, "with_clause", "locking_clause", "larg", "rarg", "from_clause", "distinct_clause")
	if err != nil {
		return err
	}
	w.summarise(s)
	if s.WhereClause, s.HavingClause, err = w.fence(clauses{s.WhereClause, s.HavingClause, keysOf(s)}); err != nil {
		return err
	}
	s.WhereClause = and(append([]*pg.Node{s.WhereClause}, guards...)...)
	return nil
}

// distinct visits DISTINCT ON. A plain DISTINCT is a list of one empty node.
func (w *walker) distinct(s *pg.SelectStmt) error {
	if len(s.DistinctClause) == 1 && s.DistinctClause[0].GetNode() == nil {
		return nil
	}
	return w.visitAll(s.DistinctClause)
}

// locking reads FOR UPDATE and its kin. The names in OF are aliases of the level, not relations.
func (w *walker) locking(clauses []*pg.Node, inherited locks) (locks, error) {
	held := locks{all: inherited.all, names: map[string]bool{}}
	for _, n := range clauses {
		clause := n.GetLockingClause()
		if clause == nil {
			return locks{}, w.refuseNode(n)
		}
		if len(clause.LockedRels) == 0 {
			held.all = true
		}
		for _, of := range clause.LockedRels {
			rv := of.GetRangeVar()
			if rv == nil || rv.Schemaname != "" || rv.Catalogname != "" || rv.Alias != nil {
				return locks{}, w.deny(StatementDenied, stateSyntaxError, "FOR UPDATE OF must specify unqualified relation names")
			}
			held.names[rv.Relname] = true
		}
	}
	return held, nil
}

// with guards WITH queries, each in the scope that PostgreSQL gives it.
func (w *walker) with(clause *pg.WithClause) error {
	if clause == nil {
		return nil
	}
	ctes := make([]*pg.CommonTableExpr, len(clause.Ctes))
	for i, n := range clause.Ctes {
		if ctes[i] = n.GetCommonTableExpr(); ctes[i] == nil {
			return w.refuseNode(n)
		}
		if strings.HasPrefix(ctes[i].Ctename, reservedPrefix) {
			defer w.moveTo(ctes[i].Location)()
			return w.ownName(ctes[i].Ctename)
		}
		if clause.Recursive {
			w.scope.ctes[ctes[i].Ctename] = hasRows(ctes[i].Ctequery)
		}
	}
	for _, cte := range ctes {
		reads := hasRows(cte.Ctequery)
		if err := w.cte(cte); err != nil {
			return err
		}
		w.scope.ctes[cte.Ctename] = reads
		query := cte.Ctequery.GetSelectStmt()
		sum := w.returned
		if query != nil {
			sum = withNames(w.queryOf(query), cte)
		}
		w.scope.queries[cte.Ctename] = withQuery{cte, query, sum}
	}
	return nil
}

// hasRows says whether the client's WITH query has rows: it reads, or it writes with RETURNING.
func hasRows(n *pg.Node) returning {
	switch q := n.GetNode().(type) {
	case *pg.Node_InsertStmt:
		return len(q.InsertStmt.ReturningList) > 0
	case *pg.Node_UpdateStmt:
		return len(q.UpdateStmt.ReturningList) > 0
	case *pg.Node_DeleteStmt:
		return len(q.DeleteStmt.ReturningList) > 0
	case *pg.Node_MergeStmt:
		return len(q.MergeStmt.ReturningList) > 0
	default:
		return true
	}
}

func (w *walker) cte(cte *pg.CommonTableExpr) error {
	defer w.moveTo(cte.Location)()
	defer w.enter()()
	if err := w.children(cte, "ctequery"); err != nil {
		return err
	}
	w.returned = unknownQuery()
	switch q := cte.Ctequery.GetNode().(type) {
	case *pg.Node_SelectStmt:
		w.scope.recursive = cte
		return w.query(q.SelectStmt, locks{})
	case *pg.Node_InsertStmt:
		return w.insert(q.InsertStmt, insideWith)
	case *pg.Node_UpdateStmt:
		return w.update(q.UpdateStmt, insideWith)
	case *pg.Node_DeleteStmt:
		return w.delete(q.DeleteStmt)
	case *pg.Node_MergeStmt:
		return w.merge(q.MergeStmt, insideWith)
	default:
		return w.children(cte.Ctequery)
	}
}

// nameColumns gives select-list entries that are replaced by constants the column name that PostgreSQL gives the original.
func (w *walker) nameColumns(targets []*pg.Node) {
	for _, n := range targets {
		t := n.GetResTarget()
		if t == nil || t.Name != "" {
			continue
		}
		if boolConstant(t.Val) != nil {
			t.Name = "bool"
		}
		names := namesColumn(t.Val)
		if isBackendPID(names.GetFuncCall()) {
			t.Name = "pg_backend_pid"
		}
		if f := names.GetFuncCall(); channelCall(f) == "pg_listening_channels" {
			t.Name = channelCall(f)
		}
		if f := names.GetFuncCall(); tellsUser(f) || tellsPath(f) {
			t.Name = "current_setting"
		}
		if f := names.GetFuncCall(); isSetConfig(f) {
			t.Name = "set_config"
		}
		if name := w.replacedLabel(t.Val); name != "" {
			t.Name = name
		}
		switch names.GetSqlvalueFunction().GetOp() {
		case pg.SQLValueFunctionOp_SVFOP_CURRENT_USER:
			t.Name = "current_user"
		case pg.SQLValueFunctionOp_SVFOP_SESSION_USER:
			t.Name = "session_user"
		case pg.SQLValueFunctionOp_SVFOP_USER:
			t.Name = "user"
		case pg.SQLValueFunctionOp_SVFOP_CURRENT_ROLE:
			t.Name = "current_role"
		}
	}
}

// namesColumn is the part of a select-list entry that PostgreSQL looks at for the column's name: casts, collations, subscripts and CASE take that of
// what they are about.
func namesColumn(n *pg.Node) *pg.Node {
	for {
		switch e := n.GetNode().(type) {
		case *pg.Node_TypeCast:
			n = e.TypeCast.Arg
		case *pg.Node_CollateClause:
			n = e.CollateClause.Arg
		case *pg.Node_AIndirection:
			if strs(e.AIndirection.Indirection)[len(e.AIndirection.Indirection)-1] != "" {
				return n
			}
			n = e.AIndirection.Arg
		case *pg.Node_CaseExpr:
			n = e.CaseExpr.Defresult
		default:
			return n
		}
	}
}
