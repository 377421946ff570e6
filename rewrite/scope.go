package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
)

// scope is what one query level adds to the names that may be used in it and below.
type scope struct {
	outer *scope
	// ctes are the WITH queries visible so far: PostgreSQL shows a WITH query its earlier siblings only, unless the
	// WITH is recursive.
	ctes map[string]returning
	// relations are the FROM items of the level by the name that columns are qualified with; nil for anything but a relation.
	relations map[string]*catalog.Relation
	// rows are the names of FROM items that are rows as wholes. A function's alias is not: where the function returns a scalar, so is that.
	rows map[string]bool
}

// enter opens a level; the function it returns closes it.
func (w *walker) enter() func() {
	outer := w.scope
	w.scope = &scope{outer: outer, ctes: map[string]returning{}, relations: map[string]*catalog.Relation{}, rows: map[string]bool{}}
	return func() { w.scope = outer }
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

// isRow says whether a column's qualifier is known to be a row.
func (s *scope) isRow(name string) bool {
	for ; s != nil; s = s.outer {
		if _, ok := s.relations[name]; ok {
			return s.rows[name]
		}
	}
	return false
}

// relation finds the relation that a column's qualifier means: the innermost FROM item of that name.
func (s *scope) relation(name string) *catalog.Relation {
	for ; s != nil; s = s.outer {
		if r, ok := s.relations[name]; ok {
			return r
		}
	}
	return nil
}
