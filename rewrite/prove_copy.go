package rewrite

import (
	"errors"
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// copyOut demands that a COPY writes the rows of a query, or of a temporary table, to the client and nothing else. The query is proven like any
// other.
func (v *prover) copyOut(n *pg.CopyStmt) error {
	if v.temporary(n.Relation) && !n.IsFrom && !n.IsProgram && n.Filename == "" && n.Query == nil && n.WhereClause == nil {
		return copyOptionsAre(n.Options, copyOptionIs)
	}
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
	return copyOptionsAre(n.Options, copyOptionIs)
}

func copyOptionsAre(options []*pg.Node, is func(*pg.DefElem) bool) error {
	for _, option := range options {
		if o := option.GetDefElem(); o == nil || !is(o) {
			return errors.New("COPY with an option that is not on the list")
		}
	}
	return nil
}

// copyIn demands that a COPY straight into a table names columns that are open, leaves no preset out, and checks each row in its WHERE.
func (v *prover) copyIn(n *pg.CopyStmt) error {
	own := v.temporary(n.Relation)
	if !n.IsFrom || n.IsProgram || n.Filename != "" || n.Query != nil || n.Relation == nil || len(n.Attlist) == 0 && !own {
		return errors.New("COPY of another kind than from the client into a table")
	}
	if err := copyOptionsAre(n.Options, loadOptionIs); err != nil {
		return err
	}
	if own {
		return nil
	}
	entity, err := v.entity(n.Relation)
	if err != nil {
		return err
	}
	relation, create := entity.Relation, v.plan.Rule(entity.Name, catalog.Create)
	columns := strs(n.Attlist)
	if err := openToLoad(relation, create, columns); err != nil {
		return err
	}
	if left := leftOut(create.Presets, insertTargets(columns)); len(left) > 0 {
		return fmt.Errorf("COPY leaves %s out, which the plan fills in", left[0])
	}
	l := &load{relation: relation, create: create, columns: columns, condition: loadedRow(create, columns, nil)}
	if isTrue(l.condition) {
		return nil
	}
	if !decidedInStream(l) {
		return fmt.Errorf("rows of %s are loaded without a check of what triggers make of them", relation.Name)
	}
	condition, err := v.rewriter.condition(l.condition, aliased(refname(n.Relation)))
	if err != nil {
		return err
	}
	if !directlyChecked(n.WhereClause, condition, relation) {
		return fmt.Errorf("rows of %s are loaded without their check", relation.Name)
	}
	return nil
}

// directlyChecked says whether a COPY's WHERE holds the rows that the client wants against a condition.
func directlyChecked(where, condition *pg.Node, r *catalog.Relation) bool {
	c := where.GetCaseExpr()
	if c != nil && c.Arg == nil && len(c.Args) == 1 && sqltree.Equal(c.Defresult, boolean(false)) {
		c = c.Args[0].GetCaseWhen().GetResult().GetCaseExpr()
	}
	if c == nil || c.Arg != nil || len(c.Args) != 1 || !directFail(c.Defresult, r) {
		return false
	}
	return sqltree.Equal(c.Args[0], when(condition, boolean(true)))
}

// openToLoad demands that the columns are a relation's, each once, and open to be written.
func openToLoad(r *catalog.Relation, create plan.Rule, columns []string) error {
	named := map[string]bool{}
	for _, name := range columns {
		if _, open := create.Writable[name]; r.Column(name) == nil || named[name] || create.Writable != nil && !open {
			return fmt.Errorf("column %s of %s is loaded that may not be", name, r.Name)
		}
		named[name] = true
	}
	return nil
}
