package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// copyOut demands that a COPY writes the rows of a query to the client and nothing else. The query is proven like any other.
func (v *prover) copyOut(n *pg.CopyStmt) error {
	if n.IsFrom || n.IsProgram || n.Filename != "" || n.Relation != nil || len(n.Attlist) > 0 || n.WhereClause != nil {
		return fmt.Errorf("COPY of another kind than of a query to the client")
	}
	var returning []*pg.Node
	switch q := n.Query.GetNode().(type) {
	case *pg.Node_SelectStmt:
	case *pg.Node_InsertStmt:
		returning = q.InsertStmt.ReturningList
	case *pg.Node_UpdateStmt:
		returning = q.UpdateStmt.ReturningList
	case *pg.Node_DeleteStmt:
		returning = q.DeleteStmt.ReturningList
	case *pg.Node_MergeStmt:
		returning = q.MergeStmt.ReturningList
	default:
		return fmt.Errorf("COPY of what is not a query")
	}
	for _, n := range returning {
		if n.GetResTarget().GetName() == checkColumn {
			return fmt.Errorf("COPY of a check, which nobody would take out")
		}
	}
	for _, option := range n.Options {
		if o := option.GetDefElem(); o == nil || !copyOptionIs(o) {
			return fmt.Errorf("COPY with an option that is not on the list")
		}
	}
	return nil
}
