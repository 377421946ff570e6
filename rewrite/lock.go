package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
)

// accessShare is the mode that SELECT locks its tables in. All others keep somebody waiting who does not change definitions.
const accessShare = 1

// lock lets a dump keep the tables that it will read as they are.
func (w *walker) lock(s *pg.LockStmt) error {
	if s.Mode != accessShare {
		return w.deny(StatementDenied, stateInsufficientPrivilege, "permission denied: LOCK is not allowed").hint(insteadOfLock)
	}
	for _, item := range s.Relations {
		rv := item.GetRangeVar()
		if rv == nil || rv.Alias != nil {
			return w.refuseNode(item)
		}
		at, spelled := rv.Location, rv.Relname
		relation, entity, err := w.resolve(rv)
		if err != nil {
			return err
		}
		if _, err := w.rule(entity, catalog.Read, at); err != nil {
			return err
		}
		if relation.Kind != 'r' && relation.Kind != 'p' {
			return deny(OperationDenied, stateWrongObjectType, at, "%q is not a table", spelled)
		}
	}
	return nil
}

// lock demands that only tables that may be read are locked, and no more than reading locks them.
func (v *prover) lock(n *pg.LockStmt) error {
	if n.Mode != accessShare {
		return fmt.Errorf("a lock of mode %d", n.Mode)
	}
	for _, item := range n.Relations {
		entity, err := v.entity(item.GetRangeVar())
		if err != nil {
			return err
		}
		kind := entity.Relation.Kind
		if k := v.plan.Rule(entity.Name, catalog.Read).Kind; k != plan.Restricted && k != plan.FullAccess || kind != 'r' && kind != 'p' {
			return fmt.Errorf("relation %s may not be locked", entity.Relation.Name)
		}
	}
	return nil
}
