package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// Functions that look objects up by OID or name are never called with what a client gives. In a call's place stands a sub-select that has the
// client's arguments in a sub-select of their own, and an answer that is made of what the subject sees of the catalogs:
//
//	(SELECT answer FROM (SELECT argument::type AS ww_a1, ... OFFSET 0) AS ww_h_name)
//
// The innermost query has no FROM, so that names in the arguments mean what they meant before. The answer is the plan's alone, which lets the
// proof make it again.

const (
	helperPrefix   = reservedPrefix + "h_"
	argumentPrefix = reservedPrefix + "a"
	objectAlias    = reservedPrefix + "o"
)

// helper is what stands in the place of calls of a function. The zero helper answers nothing: such calls are refused.
type helper struct {
	forms  []string // for each number of arguments: their types, with spaces between
	answer func(a answering) *pg.Node
	// array says that the answer is an array: of what the function returns as rows, or else of values of the type.
	array string
}

// rowsOfHelper stands for what a function returns as rows.
const rowsOfHelper = "rows"

// answering is a call that is answered.
type answering struct {
	rewriter *Rewriter
	plan     *plan.Plan
	name     string
	args     []*pg.Node // as columns of the sub-select that has them
	given    []*pg.Node // as the client gave them, each in a cast
}

// helperForm is the types that a helper wants of so many arguments.
func (h helper) form(count int) ([]string, bool) {
	for _, f := range h.forms {
		if types := strings.Fields(f); len(types) == count {
			return types, true
		}
	}
	return nil, false
}

// helped makes what stands in the place of a call: nil where nothing does. The arguments carry their casts already.
func (g *Rewriter) helped(name string, given []*pg.Node, p *plan.Plan) *pg.SelectStmt {
	h := g.helpers[name]
	types, ok := h.form(len(given))
	if !ok || h.answer == nil {
		return nil
	}
	a := answering{rewriter: g, plan: p, name: name, given: given}
	// The fence has the server compute each argument once: an answer names it several times, and one helper may stand in another.
	inner := selectFrom(nil, nil, nil)
	inner.LimitOffset, inner.LimitOption = integer(0), pg.LimitOption_LIMIT_OPTION_COUNT
	for i := range types {
		label := argumentPrefix + itoa(int32(i+1)) //nolint:gosec // a handful
		inner.TargetList = append(inner.TargetList, target(given[i], label))
		a.args = append(a.args, column(helperPrefix+name, label))
	}
	answer := h.answer(a)
	switch {
	case answer == nil:
		return nil
	case len(types) == 0:
		return selectFrom([]*pg.Node{target(answer, "")}, nil, nil)
	}
	return selectFrom([]*pg.Node{target(answer, "")}, []*pg.Node{rangeSubselect(inner, alias(helperPrefix+name))}, nil)
}

// argumentOf brings an argument to the type that a helper wants. Constants of true and false have theirs.
func argumentOf(n *pg.Node, typ string) *pg.Node {
	if b := n.GetAConst().GetBoolval(); b != nil && typ == "bool" {
		return n
	}
	return cast(n, helperType(typ))
}

// isArgument says whether a node is an argument of a type.
func isArgument(n *pg.Node, typ string) bool {
	if b := n.GetAConst().GetBoolval(); b != nil {
		return typ == "bool"
	}
	return n.GetTypeCast() != nil && sqltree.Equal(helperType(typ), n.GetTypeCast().GetTypeName())
}

func helperType(typ string) *pg.TypeName {
	element, array := strings.CutSuffix(typ, "[]")
	t := builtinType(element)
	if array {
		t.ArrayBounds = []*pg.Node{{Node: &pg.Node_Integer{Integer: &pg.Integer{Ival: -1}}}}
	}
	return t
}

// helperCall replaces a call of a function that looks something up; it returns false for any other node.
func (w *walker) helperCall(n *pg.Node) (bool, error) {
	f := n.GetFuncCall()
	name, ok := w.helperName(f)
	if !ok {
		return false, nil
	}
	defer w.moveTo(f.Location)()
	if err := w.levels(f.Args); err != nil {
		return true, err
	}
	done, err := w.help(n, name, f.Args)
	if !done && err == nil {
		err = w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for function %s", name).hint("%s is %s.", name, CatalogFunction.reason())
	}
	return true, err
}

// helperName is the name of the function that a call means, where it is one that is answered here.
func (w *walker) helperName(f *pg.FuncCall) (string, bool) {
	parts := strs(f.GetFuncname())
	if f == nil || !plainCall(f) || len(parts) > 2 || len(parts) == 2 && parts[0] != pgCatalog {
		return "", false
	}
	name := parts[len(parts)-1]
	if strings.Contains(name, ".") || len(parts) == 1 && w.rewriter.functions.onPath(name) {
		return "", false
	}
	h := w.rewriter.helpers[name]
	_, ok := h.form(len(f.Args))
	return name, ok && h.answer != nil
}

// help puts a helper's answer for arguments in a node's place; false where there is none.
func (w *walker) help(n *pg.Node, name string, args []*pg.Node) (bool, error) {
	types, ok := w.rewriter.helpers[name].form(len(args))
	if !ok {
		return false, nil
	}
	shown, strong := label(n)
	if !strong {
		shown = ""
	}
	for i, arg := range args {
		w.wantOID(arg, types[i])
		if err := w.node(arg); err != nil {
			return true, err
		}
	}
	made := w.helpedBy(name, shown, args...)
	if made == nil {
		return false, nil
	}
	switch array := w.rewriter.helpers[name].array; array {
	case "":
	case rowsOfHelper:
		made = call("unnest", made)
	default:
		made = cast(made, arrayType(array)) // ANY would take a bare sub-select for its list.
	}
	n.Node = made.Node
	return true, nil
}

// helpedFrom refuses a helper in FROM, where only functions that return rows have something in their place.
func (w *walker) helpedFrom(item *pg.RangeFunction) error {
	for _, f := range item.Functions {
		list := f.GetList().GetItems()
		if len(list) == 0 {
			continue
		}
		name, helped := w.helperName(list[0].GetFuncCall())
		if helped && w.rewriter.helpers[name].array != rowsOfHelper || w.lookupOf(list[0]) != nil {
			return w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for function %s", last(strs(list[0].GetFuncCall().GetFuncname()))).
				hint("Write it in the select list.")
		}
		if helped && item.Alias == nil {
			item.Alias = alias(name)
		}
	}
	return nil
}

// helpedBy is a helper's answer for arguments that were walked, under a name that PostgreSQL would give it; nil where there is none.
func (w *walker) helpedBy(name, shown string, args ...*pg.Node) *pg.Node {
	types, ok := w.rewriter.helpers[name].form(len(args))
	if !ok {
		return nil
	}
	given := make([]*pg.Node, len(args))
	for i, arg := range args {
		given[i] = argumentOf(arg, types[i])
	}
	query := w.rewriter.helped(name, given, w.plan)
	if query == nil {
		return nil
	}
	if len(args) == 0 {
		return query.TargetList[0].GetResTarget().Val
	}
	query.TargetList[0].GetResTarget().Name = shown
	w.catalogs = append(w.catalogs, w.location)
	return subLink(pg.SubLinkType_EXPR_SUBLINK, query)
}

// levels refuses arguments that would mean something else in a query of their own.
func (w *walker) levels(args []*pg.Node) error {
	for _, arg := range args {
		if ownLevel(arg) {
			return w.deny(FunctionDenied, stateFeatureNotSupported, "window functions and count(*) are not allowed in the arguments of this function").
				hint("Compute the argument in a sub-select in FROM.")
		}
	}
	return nil
}
