package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// The table that a row is in is asked for beside the row, where no catalog may be read:
//
//	tableoid::regclass          CASE WHEN tableoid = ANY ('{tables that are seen}') THEN tableoid::regclass END
//	tableoid = 'task'::regclass  tableoid = '16400'::oid
//
// The server prints names that the subject sees, and no others.

// ownTableName replaces such a cast in a statement about mapped tables; it returns false for any other.
func (w *walker) ownTableName(n *pg.Node, l *nameLookup, form nameForm) (bool, error) {
	if !w.mapped || l.typ != "regclass" || l.array || !l.cast {
		return false, nil
	}
	if name := constantText(l.arg); name != nil && form == nameAsOID && !isDigits(*name) && *name != "-" {
		oid, ok := w.rewriter.tableCalled(*name, w.plan)
		if !ok {
			missing := noSuchName(l.typ, *name)
			return true, w.deny(missing.Code, missing.SQLState, "%s", missing.Message)
		}
		n.Node = oidConstant(oid).Node
		return true, nil
	}
	if !isTableOID(l.arg) {
		return false, nil
	}
	if err := w.node(l.arg); err != nil {
		return true, err
	}
	if !isTableOID(l.arg) {
		return true, w.deny(OperationDenied, stateFeatureNotSupported, "the name of a row's table cannot be told here").hint("Ask for tableoid alone.")
	}
	n.Node = w.rewriter.tableNamed(l.arg, form, w.plan).Node
	return true, nil
}

func isTableOID(n *pg.Node) bool {
	return last(strs(n.GetColumnRef().GetFields())) == "tableoid"
}

// tableNamed is what stands for a table's OID as a value of regclass.
func (g *Rewriter) tableNamed(oid *pg.Node, form nameForm, p *plan.Plan) *pg.Node {
	seen := amongValues(copyOf(oid), "oid", oidArray(g.tablesSeen(p)))
	name := cast(copyOf(oid), builtinType("regclass"))
	switch form {
	case nameAsOID:
		return oid
	case nameAsValue:
		return caseWhen(seen, name, nil)
	case nameAsText, nameByKind:
	}
	return caseWhen(seen, cast(name, builtinType("text")), cast(copyOf(oid), builtinType("text")))
}

// tablesSeen are the OIDs of the tables and views that a plan shows.
func (g *Rewriter) tablesSeen(p *plan.Plan) []uint32 {
	shown := g.visibleObjects(p).oids["pg_class"]
	var seen []uint32
	for _, r := range g.snapshot.Schema.Relations {
		if _, ok := slices.BinarySearch(shown, r.OID); ok && r.Kind != 'S' {
			seen = append(seen, r.OID)
		}
	}
	slices.Sort(seen)
	return seen
}

// tableCalled is the OID of the table that a name in a text means, where a plan shows it.
func (g *Rewriter) tableCalled(name string, p *plan.Plan) (uint32, bool) {
	for _, called := range g.sequencesCalled(name) {
		r := g.snapshot.Schema.Relations[catalog.RelationName{Schema: called.Schema, Name: called.Name}]
		if r != nil && slices.Contains(g.tablesSeen(p), r.OID) {
			return r.OID, true
		}
	}
	return 0, false
}

// tableNamed recognises what tableNamed of the Rewriter makes, and returns the OID in it, which is all of it that is the client's.
func (v *prover) tableNamed(n *pg.CaseExpr) *pg.Node {
	if len(n.Args) != 1 {
		return nil
	}
	oid := n.Args[0].GetCaseWhen().GetExpr().GetAExpr().GetLexpr()
	if !isTableOID(oid) {
		return nil
	}
	made := &pg.Node{Node: &pg.Node_CaseExpr{CaseExpr: n}}
	for _, form := range []nameForm{nameAsValue, nameAsText} {
		if sqltree.Equal(v.rewriter.tableNamed(oid, form, v.plan), made) {
			return oid
		}
	}
	return nil
}
