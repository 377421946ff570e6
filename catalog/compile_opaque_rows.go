package catalog

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/internal/sqltree"
)

// column says whose column a reference is, and writes it so.
func (o *opaquer) column(n *pg_query.ColumnRef) bool {
	var parts []string
	for _, f := range n.GetFields() {
		parts = append(parts, f.GetString_().GetSval())
	}
	name := parts[len(parts)-1]
	switch {
	case name == "":
		o.problem(n.GetLocation(), CodeConditionSyntax, "", "* is not a column")
		return false
	case parts[0] == "me":
		return o.attributeOf(n, parts)
	case len(parts) > 2:
		o.problem(n.GetLocation(), CodeConditionSyntax, "use a sub-select", "sql: knows no paths over relations")
		return false
	case len(parts) == 2:
		return o.qualified(n, parts[0], name)
	default:
		return o.bare(n, name)
	}
}

func (o *opaquer) attributeOf(n *pg_query.ColumnRef, parts []string) bool {
	if len(parts) != 2 {
		o.problem(n.GetLocation(), CodeConditionSyntax, "write me.ATTRIBUTE", "me has attributes, and these have none")
		return false
	}
	t, known := o.attributeType(parts[1])
	if !known {
		o.problem(n.GetLocation(), CodeUnknownColumn, didYouMean(parts[1], append(names(o.policy.attributes), builtinAttributes...)), "me has no attribute %q", parts[1])
		return false
	}
	o.me[parts[1]] = expr.Me{Name: parts[1], Type: t}
	return true
}

// qualified resolves TABLE.COLUMN: of a sub-select's table, or of the row, whose table or entity it names.
func (o *opaquer) qualified(n *pg_query.ColumnRef, table, name string) bool {
	for i := len(o.inner) - 1; i >= 0; i-- {
		if r := o.inner[i][table]; r != nil {
			if r.Column(name) == nil {
				o.columnNamed(r, name, o.place(n.GetLocation()))
				return false
			}
			n.Fields = []*pg_query.Node{word(o.renamed[i][table]), word(name)}
			return true
		}
	}
	relation := o.on.entity.Relation
	if table != o.on.entity.Name && table != relation.Name {
		o.problem(n.GetLocation(), CodeUnknownColumn, "", "there is no table %q here", table)
		return false
	}
	return o.ofRow(n, name)
}

// bare resolves COLUMN: of the innermost sub-select that has one of that name, or of the row.
func (o *opaquer) bare(n *pg_query.ColumnRef, name string) bool {
	for i := len(o.inner) - 1; i >= 0; i-- {
		owner, found := "", 0
		for table, r := range o.inner[i] {
			if r.Column(name) != nil {
				owner, found = table, found+1
			}
		}
		if found > 1 {
			o.problem(n.GetLocation(), CodeConditionSyntax, "write TABLE.COLUMN", "column %q is in several tables here", name)
			return false
		}
		if found == 1 {
			n.Fields = []*pg_query.Node{word(o.renamed[i][owner]), word(name)}
			return true
		}
	}
	return o.ofRow(n, name)
}

func (o *opaquer) ofRow(n *pg_query.ColumnRef, name string) bool {
	c := o.columnNamed(o.on.entity.Relation, name, o.place(n.GetLocation()))
	if c == nil {
		return false
	}
	o.columns[c.Name] = true
	n.Fields = []*pg_query.Node{word(c.Name)}
	return true
}

// subLink admits a plain SELECT over mapped tables.
func (o *opaquer) subLink(n *pg_query.SubLink) bool {
	s := n.GetSubselect().GetSelectStmt()
	switch n.GetSubLinkType() {
	case pg_query.SubLinkType_EXISTS_SUBLINK, pg_query.SubLinkType_ANY_SUBLINK, pg_query.SubLinkType_EXPR_SUBLINK, pg_query.SubLinkType_ARRAY_SUBLINK:
	default:
		s = nil
	}
	if s == nil || !plainSelect(s) {
		o.problem(n.GetLocation(), CodeConditionSyntax, "", "a sub-select is SELECT ... FROM SCHEMA.TABLE WHERE ..., and nothing more")
		return false
	}
	if len(n.GetOperName()) > 1 {
		o.problem(n.GetLocation(), CodeConditionSyntax, "write the plain operator", "OPERATOR() is not part of sql:")
		return false
	}
	if n.GetTestexpr() != nil && !o.node(n.GetTestexpr().ProtoReflect()) {
		return false
	}
	o.inner, o.renamed = append(o.inner, map[string]*Relation{}), append(o.renamed, map[string]string{})
	defer func() { o.inner, o.renamed = o.inner[:len(o.inner)-1], o.renamed[:len(o.renamed)-1] }()
	good := true
	for _, item := range s.GetFromClause() {
		good = o.from(item) && good
	}
	if !good {
		return false
	}
	return o.joins(s.GetFromClause()) && o.targets(n, s) && (s.GetWhereClause() == nil || o.node(s.GetWhereClause().ProtoReflect()))
}

func plainSelect(s *pg_query.SelectStmt) bool {
	rest := proto.Clone(s).(*pg_query.SelectStmt)
	rest.TargetList, rest.FromClause, rest.WhereClause = nil, nil, nil
	return proto.Equal(rest, &pg_query.SelectStmt{
		LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg_query.SetOperation_SETOP_NONE,
	})
}

// targets checks what a sub-select gives. What EXISTS selects does not matter, so it may be a star.
func (o *opaquer) targets(n *pg_query.SubLink, s *pg_query.SelectStmt) bool {
	if n.GetSubLinkType() == pg_query.SubLinkType_EXISTS_SUBLINK {
		one := &pg_query.Node{Node: &pg_query.Node_AConst{AConst: &pg_query.A_Const{
			Val: &pg_query.A_Const_Ival{Ival: &pg_query.Integer{Ival: 1}}, Location: sqltree.Unlocated,
		}}}
		s.TargetList = []*pg_query.Node{{Node: &pg_query.Node_ResTarget{ResTarget: &pg_query.ResTarget{Val: one, Location: sqltree.Unlocated}}}}
		return true
	}
	for _, t := range s.GetTargetList() {
		if !o.node(t.GetResTarget().GetVal().ProtoReflect()) {
			return false
		}
	}
	return true
}

// from notes a table of a sub-select under an alias that no statement has.
func (o *opaquer) from(n *pg_query.Node) bool {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_RangeVar:
		return o.table(n.RangeVar)
	case *pg_query.Node_JoinExpr:
		j := n.JoinExpr
		if j.GetIsNatural() || len(j.GetUsingClause()) > 0 || j.GetAlias() != nil || j.GetJoinUsingAlias() != nil {
			o.problem(int32(len(conditionPrefix)), CodeConditionSyntax, "write JOIN ... ON", "sub-selects of sql: join by ON alone")
			return false
		}
		return o.from(j.GetLarg()) && o.from(j.GetRarg())
	default:
		o.problem(int32(len(conditionPrefix)), CodeConditionSyntax, "", "sub-selects of sql: read tables alone")
		return false
	}
}

func (o *opaquer) table(v *pg_query.RangeVar) bool {
	r := o.schema.Relations[RelationName{v.GetSchemaname(), v.GetRelname()}]
	switch {
	case v.GetSchemaname() == "" || v.GetCatalogname() != "" || r == nil:
		o.problem(v.GetLocation(), CodeUnknownTable, "write SCHEMA.TABLE", "there is no table %q", v.GetRelname())
		return false
	case o.tables[r.RelationName] == nil && len(o.entitiesAbove(r, nil)) == 0:
		o.problem(v.GetLocation(), CodeUnknownTable, "map it as an entity", "%s is not mapped, and sql: reads mapped tables alone", label(r))
		return false
	}
	name := v.GetRelname()
	if v.GetAlias() != nil {
		name = v.GetAlias().GetAliasname()
	}
	scope := o.inner[len(o.inner)-1]
	if scope[name] != nil || name == "me" || len(v.GetAlias().GetColnames()) > 0 || strings.HasPrefix(name, "ww_") {
		o.problem(v.GetLocation(), CodeReservedName, "give it another alias", "a table of a sub-select may not be called %q here", name)
		return false
	}
	o.aliases++
	alias := "ww_q" + strconv.Itoa(o.aliases)
	scope[name], o.renamed[len(o.renamed)-1][name] = r, alias
	v.Alias = &pg_query.Alias{Aliasname: alias}
	return true
}

// joins checks the conditions of joins, when all their tables are known.
func (o *opaquer) joins(items []*pg_query.Node) bool {
	for _, n := range items {
		j := n.GetJoinExpr()
		if j == nil {
			continue
		}
		if j.GetQuals() != nil && !o.node(j.GetQuals().ProtoReflect()) || !o.joins([]*pg_query.Node{j.GetLarg(), j.GetRarg()}) {
			return false
		}
	}
	return true
}
