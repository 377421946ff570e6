package rewrite

import (
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// Names in the answers to look-ups.
const (
	itemsAlias = reservedPrefix + "u"
	itemColumn = reservedPrefix + "k"
	itemPlace  = reservedPrefix + "n"
)

// nameHelpers are the look-ups of names, in each of their forms.
func nameHelpers(all map[string]helper) {
	for _, typ := range nameTypes() {
		for _, form := range []nameForm{nameAsOID, nameAsText, nameAsValue} {
			all[typ+form.suffix()] = helper{[]string{"text"}, func(a answering) *pg.Node { return a.keyed(typ, form, a.args[0]) }, ""}
		}
		for _, form := range []nameForm{nameAsOID, nameAsText} {
			all[typ+"[]"+form.suffix()] = helper{[]string{"text[]"}, func(a answering) *pg.Node { return a.nameList(typ, form) }, ""}
		}
	}
}

// catalogOfName is the catalog that a type's values are of.
func catalogOfName(typ string) string {
	switch typ {
	case "regclass":
		return "pg_class"
	case "regtype":
		return "pg_type"
	case "regproc", "regprocedure":
		return "pg_proc"
	case "regoper", "regoperator":
		return "pg_operator"
	case "regnamespace":
		return "pg_namespace"
	case "regcollation":
		return "pg_collation"
	case "regconfig":
		return "pg_ts_config"
	case "regdictionary":
		return "pg_ts_dict"
	default:
		return ""
	}
}

// keyed is the answer for one key: a text that is a number or a name.
func (a answering) keyed(typ string, form nameForm, key *pg.Node) *pg.Node {
	if typ == "regrole" {
		return a.roleNamed(form, key)
	}
	found := a.found(typ, form, key)
	if found == nil || form == nameAsOID {
		return found
	}
	digits := operation("~", copyOf(key), cast(literal("^[0-9]+$"), builtinType("text")))
	zero := operation("=", copyOf(key), cast(literal("0"), builtinType("text")))
	if form == nameAsValue {
		none := cast(cast(integer(0), builtinType("oid")), builtinType(typ))
		return coalesce(found, caseWhen(or(zero, isDash(key)), none, nil))
	}
	dash := cast(literal("-"), builtinType("text"))
	return coalesce(found, caseOf([]*pg.Node{when(or(zero, isDash(key)), dash), when(digits, copyOf(key))}, nil))
}

func isDash(key *pg.Node) *pg.Node {
	return operation("=", copyOf(key), cast(literal("-"), builtinType("text")))
}

// found looks a key up among the objects that the subject sees.
func (a answering) found(typ string, form nameForm, key *pg.Node) *pg.Node {
	oid := column(objectAlias, "oid")
	shown := inForm(form, typ, oid)
	digits := operation("~", copyOf(key), cast(literal("^[0-9]+$"), builtinType("text")))
	number := caseWhen(digits, cast(copyOf(key), builtinType("oid")), nil)
	byNumber := a.lookup(catalogOfName(typ), shown, operation("=", copyOf(oid), number))
	if byNumber == nil {
		return nil
	}
	byName := a.byName(typ, copyOf(shown), key)
	return caseWhen(copyOf(digits), byNumber, caseWhen(not(isDash(key)), byName, nil))
}

// inForm brings an OID into the form that a look-up gives.
func inForm(form nameForm, typ string, oid *pg.Node) *pg.Node {
	switch form {
	case nameAsValue:
		return cast(oid, builtinType(typ))
	case nameAsText:
		return cast(cast(oid, builtinType(typ)), builtinType("text"))
	case nameByKind, nameAsOID:
		return oid
	default:
		return oid
	}
}

// byName looks for what a text names.
func (a answering) byName(typ string, shown, key *pg.Node) *pg.Node {
	switch typ {
	case "regclass":
		schemas := nameArray(a.rewriter.visibleObjects(a.plan).names.schemas)
		database := cast(call("current_database"), builtinType("text"))
		reachable := caseWhen(or(
			operation("=", call("cardinality", nameParts(key)), integer(1)),
			and(operation("=", call("cardinality", nameParts(key)), integer(2)), amongValues(firstOf(nameParts(key)), "text", schemas)),
			and(operation("=", call("cardinality", nameParts(key)), integer(3)), operation("=", firstOf(nameParts(key)), database),
				amongValues(subscript(nameParts(key), 2), "text", schemas)),
		), cast(call("to_regclass", copyOf(key)), builtinType("oid")), nil)
		return a.lookup("pg_class", shown, operation("=", column(objectAlias, "oid"), reachable))
	case "regnamespace":
		return a.lookup("pg_namespace", shown, operation("=", cast(column(objectAlias, "nspname"), builtinType("text")), firstOf(nameParts(key))))
	case "regtype":
		return limited(a.lookup("pg_type", shown, or(typeSpellings(key)...)))
	case "regproc":
		return a.procNamed(shown, key)
	default:
		printed := cast(cast(column(objectAlias, "oid"), builtinType(typ)), builtinType("text"))
		return a.lookup(catalogOfName(typ), shown, operation("=", printed, copyOf(key)))
	}
}

// typeSpellings are the ways in which a text names a type: as PostgreSQL prints it, and by its name, with its schema and in quotes or without.
func typeSpellings(key *pg.Node) []*pg.Node {
	oid, name := column(objectAlias, "oid"), cast(column(objectAlias, "typname"), builtinType("text"))
	schema := cast(cast(column(objectAlias, "typnamespace"), builtinType("regnamespace")), builtinType("text"))
	bare := call("btrim", copyOf(schema), cast(literal(`"`), builtinType("text")))
	format := func(text string, args ...*pg.Node) *pg.Node {
		return call("format", append([]*pg.Node{cast(literal(text), builtinType("text"))}, args...)...)
	}
	spellings := []*pg.Node{
		name, call("format_type", oid, cast(null(), builtinType("int4"))), format(`"%s"`, copyOf(name)),
		format("%s.%I", schema, copyOf(name)), format(`"%s"."%s"`, bare, copyOf(name)),
	}
	for i, spelling := range spellings {
		spellings[i] = operation("=", spelling, copyOf(key))
	}
	return spellings
}

// procNamed looks for the function of a name. Where there are several it fails, as PostgreSQL does.
func (a answering) procNamed(shown, key *pg.Node) *pg.Node {
	single := and(operation("=", call("cardinality", nameParts(key)), integer(1)),
		operation("=", cast(column(objectAlias, "proname"), builtinType("text")), firstOf(nameParts(key))),
		call("pg_function_is_visible", column(objectAlias, "oid")))
	second := subscript(nameParts(key), 2)
	schema := cast(cast(column(objectAlias, "pronamespace"), builtinType("regnamespace")), builtinType("text"))
	qualified := and(operation("=", call("cardinality", nameParts(key)), integer(2)),
		operation("=", cast(column(objectAlias, "proname"), builtinType("text")), second),
		operation("=", schema, call("quote_ident", firstOf(nameParts(key)))))
	return a.lookup("pg_proc", shown, or(single, qualified))
}

// roleNamed knows one role, which is the session's user.
func (a answering) roleNamed(form nameForm, key *pg.Node) *pg.Node {
	user := cast(slot(userSlot), builtinType("text"))
	digits := operation("~", copyOf(key), cast(literal("^[0-9]+$"), builtinType("text")))
	same := operation("=", firstOf(nameParts(key)), user)
	if form == nameAsOID {
		return caseOf([]*pg.Node{when(digits, cast(copyOf(key), builtinType("oid"))), when(same, cast(literal(virtualRole), builtinType("oid")))}, nil)
	}
	zero := operation("=", copyOf(key), cast(literal("0"), builtinType("text")))
	return caseOf([]*pg.Node{
		when(zero, cast(literal("-"), builtinType("text"))), when(or(digits, same), call("quote_ident", copyOf(user))),
	}, nil)
}

// nameList answers for each item of an array.
func (a answering) nameList(typ string, form nameForm) *pg.Node {
	item := a.keyed(typ, form, column(itemsAlias, itemColumn))
	if item == nil {
		return nil
	}
	s := selectFrom([]*pg.Node{target(item, "")}, []*pg.Node{unnested(a.args[0])}, nil)
	s.SortClause = []*pg.Node{ordered(column(itemsAlias, itemPlace))}
	return caseWhen(not(isNull(copyOf(a.args[0]))), subLink(pg.SubLinkType_ARRAY_SUBLINK, s), nil)
}

// unnested are the items of an array.
func unnested(array *pg.Node) *pg.Node { return rowsOf("unnest", array) }

// rowsOf is function(argument) WITH ORDINALITY AS items.
func rowsOf(function string, argument *pg.Node) *pg.Node {
	functions := []*pg.Node{{Node: &pg.Node_List{List: &pg.List{Items: []*pg.Node{call(function, copyOf(argument)), {}}}}}}
	return &pg.Node{Node: &pg.Node_RangeFunction{RangeFunction: &pg.RangeFunction{
		Ordinality: true, Functions: functions, Alias: alias(itemsAlias, itemColumn, itemPlace),
	}}}
}

func ordered(by *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_SortBy{SortBy: &pg.SortBy{
		Node: by, SortbyDir: pg.SortByDir_SORTBY_DEFAULT, SortbyNulls: pg.SortByNulls_SORTBY_NULLS_DEFAULT, Location: sqltree.Unlocated,
	}}}
}

// lookup is (SELECT shown FROM catalog AS ww_o WHERE matches AND what the subject sees); nil where the catalog may not be read.
func (a answering) lookup(name string, shown, matches *pg.Node) *pg.Node {
	t := a.rewriter.catalogs[catalog.RelationName{Schema: pgCatalog, Name: name}]
	if t == nil || t.class != openCatalog && t.class != emptyCatalog {
		return nil
	}
	seen := boolean(false)
	if t.class == openCatalog {
		seen = a.rewriter.catalogRows(t, objectAlias, a.plan)
	}
	from := []*pg.Node{rangeVar(pgCatalog, name, objectAlias)}
	return subLink(pg.SubLinkType_EXPR_SUBLINK, selectFrom([]*pg.Node{target(shown, "")}, from, and(matches, seen)))
}

func limited(n *pg.Node) *pg.Node {
	if s := n.GetSubLink().GetSubselect().GetSelectStmt(); s != nil {
		s.LimitCount, s.LimitOption = integer(1), pg.LimitOption_LIMIT_OPTION_COUNT
	}
	return n
}

// visibleType is the OID of the type that a type name means, where the subject sees it.
func (g *Rewriter) visibleType(t *pg.TypeName, p *plan.Plan) (string, bool) {
	parts := strs(t.GetNames())
	if t.GetSetof() || t.GetPctType() || len(parts) == 0 || len(parts) > 2 {
		return "", false
	}
	schema := ""
	if len(parts) == 2 {
		schema = parts[0]
	}
	found, ok := g.functions.findType(schema, last(parts))
	if !ok {
		return "", false
	}
	oid := g.snapshot.Schema.Types[found].OID
	visible := found.Schema == pgCatalog
	for _, seen := range g.visibleObjects(p).oids["pg_type"] {
		visible = visible || seen == oid
	}
	if len(t.ArrayBounds) > 0 && visible {
		array := g.snapshot.Schema.Types[catalog.TypeName{Schema: found.Schema, Name: "_" + found.Name}]
		if array == nil {
			return "", false
		}
		oid = array.OID
	}
	return strconv.FormatUint(uint64(oid), 10), visible
}

func coalesce(args ...*pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_CoalesceExpr{CoalesceExpr: &pg.CoalesceExpr{Args: args, Location: sqltree.Unlocated}}}
}

func arrayType(element string) *pg.TypeName {
	t := builtinType(element)
	t.ArrayBounds = []*pg.Node{{Node: &pg.Node_Integer{Integer: &pg.Integer{Ival: -1}}}}
	return t
}

// nameParts are the parts of a qualified name.
func nameParts(key *pg.Node) *pg.Node { return call("parse_ident", copyOf(key)) }

func firstOf(array *pg.Node) *pg.Node { return subscript(array, 1) }

func subscript(array *pg.Node, i int32) *pg.Node {
	return &pg.Node{Node: &pg.Node_AIndirection{AIndirection: &pg.A_Indirection{
		Arg: array, Indirection: []*pg.Node{{Node: &pg.Node_AIndices{AIndices: &pg.A_Indices{Uidx: integer(i)}}}},
	}}}
}
