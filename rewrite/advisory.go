package rewrite

import pg "github.com/pganalyze/pg_query_go/v6"

// Advisory locks are on numbers that applications agree on, and are the whole server's: two tenants of one application would wait for each other. So
// the number that is locked is a digest of the tenant and of the client's numbers.

// advisoryKey puts the tenant's own number in the place of those in a call about advisory locks.
func (w *walker) advisoryKey(name string, n *pg.FuncCall) error {
	text := func(arg *pg.Node, t string) *pg.Node { return cast(cast(arg, builtinType(t)), builtinType("text")) }
	if err := w.visitAll(n.Args); err != nil {
		return err
	}
	key := cast(slot(locksSlot), builtinType("text"))
	switch len(n.Args) {
	case 0: // pg_advisory_unlock_all
	case 1:
		key = operation("||", key, text(n.Args[0], "int8"))
	case 2:
		key = operation("||", key, text(n.Args[0], "int4"))
		key = operation("||", operation("||", key, cast(literal(","), builtinType("text"))), text(n.Args[1], "int4"))
	default:
		return w.deny(FunctionDenied, stateUndefinedFunction, "function %s does not exist", name)
	}
	if len(n.Args) > 0 {
		n.Args = []*pg.Node{call("hashtextextended", key, integer(0))}
	}
	n.Funcname = names(pgCatalog, name)
	return nil
}

// ownLock demands of a call about advisory locks that its number is the tenant's own.
func ownLock(n *pg.FuncCall) bool {
	if len(n.Args) == 0 {
		return true
	}
	digest := n.Args[0].GetFuncCall()
	parts := strs(digest.GetFuncname())
	if len(n.Args) != 1 || len(parts) != 2 || parts[0] != pgCatalog || parts[1] != "hashtextextended" {
		return false
	}
	key := digest.Args[0]
	for key.GetAExpr() != nil {
		if e := key.GetAExpr(); len(e.Name) != 2 || e.Name[1].GetString_().GetSval() != "||" {
			return false
		}
		key = key.GetAExpr().Lexpr
	}
	name, ok := slotOf(key.GetTypeCast().GetArg().GetAConst())
	return ok && name == locksSlot
}
