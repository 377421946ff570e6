package rewrite

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
)

// attribute demands that a name behind a dot cannot be a call of a function that is not on the list.
func (v *prover) attribute(ref *pg.ColumnRef) error {
	parts := strs(ref.Fields)
	last := parts[len(parts)-1]
	if len(parts) < 2 || last == "" || v.rewriter.functions.attribute(last) {
		return nil
	}
	qualifier := parts[len(parts)-2]
	if !v.scalars.may(qualifier) && v.isRow(qualifier) && v.rewriter.functions.rowAttribute(last) {
		return nil
	}
	ours := strings.HasPrefix(qualifier, reservedPrefix) // which no client's name can hide
	if (ours || !v.scalars.may(qualifier)) && v.columnOf(qualifier, last) {
		return nil
	}
	return fmt.Errorf("attribute %s may be a call", last)
}

// indirection demands the same of (expression).name.
func (v *prover) indirection(n *pg.A_Indirection) error {
	for _, field := range n.Indirection {
		if name := field.GetString_().GetSval(); name != "" && !v.rewriter.functions.attribute(name) {
			return fmt.Errorf("attribute %s may be a call", name)
		}
	}
	return nil
}

// isRow says whether the innermost FROM item or target of a name is a row.
func (v *prover) isRow(name string) bool {
	item := v.find(name)
	return item != nil && item.GetRangeFunction() == nil
}

// columnOf says whether the innermost item of a name is a relation with a column of that name.
func (v *prover) columnOf(name, column string) bool {
	rv := v.find(name).GetRangeVar()
	if rv == nil || len(rv.GetAlias().GetColnames()) > 0 {
		return false
	}
	r := v.rewriter.snapshot.Schema.Resolve(rv.Schemaname, rv.Relname)
	return rv.Schemaname != "" && r != nil && r.Column(column) != nil
}

// find looks for the FROM item or target that a qualifier names, from here outwards.
func (v *prover) find(name string) *pg.Node {
	for i := len(v.path) - 1; i >= 0; i-- {
		var items []*pg.Node
		var target *pg.RangeVar
		switch n := v.path[i].message.(type) {
		case *pg.SelectStmt:
			items = n.FromClause
		case *pg.UpdateStmt:
			items, target = n.FromClause, n.Relation
		case *pg.DeleteStmt:
			items, target = n.UsingClause, n.Relation
		case *pg.InsertStmt:
			if target = n.Relation; name == "excluded" {
				return &pg.Node{Node: &pg.Node_RangeVar{RangeVar: target}}
			}
		case *pg.MergeStmt:
			items, target = []*pg.Node{n.SourceRelation}, n.Relation
		default:
			continue
		}
		if target != nil && refname(target) == name {
			return &pg.Node{Node: &pg.Node_RangeVar{RangeVar: target}}
		}
		for _, item := range items {
			if found := named(item, name); found != nil {
				return found
			}
		}
	}
	return nil
}

// named finds the item of a name in a FROM item.
func named(n *pg.Node, name string) *pg.Node {
	var own *pg.Alias
	switch item := n.GetNode().(type) {
	case *pg.Node_JoinExpr:
		for _, side := range []*pg.Node{item.JoinExpr.Larg, item.JoinExpr.Rarg} {
			if found := named(side, name); found != nil {
				return found
			}
		}
		own = item.JoinExpr.Alias
		if item.JoinExpr.JoinUsingAlias.GetAliasname() == name {
			return n
		}
	case *pg.Node_RangeVar:
		if refname(item.RangeVar) == name {
			return n
		}
	case *pg.Node_RangeTableSample:
		return named(item.RangeTableSample.Relation, name)
	case *pg.Node_RangeSubselect:
		own = item.RangeSubselect.Alias
	case *pg.Node_RangeFunction:
		own = item.RangeFunction.Alias
	case *pg.Node_RangeTableFunc:
		own = item.RangeTableFunc.Alias
	case *pg.Node_JsonTable:
		own = item.JsonTable.Alias
	}
	if own.GetAliasname() == name {
		return n
	}
	return nil
}

// operator demands that an operator is PostgreSQL's own or one that the policy lists. Where the name could be qualified, it must be, unless
// nothing else can be meant; the keywords that stand for operators cannot.
func (v *prover) operator(name []*pg.Node) error {
	parts := strs(name)
	switch len(parts) {
	case 0:
		return nil
	case 1:
		if v.rewriter.operatorsListed(parts[0], v.plan) {
			return nil
		}
	case 2:
		if parts[0] == pgCatalog {
			return nil
		}
		for _, o := range v.rewriter.snapshot.Schema.Operators[parts[1]] {
			if o.Schema == parts[0] && !v.rewriter.mayOperate(o, v.plan) {
				return fmt.Errorf("operator %v is not on the list", parts)
			}
		}
		return nil
	}
	return fmt.Errorf("operator %v may be another", parts)
}

// operators judges what a node names itself.
func (v *prover) operators(m proto.Message) error {
	switch n := m.(type) {
	case *pg.A_Expr:
		switch n.Kind {
		case pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN, pg.A_Expr_Kind_AEXPR_BETWEEN_SYM,
			pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM, pg.A_Expr_Kind_AEXPR_IN, pg.A_Expr_Kind_AEXPR_DISTINCT,
			pg.A_Expr_Kind_AEXPR_NOT_DISTINCT, pg.A_Expr_Kind_AEXPR_NULLIF:
			return nil
		default:
			return v.operator(n.Name)
		}
	case *pg.SubLink:
		name := n.OperName
		if len(name) == 0 && n.SubLinkType == pg.SubLinkType_ANY_SUBLINK {
			name = names("=")
		}
		return v.operator(name)
	case *pg.SortBy:
		return v.operator(n.UseOp)
	default:
		return nil
	}
}

// lenient accepts a call of a function that is not on the list where its form makes it harmless.
func (v *prover) lenient(name string, n *pg.FuncCall) bool {
	if v.rewriter.lenient(name, n, v.plan.Allow) || v.setsConfig(n) || v.sequenceProven(n) || v.channelProven(n) {
		return true
	}
	if name != "pg_typeof" || !plainCall(n) {
		return false
	}
	switch holder := v.holder().message.(type) {
	case *pg.TypeCast:
		return asText(holder)
	case *pg.ResTarget:
		return v.types[n]
	default:
		return false
	}
}
