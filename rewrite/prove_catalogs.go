package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// catalogQuery says whether a query is, to the last node, what the plan gives of a catalog, or of types for looking them up. There is nothing in
// it that the client wrote.
func (v *prover) catalogQuery(s *pg.SelectStmt) bool {
	if len(s.FromClause) != 1 {
		return false
	}
	rv := s.FromClause[0].GetRangeVar()
	if rv == nil || !v.ours(rv) || !isCatalogSchema(rv.Schemaname) {
		return false
	}
	want, listed := v.rewriter.catalogQuery(catalog.RelationName{Schema: rv.Schemaname, Name: rv.Relname}, refname(rv), v.plan)
	if listed && sqltree.Equal(want, s) {
		v.catalogs++
		return true
	}
	return false
}

func isCatalogSchema(name string) bool { return name == pgCatalog || name == informationSchema }

func (v *prover) ours(rv *pg.RangeVar) bool {
	return rv.Catalogname == "" && strings.HasPrefix(refname(rv), reservedPrefix)
}
