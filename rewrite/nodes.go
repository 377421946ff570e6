package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/internal/sqltree"
)

// Builders of the nodes that we add to a client's tree. None of them carries a location in the client's text. Those that guards have most
// of are made at once with what they hold.

func text(s string) *pg.Node {
	made := &struct {
		node pg.Node
		kind pg.Node_String_
		text pg.String
	}{}
	made.text.Sval = s
	made.kind.String_ = &made.text
	made.node.Node = &made.kind
	return &made.node
}

func names(parts ...string) []*pg.Node {
	list := make([]*pg.Node, len(parts))
	for i, p := range parts {
		list[i] = text(p)
	}
	return list
}

func literal(s string) *pg.Node {
	return &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{
		Val: &pg.A_Const_Sval{Sval: &pg.String{Sval: s}}, Location: sqltree.Unlocated,
	}}}
}

func null() *pg.Node {
	return &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Isnull: true, Location: sqltree.Unlocated}}}
}

func boolean(b bool) *pg.Node {
	return &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{
		Val: &pg.A_Const_Boolval{Boolval: &pg.Boolean{Boolval: b}}, Location: sqltree.Unlocated,
	}}}
}

func integer(i int32) *pg.Node {
	return &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{
		Val: &pg.A_Const_Ival{Ival: &pg.Integer{Ival: i}}, Location: sqltree.Unlocated,
	}}}
}

func column(parts ...string) *pg.Node {
	made := &struct {
		node pg.Node
		kind pg.Node_ColumnRef
		ref  pg.ColumnRef
	}{}
	made.ref.Fields, made.ref.Location = names(parts...), sqltree.Unlocated
	made.kind.ColumnRef = &made.ref
	made.node.Node = &made.kind
	return &made.node
}

func star(qualifier string) *pg.Node {
	fields := append(names(qualifier), &pg.Node{Node: &pg.Node_AStar{AStar: &pg.A_Star{}}})
	return &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: &pg.ColumnRef{Fields: fields, Location: sqltree.Unlocated}}}
}

func target(val *pg.Node, name string) *pg.Node {
	return &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Name: name, Val: val, Location: sqltree.Unlocated}}}
}

func cast(n *pg.Node, t *pg.TypeName) *pg.Node {
	return &pg.Node{Node: &pg.Node_TypeCast{TypeCast: &pg.TypeCast{Arg: n, TypeName: t, Location: sqltree.Unlocated}}}
}

func builtinType(name string) *pg.TypeName {
	return &pg.TypeName{Names: names("pg_catalog", name), Typemod: -1, Location: sqltree.Unlocated}
}

func alias(name string, columns ...string) *pg.Alias {
	return &pg.Alias{Aliasname: name, Colnames: names(columns...)}
}

func call(name string, args ...*pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_FuncCall{FuncCall: &pg.FuncCall{
		Funcname: names("pg_catalog", name), Args: args,
		Funcformat: pg.CoercionForm_COERCE_EXPLICIT_CALL, Location: sqltree.Unlocated,
	}}}
}

func expression(kind pg.A_Expr_Kind, operator []*pg.Node, left, right *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_AExpr{AExpr: &pg.A_Expr{
		Kind: kind, Name: operator, Lexpr: left, Rexpr: right, Location: sqltree.Unlocated,
	}}}
}

func not(n *pg.Node) *pg.Node { return boolExpr(pg.BoolExprType_NOT_EXPR, []*pg.Node{n}) }

// and conjoins terms as the parser would read them: the conjuncts of a leading AND are not nested.
func and(terms ...*pg.Node) *pg.Node { return junction(pg.BoolExprType_AND_EXPR, terms) }

func or(terms ...*pg.Node) *pg.Node { return junction(pg.BoolExprType_OR_EXPR, terms) }

func junction(op pg.BoolExprType, terms []*pg.Node) *pg.Node {
	var flat []*pg.Node
	for _, t := range terms {
		if t == nil {
			continue
		}
		if b := t.GetBoolExpr(); b != nil && b.Boolop == op {
			flat = append(flat, b.Args...)
			continue
		}
		flat = append(flat, t)
	}
	switch len(flat) {
	case 0:
		return nil
	case 1:
		return flat[0]
	default:
		return boolExpr(op, flat)
	}
}

func boolExpr(op pg.BoolExprType, args []*pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_BoolExpr{BoolExpr: &pg.BoolExpr{Boolop: op, Args: args, Location: sqltree.Unlocated}}}
}

func isNull(n *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_NullTest{NullTest: &pg.NullTest{
		Arg: n, Nulltesttype: pg.NullTestType_IS_NULL, Location: sqltree.Unlocated,
	}}}
}

// caseWhen is CASE WHEN condition THEN result [ELSE otherwise] END.
func caseWhen(condition, result, otherwise *pg.Node) *pg.Node {
	return caseOf([]*pg.Node{when(condition, result)}, otherwise)
}

func when(condition, result *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_CaseWhen{CaseWhen: &pg.CaseWhen{Expr: condition, Result: result, Location: sqltree.Unlocated}}}
}

func caseOf(whens []*pg.Node, otherwise *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_CaseExpr{CaseExpr: &pg.CaseExpr{Args: whens, Defresult: otherwise, Location: sqltree.Unlocated}}}
}

func subLink(kind pg.SubLinkType, query *pg.SelectStmt) *pg.Node {
	return &pg.Node{Node: &pg.Node_SubLink{SubLink: &pg.SubLink{
		SubLinkType: kind, Subselect: selectNode(query), Location: sqltree.Unlocated,
	}}}
}

func selectNode(s *pg.SelectStmt) *pg.Node {
	return &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: s}}
}

// selectFrom is SELECT targets FROM items WHERE where, with the parser's values for what is left out.
func selectFrom(targets, items []*pg.Node, where *pg.Node) *pg.SelectStmt {
	return &pg.SelectStmt{
		TargetList: targets, FromClause: items, WhereClause: where,
		LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
	}
}

func rangeVar(schema, name, aliasName string) *pg.Node {
	return &pg.Node{Node: &pg.Node_RangeVar{RangeVar: &pg.RangeVar{
		Schemaname: schema, Relname: name, Inh: true, Relpersistence: "p", Alias: alias(aliasName), Location: sqltree.Unlocated,
	}}}
}

func rangeSubselect(query *pg.SelectStmt, a *pg.Alias) *pg.Node {
	return &pg.Node{Node: &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{Subquery: selectNode(query), Alias: a}}}
}

// copyOf is a deep copy, for a node that stands twice in a tree.
func copyOf(n *pg.Node) *pg.Node { return proto.Clone(n).(*pg.Node) }
