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
	if v.catalogOf(s) != nil || rv.Relname == "pg_sequence" && v.sequenceQuery(s, refname(rv)) {
		v.catalogs++
		return true
	}
	return false
}

// catalogOf is the catalog that a query is made for, with the fence that the walker may have put around it.
func (v *prover) catalogOf(s *pg.SelectStmt) *catalogTable {
	if len(s.GetFromClause()) != 1 {
		return nil
	}
	rv := s.FromClause[0].GetRangeVar()
	if rv == nil || !v.ours(rv) {
		return nil
	}
	name := catalog.RelationName{Schema: rv.Schemaname, Name: rv.Relname}
	want, listed := v.rewriter.catalogQuery(name, refname(rv), v.plan)
	if !listed {
		return nil
	}
	if isOffset(s) {
		offset(want)
	}
	if !sqltree.Equal(want, s) {
		return nil
	}
	return v.rewriter.catalogs[name]
}

func isCatalogSchema(name string) bool { return name == pgCatalog || name == informationSchema }

func (v *prover) ours(rv *pg.RangeVar) bool {
	return rv.Catalogname == "" && strings.HasPrefix(refname(rv), reservedPrefix)
}
