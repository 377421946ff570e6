package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// copyStatement guards COPY between the client and the database, and refuses files and programs.
func (w *walker) copyStatement(s *pg.CopyStmt) (Kind, error) {
	if s.Relation != nil {
		s.Relation.Location = sqltree.Unlocated // PostgreSQL tells no place of it either
	}
	switch {
	case s.IsProgram:
		return Copy, w.deny(StatementDenied, stateInsufficientPrivilege, "permission denied to COPY to or from an external program").hint(copyHint)
	case s.Filename != "":
		return Copy, w.deny(StatementDenied, stateInsufficientPrivilege, "permission denied to COPY to or from a file").hint(copyHint)
	case s.WhereClause != nil && !s.IsFrom:
		return Copy, w.deny(StatementDenied, stateSyntaxError, "WHERE clause not allowed with COPY TO")
	case s.IsFrom:
		return CopyIn, w.copyFrom(s)
	default:
		return Copy, w.copyOut(s)
	}
}

// copyOut guards COPY ... TO STDOUT. A table becomes a query of its columns, as it does under row-level security.
func (w *walker) copyOut(s *pg.CopyStmt) error {
	if err := w.copyOptions(s.Options); err != nil {
		return err
	}
	if s.Relation != nil && w.isTemporary(s.Relation) {
		s.Relation.Schemaname, w.said.Temporary = temporarySchema, s.Relation.Relname
		return nil
	}
	if s.Relation != nil {
		query, err := w.copiedTable(s)
		if err != nil {
			return err
		}
		s.Relation, s.Attlist, s.Query = nil, nil, selectNode(query)
	}
	return w.copied(s.Query)
}

const copyHint = "COPY to STDOUT and from STDIN is what there is, and psql's \\copy uses it."

// copied guards the query of a COPY. A check of final rows cannot be a column of its own there, for nobody would take it out again.
func (w *walker) copied(n *pg.Node) error {
	if !hasRows(n) {
		return deny(StatementDenied, stateFeatureNotSupported, unplaced, "COPY query must have a RETURNING clause")
	}
	switch q := n.GetNode().(type) {
	case *pg.Node_SelectStmt:
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
		return w.refuseNode(n)
	}
}

// copiedTable is SELECT columns FROM ONLY table.
func (w *walker) copiedTable(s *pg.CopyStmt) (*pg.SelectStmt, error) {
	rv := s.Relation
	at := rv.Location
	defer w.moveTo(at)()
	relation, entity, err := w.resolve(rv)
	if err != nil {
		return nil, err
	}
	read, err := w.rule(entity, catalog.Read, at)
	if err != nil {
		return nil, err
	}
	w.uses = w.uses[:len(w.uses)-1] // The query will use it.
	columns, err := w.copiedColumns(s.Attlist, relation, read)
	if err != nil {
		return nil, err
	}
	if kind := uncopied(relation); kind != "" {
		return nil, w.deny(OperationDenied, stateWrongObjectType, "cannot copy from %s %q", kind, relation.Name).
			hint("Try the COPY (SELECT ...) TO variant.")
	}
	rv.Inh = false
	return selectFrom(columns, []*pg.Node{{Node: &pg.Node_RangeVar{RangeVar: rv}}}, nil), nil
}

// uncopied names the kinds of relation that are no tables to COPY.
func uncopied(r *catalog.Relation) string {
	switch r.Kind {
	case 'r':
		return ""
	case 'p':
		return "partitioned table"
	case 'v':
		return "view"
	case 'm':
		return "materialized view"
	case 'f':
		return "foreign table"
	default:
		return "relation"
	}
}

// copiedColumns are the columns that a COPY of a table names, or all of them: without those that are generated, unless rows are kept away. Then
// row-level security selects *.
func (w *walker) copiedColumns(list []*pg.Node, r *catalog.Relation, read plan.Rule) ([]*pg.Node, error) {
	named, err := w.copiedNames(list, r)
	if err != nil {
		return nil, err
	}
	var columns []*pg.Node
	for _, name := range named {
		columns = append(columns, target(column(name), ""))
	}
	if len(list) > 0 {
		return columns, nil
	}
	for _, c := range r.Columns {
		if !c.Generated || conditionOf(read) != nil {
			columns = append(columns, target(column(c.Name), ""))
		}
	}
	return columns, nil
}

// copiedNames are the columns that a COPY lists.
func (w *walker) copiedNames(list []*pg.Node, r *catalog.Relation) ([]string, error) {
	listed := strs(list)
	named := map[string]bool{}
	for _, name := range listed {
		c := r.Column(name)
		switch {
		case c == nil:
			return nil, w.deny(StatementDenied, stateUndefinedColumn, "column %q of relation %q does not exist", name, r.Name)
		case c.Generated:
			return nil, w.deny(StatementDenied, stateInvalidColumn, "column %q is a generated column", name)
		case named[name]:
			return nil, w.deny(StatementDenied, stateDuplicateColumn, "column %q specified more than once", name)
		}
		named[name] = true
	}
	return listed, nil
}
