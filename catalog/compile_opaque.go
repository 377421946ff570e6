package catalog

import (
	_ "embed" // for the list of functions
	"maps"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

//go:embed opaque_functions.txt
var opaqueFunctions string

// opaquer checks an expression that only PostgreSQL evaluates, and writes it so that it means the same wherever it is put:
// functions and types with their schemas, columns of sub-selects with aliases that no statement has, columns of the row
// bare. What it does not know it refuses.
type opaquer struct {
	*compiler
	columns map[string]bool
	me      map[string]expr.Me
	inner   []map[string]*Relation // the tables of the sub-selects around, by the alias that they were given
	renamed []map[string]string    // and that alias by the one that is written
	aliases int
}

// opaque compiles `sql:` or a mask.
func (b *binder) opaque(c *condition, e *boundEntity, t expr.Type) (expr.Expr, bool) {
	o := &opaquer{compiler: b.compiler(c, e, maskValue), columns: map[string]bool{}, me: map[string]expr.Me{}}
	tree := proto.Clone(c.tree).(*pg_query.Node)
	if t == typeBool && notBoolean(tree) {
		o.problem(locationOf(tree, int32(len(conditionPrefix))), CodeConditionNotBoolean, "compare it with something", "this is not true or false")
		return nil, false
	}
	if !o.node(tree.ProtoReflect()) {
		return nil, false
	}
	statement := &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: &pg_query.SelectStmt{
		TargetList:  []*pg_query.Node{{Node: &pg_query.Node_ResTarget{ResTarget: &pg_query.ResTarget{Val: tree, Location: sqltree.Unlocated}}}},
		LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg_query.SetOperation_SETOP_NONE,
	}}}
	text, _, err := sqltree.Deparse(statement, nil)
	if err != nil {
		o.problem(int32(len(conditionPrefix)), CodeConditionSyntax, "", "this cannot be written again as it was read: %s", err)
		return nil, false
	}
	x := expr.SQL{Text: strings.TrimPrefix(text, "SELECT "), Type: t, Columns: slices.Sorted(maps.Keys(o.columns))}
	for _, name := range slices.Sorted(maps.Keys(o.me)) {
		x.Me = append(x.Me, o.me[name])
	}
	return x, true
}

// notBoolean tells what can be nothing but a value.
func notBoolean(n *pg_query.Node) bool {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_AConst:
		return n.AConst.GetBoolval() == nil
	case *pg_query.Node_AArrayExpr, *pg_query.Node_SqlvalueFunction:
		return true
	case *pg_query.Node_AExpr:
		name := n.AExpr.GetName()
		return n.AExpr.GetKind() == pg_query.A_Expr_Kind_AEXPR_OP && len(name) == 1 &&
			slices.Contains([]string{"+", "-", "*", "/", "%", "||", "->", "->>", "#>", "#>>"}, name[0].GetString_().GetSval())
	default:
		return false
	}
}

// node checks a part of the tree and all below it.
func (o *opaquer) node(m protoreflect.Message) bool {
	switch n := m.Interface().(type) {
	case *pg_query.ColumnRef:
		return o.column(n)
	case *pg_query.A_Expr:
		return o.operator(n) && o.below(m)
	case *pg_query.FuncCall:
		return o.function(n) && o.below(m)
	case *pg_query.TypeName:
		return o.typeName(n)
	case *pg_query.SQLValueFunction:
		return o.clock(n)
	case *pg_query.SubLink:
		return o.subLink(n)
	case *pg_query.A_Const, *pg_query.String, *pg_query.Integer, *pg_query.Float, *pg_query.Boolean:
		return true
	case *pg_query.Node, *pg_query.List, *pg_query.BoolExpr, *pg_query.NullTest, *pg_query.BooleanTest, *pg_query.CaseExpr, *pg_query.CaseWhen,
		*pg_query.CoalesceExpr, *pg_query.MinMaxExpr, *pg_query.TypeCast, *pg_query.A_ArrayExpr, *pg_query.A_Indirection, *pg_query.A_Indices:
		return o.below(m)
	default:
		o.stranger(m)
		return false
	}
}

// stranger reports a node that is not part of sql:.
func (o *opaquer) stranger(m protoreflect.Message) {
	at, name := int32(len(conditionPrefix)), string(m.Descriptor().Name())
	if d := m.Descriptor().Fields().ByName("location"); d != nil {
		at = int32(m.Get(d).Int())
	}
	if word := strangers[name]; word != "" {
		name = word
	}
	o.problem(at, CodeConditionSyntax, "", "%s is not part of sql:", name)
}

// strangers are what people write whose names in the tree they do not know.
var strangers = map[string]string{
	"ParamRef": "a parameter", "RowExpr": "a row", "CollateClause": "COLLATE", "A_Star": "*", "NamedArgExpr": "an argument by name",
	"GroupingFunc": "GROUPING", "SetToDefault": "DEFAULT", "CurrentOfExpr": "CURRENT OF",
}

// below checks all parts, so that one run finds everything.
func (o *opaquer) below(m protoreflect.Message) bool {
	good := true
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		d := fields.Get(i)
		if d.Message() == nil || !m.Has(d) {
			continue
		}
		if !d.IsList() {
			good = o.node(m.Get(d).Message()) && good
			continue
		}
		for j := range m.Get(d).List().Len() {
			good = o.node(m.Get(d).List().Get(j).Message()) && good
		}
	}
	return good
}

// operator refuses operators that may be somebody's own. IN, LIKE and BETWEEN cannot name the schema of theirs.
func (o *opaquer) operator(n *pg_query.A_Expr) bool {
	name, ok := o.plainOperator(n)
	if !ok {
		return false
	}
	for _, other := range o.schema.Operators[name] {
		if other.Schema != "pg_catalog" && slices.Contains(o.schema.SearchPath, other.Schema) {
			o.problem(n.GetLocation(), CodeFunctionNotAllowed, "", "the operator %s is defined in %s too", name, other.Schema)
			return false
		}
	}
	return true
}

// function admits those of the list, which are then PostgreSQL's own, and those that the policy lists.
func (o *opaquer) function(n *pg_query.FuncCall) bool {
	var parts []string
	for _, f := range n.GetFuncname() {
		parts = append(parts, f.GetString_().GetSval())
	}
	name := parts[len(parts)-1]
	if n.GetOver() != nil || n.GetAggStar() || n.GetAggDistinct() || n.GetAggWithinGroup() || n.GetAggFilter() != nil || len(n.GetAggOrder()) > 0 {
		o.problem(n.GetLocation(), CodeFunctionNotAllowed, "", "sql: knows no aggregates and windows")
		return false
	}
	if len(parts) == 2 && parts[0] != "pg_catalog" && o.listed(parts[0]+"."+name) {
		return true
	}
	own := len(parts) == 1 || len(parts) == 2 && parts[0] == "pg_catalog"
	if !own || !slices.Contains(strings.Fields(opaqueFunctions), name) || o.volatile(name) {
		o.problem(n.GetLocation(), CodeFunctionNotAllowed, "", "sql: does not know the function %s", strings.Join(parts, "."))
		return false
	}
	if len(parts) == 1 {
		n.Funcname = []*pg_query.Node{word("pg_catalog"), word(name)}
	}
	return true
}

func word(s string) *pg_query.Node {
	return &pg_query.Node{Node: &pg_query.Node_String_{String_: &pg_query.String{Sval: s}}}
}

func (o *opaquer) volatile(name string) bool {
	return slices.ContainsFunc(o.schema.Functions[name], func(f Function) bool { return f.Schema == "pg_catalog" && f.Volatility == 'v' })
}

func (o *opaquer) listed(name string) bool {
	for listed := range o.policy.functions {
		if parts, _, ok := functionName(listed); ok && strings.Join(parts, ".") == name {
			return true
		}
	}
	return false
}

// opaqueTypes are those that sql: may cast to beside the ones of conditions. None of them looks names up.
var opaqueTypes = strings.Fields(`varchar bpchar float4 float8 time timetz json inet cidr bytea bit varbit
	int4range int8range numrange daterange tsrange tstzrange`)

func (o *opaquer) typeName(n *pg_query.TypeName) bool {
	var parts []string
	for _, p := range n.GetNames() {
		parts = append(parts, p.GetString_().GetSval())
	}
	name := parts[len(parts)-1]
	_, known := castTypes[name]
	known = known || slices.Contains(opaqueTypes, name)
	if len(parts) == 2 && parts[0] != "pg_catalog" {
		info := o.schema.Types[TypeName{parts[0], name}]
		known = info != nil && (info.Kind == 'e' || info.Kind == 'd')
	}
	if !known || len(parts) > 2 || n.GetSetof() || n.GetPctType() {
		o.problem(n.GetLocation(), CodeConditionSyntax, "write types outside pg_catalog as SCHEMA.TYPE", "sql: does not cast to %s", strings.Join(parts, "."))
		return false
	}
	if len(parts) == 1 && name != "bpchar" {
		n.Names = []*pg_query.Node{word("pg_catalog"), word(name)}
	}
	return true
}

// clock refuses what depends on a session's settings.
func (o *opaquer) clock(n *pg_query.SQLValueFunction) bool {
	switch n.GetOp() {
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP, pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N:
		return true
	case pg_query.SQLValueFunctionOp_SVFOP_CURRENT_DATE, pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP,
		pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N:
		o.problem(n.GetLocation(), CodeFunctionNotAllowed, "write (now() AT TIME ZONE 'UTC')::date", "this depends on the time zone that a client may choose")
	default:
		o.problem(n.GetLocation(), CodeFunctionNotAllowed, "the session's user is me.id", "sql: does not know this function")
	}
	return false
}
