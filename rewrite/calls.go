package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// Some functions that are refused by their class are harmless in a certain form, and clients depend on it: settings that SET and SHOW
// would let pass, the name of a value's type as a text, and locks where the policy allows them.

// tellsUser tells current_setting('session_authorization'), which would be the service login.
func tellsUser(n *pg.FuncCall) bool { return tellsSetting(n, sessionAuthorization) }

// tellsPath tells current_setting('search_path'), which would have more than the client knows of.
func tellsPath(n *pg.FuncCall) bool { return tellsSetting(n, "search_path") }

// tellsSubject is what is sent for current_setting() of a setting of ours.
func tellsSubject(n *pg.FuncCall) (*pg.Node, bool) {
	for _, name := range []string{userSetting, tenantSetting, planSetting} {
		if tellsSetting(n, name) {
			return shownSubject(name)
		}
	}
	return nil, false
}

// shownSubject is the value of a setting of ours, as a text.
func shownSubject(name string) (*pg.Node, bool) {
	of := ""
	switch strings.ToLower(name) {
	case userSetting:
		of = userSlot
	case tenantSetting:
		of = tenantSlot
	case planSetting:
		of = planSlot
	default:
		return nil, false
	}
	return cast(slot(of), builtinType("text")), true
}

func tellsSetting(n *pg.FuncCall, name string) bool {
	parts := strs(n.GetFuncname())
	return n != nil && plainCall(n) && parts[len(parts)-1] == "current_setting" && (len(parts) == 1 || len(parts) == 2 && parts[0] == pgCatalog) &&
		len(n.Args) > 0 && len(n.Args) <= 2 && strings.EqualFold(n.Args[0].GetAConst().GetSval().GetSval(), name) &&
		(len(n.Args) == 1 || isBoolean(n.Args[1]))
}

// lenient says whether a call of a function of pg_catalog is harmless as it is written, though the function is not. holder is what the call
// stands in, where that matters.
func (g *Rewriter) lenient(name string, n *pg.FuncCall, allow map[string]bool) bool {
	switch {
	case !plainCall(n):
		return false
	case name == "current_setting":
		return g.showsSetting(n.Args)
	case toldNothing(name, len(n.Args)):
		return !slices.ContainsFunc(n.Args, func(a *pg.Node) bool { return !a.GetAConst().GetIsnull() })
	default:
		return advisory(name) && allow[allowAdvisoryLocks] && ownLock(n)
	}
}

// toldNothing lists functions that tell of any object in rows or texts of their own making. They are called with NULLs, and tell nothing then: no
// rows, or NULL.
func toldNothing(name string, arguments int) bool {
	switch name {
	case "pg_describe_object", "pg_identify_object", "pg_identify_object_as_address":
		return arguments == 3
	case "pg_sequence_parameters", "pg_partition_tree", "aclexplode":
		return arguments == 1
	default:
		return false
	}
}

// tellNothing takes the arguments of such a call away, having judged them.
func (w *walker) tellNothing(n *pg.FuncCall) error {
	if err := w.levels(n.Args); err != nil {
		return err
	}
	for i, arg := range n.Args {
		w.wantOID(arg, "oid")
		if err := w.node(arg); err != nil {
			return err
		}
		n.Args[i] = null()
	}
	return nil
}

// plainCall says that a call is of a function and has its arguments in their places.
func plainCall(n *pg.FuncCall) bool {
	for _, a := range n.Args {
		if a.GetNamedArgExpr() != nil {
			return false
		}
	}
	return !n.FuncVariadic && !n.AggStar && !n.AggDistinct && !n.AggWithinGroup && n.AggFilter == nil && n.Over == nil && len(n.AggOrder) == 0
}

// showsSetting says whether the arguments of current_setting are constants that name what SHOW would show.
func (g *Rewriter) showsSetting(args []*pg.Node) bool {
	if len(args) != 1 && (len(args) != 2 || !isBoolean(args[1])) {
		return false
	}
	name := args[0].GetAConst().GetSval()
	if name == nil {
		return false
	}
	rule, ok := g.settings.rule(name.Sval)
	return ok && rule.showable
}

func isBoolean(n *pg.Node) bool {
	_, ok := n.GetAConst().GetVal().(*pg.A_Const_Boolval)
	return ok || boolConstant(n) != nil
}

// advisory tells the locks on numbers that applications agree on.
func advisory(name string) bool {
	switch name {
	case "pg_advisory_lock", "pg_advisory_lock_shared", "pg_advisory_unlock", "pg_advisory_unlock_all", "pg_advisory_unlock_shared",
		"pg_advisory_xact_lock", "pg_advisory_xact_lock_shared", "pg_try_advisory_lock", "pg_try_advisory_lock_shared",
		"pg_try_advisory_xact_lock", "pg_try_advisory_xact_lock_shared":
		return true
	}
	return false
}

// isBackendPID tells pg_backend_pid(), which would be another number than the client was told.
func isBackendPID(n *pg.FuncCall) bool {
	parts := strs(n.GetFuncname())
	return n != nil && len(n.Args) == 0 && plainCall(n) && parts[len(parts)-1] == "pg_backend_pid" && (len(parts) == 1 || len(parts) == 2 && parts[0] == pgCatalog)
}

// typeCall tells pg_typeof(x). Its result is a name: an untyped constant beside it would be looked up as one, so that only its text may be used.
func typeCall(n *pg.Node) bool {
	f := n.GetFuncCall()
	parts := strs(f.GetFuncname())
	return f != nil && plainCall(f) && parts[len(parts)-1] == "pg_typeof" && (len(parts) == 1 || len(parts) == 2 && parts[0] == pgCatalog)
}

// asText says whether a cast makes a text of the name of a type.
func asText(c *pg.TypeCast) bool {
	return typeCall(c.GetArg()) && isText(c.GetTypeName())
}

// shownTypes are the calls of pg_typeof in a statement's own select list, where nothing stands beside them.
func shownTypes(n *pg.Node) map[*pg.FuncCall]bool {
	s := n.GetSelectStmt()
	shown := map[*pg.FuncCall]bool{}
	if s.GetOp() != pg.SetOperation_SETOP_NONE {
		return shown
	}
	for _, t := range s.GetTargetList() {
		if val := t.GetResTarget().GetVal(); typeCall(val) {
			shown[val.GetFuncCall()] = true
		}
	}
	return shown
}

// describesTypes tells the functions of information_schema that compute from their arguments alone.
func describesTypes(name string) bool {
	switch name {
	case "_pg_expandarray", "_pg_char_max_length", "_pg_char_octet_length", "_pg_datetime_precision", "_pg_interval_type", "_pg_numeric_precision",
		"_pg_numeric_precision_radix", "_pg_numeric_scale":
		return true
	}
	return false
}
