package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// expanded is what an expanded view stands for: its definition, in which every relation is guarded for the subject. A view
// runs with its owner's rights and would show everybody's rows.
func (w *walker) expanded(view *catalog.Relation, alias *pg.Alias) (*pg.Node, error) {
	stmts, err := sqltree.Parse(view.Definition)
	if err != nil {
		return nil, fmt.Errorf("reading the definition of %s: %w", view.Name, err)
	}
	query := &pg.SelectStmt{}
	if len(stmts) == 1 {
		query = stmts[0].Stmt.GetSelectStmt()
	}
	if query == nil || len(stmts) != 1 {
		return nil, w.deny(TableDenied, stateFeatureNotSupported, "view %s cannot be expanded", view.Name)
	}
	sqltree.Unlocate(stmts[0].Stmt)
	// Nothing of the statement's own names is visible in a view.
	scope, keep, printed, at := w.scope, w.keep, w.printed, w.location
	w.scope, w.keep, w.printed = newScope(nil), false, true
	defer func() { w.scope, w.keep, w.printed = scope, keep, printed }()
	if err := w.query(query, locks{}); err != nil {
		// What stands behind the view is not the client's to know.
		d := w.deny(TableDenied, stateInsufficientPrivilege, "permission denied for view %s", view.Name)
		d.location = at
		return nil, w.explain(d, "What the view reads is not open to "+w.plan.Subject.User+": "+err.Error()+".")
	}
	for _, c := range view.Columns {
		alias.Colnames = append(alias.Colnames, text(c.Name))
	}
	return rangeSubselect(query, alias), nil
}
