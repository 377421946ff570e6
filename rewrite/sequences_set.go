package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
)

// A dump that was made through us holds `setval('app.task_id_seq', 1, false)` for each sequence, with the start value that everybody is told in the place
// of the real one. So that it can be restored, exactly that call is answered with its value. It moves nothing: what a sequence gives next
// concerns everybody who writes to its table.

// startHelper gives a sequence's start value where it is a certain number.
const startHelper = "setval.start"

// setvalCall replaces a call of setval() with constants; it returns false for any other node.
func (w *walker) setvalCall(n *pg.Node) (bool, error) {
	f := n.GetFuncCall()
	if sequenceCall(f) != "setval" || len(f.Funcname) == 1 && w.rewriter.functions.onPath("setval") {
		return false, nil
	}
	defer w.moveTo(f.Location)()
	oid, err := w.sequenceToSet(f.Args[0])
	if err != nil {
		return true, err
	}
	value := f.Args[1].GetAConst()
	called := len(f.Args) != 3 || f.Args[2].GetAConst().GetBoolval() == nil || f.Args[2].GetAConst().GetBoolval().Boolval
	if called || value.GetIval() == nil && value.GetFval() == nil {
		return true, w.setvalDenied()
	}
	made := w.helpedBy(startHelper, "", oidConstant(oid), f.Args[1])
	if made == nil {
		return true, w.setvalDenied()
	}
	w.refusals = append(w.refusals, refusalOf(w.setvalDenied(), ""))
	n.Node = coalesce(made, caseWhen(raise(w.first+len(w.refusals)-1), cast(null(), builtinType("int8")), nil)).Node
	return true, nil
}

func (w *walker) setvalDenied() error {
	return w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for function setval").
		hint("What a sequence gives next concerns everybody who writes to its table. Only the call that a dump made through the proxy holds is answered, and moves nothing.")
}

// sequenceToSet is the OID of the sequence that a constant names. One that the subject does not see is not there.
func (w *walker) sequenceToSet(arg *pg.Node) (uint32, error) {
	if c := arg.GetTypeCast(); c != nil && isType(c.TypeName, "regclass") {
		arg = c.Arg
	}
	name := constantText(arg)
	if name == nil {
		return 0, w.setvalDenied()
	}
	for _, found := range w.rewriter.sequencesCalled(*name) {
		rv := &pg.RangeVar{Schemaname: found.Schema, Relname: found.Name, Relpersistence: "p"}
		if r := w.rewriter.visibleSequence(rv, w.plan); r != nil {
			return r.OID, nil
		}
	}
	return 0, w.deny(TableDenied, stateUndefinedTable, "relation %q does not exist", *name)
}

// sequenceStart gives the start value of a sequence that the subject sees, where it is the number that is asked for.
func sequenceStart(a answering) *pg.Node {
	return a.lookup("pg_sequence", column(objectAlias, "seqstart"), and(
		operation("=", column(objectAlias, "seqrelid"), a.args[0]), operation("=", column(objectAlias, "seqstart"), a.args[1]),
	))
}
