package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// loadDirectly puts the check of each row into COPY's own WHERE:
//
//	COPY t (a, b) FROM STDIN WHERE CASE WHEN condition THEN true ELSE fail END
//
// It returns false where that does not do: PostgreSQL knows no sub-selects and no generated columns there, and what triggers make of a row
// comes later.
func (w *walker) loadDirectly(l *load) (bool, error) {
	check, err := w.directCheck(l)
	if err != nil || check == nil && !isTrue(l.condition) {
		return false, err
	}
	s := l.statement
	s.Attlist = names(l.columns...)
	if check != nil && s.WhereClause != nil {
		check = caseWhen(s.WhereClause, check, boolean(false))
	}
	if check != nil {
		s.WhereClause = check
	}
	w.said.Load = &Load{Table: l.relation.Name}
	return true, nil
}

// directCheck is the check of a row in COPY's WHERE; nil where there is none.
func (w *walker) directCheck(l *load) (*pg.Node, error) {
	if isTrue(l.condition) || !decidedInStream(l) {
		return nil, nil
	}
	name := l.relation.Name
	condition, err := w.rewriter.condition(l.condition, aliased(name))
	if err != nil || anySubLink(condition) {
		return nil, err
	}
	return caseWhen(condition, boolean(true), raiseWith(w.violation(l.relation, ""), emptyOf(name, l.plainColumn()))), nil
}

// decidedInStream says whether the row that COPY's WHERE sees is the one that is stored, as far as the condition looks at it.
func decidedInStream(l *load) bool {
	looked := map[string]bool{}
	columnsOf(l.condition, looked)
	return !l.relation.BeforeInsert && !anyGenerated(l.relation, looked) && !looked[anyColumn]
}

// plainColumn is a column whose text no function of the database's owner makes, if there is one.
func (l *load) plainColumn() string {
	for _, name := range l.columns {
		if l.relation.Column(name).Type.Schema == pgCatalog {
			return name
		}
	}
	return l.columns[0]
}

// emptyOf is an empty text that the planner does not know to be one. The volatile one of raise would make COPY insert row by row.
func emptyOf(table, name string) *pg.Node {
	piece := call("left", cast(column(table, name), builtinType("text")), integer(0))
	return coalesce(piece, cast(literal(""), builtinType("text")))
}

// directFail recognises what a direct check fails with.
func directFail(n *pg.Node, r *catalog.Relation) bool {
	number, ok := raised(n)
	if !ok {
		return false
	}
	for _, c := range r.Columns {
		if sqltree.Equal(n, raiseWith(number, emptyOf(r.Name, c.Name))) {
			return true
		}
	}
	return false
}
