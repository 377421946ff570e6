package rewrite

import (
	"errors"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// catalogsAlone refuses a statement that reads catalogs and does anything else.
func (w *walker) catalogsAlone(n *pg.Node) error {
	if len(w.catalogs) == 0 || isSelect(bodyOf(n)) && !w.mapped {
		return nil
	}
	return deny(OperationDenied, stateFeatureNotSupported, w.catalogs[0], "catalogs of PostgreSQL cannot be read together with tables").
		hint("Ask them in a SELECT of its own.")
}

// catalogsAlone demands that a statement with catalogs is about a SELECT that names no table.
func (v *prover) catalogsAlone(root *pg.Node) error {
	if v.catalogs == 0 || v.tables == 0 && isSelect(bodyOf(root)) {
		return nil
	}
	return errors.New("catalogs stand beside tables")
}
