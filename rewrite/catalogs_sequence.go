package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// A sequence is a relation of one row, which tells how much everybody does. In its place stands a row that says that it is new: a dump that asks
// for it can be restored.

// sequenceQuery is what stands in the place of a sequence.
func sequenceQuery(oid uint32, alias string) *pg.SelectStmt {
	return selectFrom([]*pg.Node{
		target(column(alias, "seqstart"), "last_value"), target(cast(integer(0), builtinType("int8")), "log_cnt"), target(boolean(false), "is_called"),
	}, []*pg.Node{rangeVar(pgCatalog, "pg_sequence", alias)}, operation("=", column(alias, "seqrelid"), oidConstant(oid)))
}

// visibleSequence is the sequence that a name means, where the subject sees it.
func (g *Rewriter) visibleSequence(rv *pg.RangeVar, p *plan.Plan) *catalog.Relation {
	schema := g.snapshot.Schema
	if rv.Relpersistence != "p" || rv.Catalogname != "" && rv.Catalogname != schema.Database || rv.Schemaname == "" && g.inCatalog(rv.Relname) {
		return nil
	}
	r := schema.Resolve(rv.Schemaname, rv.Relname)
	if r == nil || r.Kind != 'S' || g.snapshot.EntityOf(r.RelationName) != nil {
		return nil
	}
	if _, shown := slices.BinarySearch(g.visibleObjects(p).oids["pg_class"], r.OID); !shown {
		return nil
	}
	return r
}

// sequenceRelation puts a sequence's row in its place.
func (w *walker) sequenceRelation(n *pg.Node, r *catalog.Relation, rv *pg.RangeVar, sample *pg.RangeTableSample, lv level) error {
	defer w.moveTo(rv.Location)()
	spelled := refname(rv)
	if sample != nil || lv.locks.locked(spelled) {
		return w.deny(OperationDenied, stateWrongObjectType, "cannot lock rows in sequence %q", rv.Relname)
	}
	w.wrapped++
	outer := rv.Alias
	if outer == nil {
		outer = alias(rv.Relname)
	}
	w.scope.origins[spelled] = origin{row: true}
	n.Node = rangeSubselect(sequenceQuery(r.OID, reservedPrefix+itoa(int32(w.wrapped))), outer).Node //nolint:gosec // bounded by maxRelations
	w.catalogs = append(w.catalogs, w.location)
	return nil
}

// sequenceQuery says whether a query is what stands in the place of a sequence that the subject sees.
func (v *prover) sequenceQuery(s *pg.SelectStmt, alias string) bool {
	shown := v.rewriter.visibleObjects(v.plan).oids["pg_class"]
	for _, r := range v.rewriter.snapshot.Schema.Relations {
		if r.Kind != 'S' || !sqltree.Equal(sequenceQuery(r.OID, alias), s) {
			continue
		}
		_, ok := slices.BinarySearch(shown, r.OID)
		return ok
	}
	return false
}
