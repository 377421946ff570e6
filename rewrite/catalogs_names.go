package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// Drivers look types up by name and print their names by casts to regtype. The server would do both for types that the subject has nothing to do
// with; so they become look-ups in what the subject sees of pg_type. A type that is not found there is NULL.

// Names in look-ups. The client's names are read inside of them and must not be taken for one of these.
const (
	lookedUp    = reservedPrefix + "type"
	typeOID     = reservedPrefix + "oid"
	typeName    = reservedPrefix + "name"
	typePrinted = reservedPrefix + "printed"
)

// typeLookup replaces 'name'::regtype, to_regtype(name), and either, or an OID, with ::regtype::text behind it; it returns false for any other
// node.
func (w *walker) typeLookup(n *pg.Node) (bool, error) {
	if outer := n.GetTypeCast(); outer != nil && isType(outer.TypeName, "text") {
		if name := nameOfType(outer.Arg); name != nil {
			return true, w.lookUp(n, name, typePrinted, "text", typePrinted, typeName)
		}
		if inner := outer.Arg.GetTypeCast(); inner != nil && isType(inner.TypeName, "regtype") {
			return true, w.printType(n, inner.Arg)
		}
	}
	if name := nameOfType(n); name != nil {
		return true, w.lookUp(n, name, typeOID, "text", typePrinted, typeName)
	}
	return false, nil
}

// nameOfType is the name in 'name'::regtype and to_regtype(name), or nil.
func nameOfType(n *pg.Node) *pg.Node {
	if c := n.GetTypeCast(); c != nil && isType(c.TypeName, "regtype") && isNameText(c.Arg) {
		return c.Arg
	}
	f := n.GetFuncCall()
	if f == nil || len(f.Args) != 1 || f.FuncVariadic || f.AggStar || f.AggDistinct || f.Over != nil || f.AggFilter != nil || len(f.AggOrder) > 0 {
		return nil
	}
	parts := strs(f.Funcname)
	if len(parts) == 1 && parts[0] == "to_regtype" || len(parts) == 2 && parts[0] == pgCatalog && parts[1] == "to_regtype" {
		return f.Args[0]
	}
	return nil
}

// isLookup says whether typeLookup would replace a node.
func isLookup(n *pg.Node) bool {
	if nameOfType(n) != nil {
		return true
	}
	inner := n.GetTypeCast().GetArg()
	return isType(n.GetTypeCast().GetTypeName(), "text") && (nameOfType(inner) != nil || isType(inner.GetTypeCast().GetTypeName(), "regtype"))
}

// lookupName is the name that PostgreSQL gives to a column of a select list that is a look-up; empty for any other.
func lookupName(n *pg.Node) string {
	if !isLookup(n) {
		return ""
	}
	inside := n
	for inside.GetTypeCast() != nil {
		inside = inside.GetTypeCast().Arg
	}
	if parts := strs(inside.GetColumnRef().GetFields()); len(parts) > 0 {
		return parts[len(parts)-1]
	}
	if parts := strs(inside.GetFuncCall().GetFuncname()); len(parts) > 0 {
		return parts[len(parts)-1]
	}
	parts := strs(n.GetTypeCast().GetTypeName().GetNames())
	return parts[len(parts)-1]
}

// printType puts what PostgreSQL prints of a type's OID in a node's place. An OID that is no type's is printed as a number, and 0 as a dash.
func (w *walker) printType(n, key *pg.Node) error {
	if err := w.lookUp(n, key, typePrinted, "oid", typeOID); err != nil {
		return err
	}
	zero := operation("=", cast(copyOf(key), builtinType("oid")), cast(integer(0), builtinType("oid")))
	number := cast(cast(copyOf(key), builtinType("oid")), builtinType("text"))
	found := &pg.Node{Node: n.Node}
	n.Node = &pg.Node_CoalesceExpr{CoalesceExpr: &pg.CoalesceExpr{
		Args: []*pg.Node{found, caseWhen(zero, cast(literal("-"), builtinType("text")), number)}, Location: sqltree.Unlocated,
	}}
	return nil
}

// lookUp puts (SELECT want FROM types WHERE by = key::type [OR ..] LIMIT 1) in a node's place.
func (w *walker) lookUp(n, key *pg.Node, want, keyType string, by ...string) error {
	if err := w.node(key); err != nil {
		return err
	}
	w.wrapped++
	types := w.rewriter.typeNames(reservedPrefix+itoa(int32(w.wrapped)), w.plan) //nolint:gosec // bounded by the statement's size
	var matches []*pg.Node
	for _, name := range by {
		text := column(lookedUp, name)
		if keyType == "text" {
			text = cast(text, builtinType("text"))
		}
		matches = append(matches, operation("=", text, cast(copyOf(key), builtinType(keyType))))
	}
	query := selectFrom([]*pg.Node{target(column(lookedUp, want), "")}, []*pg.Node{rangeSubselect(types, alias(lookedUp))}, or(matches...))
	query.LimitCount, query.LimitOption = integer(1), pg.LimitOption_LIMIT_OPTION_COUNT
	n.Node = subLink(pg.SubLinkType_EXPR_SUBLINK, query).Node
	w.catalogs = append(w.catalogs, w.location)
	return nil
}

// isType says whether a type name means a plain type of pg_catalog.
func isType(t *pg.TypeName, name string) bool {
	parts := strs(t.GetNames())
	return len(t.GetTypmods()) == 0 && len(t.GetArrayBounds()) == 0 && !t.GetSetof() && !t.GetPctType() &&
		(len(parts) == 1 && parts[0] == name || len(parts) == 2 && parts[0] == pgCatalog && parts[1] == name)
}

// isNameText says whether a cast to regtype is of a name: a text that is not known to be a number's. Only one that names types by OID is left out.
func isNameText(n *pg.Node) bool {
	if n.GetParamRef() != nil {
		return true
	}
	c := n.GetAConst()
	return c != nil && c.GetSval() != nil
}
