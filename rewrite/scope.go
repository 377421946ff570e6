package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// scope is what one query level adds to the names that may be used in it and below.
type scope struct {
	outer *scope
	// ctes are the WITH queries visible so far: PostgreSQL shows a WITH query its earlier siblings only, unless the
	// WITH is recursive.
	ctes map[string]returning
	// origins are what columns of the level may come from, by the name that they are qualified with.
	origins map[string]origin
	// outputs are the names of the level's own select list, which ORDER BY and GROUP BY may mean.
	outputs map[string]bool
	// queries are the WITH queries of the level, by name.
	queries map[string]withQuery
	// recursive is the WITH query that the level is the body of.
	recursive *pg.CommonTableExpr
	// items and joins are what the level's FROM is made of, for the fence; raises says that something in it may fail.
	items  []*item
	joins  []*onClause
	raises bool
	opaque bool // an item of the level has columns that are not known, and no name
}

// origin is a FROM item or the target of a write. The zero origin is one whose columns are not known here: a sub-select, a function, a
// WITH query, or a relation whose columns have other names in the statement.
type origin struct {
	relation *catalog.Relation
	shown    map[string]plan.Shown // what the subject sees of each column; nil: all of them as they are
	// bare says that the relation stands itself in the statement, as targets of writes do: no sub-select keeps its closed columns away.
	bare bool
	// version says that the item is the old or the new row of a target, by the name that RETURNING has for it.
	version bool
	// row says that the item is a row as a whole. A function's alias is not: where the function returns a scalar, so is that.
	row bool
	// wrapped says that a sub-select stands for the relation, under the relation's own name.
	wrapped bool
	// outputs are the columns of a sub-select or a WITH query; named says that there are no others.
	outputs []output
	named   bool
	catalog *catalogTable // that it is
}

// enter opens a level; the function it returns closes it.
func (w *walker) enter() func() {
	outer := w.scope
	w.scope = newScope(outer)
	return func() { w.scope = outer }
}

func newScope(outer *scope) *scope {
	return &scope{outer: outer, ctes: map[string]returning{}, origins: map[string]origin{}, outputs: map[string]bool{}, queries: map[string]withQuery{}}
}

// isCTE says whether an unqualified name in FROM means a WITH query.
func (s *scope) isCTE(name string) bool {
	for ; s != nil; s = s.outer {
		if _, ok := s.ctes[name]; ok {
			return true
		}
	}
	return false
}

// returning says whether a WITH query has rows to be read.
type returning bool

// returns refuses to read a WITH query without RETURNING, as PostgreSQL does: the RETURNING that our row checks may have added to it is not
// the client's.
func (w *walker) returns(rv *pg.RangeVar) error {
	for s := w.scope; s != nil; s = s.outer {
		if reads, ok := s.ctes[rv.Relname]; ok {
			if reads {
				return nil
			}
			return deny(StatementDenied, stateFeatureNotSupported, rv.Location,
				"WITH query %q does not have a RETURNING clause", rv.Relname)
		}
	}
	return nil
}

// origin finds what a column's qualifier means: the innermost item of that name.
func (s *scope) origin(name string) (origin, bool) {
	for ; s != nil; s = s.outer {
		if i, ok := s.origins[name]; ok {
			return i, true
		}
	}
	return origin{}, false
}

// withQuery finds the WITH query that a name means.
func (s *scope) withQuery(name string) withQuery {
	for ; s != nil; s = s.outer {
		if _, ok := s.ctes[name]; ok {
			if found, ok := s.queries[name]; ok {
				return found
			}
			break
		}
	}
	return withQuery{summary: unknownQuery()}
}
